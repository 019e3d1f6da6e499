"""From the metrics of two rivals, task by task, to what one gains over the other, as a share."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def relative_gains(
    ours: Float[Tensor, "*draws tasks"],
    theirs: Float[Tensor, "*draws tasks"],
    *,
    larger_is_better: Sequence[bool],
) -> Float[Tensor, "*draws tasks"]:
    """By which share of theirs our metric is better, task by task; below 0 it is worse.

        gain[t] = sign[t] * (ours[t] - theirs[t]) / theirs[t],   sign = +1 if larger is better

    Args:
        larger_is_better: for each task, e.g. True for AP and False for RMSE.

    Raises:
        ValueError: not one direction a task, or a metric of theirs that is not above 0.

    Example:
        >>> ours, theirs = torch.tensor([0.55, 0.90]), torch.tensor([0.50, 1.00])  # AP, RMSE
        >>> relative_gains(ours, theirs, larger_is_better=(True, False))
        tensor([0.1000, 0.1000])
    """
    if len(larger_is_better) != theirs.shape[-1]:
        raise ValueError(
            f"`larger_is_better` must say it of each of {theirs.shape[-1]} tasks; found "
            f"{len(larger_is_better)}."
        )
    if not (theirs > 0).all():
        lowest = theirs.nan_to_num(nan=-torch.inf).min().item()
        raise ValueError(f"A gain relative to `theirs` needs it above 0; found {lowest:g}.")
    sign = torch.tensor([1.0 if larger else -1.0 for larger in larger_is_better])
    return sign * (ours - theirs) / theirs


def multitask_gain(
    ours: Float[Tensor, "*draws tasks"],
    theirs: Float[Tensor, "*draws tasks"],
    *,
    larger_is_better: Sequence[bool],
) -> Float[Tensor, "*draws"]:
    """The mean of the tasks' relative gains, Δm: one number for many tasks.

        dm = sum_t sign[t] * (ours[t] - theirs[t]) / theirs[t] / tasks

    Each task counts alike, however large its metric is, and whether it matters to anybody or not. A
    task whose metric lies near 0 can outweigh all others.

    Example:
        >>> ours, theirs = torch.tensor([0.55, 1.04]), torch.tensor([0.50, 1.00])
        >>> multitask_gain(ours, theirs, larger_is_better=(True, False))  # (10 % - 4 %) / 2
        tensor(0.0300)

    Source: Maninis, Radosavovic and Kokkinos, CVPR 2019, which call it the average per-task drop
    and report it in per cent.
    """
    return relative_gains(ours, theirs, larger_is_better=larger_is_better).mean(dim=-1)
