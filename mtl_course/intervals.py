"""What a figure would have been with other households and other seeds: drawn again, and again."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
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
) -> RedrawnRanking:
    """Pooled AUC and average precision, with every row of a user counted as often as it is drawn.

    The rows are sorted once for all draws. Figures are those of `metrics.auc` and
    `metrics.average_precision` on the drawn users' rows; NaN in a draw that lacks a class.

    Args:
        labels: 0.0 or 1.0.
        times: how often each user is drawn, as from `draw_times`.
    """
    order = scores.argsort(descending=True, stable=True)
    ordered, positive, who = scores[order], labels[order].bool(), user[order]
    # rows of equal score enter together: each is ranked at the last of them
    last = torch.searchsorted(-ordered, -ordered[positive], right=True) - 1
    first = torch.searchsorted(-ordered, -ordered[positive])
    auc, precision = [], []
    for one in times.double():
        weight = one[who]
        hits = (weight * positive).cumsum(dim=0)
        rows = weight.cumsum(dim=0)
        mine = weight[positive]
        misses = rows - hits
        # negatives above, and those of the same score count half
        above = torch.where(first > 0, misses[(first - 1).clamp(min=0)], 0.0)
        beaten = misses[-1] - (above + misses[last]) / 2
        auc.append((mine * beaten).sum() / (mine.sum() * misses[-1]))
        share = hits[last] / rows[last].clamp(min=1)  # 0 rows: not drawn, and so without weight
        precision.append((mine * share).sum() / mine.sum())
    return RedrawnRanking(torch.stack(auc).float(), torch.stack(precision).float())
