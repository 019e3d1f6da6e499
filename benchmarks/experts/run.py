"""What a training step costs: eight experts against a shared bottom of as many parameters.

Run as `python benchmarks/experts/run.py`, on the shop of the lessons; it needs no download. It
measures anew and writes results.json beside this file; with fewer rounds it prints only.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import process_time

import torch
from scipy import stats
from torch import nn

from mtl_course import capacity, datasets, embeddings, experts, losses, networks, shop, training
from mtl_course.interactions import Interactions, only_tasks
from mtl_course.results import write_results

RESULTS = Path(__file__).with_name("results.json")
DIM, HIDDEN, N_TASKS = 8, 32, 2
SETTINGS = {
    "dim": DIM,
    "hidden": HIDDEN,
    "rows_a_step": [128, 512, 1024, 4096],
    "steps": 20,  # in a measurement
    "rounds": 40,  # in each of which every network is measured once, in turn
    "core": {"min_items": 5, "min_users": 90},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=SETTINGS["rounds"])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for row in measured(SETTINGS["rows_a_step"], chosen.rounds):
        print(row, flush=True)
        rows.append(row)
    if chosen.rounds >= SETTINGS["rounds"]:
        settings = {**SETTINGS, "rounds": chosen.rounds}
        write_results(RESULTS, {"settings": settings, "torch": torch.__version__, "rows": rows})


def measured(rows_a_step: Sequence[int], n_rounds: int) -> Iterator[dict[str, object]]:
    """One row for each size of a batch and network: what a step costs, and in times the rival's."""
    core = shop.k_core(datasets.load_complete_journey(), [1, 2], **SETTINGS["core"])
    train = only_tasks(shop.split_by_time(core).train, ("purchase", "quantity"))
    mixture = experts.MMoE(pair(train), N_TASKS, n_experts=8, hidden=HIDDEN)
    size = capacity.count_parameters(mixture)
    width = capacity.matched_width(lambda width: bottom(train, width), size)
    rival = "shared bottom of MMoE's size"
    models = {
        rival: bottom(train, width),
        f"shared bottom, width {HIDDEN}": bottom(train, HIDDEN),
        "MMoE, 8 experts": mixture,
        "CGC, 3 + 3 + 2 experts": levels(train, 1),
        "PLE, twice 3 + 3 + 2 experts": levels(train, 2),
    }
    for batch_size in rows_a_step:
        runs = {name: steps_of(model, train, batch_size) for name, model in models.items()}
        # in turn, so that whatever else the machine does meets all of them
        rounds = [{name: cost(run) for name, run in runs.items()} for _ in range(n_rounds)]
        for name, model in models.items():
            times = sorted(costs[name] / costs[rival] for costs in rounds)
            low, high = interval_of_median(times)
            yield {
                "rows_a_step": batch_size,
                "model": name,
                "parameters": capacity.count_parameters(model),
                "cpu_ms": round(1000 * median(costs[name] for costs in rounds), 3),
                "times": round(median(times), 3),
                "times_from": round(low, 3),
                "times_to": round(high, 3),
                "lowest": round(times[0], 3),
                "highest": round(times[-1], 3),
            }


def interval_of_median(ordered: Sequence[float]) -> tuple[float, float]:
    """Ends of a 95 % interval for the median: two of the values, whatever their distribution.

    As many values lie below the median as heads fall in as many throws of a coin.
    """
    below = int(stats.binom.ppf(0.025, len(ordered), 0.5))
    return ordered[max(below - 1, 0)], ordered[min(len(ordered) - below, len(ordered) - 1)]


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
    """CPU seconds of a step, over the settings' number of them."""
    start = process_time()
    for _ in range(SETTINGS["steps"]):
        next(steps)
    return (process_time() - start) / SETTINGS["steps"]


if __name__ == "__main__":
    main()
