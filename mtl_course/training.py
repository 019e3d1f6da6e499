"""The training loop as an iterator, and the same loop over a grid of weights and seeds at once."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm.auto import tqdm

from mtl_course.interactions import Interactions, minibatches
from mtl_course.scalarization import weighted_sum
from mtl_course.stacking import (
    held_out_losses,
    in_one_group,
    row_orders,
    stack_parameters,
    stacked_groups,
    stacked_logits,
    stacked_losses,
)

TaskLosses = Callable[[Tensor, Interactions], Tensor]  # ([n, tasks], batch) -> [tasks]


class Step(NamedTuple):
    """What one step of the optimiser has just seen."""

    epoch: int  # from 0
    step: int  # from 0, over all epochs
    losses: Float[Tensor, " tasks"]  # nats per observed label of this minibatch, before the step


@dataclass(frozen=True)
class Sweep:
    """A finished grid of trainings: every weighting of the tasks, from every seed.

    One of its networks is had back by
    `model.load_state_dict({name: value[point, seed] for name, value in parameters.items()},
    strict=False)`, which leaves the buffers as they are.
    """

    tasks: tuple[str, ...]
    weights: Float[Tensor, "points tasks"]
    seeds: tuple[int, ...]
    steps: tuple[int, ...]  # the checkpoints: steps made when `curves` were taken
    curves: Float[Tensor, "points seeds checkpoints tasks"]  # held-out losses, nats
    parameters: dict[str, Tensor]  # by name, each [points, seeds, ...], after the last checkpoint


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


def progress_bar(steps: Iterable[int]) -> tqdm:
    """The same steps, with a bar that shows the time left unless TQDM_DISABLE is set.

    tqdm's bar for notebooks does not heed that variable by itself, and a lesson that is built
    without a screen would keep a bar that never moves.
    """
    return tqdm(steps, disable=os.environ.get("TQDM_DISABLE", "0") not in ("", "0"))


def sweep_weights(
    make_model: Callable[[], nn.Module],
    train: Interactions,
    held_out: Interactions,
    *,
    weights: Float[Tensor, "points tasks"],
    seeds: Sequence[int],
    task_losses: TaskLosses,
    checkpoints: Sequence[int],
    batch_size: int,
    learning_rate: float,
    weight_decay: float = 0.0,
    parameter_groups: Callable[[nn.Module], list[dict[str, object]]] = in_one_group,
    progress: Callable[[Iterable[int]], Iterable[int]] = progress_bar,
) -> Sweep:
    """All trainings of a grid of weights and seeds, made at once instead of one after the other.

    Their parameters are stacked, so that one step of one optimiser moves all of them. Each is the
    training that it would have been alone, to rounding, but for the masks that dropout draws:

        torch.manual_seed(seed)
        model = make_model()
        optimizer = torch.optim.Adam(parameter_groups(model), lr=learning_rate,
                                     weight_decay=weight_decay)
        training_steps(model, train, task_losses, backward, optimizer, batch_size=batch_size,
                       epochs=..., generator=torch.Generator().manual_seed(seed))

    Seeds differ in the start, in the order of the rows and in the masks; the points of one seed
    share all three, so that their difference is the weights' doing. Nothing is returned before the
    last step, and nothing is left behind by a sweep that is interrupted.

    Args:
        held_out: what the curves are taken on. All trainings visit all its rows at each checkpoint:
            a sample of some 10,000 rows keeps that short.
        checkpoints: numbers of steps after which the held-out losses are taken, ascending; 0 is
            the untrained network. Training ends at the last one.
        weight_decay: Adam's, for the parameters of every group that does not state its own.
        parameter_groups: of one network, as an optimiser takes them, e.g. to decay its embeddings
            alone; by default all parameters are treated alike.
        progress: wraps the steps to come; by default a bar with the time left. `iter` shows none.

    Raises:
        ValueError: unusable weights, seeds or checkpoints, or a training that diverged.

    Source: stacking by vmap as in PyTorch's tutorial "Model ensembling".
    """
    _refuse_another_grid(train, held_out, weights, seeds, checkpoints)
    # forked: neither the initialisation nor dropout may move the caller's global random numbers
    with torch.random.fork_rng(devices=[]):
        models = [_made_from(make_model, seed) for seed in seeds]
        model = models[0]
        parameters = stack_parameters(models, n_points=len(weights))
        optimizer = torch.optim.Adam(
            stacked_groups(model, parameters, parameter_groups(model)),
            lr=learning_rate,
            weight_decay=weight_decay,
            fused=True,
        )
        grid = weights.expand(len(seeds), *weights.shape)  # [seeds, points, tasks]
        curves = []
        if checkpoints[0] == 0:
            curves.append(held_out_losses(model, parameters, held_out, task_losses))
        orders = row_orders(len(train), batch_size, seeds)
        for step in progress(range(1, checkpoints[-1] + 1)):
            losses = stacked_losses(model, parameters, train, next(orders), task_losses)
            optimizer.zero_grad()
            weighted_sum(losses, grid).sum().backward()  # each term reaches its own parameters only
            optimizer.step()
            if step in checkpoints:
                curves.append(held_out_losses(model, parameters, held_out, task_losses))
                _refuse_divergence(curves[-1], step, train.tasks, weights, seeds, learning_rate)
    return Sweep(
        tasks=train.tasks,
        weights=weights,
        seeds=tuple(seeds),
        steps=tuple(checkpoints),
        curves=torch.stack(curves, dim=2).transpose(0, 1),
        parameters={name: value.detach().transpose(0, 1) for name, value in parameters.items()},
    )


def sweep_logits(
    model: nn.Module, sweep: Sweep, log: Interactions, *, batch_size: int = 512
) -> Float[Tensor, "points seeds n tasks"]:
    """What every trained network of the sweep says of every row of `log`.

    Args:
        model: any network of the sweep's kind; its own parameters are not read.
        batch_size: rows at once; it changes the memory needed, not the answer.
    """
    stacked = {name: value.transpose(0, 1) for name, value in sweep.parameters.items()}
    return stacked_logits(model, stacked, log, batch_size).transpose(0, 1)


def _made_from(make_model: Callable[[], nn.Module], seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return make_model()


def _refuse_another_grid(
    train: Interactions,
    held_out: Interactions,
    weights: Float[Tensor, "points tasks"],
    seeds: Sequence[int],
    checkpoints: Sequence[int],
) -> None:
    if not train.tasks == held_out.tasks or weights.shape[1] != len(train.tasks):
        raise ValueError(
            f"`train`, `held_out` and the columns of `weights` must share the tasks; found "
            f"{train.tasks}, {held_out.tasks} and {weights.shape[1]} columns."
        )
    if len(seeds) == 0 or len(set(seeds)) < len(seeds):
        raise ValueError(f"`seeds` must name each seed once; found {list(seeds)}.")
    ascending = sorted(set(checkpoints))
    if list(checkpoints) != ascending or not ascending or ascending[0] < 0 or ascending[-1] < 1:
        raise ValueError(
            f"`checkpoints` must be numbers of steps, ascending, from 0, the last 1 or more; found "
            f"{list(checkpoints)}."
        )


def _refuse_divergence(
    losses: Float[Tensor, "seeds points tasks"],
    step: int,
    tasks: tuple[str, ...],
    weights: Float[Tensor, "points tasks"],
    seeds: Sequence[int],
    learning_rate: float,
) -> None:
    bad = (~losses.isfinite()).nonzero()
    if len(bad) > 0:
        seed, point, task = bad[0].tolist()
        raise ValueError(
            f"A held-out loss must be finite; after {step} steps {len(bad)} of {losses.numel()} "
            f"are not: the training diverged. The first is '{tasks[task]}' at weights "
            f"{weights[point].tolist()}, seed {seeds[seed]}. Lower `learning_rate` "
            f"({learning_rate}), or look for history features far out of scale."
        )
