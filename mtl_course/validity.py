"""What a log must hold: each rule says what was expected, what was found and what to do."""

from __future__ import annotations

from dataclasses import fields
from math import isfinite
from typing import TYPE_CHECKING

import torch
from jaxtyping import Int
from torch import Tensor

if TYPE_CHECKING:
    from mtl_course.interactions import Interactions, Scale

_WHOLE = (torch.int64, torch.int32)  # others index no embedding; uint8 would be taken for a mask
_FRACTIONS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
_KINDS = {  # column -> (dtypes, dimensions, in words)
    "user": (_WHOLE, 1, "whole numbers [n]"),
    "item": (_WHOLE, 1, "whole numbers [n]"),
    "labels": (_FRACTIONS, 2, "fractions [n, tasks]"),
    "observed": ((torch.bool,), 2, "True and False [n, tasks]"),
    "history": (_FRACTIONS, 2, "fractions [n, features]"),
    "novel": ((torch.bool,), 1, "True and False [n]"),
    "propensity": (_FRACTIONS, 1, "fractions [n]"),
    "platform": (_WHOLE, 1, "whole numbers [n]"),
}


def is_count(value: object) -> bool:
    """Whether `value` is a whole number of Python's, 1 or more; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def refuse_malformed(log: Interactions) -> None:
    """Raises ValueError, naming the column, unless `log` is as `Interactions` says."""
    _refuse_wrong_kinds(log)
    _refuse_wrong_scales(log.scales)
    _refuse_unequal_lengths(log)
    _refuse_ids_out_of_range("user", log.user, "n_users", log.n_users)
    _refuse_ids_out_of_range("item", log.item, "n_items", log.n_items)
    _refuse_labels_out_of_range(log)
    if log.platform is not None and int(log.platform.min()) < 0:
        raise ValueError(
            f"`platform` must number the shop's platforms from 0; found {int(log.platform.min())}."
        )


def _refuse_wrong_kinds(log: Interactions) -> None:
    for name, (dtypes, n_dimensions, words) in _KINDS.items():
        value = getattr(log, name)
        if value is None and name in ("history", "novel", "propensity", "platform"):
            continue
        if not isinstance(value, Tensor):
            raise ValueError(
                f"`{name}` must be a tensor of {words}; found {type(value).__name__}. "
                f"`torch.as_tensor` makes one of a list, an array or a column."
            )
        if value.dtype not in dtypes or value.ndim != n_dimensions:
            raise ValueError(
                f"`{name}` must be a tensor of {words}; found {value.dtype} of shape "
                f"{tuple(value.shape)}. Convert it first: `.long()` makes whole numbers, "
                f"`.float()` fractions, `.bool()` True and False."
            )
    for name in ("n_users", "n_items"):
        size = getattr(log, name)
        if not is_count(size):
            raise ValueError(
                f"`{name}` must be a Python whole number from 1; found {size!r}. `int(...)` "
                f"makes one."
            )
    if not isinstance(log.tasks, tuple) or not all(isinstance(task, str) for task in log.tasks):
        raise ValueError(
            f'`tasks` must be a tuple of names, as in ("purchase", "quantity"); found '
            f"{log.tasks!r}."
        )


def _refuse_wrong_scales(scales: tuple[Scale, ...]) -> None:
    if not isinstance(scales, tuple):
        raise ValueError(f"`scales` must be a tuple of `Scale`s; found {scales!r}.")
    for scale in scales:
        if not isinstance(scale, tuple) or len(scale) != 3 or not hasattr(scale, "unit"):
            raise ValueError(
                f"`scales` must hold a `Scale(low, high, unit)` for each task; found {scale!r}."
            )
        if not (isfinite(scale.low) and isfinite(scale.high) and scale.low < scale.high):
            raise ValueError(
                f"A scale needs finite `low` and `high`, and `low` below `high`; found {scale}."
            )


def _refuse_unequal_lengths(log: Interactions) -> None:
    n = len(log.user)
    if n == 0:
        raise ValueError(
            "A log needs at least one interaction; found 0 rows. Was it filtered away?"
        )
    for field in fields(log):
        value = getattr(log, field.name)
        if isinstance(value, Tensor) and len(value) != n:
            raise ValueError(
                f"`{field.name}` must have one row per interaction, {n} as in `user`; "
                f"found {len(value)}."
            )
    n_tasks = len(log.tasks)
    if len(set(log.tasks)) != n_tasks or n_tasks == 0:
        raise ValueError(f"`tasks` must name each task once; found {log.tasks}.")
    for name, width in (
        ("labels", log.labels.shape[1]),
        ("observed", log.observed.shape[1]),
        ("scales", len(log.scales) or n_tasks),
    ):
        if width != n_tasks:
            raise ValueError(
                f"`{name}` must have one column per task, {n_tasks} for {log.tasks}; found {width}."
            )


def _refuse_ids_out_of_range(name: str, ids: Int[Tensor, " n"], bound: str, size: int) -> None:
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= size:
        raise ValueError(
            f"`{name}` must hold row indices from 0 to {size - 1} (`{bound}` is {size}); found "
            f"values from {low} to {high}. Renumber raw ids before they index an embedding."
        )


def _refuse_labels_out_of_range(log: Interactions) -> None:
    if not log.observed.any():
        raise ValueError(
            f"A log needs an observed label; all {log.observed.numel()} entries of `observed` are "
            f"False. Was the log filtered to rows whose outcome nobody saw?"
        )
    bad = ~((log.labels >= 0) & (log.labels <= 1))  # a NaN fails both comparisons
    if bad.any():
        row, task = bad.nonzero()[0].tolist()
        raise ValueError(
            f"`labels` must lie in [0, 1]; found {log.labels[row, task].item():g} for task "
            f"'{log.tasks[task]}' in row {row} ({int(bad.sum())} such entries). Rescale the "
            f"outcome and keep its unit in `scales`; put 0 where it was not observed."
        )
    for name in ("history", "propensity"):
        values = getattr(log, name)
        if values is not None and not values.isfinite().all():
            raise ValueError(f"`{name}` must be finite; found NaN or infinity.")
    if log.propensity is not None and not ((log.propensity > 0) & (log.propensity <= 1)).all():
        raise ValueError(
            f"`propensity` must lie in (0, 1]; found values from {log.propensity.min().item():g} "
            f"to {log.propensity.max().item():g}."
        )
