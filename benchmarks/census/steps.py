"""What a training step costs: eight experts against a shared bottom of as many parameters.

Run as `python benchmarks/census/steps.py`, on the shop of the lessons; it needs no download.
"""

from time import process_time

import torch
from torch import nn

from mtl_course import capacity, datasets, embeddings, experts, losses, networks, shop, training
from mtl_course.interactions import Interactions, only_tasks

DIM, HIDDEN, N_TASKS = 8, 32, 2


def main() -> None:
    torch.set_num_threads(1)
    core = shop.k_core(datasets.load_complete_journey(), [1, 2], min_items=5, min_users=90)
    train = only_tasks(shop.split_by_time(core).train, ("purchase", "quantity"))
    mixture = experts.MMoE(pair(train), N_TASKS, n_experts=8, hidden=HIDDEN)
    size = capacity.count_parameters(mixture)
    width = capacity.matched_width(lambda width: bottom(train, width), size)
    models = {
        "MMoE, 8 experts": mixture,
        f"shared bottom, width {width}": bottom(train, width),
        f"shared bottom, width {HIDDEN}": bottom(train, HIDDEN),
    }
    for batch_size in (128, 512, 1024):
        print(f"\n{batch_size} rows a step: CPU ms, the best of 20 times 20 steps")
        costs = {name: cost(model, train, batch_size) for name, model in models.items()}
        for name, milliseconds in costs.items():
            print(
                f"{name:26s}{capacity.count_parameters(models[name]):8d} parameters"
                f"{milliseconds:7.2f} ms{milliseconds / costs[[*costs][1]]:7.2f} times"
            )


def pair(train: Interactions) -> embeddings.PairEmbedding:
    return embeddings.PairEmbedding(
        train.n_users, train.n_items, dim=DIM, n_history=train.history.shape[1]
    )


def bottom(train: Interactions, width: int) -> nn.Module:
    return networks.SharedBottom(
        train.n_users,
        train.n_items,
        N_TASKS,
        dim=DIM,
        hidden=width,
        n_history=train.history.shape[1],
    )


def cost(model: nn.Module, train: Interactions, batch_size: int) -> float:
    steps = training.training_steps(
        model,
        train,
        losses.task_losses,
        lambda found: found.sum().backward(),
        torch.optim.Adam(model.parameters(), lr=0.01, fused=True),
        epochs=1,
        batch_size=batch_size,
        generator=torch.Generator().manual_seed(0),
    )
    best = float("inf")
    for _ in range(20):
        start = process_time()
        for _ in range(20):
            next(steps)
        best = min(best, (process_time() - start) / 20)
    return 1000 * best


if __name__ == "__main__":
    main()
