"""What was logged: one record for a log, a split and a minibatch, and ways to take rows of it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mtl_course import validity


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
        validity.refuse_malformed(self)

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
