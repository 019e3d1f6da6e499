"""The losses of every step of a training that runs under a slider, and their means to be drawn."""

import torch
from jaxtyping import Float
from torch import Tensor


class Recording:
    """Losses in nats, one row a step.

    A step is short, so a row is first noted as plain numbers, which cost it least, and moved into
    the table with many others.

    Args:
        most: steps, at most.
        n_tasks: losses a step.
    """

    def __init__(self, most: int, n_tasks: int) -> None:
        self._table = torch.zeros(most, n_tasks)
        self._shape = self._table.shape[1:]
        self._written = 0
        self._fresh: list[float] = []  # of the last steps, not yet in the table
        self._spoilt: int | None = None  # the first step whose loss was no finite number, from 1

    def __len__(self) -> int:
        return self._written + len(self._fresh) // self._shape[0]

    def append(self, losses: object) -> None:
        """Records the losses of one step, [tasks], as whoever wrote the training made them.

        Raises:
            ValueError: not one loss a task.
        """
        if not isinstance(losses, Tensor) or losses.shape != self._shape:
            found = tuple(losses.shape) if isinstance(losses, Tensor) else type(losses).__name__
            raise ValueError(
                f"A step's `losses` must be a tensor with one loss a task, of shape "
                f"{tuple(self._shape)}; found {found}."
            )
        self._fresh += losses.tolist()

    @property
    def losses(self) -> Float[Tensor, "steps tasks"]:
        """Of every step so far: a view, not a copy."""
        self._write()
        return self._table[: self._written]

    def means(self, size: int) -> Float[Tensor, "bins tasks"]:
        """Over each `size` steps in turn; the last bin may not be full yet."""
        whole, rest = self.losses.split([len(self) // size * size, len(self) % size])
        means = whole.unflatten(0, (-1, size)).mean(dim=1)
        return torch.cat([means, rest.mean(dim=0, keepdim=True)]) if len(rest) > 0 else means

    def refuse_what_is_no_number(self) -> None:
        """Raises ArithmeticError, naming the step, where a loss was no finite number."""
        self._write()
        if self._spoilt is not None:
            raise ArithmeticError(
                f"a loss is no finite number any more since step {self._spoilt}, and no later step "
                f"mends that. Lower the learning rate."
            )

    def _write(self) -> None:
        if not self._fresh:
            return
        fresh, before = torch.tensor(self._fresh).unflatten(0, (-1, *self._shape)), self._written
        self._table[before : before + len(fresh)] = fresh
        self._written += len(fresh)
        self._fresh.clear()
        bad = ~fresh.isfinite().all(dim=1)
        if self._spoilt is None and bad.any():
            self._spoilt = before + 1 + int(bad.long().argmax())
