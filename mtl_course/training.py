"""The training loop as an iterator, and the same loop over a grid of weights and seeds at once."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mtl_course.interactions import Interactions, minibatches

TaskLosses = Callable[[Tensor, Interactions], Tensor]  # ([n, tasks], batch) -> [tasks]


class Step(NamedTuple):
    """What one step of the optimiser has just seen."""

    epoch: int  # from 0
    step: int  # from 0, over all epochs
    losses: Float[Tensor, " tasks"]  # nats per observed label of this minibatch, before the step


def training_steps(
    model: nn.Module,
    log: Interactions,
    task_losses: TaskLosses,
    backward: Callable[[Tensor], None],
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    batch_size: int,
    generator: torch.Generator,
) -> Iterator[Step]:
    """The steps of one training, in order. Nothing happens before they are iterated.

    Whoever loops decides what to record, draw or stop: leaving the loop ends the training, and the
    model keeps the parameters of the last step.

    Args:
        task_losses: logits and batch to one loss per task, e.g. `losses.task_losses`.
        backward: fills `.grad` from the loss vector, e.g.
            `lambda losses: weighted_sum(losses, weights).backward()`. It is called anew each step,
            so it may read weights that have moved since.
        generator: decides the order of the rows.
    """
    step = 0
    for epoch in range(epochs):
        for batch in minibatches(log, batch_size, generator):
            losses = task_losses(model(*batch.inputs), batch)  # [tasks]
            optimizer.zero_grad()
            backward(losses)
            optimizer.step()
            yield Step(epoch, step, losses.detach())
            step += 1
