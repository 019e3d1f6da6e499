"""From one loss per task to the one number that is minimised."""

import torch
from jaxtyping import Float
from torch import Tensor


def weighted_sum(
    losses: Float[Tensor, "*points tasks"], weights: Float[Tensor, "*points tasks"]
) -> Float[Tensor, "*points"]:
    """The linear scalarization of the losses, for one training or for many side by side.

        loss = sum_t weights[t] * losses[t]

    The weights are used as they are: doubling all of them doubles the loss and every gradient,
    which plain gradient descent feels and Adam, which divides it out, does not.

    Raises:
        ValueError: the weights are refused by `checked_weights`.

    Example:
        >>> weighted_sum(torch.tensor([0.25, 2.0]), weights=torch.tensor([0.5, 0.125]))
        tensor(0.3750)
    """
    return (checked_weights(weights) * losses).sum(dim=-1)


def checked_weights(weights: Float[Tensor, "*points tasks"]) -> Float[Tensor, "*points tasks"]:
    """The same weights, once they are known to be usable.

    A weight of 0 is usable: that task is then only watched. So are weights that do not add up to 1.

    Raises:
        ValueError: a weight is NaN, infinite or below 0, or all weights of a point are 0.
    """
    low, high = torch.aminmax(weights.detach())
    if not (low >= 0 and high < float("inf")):  # a NaN fails both comparisons
        raise ValueError(
            f"Every weight must be finite and 0 or more; found {_first_bad(weights)}. A task with "
            f"a weight below 0 would be unlearned."
        )
    if (weights.detach().sum(dim=-1) == 0).any():
        raise ValueError(
            f"At least one weight must be above 0; found only 0 for all {weights.shape[-1]} tasks, "
            f"so there is nothing to minimise."
        )
    return weights


def _first_bad(weights: Float[Tensor, "*points tasks"]) -> list[float]:
    rows = weights.detach().reshape(-1, weights.shape[-1])  # [points, tasks]
    bad = ~((rows >= 0) & rows.isfinite()).all(dim=1)
    return rows[bad][0].tolist()
