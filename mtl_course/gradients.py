"""What each task asks of the shared parameters, and ways to settle a conflict."""

from collections.abc import Callable, Iterable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torchjd import autojac


def task_gradients(
    losses: Float[Tensor, " tasks"], shared: Sequence[Tensor]
) -> Float[Tensor, "tasks params"]:
    """The Jacobian of the losses in the shared parameters, one flat row per task.

        jacobian[t] = d losses[t] / d shared

    The parameters follow one another in the order of `shared`, each flattened. One that a task does
    not use, such as the bottom for a tag, has a gradient of 0 there. The graph is kept, so that a
    backward pass can follow; nothing is written to `.grad`.

    Raises:
        ValueError: `shared` is empty.

    Example:
        >>> shared = torch.tensor([1.0, 3.0], requires_grad=True)
        >>> losses = torch.stack([shared.sum(), shared[0] ** 2])
        >>> task_gradients(losses, [shared])
        tensor([[1., 1.],
                [2., 0.]])
    """
    _refuse_nothing_shared(shared)
    rows = []
    for loss in losses:
        found = torch.autograd.grad(
            loss, shared, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        rows.append(torch.cat([gradient.flatten() for gradient in found]))
    return torch.stack(rows)


def cosine_similarities(jacobian: Float[Tensor, "tasks params"]) -> Float[Tensor, "tasks tasks"]:
    """Cosine between every two task gradients, from -1 to 1; below 0 the two tasks conflict.

        cosine[s,t] = jacobian[s] . jacobian[t] / (|jacobian[s]| |jacobian[t]|)

    A step against the gradient of one of two tasks that conflict makes the other worse. A gradient
    of 0 has no direction: its row and its column are NaN.

    Example:
        >>> cosine_similarities(torch.tensor([[2.0, 0.0], [-3.0, 4.0]]))
        tensor([[ 1.0000, -0.6000],
                [-0.6000,  1.0000]])
    """
    directions = _directions(jacobian)
    return directions @ directions.T


def project_conflicts(
    jacobian: Float[Tensor, "tasks params"], generator: torch.Generator
) -> Float[Tensor, " params"]:
    """PCGrad: strip from each task's gradient what opposes another's, then add them up.

        for every task t: g = jacobian[t]
            for every other task s in random order: if g . jacobian[s] < 0:
                g = g - (g . jacobian[s]) / |jacobian[s]|^2 * jacobian[s]
        gradient = sum_t g

    A gradient is compared with the others' as they were, not as they have been projected. Without a
    conflict the sum of the gradients comes out. With two tasks no task is opposed by the result;
    with three, a later projection may bring back what an earlier one took away.

    TorchJD's PCGrad is the same, but for the order, which it draws from the global random numbers.

    Args:
        generator: decides the order of the other tasks, which matters from three tasks on.

    Example:
        >>> jacobian = torch.tensor([[1.0, 0.0], [-1.0, 1.0]])
        >>> project_conflicts(jacobian, torch.Generator())  # (.5, .5) and (0, 1)
        tensor([0.5000, 1.5000])

    Source: Yu et al., Gradient Surgery for Multi-Task Learning, NeurIPS 2020, algorithm 1.
    """
    directions = _directions(jacobian)
    projected = jacobian.clone()
    for task in range(len(jacobian)):
        for other in torch.randperm(len(jacobian), generator=generator):
            along = projected[task] @ directions[other]  # NaN, and so no conflict, for a gradient 0
            if other != task and along < 0:
                projected[task] -= along * directions[other]
    return projected.sum(dim=0)


def aggregate_backward(
    losses: Float[Tensor, " tasks"],
    aggregator: Callable[[Tensor], Tensor],
    *,
    shared: Sequence[Tensor],
    parameters: Iterable[Tensor],
) -> None:
    """A backward pass in which `aggregator` decides how the shared parameters move.

        shared:        .grad += aggregator(jacobian), of the losses in the shared parameters
        all others:    .grad += d sum(losses), which is its own task's gradient for a tower or head

    As the `backward` of `training.training_steps`:

        lambda losses: aggregate_backward(
            losses, PCGrad(), shared=model.shared_parameters(), parameters=model.parameters()
        )

    Args:
        aggregator: [tasks, params] to [params]: one of `torchjd.aggregation`, or a function such as
            `project_conflicts` with a generator.
        parameters: all that are trained; the shared ones may be among them.

    Raises:
        ValueError: `shared` is empty.

    Source: Quinton and Rey, Jacobian Descent for Multi-Objective Optimization, 2024 (TorchJD). Its
    `mtl_backward` does the same for a network that hands out its shared features.
    """
    _refuse_nothing_shared(shared)
    both = {*shared}
    own = [parameter for parameter in parameters if parameter not in both]
    # one task after the other: all at once, by vmap, is slower where there is an embedding
    autojac.backward(losses, inputs=shared, retain_graph=True, parallel_chunk_size=1)
    if own:
        losses.sum().backward(inputs=own)
    autojac.jac_to_grad(shared, aggregator)


def _directions(jacobian: Float[Tensor, "tasks params"]) -> Float[Tensor, "tasks params"]:
    """The gradients at length 1; NaN for a gradient of 0."""
    # a task that is all but learned has a gradient so small that its squares would round to 0
    scaled = jacobian / jacobian.abs().amax(dim=1, keepdim=True)
    return scaled / scaled.norm(dim=1, keepdim=True)


def _refuse_nothing_shared(shared: Sequence[Tensor]) -> None:
    if len(shared) == 0:
        raise ValueError(
            "`shared` must hold the parameters that the tasks have in common; found none. Pass the "
            "network's `shared_parameters()`."
        )
