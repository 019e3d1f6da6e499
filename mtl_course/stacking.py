"""Many networks of one shape, held as one stack of parameters and called all at once."""

from collections.abc import Callable, Iterator, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from mtl_course.interactions import Interactions, shuffled_rows, take


def stack_parameters(models: Sequence[nn.Module], n_points: int) -> dict[str, Tensor]:
    """The parameters of one network per seed, each repeated for every point of a grid.

    Returns:
        By name, each [seeds, points, ...], new leaves that collect gradients.

    Raises:
        ValueError: the networks differ in a buffer, which the stack would share among them.
    """
    parameters, buffers = stack_module_state(list(models))
    for name, values in buffers.items():  # [seeds, ...]
        if not torch.equal(values, values[:1].expand_as(values)):
            raise ValueError(
                f"Networks that are stacked may differ in parameters only; found different values "
                f"of the buffer '{name}'. Draw it once, outside of the function that makes them."
            )
    return {
        name: value.detach().unsqueeze(1).repeat_interleave(n_points, dim=1).requires_grad_()
        for name, value in parameters.items()
    }


def in_one_group(model: nn.Module) -> list[dict[str, object]]:
    """All parameters of the network, to be treated alike by an optimiser."""
    return [{"params": list(model.parameters())}]


def stacked_groups(
    model: nn.Module, parameters: dict[str, Tensor], groups: list[dict[str, object]]
) -> list[dict[str, object]]:
    """An optimiser's parameter groups of one network, as groups of the whole stack's parameters.

    Args:
        parameters: by name, each [seeds, points, ...].
        groups: of `model`'s own parameters; their other entries, such as a weight decay, are kept.
    """
    names = {parameter: name for name, parameter in model.named_parameters()}
    return [
        {**group, "params": [parameters[names[parameter]] for parameter in group["params"]]}
        for group in groups
    ]


def stacked_losses(
    model: nn.Module,
    parameters: dict[str, Tensor],
    log: Interactions,
    rows: Int[Tensor, "seeds batch"],
    task_losses: Callable[[Tensor, Interactions], Tensor],
) -> Float[Tensor, "seeds points tasks"]:
    """The losses of every network of the stack on its own seed's minibatch.

    Args:
        parameters: by name, each [seeds, points, ...].
        rows: of `log`, one minibatch per seed; all points of a seed see the same.
    """

    def losses_of_one(one: dict[str, Tensor], its_rows: Int[Tensor, " batch"]) -> Tensor:
        batch = take(log, its_rows)
        return task_losses(functional_call(model, one, batch.inputs), batch)

    # dropout: another mask for each seed, the same for all its points
    of_all = vmap(vmap(losses_of_one, randomness="same"), randomness="different")
    return of_all(parameters, _for_each_point(rows, parameters))


def stacked_logits(
    model: nn.Module, parameters: dict[str, Tensor], log: Interactions, batch_size: int
) -> Float[Tensor, "seeds points n tasks"]:
    """The logits of every network of the stack for every row of `log`, without gradients.

    Dropout is off, whatever the mode of `model`, which is left as it was found.
    """

    def logits_of_one(one: dict[str, Tensor], rows: Int[Tensor, " batch"]) -> Tensor:
        return functional_call(model, one, take(log, rows).inputs)

    n_seeds = len(next(iter(parameters.values())))
    mode = model.training
    model.eval()
    try:
        with torch.no_grad():
            chunks = [
                vmap(vmap(logits_of_one))(
                    parameters, _for_each_point(rows.expand(n_seeds, -1), parameters)
                )
                for rows in torch.arange(len(log)).split(batch_size)
            ]
    finally:
        model.train(mode)
    return torch.cat(chunks, dim=2)


def held_out_losses(
    model: nn.Module,
    parameters: dict[str, Tensor],
    log: Interactions,
    task_losses: Callable[[Tensor, Interactions], Tensor],
) -> Float[Tensor, "seeds points tasks"]:
    """The losses of every network of the stack on all rows of `log`, without gradients."""
    logits = stacked_logits(model, parameters, log, batch_size=512)
    return vmap(vmap(lambda of_one: task_losses(of_one, log)))(logits)


def row_orders(
    n: int, batch_size: int, seeds: Sequence[int]
) -> Iterator[Int[Tensor, "seeds batch"]]:
    """The rows of one minibatch per seed, epoch after epoch without end.

    Each seed's are those of `interactions.minibatches` with a generator of that seed.

    Raises:
        ValueError: `batch_size` is below 1.
    """
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    while True:
        epoch = [shuffled_rows(n, batch_size, generator) for generator in generators]
        yield from map(torch.stack, zip(*epoch, strict=True))


def _for_each_point(
    rows: Int[Tensor, "seeds batch"], parameters: dict[str, Tensor]
) -> Int[Tensor, "seeds points batch"]:
    # vmap looks up a table of embeddings that is batched together with its index in place; with an
    # index that all points share it would first copy the tables of all points
    n_points = next(iter(parameters.values())).shape[1]
    return rows[:, None].expand(-1, n_points, -1)
