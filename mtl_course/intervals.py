"""What a figure would have been with other households and other seeds: drawn again, and again."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Interval(NamedTuple):
    """Where the middle share of all draws lies."""

    low: float
    high: float


class RedrawnRanking(NamedTuple):
    """Pooled figures of one ranking, in each draw."""

    auc: Float[Tensor, " draws"]
    average_precision: Float[Tensor, " draws"]


def draw_times(n: int, *, draws: int, generator: torch.Generator) -> Int[Tensor, "draws n"]:
    """How often each of `n` comes up when `n` are drawn with repeats; each row sums to `n`.

    Source: Efron, Annals of Statistics 1979: the bootstrap.
    """
    drawn = torch.randint(n, (draws, n), generator=generator)
    return torch.zeros(draws, n, dtype=torch.long).scatter_add(1, drawn, torch.ones_like(drawn))


def middle(draws: Float[Tensor, " draws"], *, share: float = 0.95) -> Interval:
    """The interval that holds the middle `share` of the draws: the percentile bootstrap.

    Raises:
        ValueError: `share` is not between 0 and 1.

    Example:
        >>> middle(torch.arange(101.0))
        Interval(low=2.5, high=97.5)
    """
    if not 0 < share < 1:
        raise ValueError(f"`share` must lie between 0 and 1; found {share}.")
    ends = torch.tensor([(1 - share) / 2, (1 + share) / 2], dtype=draws.dtype)
    return Interval(*torch.quantile(draws, ends).tolist())


def redrawn_means(
    values: Float[Tensor, "seeds users"],
    *,
    n_seeds: int,
    n_users: int,
    draws: int,
    generator: torch.Generator,
) -> Float[Tensor, " draws"]:
    """Means over seeds and users, both drawn anew with repeats: as many as one might have had.

    Seeds and users are drawn independently of each other, so that all users of a draw meet the same
    seeds. Hand in the gain of each user, ours minus theirs, and what makes a user hard for both
    rivals drops out: the draws are paired.

    Args:
        values: the figure of each user, e.g. a gain in average precision, from each seed's network.
        n_seeds: how many networks such a mean rests on; may exceed the number of rows.
        n_users: how many users.

    Raises:
        ValueError: a value is not finite, or nothing is to be drawn.
    """
    if not values.isfinite().all():
        n_bad = int((~values.isfinite()).sum())
        raise ValueError(
            f"`values` must be finite; found {n_bad} of {values.numel()} that are not. Leave out "
            f"the users for whom the figure is not defined."
        )
    if min(n_seeds, n_users, draws) < 1:
        raise ValueError(
            f"`n_seeds`, `n_users` and `draws` must be 1 or more; found {n_seeds}, {n_users} and "
            f"{draws}."
        )
    found = []
    for _ in range(draws):
        seeds = torch.randint(len(values), (n_seeds,), generator=generator)
        users = torch.randint(values.shape[1], (n_users,), generator=generator)
        # first the seeds: a few rows, each counted once, instead of n_seeds * n_users cells
        found.append(values[seeds].mean(dim=0)[users].mean())
    return torch.stack(found)


def redrawn_ranking(
    scores: Float[Tensor, " n"],
    labels: Float[Tensor, " n"],
    user: Int[Tensor, " n"],
    times: Int[Tensor, "draws users"],
    *,
    n_edges: int = 2000,
) -> RedrawnRanking:
    """Pooled AUC and average precision, with every row of a user counted as often as it is drawn.

    Each user's rows are counted by bins of the score once, so that a draw costs no more than a
    weighted sum of the users' counts. With `n_edges` distinct scores of positive rows or fewer the
    figures are exactly those of `metrics.auc` and `metrics.average_precision` on the drawn rows;
    beyond, rows between two edges count as equal in score. NaN in a draw that lacks a class.

    Args:
        labels: 0.0 or 1.0.
        times: how often each user is drawn, as from `draw_times`.
        n_edges: how many scores, evenly spaced among those of the positive rows, part the bins.
    """
    positive = labels.bool()
    distinct = scores[positive].unique()
    spaced = torch.linspace(0, len(distinct) - 1, min(n_edges, len(distinct))).round().long()
    edges = distinct[spaced]
    # a score that is an edge has a bin of its own, an odd one; what lies between has an even one
    places = [
        torch.searchsorted(edges, scores.contiguous(), right=right) for right in (False, True)
    ]
    n_bins = 2 * len(edges) + 1
    place = user * n_bins + (n_bins - 1 - places[0] - places[1])  # the best scores come first

    def drawn(rows: Bool[Tensor, " n"]) -> Float[Tensor, "draws bins"]:
        counts = place[rows].bincount(minlength=times.shape[1] * n_bins)
        return (times.float() @ counts.view(-1, n_bins).float()).double()

    hits, misses = drawn(positive), drawn(~positive)  # of each bin
    hits_so_far, misses_so_far = hits.cumsum(dim=1), misses.cumsum(dim=1)
    n_hits, n_misses = hits_so_far[:, -1], misses_so_far[:, -1]
    beaten = n_misses[:, None] - misses_so_far + misses / 2  # those of the same bin count half
    precision = hits_so_far / (hits_so_far + misses_so_far).clamp(min=1)
    return RedrawnRanking(
        ((hits * beaten).sum(dim=1) / (n_hits * n_misses)).float(),
        ((hits * precision).sum(dim=1) / n_hits).float(),
    )
