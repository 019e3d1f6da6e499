"""Task weights as a learner gives them, in any sum: refused, or divided by their sum and named."""

from collections.abc import Iterable, Sequence
from math import floor, isfinite
from typing import Any

from mtl_course.panels import Refused

ROUNDING = 6  # decimals of a weight: what is left of float32


def shares(wanted: Any, tasks: Sequence[str]) -> tuple[float, ...]:
    """Weights divided by their sum; those that add up to 1 already are kept as they are.

    Raises:
        Refused: a `ValueError`; not one finite number for each task, one below 0, or nothing but
            zeros.

    Example:
        >>> shares([2, 1, 1], ["purchase", "quantity", "rating"])
        (0.5, 0.25, 0.25)
    """
    found = _numbers(wanted)
    total = sum(found)
    if len(found) != len(tasks) or not all(map(_can_weigh, found)) or total == 0:
        raise Refused(
            f"`weights` must hold one number for each of {list(tasks)}, none below 0 and not all "
            f"0; found {wanted}."
        )
    scale = 1 if abs(total - 1) < 10 ** (1 - ROUNDING) else total
    return tuple(round(weight / scale, ROUNDING) for weight in found)


def in_words(tasks: Sequence[str], weights: Iterable[float]) -> str:
    """The weights by their tasks' names, with two decimals, halves rounded up as on the page.

    Example:
        >>> in_words(["purchase", "quantity"], (0.125, 0.875))
        'purchase 0.13, quantity 0.88'
    """
    return ", ".join(
        f"{task} {floor(weight * 100 + 0.5) / 100:.2f}"
        for task, weight in zip(tasks, weights, strict=True)
    )


def _numbers(wanted: Any) -> list[float]:
    try:
        return [float(weight) for weight in wanted]
    except (TypeError, ValueError):
        return []


def _can_weigh(weight: float) -> bool:
    return isfinite(weight) and weight >= 0
