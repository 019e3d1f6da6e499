"""A sweep of weights and seeds trained at once, against the same trainings one by one.

Run as `python benchmarks/sweep/run.py`. Two rounds of each, the better one counts.
"""

import argparse
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from math import nan
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm.auto import tqdm

from mtl_course import baselines, datasets, losses, metrics, networks, shop, training
from mtl_course.interactions import Interactions, only_tasks, take
from mtl_course.scalarization import weighted_sum

CLEAR_REFS = Path("/proc/self/clear_refs")  # Linux
LEARNING_RATE, EMBEDDING_DECAY, DIM, HIDDEN = 0.01, 0.1, 8, 32  # as in lesson 04


class Cost(NamedTuple):
    seconds: float  # wall clock
    cpu_seconds: float  # of this process: what the work costs where the machine is shared
    peak_mb: float  # resident memory at its peak, the log's included


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=21)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--longer", type=int, default=10, help="times the steps, for comparison")
    chosen = parser.parse_args()
    grid = (chosen.points, chosen.seeds, chosen.steps, chosen.batch_size)

    n_trainings = chosen.points * chosen.seeds
    print(
        f"{chosen.points} weights x {chosen.seeds} seeds = {n_trainings} trainings of "
        f"{chosen.steps} steps of {chosen.batch_size} rows; torch {torch.__version__}, one thread"
    )
    # rounds in turn, so that a busy minute of the machine spoils neither way alone
    ways = {"at once": train_at_once, "one by one": train_one_by_one}
    runs = {name: [] for name in ways}
    for _ in range(chosen.rounds):
        for name, train_all in ways.items():
            runs[name].append(in_a_fresh_process(train_all, grid))
    print(f"\n{'':12s}{'round':>8s}{'seconds':>10s}{'CPU seconds':>14s}{'peak memory':>18s}")
    for name, rounds in runs.items():
        for number, cost in enumerate(rounds, start=1):
            print(
                f"{name:12s}{number:8d}{cost.seconds:10.1f}{cost.cpu_seconds:14.1f}"
                f"{cost.peak_mb:15.0f} MB"
            )
    seconds = {name: sum(cost.seconds for cost in costs) for name, costs in runs.items()}
    cpu = {name: sum(cost.cpu_seconds for cost in costs) for name, costs in runs.items()}
    print(
        f"{'ratio':20s}{seconds['one by one'] / seconds['at once']:10.1f}"
        f"{cpu['one by one'] / cpu['at once']:14.1f}   (over all rounds)"
    )
    for dtype in (torch.float32, torch.float64):
        in_a_fresh_process(print_agreement, (dtype, *grid[2:]))
    print()
    in_a_fresh_process(print_what_was_learned, (*grid, chosen.longer))


def in_a_fresh_process(work: Callable, arguments: tuple) -> object:
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawning) as pool:
        return pool.submit(work, *arguments).result()


def train_at_once(n_points: int, n_seeds: int, n_steps: int, batch_size: int) -> Cost:
    train, held_out, _ = logs()
    start = measured()
    swept(train, held_out, n_points, n_seeds, n_steps, batch_size)
    return since(start)


def train_one_by_one(n_points: int, n_seeds: int, n_steps: int, batch_size: int) -> Cost:
    train, held_out, _ = logs()
    start = measured()
    for weights in tqdm(weights_of(n_points), desc="one by one"):
        for seed in range(n_seeds):
            held_out_losses(trained(train, weights, seed, n_steps, batch_size), held_out)
    return since(start)


def print_agreement(dtype: torch.dtype, n_steps: int, batch_size: int) -> None:
    """How far a few trainings of a sweep end from the same trainings alone."""
    train, held_out = (
        replace(log, labels=log.labels.to(dtype), history=log.history.to(dtype))
        for log in logs()[:2]
    )
    n_points = 9
    sweep = swept(train, held_out, n_points, 1, n_steps, batch_size)
    alone = [
        held_out_losses(trained(train, weights, 0, n_steps, batch_size), held_out)
        for weights in weights_of(n_points).to(dtype)
    ]
    apart = (sweep.curves[:, 0, -1] - torch.stack(alone)).abs().amax(dim=1)  # [points]
    print(
        f"{n_points} trainings in {dtype}: held-out losses apart from those alone by "
        f"{apart.median():.0e} nats in the middle, {apart.max():.0e} at most"
    )


