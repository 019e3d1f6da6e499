"""From scores for a window that nobody has seen to a sealed record, and to what it earns."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mtl_course import metrics, retrieval
from mtl_course import shop as shops
from mtl_course.briefs import Brief, Budget, tag_judges
from mtl_course.shop import Shop

NORMAL_95 = 1.96  # standard errors: half of a 95 % interval of a mean over many households


@dataclass(frozen=True)
class Submission:
    """What is judged, once, with the seal that holds it together. `seal` makes it."""

    scores: Float[Tensor, "users items"]  # for the hidden window; the k highest are listed
    tags: Float[Tensor, "users tags"]  # probabilities, in the order of the shop's tags
    weights: tuple[
        float | int, ...
    ]  # of the losses that were trained with: purchase, quantity, tags
    serving: str  # in words: how the scores were made of what the network says
    steps: int  # of training, all networks together, rehearsals included
    data: str  # digest of the open shop that it was made of
    digest: str  # of all the above


class Outcome(NamedTuple):
    """What lists and tags were worth in one window."""

    revenue: Float[Tensor, " active"]  # of each household that came: dollars spent on its k items
    popularity: float  # mean, over what was listed, of the share of households it had a window
    tag_auc: float  # mean over the tags


class Gain(NamedTuple):
    """A mean difference over households with its 95 % interval, in dollars a household."""

    mean: float
    low: float
    high: float


def seal(
    scores: Float[Tensor, "users items"],
    tags: Float[Tensor, "users tags"],
    *,
    weights: tuple[float | int, ...],
    serving: str,
    budget: Budget,
    shop: Shop,
) -> Submission:
    """A submission, with its digest over everything in it and over the data it was made for.

    Args:
        shop: the open one.
    """
    parts = (scores.detach().clone(), tags.detach().clone(), weights, serving)
    steps, data = sum(budget.spent.values()), data_digest(shop)
    return Submission(*parts, steps, data, _digest(*parts, steps, data))


def refuse_unfit(found: object, shop: Shop, brief: Brief) -> None:
    """Raises ValueError, saying what to do, unless `found` can be judged.

    It is told the open shop alone, so that no message can know what is hidden.
    """
    if type(found) is not Submission:
        raise ValueError(
            f"A submission must be what `submissions.seal` returns; found {type(found).__name__}."
        )
    n_users, n_items, n_tags = len(shop.users), len(shop.items), len(shop.tags)
    _refuse_another_matrix("scores", found.scores, (n_users, n_items))
    _refuse_another_matrix("tags", found.tags, (n_users, n_tags))
    if not ((found.tags >= 0) & (found.tags <= 1)).all():
        raise ValueError("`tags` must be probabilities, from 0 to 1. Take the sigmoid of logits.")
    if not isinstance(found.weights, tuple) or not all(map(_is_weight, found.weights)):
        raise ValueError(f"`weights` must be a tuple of numbers from 0; found {found.weights!r}.")
    if len(found.weights) != 3 or not sum(found.weights) > 0:
        raise ValueError(
            f"`weights` must be three, of purchase, quantity and tags, and one of them above 0; "
            f"found {found.weights}."
        )
    if not isinstance(found.serving, str) or not found.serving.strip():
        raise ValueError("`serving` must say in words how the scores were made; found nothing.")
    if type(found.steps) is not int or found.steps < 1:
        raise ValueError(
            f"`steps` must be those that the budget counted, 1 or more; found {found.steps!r}. "
            f"Was the training given `progress=briefs.counted(...)`?"
        )
    if found.data != data_digest(shop):
        raise ValueError(
            "The submission was made of other data than `briefs.open_shop` gives. Make it anew "
            "from the open shop, unchanged."
        )
    if found.digest != _digest(
        found.scores, found.tags, found.weights, found.serving, found.steps, found.data
    ):
        raise ValueError(
            "The seal is broken: something in the submission was changed after it was sealed. "
            "Change it before, then call `submissions.seal` again."
        )
    if found.steps > brief.steps:
        raise ValueError(
            f"The budget is {brief.steps:,} steps; the submission took {found.steps:,}. Restart "
            f"the kernel, and spend less."
        )


def window_judge(
    shop: Shop,
    *,
    window: int,
    households: Int[Tensor, " some"],
    judges: Int[Tensor, " judges"],
    k: int,
) -> Callable[[Float[Tensor, "some items"], Float[Tensor, "judges tags"]], Outcome]:
    """A function that says what lists were worth in `window`, and how well the tags are told.

    It takes scores, one row for each of `households`, and tags, one row for each of `judges`. A
    household that bought nothing at all in the window is left out, as everywhere in the course.

    Args:
        judges: households whose tags the shop knows and the model was not told.
    """
    came = (shops.baskets(shop, [window]) > 0).any(dim=1)[households]
    spend = shops.spend(shop, [window])[households[came]]
    popular = popularity(shop, range(1, window))
    labels = torch.tensor(shop.users[list(shop.tags)].to_numpy(dtype="float32"))[judges]

    def judged(scores: Float[Tensor, "some items"], tags: Float[Tensor, "judges tags"]) -> Outcome:
        lists = retrieval.top_k(scores[came], k)
        aucs = [metrics.auc(tags[:, t], labels[:, t]) for t in range(labels.shape[1])]
        return Outcome(
            revenue=spend.gather(1, lists).sum(dim=1),
            popularity=popular[lists].mean().item(),
            tag_auc=sum(aucs) / len(aucs),
        )

    return judged


def popularity(shop: Shop, windows: range) -> Float[Tensor, " items"]:
    """The share of all households that bought each item, in an average one of the windows."""
    shares = [(shops.baskets(shop, [window]) > 0).float().mean(dim=0) for window in windows]
    return torch.stack(shares).mean(dim=0)


def own_spend(shop: Shop, windows: range) -> Float[Tensor, "users items"]:
    """The line to beat: what each household spent on each item, in dollars a window."""
    return shops.spend(shop, list(windows)) / len(windows)


def gain(ours: Float[Tensor, " active"], theirs: Float[Tensor, " active"]) -> Gain:
    """How much more the same households spent on our lists than on theirs, with its interval.

        mean +- 1.96 * standard deviation of the differences / sqrt(households)

    Example:
        >>> round(gain(torch.tensor([3.0, 1.0, 5.0]), torch.tensor([1.0, 1.0, 1.0])).low, 2)
        -0.26
    """
    difference = ours - theirs
    mean = difference.mean().item()
    half = NORMAL_95 * difference.std().item() / len(difference) ** 0.5
    return Gain(mean, mean - half, mean + half)


def judge(found: Submission, shop: Shop, brief: Brief) -> tuple[Outcome, Gain]:
    """What a submission earns in the hidden window, and what more than the line to beat.

    Args:
        shop: the whole one, the hidden window included.
    """
    judges, window = tag_judges(shop, brief), brief.hidden_window
    everybody = torch.arange(len(shop.users))
    judged = window_judge(shop, window=window, households=everybody, judges=judges, k=brief.k)
    ours = judged(found.scores, found.tags[judges])
    line = judged(own_spend(shop, range(1, window)), found.tags[judges])
    return ours, gain(ours.revenue, line.revenue)


def data_digest(shop: Shop) -> str:
    """The SHA-256 of a shop's log, its households and its items."""
    sums = [pd.util.hash_pandas_object(table) for table in (shop.log, shop.users, shop.items)]
    return hashlib.sha256(b"".join(one.to_numpy().tobytes() for one in sums)).hexdigest()


def _digest(
    scores: Tensor,
    tags: Tensor,
    weights: tuple[float | int, ...],
    serving: str,
    steps: int,
    data: str,
) -> str:
    found = hashlib.sha256(repr((weights, serving, steps, data)).encode())
    for matrix in (scores, tags):
        found.update(repr((matrix.dtype, tuple(matrix.shape))).encode())
        found.update(matrix.contiguous().numpy().tobytes())
    return found.hexdigest()


def _refuse_another_matrix(name: str, found: object, shape: tuple[int, int]) -> None:
    if type(found) is not Tensor or found.dtype not in (torch.float32, torch.float64):
        kind = found.dtype if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(f"`{name}` must be a tensor of float32 or float64; found {kind}.")
    if tuple(found.shape) != shape:
        raise ValueError(
            f"`{name}` must have a row for each household and shape {shape}; found "
            f"{tuple(found.shape)}."
        )
    n_bad = int((~found.isfinite()).sum())
    if n_bad:
        raise ValueError(f"`{name}` must be finite; {n_bad} of {found.numel()} entries are not.")


def _is_weight(value: object) -> bool:
    return type(value) in (int, float) and isfinite(value) and value >= 0
