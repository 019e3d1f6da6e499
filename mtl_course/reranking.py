"""From several scores to one list: tasks fused into one score, and lists made less alike inside."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def fuse_probabilities(
    probabilities: Float[Tensor, "users items tasks"], weights: Float[Tensor, " tasks"]
) -> Float[Tensor, "users items"]:
    """The weighted mean of the tasks' probabilities: what a shop that pays so for each expects.

        score[u, i] = sum_t weights[t] * probabilities[u, i, t] / sum_t weights[t]

    It is only as good as the probabilities are calibrated: a task whose network is too sure of
    itself has more say than its weight tells.

    Raises:
        ValueError: a weight below 0 or not finite, or none above 0; a probability outside [0, 1].

    Example:
        >>> fuse_probabilities(torch.tensor([[[0.2, 0.8], [0.6, 0.0]]]), torch.tensor([3.0, 1.0]))
        tensor([[0.3500, 0.4500]])
    """
    _refuse_weights(weights)
    outside = probabilities[~((probabilities >= 0) & (probabilities <= 1))]  # NaN among them
    if len(outside):
        raise ValueError(
            f"`probabilities` must lie between 0 and 1; found {outside[0].item():g}. Take the "
            f"sigmoid of logits first."
        )
    return probabilities @ (weights / weights.sum())


def fuse_ranks(
    scores: Float[Tensor, "users items tasks"],
    weights: Float[Tensor, " tasks"],
    *,
    constant: float | int = 60,
) -> Float[Tensor, "users items"]:
    """Reciprocal rank fusion: a score's size does not count, only the item's rank in each task.

        score[u, i] = sum_t weights[t] / (constant + rank[u, i, t]),   best rank = 1

    Items with equal scores take the ranks of their item numbers, lower first.

    Args:
        constant: how little the first ranks stand out from those behind them.

    Raises:
        ValueError: a weight below 0 or not finite, or none above 0; `constant` below 0.

    Source: Cormack, Clarke and Buettcher, SIGIR 2009. The weights are an addition.

    Example:
        >>> fuse_ranks(torch.tensor([[[9.0, 0.1], [5.0, 0.3]]]), torch.ones(2), constant=1.0)
        tensor([[0.8333, 0.8333]])
    """
    _refuse_weights(weights)
    if not constant >= 0:
        raise ValueError(f"`constant` must be 0 or more; found {constant}.")
    order = scores.sort(dim=1, descending=True, stable=True).indices
    places = torch.arange(1, scores.shape[1] + 1)[None, :, None].expand_as(order)
    rank = torch.empty_like(order).scatter(1, order, places)
    return (weights / (constant + rank)).sum(dim=2)


def diverse_top_k(
    scores: Float[Tensor, "users items"],
    similarities: Float[Tensor, "items items"],
    k: int,
    *,
    relevance: float | int,
) -> Int[Tensor, "users k"]:
    """Maximal marginal relevance: each next item is good, and unlike those already in the list.

        next = argmax_i relevance * scores[u, i] - (1 - relevance) * max_j similarities[i, j],
               j in the list so far

    With `relevance` 1 the list is that of `retrieval.top_k`; of equals the lower item comes first.

    Args:
        scores: on the scale of `similarities`, e.g. both from 0 to 1; -inf for what may not be
            listed.
        similarities: the larger the more alike, 1 or less, e.g. cosines.
        relevance: what the score counts, from 0 to 1; the rest is what being different counts.

    Raises:
        ValueError: `relevance` outside [0, 1], or a user with fewer than `k` items to list.

    Source: Carbonell and Goldstein, SIGIR 1998.

    Example:
        >>> scores = torch.tensor([[0.9, 0.8, 0.6]])  # items 0 and 1 are nearly the same
        >>> alike = torch.tensor([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]])
        >>> diverse_top_k(scores, alike, 2, relevance=0.5)
        tensor([[0, 2]])
    """
    if not 0 <= relevance <= 1:
        raise ValueError(f"`relevance` is a share, from 0 to 1; found {relevance}.")
    available = int((scores > -torch.inf).sum(dim=1).min()) if len(scores) else k
    if not 1 <= k <= available:
        raise ValueError(
            f"`k` must lie between 1 and {available}, the items that may be listed for every user; "
            f"found {k}."
        )
    forbidden = scores == -torch.inf
    rows, chosen = torch.arange(len(scores)), []
    nearest = torch.full_like(scores, -torch.inf)  # similarity to the most alike one in the list
    for _ in range(k):
        penalty = (1 - relevance) * nearest if chosen else torch.zeros_like(scores)
        value = relevance * scores - penalty  # NaN where 0 * -inf, which is forbidden anyway
        item = value.masked_fill(forbidden, -torch.inf).argmax(dim=1)
        chosen.append(item)
        nearest = torch.maximum(nearest, similarities[item])
        forbidden = forbidden.clone()
        forbidden[rows, item] = True
    return torch.stack(chosen, dim=1)


def _refuse_weights(weights: Float[Tensor, " tasks"]) -> None:
    if not (weights.isfinite() & (weights >= 0)).all() or not (weights > 0).any():
        raise ValueError(
            f"`weights` must be finite, 0 or more, and one of them above 0; found "
            f"{weights.tolist()}."
        )
