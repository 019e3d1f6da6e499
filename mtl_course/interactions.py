"""What was logged: one record for a log, a split and a minibatch, and ways to take rows of it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from math import isfinite
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Scale(NamedTuple):
    """What labels of 0 and 1 mean, so that a metric can answer in the task's own unit."""

    low: float  # the value, in `unit`, of a label of 0
    high: float  # the value, in `unit`, of a label of 1
    unit: str  # e.g. "stars"


PROBABILITY = Scale(0.0, 1.0, "probability")


@dataclass(frozen=True)
class Interactions:
    """Logged interactions, one row per (user, item) pair.

    A log, a train split and a minibatch are all `Interactions`: a batch is a log with fewer rows.
    The task axis has one order, that of `tasks`, in every array of the course.

    Raises:
        ValueError: no rows, no observed label, ids out of range, a label outside [0, 1] or NaN,
            be it observed or not, columns of unequal length, a repeated task name, a column of
            another kind or number of dimensions than stated here, a scale without two ends.
    """

    user: Int[Tensor, " n"]  # row index into the user embeddings, 0 .. n_users - 1
    item: Int[Tensor, " n"]  # row index into the item embeddings, 0 .. n_items - 1
    labels: Float[Tensor, "n tasks"]  # 0 .. 1; meaningless where `observed` is False, but never NaN
    observed: Bool[Tensor, "n tasks"]  # could this outcome be seen at all?
    tasks: tuple[str, ...]  # e.g. ("purchase", "quantity")
    n_users: int
    n_items: int
    scales: tuple[Scale, ...] = ()  # unit of each task's label; empty: every label is a probability
    history: Float[Tensor, "n features"] | None = None  # what the log knew of the pair beforehand
    novel: Bool[Tensor, " n"] | None = None  # True where the user had never taken the item before
    propensity: Float[Tensor, " n"] | None = None  # chance of being shown, in (0, 1], where known
    platform: Int[Tensor, " n"] | None = None  # which of the shop's platforms showed it, from 0

    def __post_init__(self) -> None:
        _refuse_wrong_kinds(self)
        _refuse_unequal_lengths(self)
        _refuse_wrong_scales(self.scales)
        _refuse_ids_out_of_range("user", self.user, "n_users", self.n_users)
        _refuse_ids_out_of_range("item", self.item, "n_items", self.n_items)
        _refuse_labels_out_of_range(self)
        if self.platform is not None and int(self.platform.min()) < 0:
            raise ValueError(
                f"`platform` must number the shop's platforms from 0; found "
                f"{int(self.platform.min())}."
            )

    def __len__(self) -> int:
        return len(self.user)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What a network may look at: (user, item), or (user, item, history) where there is one."""
        return (
            (self.user, self.item) if self.history is None else (self.user, self.item, self.history)
        )

    @property
    def n_history(self) -> int:
        """How many features `history` has; 0 where there is none."""
        return 0 if self.history is None else self.history.shape[1]


class Split(NamedTuple):
    """Three logs of one shop: fit on `train`, choose on `validation`, look at `test` once."""

    train: Interactions
    validation: Interactions
    test: Interactions


def take(log: Interactions, rows: Int[Tensor, " rows"] | Bool[Tensor, " n"]) -> Interactions:
    """The interactions at `rows` of `log`, in that order.

    Rows of a valid log are valid, so nothing is checked again: this is the inner step of every
    training loop, also where `torch.func.vmap` hides the values that a check would have to read.

    Raises:
        ValueError: `rows` is empty.
    """
    chosen = object.__new__(Interactions)
    for field in fields(Interactions):
        value = getattr(log, field.name)
        object.__setattr__(chosen, field.name, value[rows] if isinstance(value, Tensor) else value)
    if len(chosen.user) == 0:
        raise ValueError(
            f"`rows` must choose at least one of the log's {len(log)} rows; found none."
        )
    return chosen


def minibatches(
    log: Interactions, batch_size: int, generator: torch.Generator
) -> Iterator[Interactions]:
    """One epoch of `log` in random order; the last batch may be shorter.

    Raises:
        ValueError: `batch_size` is below 1.
    """
    for rows in shuffled_rows(len(log), batch_size, generator):
        yield take(log, rows)


def shuffled_rows(
    n: int, batch_size: int, generator: torch.Generator
) -> Iterator[Int[Tensor, " batch"]]:
    """The row numbers 0 .. n - 1 in random order, `batch_size` at a time: an epoch's minibatches.

    Raises:
        ValueError: `batch_size` is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"`batch_size` must be 1 or more; found {batch_size}.")
    yield from torch.randperm(n, generator=generator).split(batch_size)


