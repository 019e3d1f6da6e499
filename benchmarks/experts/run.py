"""What a training step costs: eight experts against a shared bottom of as many parameters.

Run as `python benchmarks/experts/run.py`, on the shop of the lessons; it needs no download.
"""

import argparse
from collections.abc import Iterator
from statistics import median
from time import process_time

import torch
from torch import nn

from mtl_course import capacity, datasets, embeddings, experts, losses, networks, shop, training
from mtl_course.interactions import Interactions, only_tasks

DIM, HIDDEN, N_TASKS = 8, 32, 2
STEPS = 20  # in a measurement


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    core = shop.k_core(datasets.load_complete_journey(), [1, 2], min_items=5, min_users=90)
    train = only_tasks(shop.split_by_time(core).train, ("purchase", "quantity"))
    mixture = experts.MMoE(pair(train), N_TASKS, n_experts=8, hidden=HIDDEN)
    size = capacity.count_parameters(mixture)
    width = capacity.matched_width(lambda width: bottom(train, width), size)
    rival = f"shared bottom, width {width}"
    models = {
        rival: bottom(train, width),
        f"shared bottom, width {HIDDEN}": bottom(train, HIDDEN),
        "MMoE, 8 experts": mixture,
        "CGC, 3 + 3 + 2 experts": levels(train, 1),
        "PLE, twice 3 + 3 + 2 experts": levels(train, 2),
    }
    for batch_size in (128, 512, 1024, 4096):
        print(f"\n{batch_size} rows a step: median CPU ms, and times the first, in {chosen.rounds}")
        runs = {name: steps_of(model, train, batch_size) for name, model in models.items()}
        # in turn, so that whatever else the machine does meets all of them
        rounds = [{name: cost(run) for name, run in runs.items()} for _ in range(chosen.rounds)]
        for name, model in models.items():
            ratios = [costs[name] / costs[rival] for costs in rounds]
            print(
                f"{name:30s}{capacity.count_parameters(model):8d} parameters"
                f"{1000 * median(costs[name] for costs in rounds):7.2f} ms"
                f"{median(ratios):7.2f} times, {min(ratios):.2f} to {max(ratios):.2f}"
            )


def pair(train: Interactions) -> embeddings.PairEmbedding:
    return embeddings.PairEmbedding(
        train.n_users, train.n_items, dim=DIM, n_history=train.n_history
    )


def bottom(train: Interactions, width: int) -> nn.Module:
    return networks.SharedBottom(
        train.n_users,
        train.n_items,
        N_TASKS,
        dim=DIM,
        hidden=width,
        n_history=train.n_history,
    )


def levels(train: Interactions, n_levels: int) -> nn.Module:
    return experts.PLE(pair(train), N_TASKS, n_own=3, n_shared=2, n_levels=n_levels, hidden=HIDDEN)


def steps_of(model: nn.Module, train: Interactions, batch_size: int) -> Iterator[training.Step]:
    return training.training_steps(
        model,
        train,
        losses.task_losses,
        lambda found: found.sum().backward(),
        torch.optim.Adam(model.parameters(), lr=0.01, fused=True),
        epochs=100,
        batch_size=batch_size,
        generator=torch.Generator().manual_seed(0),
    )


def cost(steps: Iterator[training.Step]) -> float:
    """CPU seconds of a step, over `STEPS` of them."""
    start = process_time()
    for _ in range(STEPS):
        next(steps)
    return (process_time() - start) / STEPS


if __name__ == "__main__":
    main()
