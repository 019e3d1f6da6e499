"""The ways to weigh tasks that are compared: what each does in a step, and what it lets one set."""

from collections.abc import Callable
from math import exp, log
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchjd import aggregation, scalarization

from mtl_course import gradients, networks
from mtl_course.interactions import Interactions
from mtl_course.scalarization import weighted_sum

Own = float | tuple[float, ...] | None  # what a method has to set besides the learning rate
Draw = Callable[[torch.Generator, int], Own]  # (generator, number of tasks)


class Rule(NamedTuple):
    """What a method is, for one network in training."""

    backward: Callable[[Tensor], None]  # fills .grad of the network, and of its own parameters
    own_groups: tuple[dict[str, object], ...] = ()  # of the optimiser: weights that are learned
    # told after each step how many were made, and how to have the losses of its batch anew
    after_step: Callable[[int, Callable[[], Tensor]], None] | None = None


class Method(NamedTuple):
    """One way to weigh tasks."""

    kind: str  # "fixed", "loss" (reads the losses) or "gradient" (reads each task's gradient)
    rule: Callable[[nn.Module, int, Own], Rule]  # (network, number of tasks, its own setting)
    usual: Own = None  # its own setting, to begin with; None: it has none, or equal weights
    draw: Draw | None = None  # another one
    alone: bool = False  # a network for each task, which share nothing


class Separate(nn.Module):
    """One network for each task, called together: what they learn is what each learns alone."""

    def __init__(self, single: list[networks.SharedBottom]) -> None:
        super().__init__()
        self.single = nn.ModuleList(single)

    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.cat([model(*inputs) for model in self.single], dim=1)

    def parameter_groups(self, *, embedding_decay: float) -> list[dict[str, object]]:
        every = [m.parameter_groups(embedding_decay=embedding_decay) for m in self.single]
        return [group for groups in every for group in groups]


def log_uniform(low: float, high: float) -> Draw:
    """Between two bounds; as likely from 1 to 2 as from 2 to 4."""

    def draw(generator: torch.Generator, n_tasks: int) -> float:  # noqa: ARG001
        share = float(torch.rand((), generator=generator))
        return float(f"{exp(log(low) + share * (log(high) - log(low))):.2g}")

    return draw


def on_the_simplex(generator: torch.Generator, n_tasks: int) -> tuple[float, ...]:
    """Weights that add up to 1, each such vector as likely as any other."""
    parts = -torch.rand(n_tasks, generator=generator).log()
    return tuple(round(part, 3) for part in (parts / parts.sum()).tolist())


def fixed(_: nn.Module, n_tasks: int, weights: Own) -> Rule:
    weights = torch.tensor(weights or [1 / n_tasks] * n_tasks)
    return Rule(lambda losses: weighted_sum(losses, weights).backward())


def scalarized(make: Callable[[Own], nn.Module]) -> Callable[[nn.Module, int, Own], Rule]:
    """A scalarizer of TorchJD without parameters that the optimiser would have to move."""

    def rule(model: nn.Module, n_tasks: int, own: Own) -> Rule:  # noqa: ARG001
        scalarizer = make(own)
        return Rule(lambda losses: scalarizer(losses).backward())

    return rule


def learned(make: Callable[[int], nn.Module]) -> Callable[[nn.Module, int, Own], Rule]:
    """A scalarizer whose weights are parameters, with a learning rate of their own."""

    def rule(model: nn.Module, n_tasks: int, rate: Own) -> Rule:  # noqa: ARG001
        scalarizer = make(n_tasks)
        group = {"params": list(scalarizer.parameters()), "lr": rate, "weight_decay": 0.0}
        return Rule(lambda losses: scalarizer(losses).backward(), (group,))

    return rule


def dwa(model: nn.Module, n_tasks: int, temperature: Own) -> Rule:  # noqa: ARG001
    scalarizer = scalarization.DWA(temperature)

    def after_step(made: int, losses_now: Callable[[], Tensor]) -> None:  # noqa: ARG001
        if made % DWA_STEPS == 0:
            scalarizer.step()

    return Rule(lambda losses: scalarizer(losses).backward(), after_step=after_step)


def famo(model: nn.Module, n_tasks: int, rate: Own) -> Rule:  # noqa: ARG001
    scalarizer = scalarization.FAMO(n_tasks, lr=rate)

    def after_step(made: int, losses_now: Callable[[], Tensor]) -> None:  # noqa: ARG001
        scalarizer.update(losses_now())

    return Rule(lambda losses: scalarizer(losses).backward(), after_step=after_step)


def aggregated(
    make: Callable[[int, Own], Callable[[Tensor], Tensor]],
) -> Callable[[nn.Module, int, Own], Rule]:
    """An aggregator of TorchJD over the parameters that the tasks share."""

    def rule(model: nn.Module, n_tasks: int, own: Own) -> Rule:
        aggregator, shared = make(n_tasks, own), model.shared_parameters()
        parameters = list(model.parameters())

        def backward(losses: Tensor) -> None:
            gradients.aggregate_backward(losses, aggregator, shared=shared, parameters=parameters)

        return Rule(backward)

    return rule


def without_own(make: Callable[[], Callable[[Tensor], Tensor]]) -> Method:
    """An aggregator that has nothing to set."""
    return Method("gradient", aggregated(lambda n_tasks, own: make()))  # noqa: ARG005


DWA_STEPS = 25  # that it averages a loss over: the real shop's training ends within an epoch

METHODS = {
    "tuned fixed weights": Method("fixed", fixed, draw=on_the_simplex),
    "equal weights": Method("fixed", fixed),
    "single task": Method("fixed", fixed, alone=True),
    "random weights": Method("loss", scalarized(lambda _: scalarization.Random())),
    "UW": Method("loss", learned(scalarization.UW), 0.02, log_uniform(0.001, 0.1)),
    "IMTL-L": Method("loss", learned(scalarization.IMTLL), 0.02, log_uniform(0.001, 0.1)),
    "DWA": Method("loss", dwa, 2.0, log_uniform(0.5, 4)),
    "FAMO": Method("loss", famo, 0.025, log_uniform(0.005, 0.1)),
    "smooth Chebyshev": Method("loss", scalarized(scalarization.STCH), 0.1, log_uniform(0.01, 1)),
    "geometric mean": Method("loss", scalarized(lambda _: scalarization.GeometricMean())),
    "PCGrad": without_own(aggregation.PCGrad),
    "MGDA": without_own(aggregation.MGDA),
    "CAGrad": Method(
        "gradient", aggregated(lambda _, c: aggregation.CAGrad(c)), 0.4, log_uniform(0.1, 0.9)
    ),
    "IMTL-G": without_own(aggregation.IMTLG),
    "Nash-MTL": Method(
        "gradient", aggregated(lambda n, _: aggregation.NashMTL(n, update_weights_every=10))
    ),
    "aligned-MTL": without_own(aggregation.AlignedMTL),
    "UPGrad": without_own(aggregation.UPGrad),
}


def new_network(log: Interactions, dim: int, *, alone: bool) -> nn.Module:
    """A shared bottom; or, for the single tasks, one of the same widths for each."""

    def bottom(n_tasks: int) -> networks.SharedBottom:
        return networks.SharedBottom(
            log.n_users, log.n_items, n_tasks, dim=dim, hidden=4 * dim, n_history=log.n_history
        )

    return Separate([bottom(1) for _ in log.tasks]) if alone else bottom(len(log.tasks))