def split_at_random(
    log: Interactions, fractions: tuple[float, float, float], generator: torch.Generator
) -> Split:
    """Rows dealt at random to train, validation and test.

    A random split lets a model learn from what happened after the row that it is tested on. For a
    log with time in it use `shop.split_by_time`.

    Args:
        fractions: shares of train, validation and test; each above 0, together 1.

    Raises:
        ValueError: `fractions` do not add up to 1, or leave a split without a row.
    """
    if not (min(fractions) > 0 and abs(sum(fractions) - 1) <= 1e-6):  # a NaN fails both
        raise ValueError(f"`fractions` must be above 0 and add up to 1; found {fractions}.")
    shuffled = torch.randperm(len(log), generator=generator)
    n_train = round(fractions[0] * len(log))
    n_validation = round(fractions[1] * len(log))
    parts = shuffled.tensor_split([n_train, n_train + n_validation])
    if min(len(part) for part in parts) == 0:
        raise ValueError(
            f"Every split needs at least one row; {len(log)} rows dealt as {fractions} give "
            f"{[len(part) for part in parts]}. Use more rows or other fractions."
        )
    return Split(*(take(log, part) for part in parts))


def without_history(log: Interactions) -> Interactions:
    """The same log for a network that sees only who and what: `inputs` is (user, item)."""
    return replace(log, history=None)


def with_scores(log: Interactions, scores: Float[Tensor, "users items"]) -> Interactions:
    """The same log with one more column of history: what `scores` say of each row's pair.

    Compute them from the windows before the log's own, or the outcome leaks into the input.

    Raises:
        ValueError: `scores` is not one number per user and item, or not finite in a row.
    """
    if scores.shape != (log.n_users, log.n_items):
        raise ValueError(
            f"`scores` needs a number per user and item, {log.n_users} x {log.n_items}; found "
            f"{scores.shape[0]} x {scores.shape[1]}."
        )
    column = scores[log.user, log.item][:, None]
    before = [] if log.history is None else [log.history]
    return replace(log, history=torch.cat([*before, column], dim=1))


def only_tasks(log: Interactions, tasks: tuple[str, ...]) -> Interactions:
    """The same rows with the label columns of `tasks`, in the order given.

    Raises:
        ValueError: a task that the log does not have.
    """
    unknown = [task for task in tasks if task not in log.tasks]
    if unknown:
        raise ValueError(f"`tasks` must be among {log.tasks}; found {unknown}.")
    columns = [log.tasks.index(task) for task in tasks]
    return replace(
        log,
        labels=log.labels[:, columns],
        observed=log.observed[:, columns],
        tasks=tuple(tasks),
        scales=tuple(log.scales[column] for column in columns) if log.scales else (),
    )


_WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
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
                f"{tuple(value.shape)}. Convert it first, so that nothing is rounded unseen."
            )
    for name in ("n_users", "n_items"):
        size = getattr(log, name)
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"`{name}` must be a whole number from 1; found {size!r}.")
    if not isinstance(log.tasks, tuple) or not all(isinstance(task, str) for task in log.tasks):
        raise ValueError(
            f'`tasks` must be a tuple of names, as in ("purchase", "quantity"); found '
            f"{log.tasks!r}."
        )


def _refuse_wrong_scales(scales: tuple[Scale, ...]) -> None:
    for scale in scales:
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