def print_what_was_learned(
    n_points: int, n_seeds: int, n_steps: int, batch_size: int, longer: int
) -> None:
    train, held_out, judged = logs()
    sweep = swept(train, held_out, n_points, n_seeds, n_steps, batch_size)
    point = n_points // 2
    in_sweep = training.sweep_logits(new_network(train), sweep, judged)[point]
    weights = sweep.weights[point]
    long_ones = []
    for seed in tqdm(range(n_seeds), desc=f"{longer} times longer"):
        model = trained(train, weights, seed, longer * n_steps, batch_size)
        with torch.no_grad():
            long_ones.append(model.eval()(*judged.inputs))
    own = baselines.own_frequency(shop.baskets(the_shop(), [1, 2]))[judged.user, judged.item]
    frequency = own[None, :, None].expand(-1, -1, 2)  # orders pairs, knows no quantity
    print(
        f"Held-out purchase and quantity at weights {weights.tolist()}: mean over {n_seeds} seeds "
        f"(lowest, highest), {len(judged):,} rows of the validation window"
    )
    print(f"{'':20s}{'AUC':>24s}{'AP':>24s}{'AP, novel':>24s}{'quantity loss':>24s}")
    for name, logits in (
        (f"sweep, {n_steps} steps", in_sweep),
        (f"alone, {longer * n_steps} steps", torch.stack(long_ones)),
        ("own frequency", frequency),
    ):
        columns = figures(logits, judged)[: 3 if logits is frequency else 4]
        print(f"{name:20s}" + "".join(f"{spread(column):>24s}" for column in columns))


def figures(logits: Tensor, log: Interactions) -> list[list[float]]:
    """AUC, AP, AP on novel items and the quantity loss of each seed's logits [seeds, n, tasks]."""
    bought, novel = log.labels[:, 0], log.novel
    scores = logits[:, :, 0]
    return [
        [metrics.auc(one, bought) for one in scores],
        [metrics.average_precision(one, bought) for one in scores],
        [metrics.average_precision(one[novel], bought[novel]) for one in scores],
        [float(losses.task_losses(one, log)[1]) for one in logits],
    ]


def spread(values: list[float]) -> str:
    return f"{sum(values) / len(values):.4f} ({min(values):.4f}, {max(values):.4f})"


def swept(
    train: Interactions,
    held_out: Interactions,
    n_points: int,
    n_seeds: int,
    n_steps: int,
    rows: int,
) -> training.Sweep:
    return training.sweep_weights(
        lambda: new_network(train),
        train,
        held_out,
        weights=weights_of(n_points).to(train.labels.dtype),
        seeds=range(n_seeds),
        task_losses=losses.task_losses,
        checkpoints=[n_steps],
        batch_size=rows,
        learning_rate=LEARNING_RATE,
        parameter_groups=decayed_embeddings,
        progress=lambda steps: tqdm(steps, desc="at once"),
    )


def trained(
    train: Interactions, weights: Tensor, seed: int, n_steps: int, batch_size: int
) -> torch.nn.Module:
    torch.manual_seed(seed)
    model = new_network(train)
    # fused: half the time of the default for tensors of this size
    optimizer = torch.optim.Adam(decayed_embeddings(model), lr=LEARNING_RATE, fused=True)
    steps = training.training_steps(
        model,
        train,
        losses.task_losses,
        lambda found: weighted_sum(found, weights).backward(),
        optimizer,
        epochs=n_steps,  # more than enough
        batch_size=batch_size,
        generator=torch.Generator().manual_seed(seed),
    )
    for _ in range(n_steps):
        next(steps)
    return model


def held_out_losses(model: torch.nn.Module, held_out: Interactions) -> Tensor:
    with torch.no_grad():
        return losses.task_losses(model.eval()(*held_out.inputs), held_out)


def decayed_embeddings(model: torch.nn.Module) -> list[dict[str, object]]:
    return model.parameter_groups(embedding_decay=EMBEDDING_DECAY)


def new_network(train: Interactions) -> networks.SharedBottom:
    return networks.SharedBottom(
        train.n_users,
        train.n_items,
        len(train.tasks),
        dim=DIM,
        hidden=HIDDEN,
        n_history=train.n_history,
    ).to(train.history.dtype)


def weights_of(n_points: int) -> Tensor:
    alpha = torch.linspace(0, 1, n_points)
    return torch.stack([alpha, 1 - alpha], dim=1)


def logs() -> tuple[Interactions, Interactions, Interactions]:
    """The training window, 10,000 rows for the curves, 200,000 to judge by, of the next window."""
    torch.set_num_threads(1)
    # the first optimiser of a process loads parts of PyTorch: not the sweep's time or memory
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    split = shop.split_by_time(the_shop())
    train, validation = (only_tasks(log, ("purchase", "quantity")) for log in split[:2])
    rows = torch.randperm(len(validation), generator=torch.Generator().manual_seed(0))
    return train, take(validation, rows[:10_000]), take(validation, rows[10_000:210_000])


def the_shop() -> shop.Shop:
    return shop.k_core(datasets.load_complete_journey(), [1, 2], min_items=5, min_users=90)


def measured() -> Cost:
    if CLEAR_REFS.exists():
        CLEAR_REFS.write_text("5", encoding="utf-8")  # the peak is counted anew from here
    return Cost(perf_counter(), process_time(), peak_mb())


def since(start: Cost) -> Cost:
    return Cost(perf_counter() - start.seconds, process_time() - start.cpu_seconds, peak_mb())


def peak_mb() -> float:
    """Peak resident memory of this process; NaN where the system does not tell it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return nan
    lines = status.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
