"""A mixture's gates as numbers: refused where no softmax gives them, compared, put in words."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from mtl_course.panels import readable

ALIKE = 0.01  # of the weight: a gate this close to an even one leans on nobody


def refuse_what_no_softmax_gives(gates: Float[Tensor, "*any experts"]) -> None:
    """Nothing, where every gate is a softmax over the experts.

    Raises:
        ValueError: a weight that is not finite or below 0, or a gate that does not sum to 1.
    """
    low, high = gates.min().item(), gates.max().item()  # NaN if one of them is
    if not (low >= 0 and high < float("inf")):
        raise ValueError(
            f"`gate_weights` must be finite and 0 or more; found {low:g} to {high:g}. "
            f"Was the softmax left out?"
        )
    sums = gates.sum(dim=-1)
    if not ((sums - 1).abs() < 1e-4).all():
        raise ValueError(
            f"`gate_weights` must sum to 1 over the experts, the last axis; found sums of "
            f"{sums.min().item():g} to {sums.max().item():g}. "
            f"Was the softmax taken over another axis?"
        )


def differences(
    gates: Float[Tensor, "*any tasks experts"],
) -> Float[Tensor, "*any tasks tasks"]:
    """How far the gates of every two tasks are apart, from 0, alike, to 1, no expert shared.

        difference[a,b] = sum_e |gates[a,e] - gates[b,e]| / 2

    Example:
        >>> import torch
        >>> differences(torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]))
        tensor([[0.0000, 0.5000],
                [0.5000, 0.0000]])
    """
    return (gates[..., :, None, :] - gates[..., None, :, :]).abs().sum(dim=-1) / 2


def sentence(
    whose: str,
    tasks: Sequence[str],
    experts: Sequence[str],
    gates: Float[Tensor, "tasks experts"],
    apart: Float[Tensor, "tasks tasks"],
    usual: str,
) -> str:
    """Which expert each task leans on, and which two gates differ most; `usual` says for how many.

    Args:
        whose: what the sentence begins with.
        apart: the differences of these gates.
    """
    leanings = ", ".join(
        _leaning(task, experts, weights) for task, weights in zip(tasks, gates, strict=True)
    )
    if len(tasks) == 1:
        return f"{whose}: {leanings}."
    one, other = divmod(int(apart.argmax()), len(tasks))
    return (
        f"{whose}: {leanings}. The gates of {tasks[one]} and {tasks[other or 1]} differ by "
        f"{readable(apart.max().item())} ({usual})."
    )


def _leaning(task: str, experts: Sequence[str], weights: Float[Tensor, " experts"]) -> str:
    best = int(weights.argmax())
    if weights[best] - 1 / len(experts) < ALIKE:
        return f"{task} weighs all experts alike"
    return f"{task} leans on {experts[best]} ({readable(weights[best].item())})"
