"""The losses of every step of a training that runs under a slider, and their means to be drawn."""

import torch
from jaxtyping import Float
from torch import Tensor


class Recording:
    """Losses in nats, one row a step; rows are taken over many at a time, since a step is short.

    Args:
        most: steps, at most.
        n_tasks: losses a step.
    """

    def __init__(self, most: int, n_tasks: int) -> None:
        self._table = torch.zeros(most, n_tasks)
        self._fresh: list[Tensor] = []  # of the last steps, not yet in the table
        self._written = 0
        self._spoilt: int | None = None  # the first step whose loss was no finite number, from 1

    def __len__(self) -> int:
        return self._written + len(self._fresh)

    def append(self, losses: Float[Tensor, " tasks"]) -> None:
        """Records one step."""
        self._fresh.append(losses)

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
        fresh, before = torch.stack(self._fresh), self._written
        self._fresh.clear()
        self._written += len(fresh)
        self._table[before : self._written] = fresh
        bad = ~fresh.isfinite().all(dim=1)
        if self._spoilt is None and bad.any():
            self._spoilt = before + 1 + int(bad.long().argmax())
