"""Single tasks, a shared bottom, MMoE, CGC and PLE of one size on the shop of the lessons.

Run as `python benchmarks/sharing/run.py`; it needs no download. Each finished training is written
to results.json beside this file, and is not made again by the next run with the same settings.
"""

import argparse
from collections.abc import Callable
from itertools import product
from pathlib import Path
from time import process_time

import pandas as pd
import torch
from scipy import stats
from torch import Tensor, nn

from mtl_course import (
    capacity,
    datasets,
    embeddings,
    experts,
    losses,
    metrics,
    shop,
    training,
)
from mtl_course.interactions import Interactions, Split, only_tasks, take
from mtl_course.results import read_results, write_results

RESULTS = Path(__file__).with_name("results.json")
TASKS = ("purchase", "quantity")
SETTINGS = {
    "windows": "trained on 2 from 1, chosen on 3 from 1-2, tested on 4 from 1-3",
    "core": {"min_items": 5, "min_users": 90},
    "batch_size": 4096,
    "epochs": 1,  # with a cosine schedule down to a learning rate of 0
    "dim": 8,
    "hidden": 16,  # of an expert of the MMoE with 8, whose size all others are given
    "n_own": 3,
    "n_shared": 2,
    "learning_rates": [0.01, 0.02, 0.04, 0.08],  # each with each decay of the embeddings,
    "embedding_decays": [0.01, 0.03, 0.1],  # chosen by the sum of the losses on window 3,
    "choosing_seed": 100,  # from one seed that is none of the table's
    "choosing_rows": 10,  # every so many-th household of window 3
    "held_back": {"rate": 0.02, "decay": 0.1},  # for all, without a search: embeddings held back
}

MakeModel = Callable[[Interactions, int, int], nn.Module]  # (log, number of tasks, width)


def mixture(n_experts: int, dim: int = SETTINGS["dim"]) -> MakeModel:
    """MMoE; with one expert it is the shared bottom, and for one task no sharing at all."""

    def make(log: Interactions, n_tasks: int, width: int) -> nn.Module:
        return experts.MMoE(inputs(log, dim), n_tasks, n_experts=n_experts, hidden=width)

    return make


def levels(n_levels: int) -> MakeModel:
    """PLE; with one level it is CGC."""

    def make(log: Interactions, n_tasks: int, width: int) -> nn.Module:
        return experts.PLE(
            inputs(log, SETTINGS["dim"]),
            n_tasks,
            n_own=SETTINGS["n_own"],
            n_shared=SETTINGS["n_shared"],
            n_levels=n_levels,
            hidden=width,
        )

    return make


def inputs(log: Interactions, dim: int) -> embeddings.PairEmbedding:
    return embeddings.PairEmbedding(log.n_users, log.n_items, dim=dim, n_history=log.n_history)


# by name: what makes the network, into how many groups the tasks are split, and the share of the
# common size that the network of a group gets
MODELS: dict[str, tuple[MakeModel, int, float]] = {
    "single task": (mixture(1, dim=SETTINGS["dim"] // 2), 2, 0.5),
    "single task, twice the size": (mixture(1), 2, 1.0),
    "shared bottom": (mixture(1), 1, 1.0),
    "MMoE, 2 experts": (mixture(2), 1, 1.0),
    "MMoE, 4 experts": (mixture(4), 1, 1.0),
    "MMoE, 8 experts": (mixture(8), 1, 1.0),
    "MMoE, 16 experts": (mixture(16), 1, 1.0),
    "CGC": (levels(1), 1, 1.0),
    "PLE": (levels(2), 1, 1.0),
}


SEARCHED, HELD_BACK = "searched", "held back"  # the settings of a row
FEW = ("single task", "shared bottom", "MMoE, 8 experts", "CGC")  # also without a search


def groups_of(name: str) -> list[tuple[str, ...]]:
    """Which tasks share a network."""
    return [TASKS] if MODELS[name][1] == 1 else [(task,) for task in TASKS]


def new_model(name: str, log: Interactions) -> nn.Module:
    """The network of one group, as wide as its share of the common size allows."""
    make, _, share = MODELS[name]
    n_tasks = len(log.tasks)
    with torch.random.fork_rng(devices=[]):  # to be counted only
        eight = mixture(8)(log, len(TASKS), SETTINGS["hidden"])
    size = round(share * capacity.count_parameters(eight))
    return make(log, n_tasks, capacity.matched_width(lambda w: make(log, n_tasks, w), size))


def trained(
    name: str, log: Interactions, seed: int, learning_rate: float, embedding_decay: float
) -> nn.Module:
    torch.manual_seed(seed)
    model = new_model(name, log)
    groups = model.parameter_groups(embedding_decay=embedding_decay)
    optimizer = torch.optim.Adam(groups, lr=learning_rate, fused=True)
    n_steps = SETTINGS["epochs"] * -(-len(log) // SETTINGS["batch_size"])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    for _ in training.training_steps(
        model,
        log,
        losses.task_losses,
        lambda found: found.mean().backward(),
        optimizer,
        epochs=SETTINGS["epochs"],
        batch_size=SETTINGS["batch_size"],
        generator=torch.Generator().manual_seed(seed),
    ):
        schedule.step()
    return model


@torch.no_grad()
def logits_of(model: nn.Module, log: Interactions) -> Tensor:
    rows = torch.arange(len(log)).split(65_536)
    return torch.cat([model(*take(log, part).inputs) for part in rows])


def chosen_settings(name: str, split: Split) -> list[dict[str, float]]:
    """What was tried on window 3, for each group of tasks; the lowest loss is the first."""
    few = take(split.validation, split.validation.user % SETTINGS["choosing_rows"] == 0)
    found = []
    for tasks in groups_of(name):
        train, judge = only_tasks(split.train, tasks), only_tasks(few, tasks)
        tried = []
        for rate, decay in product(SETTINGS["learning_rates"], SETTINGS["embedding_decays"]):
            model = trained(name, train, SETTINGS["choosing_seed"], rate, decay)
            loss = float(losses.task_losses(logits_of(model, judge), judge).sum())
            tried.append({"rate": rate, "decay": decay, "loss": round(loss, 5)})
        found.append(sorted(tried, key=lambda one: one["loss"]))
    return found


def measured(
    name: str, split: Split, seed: int, tried: list[list[dict[str, float]]]
) -> dict[str, object]:
    """One row of the table."""
    size, logits, start = 0, [], process_time()
    for tasks, (best, *_) in zip(groups_of(name), tried, strict=True):
        model = trained(name, only_tasks(split.train, tasks), seed, best["rate"], best["decay"])
        size += capacity.count_parameters(model)
        logits.append((model, tasks))
    seconds = process_time() - start
    said = torch.cat([logits_of(model, only_tasks(split.test, t)) for model, t in logits], dim=1)
    label, new = split.test.labels[:, 0], split.test.novel
    seen, scale = split.test.observed[:, 1], split.test.scales[1]
    quantity = metrics.rmse(said[:, 1].sigmoid(), split.test.labels[:, 1], seen, scale)
    return {
        "ap_all": round(metrics.average_precision(said[:, 0], label), 5),
        "ap_novel": round(metrics.average_precision(said[new, 0], label[new]), 5),
        "rmse_quantity": round(quantity, 5),
        "parameters": size,
        "learning_rates": [best["rate"] for best, *_ in tried],
        "embedding_decays": [best["decay"] for best, *_ in tried],
        "cpu_seconds": round(seconds, 1),
    }


def shop_split() -> Split:
    core = shop.k_core(datasets.load_complete_journey(), [1, 2], **SETTINGS["core"])
    return Split(*(only_tasks(log, TASKS) for log in shop.split_by_time(core)))


def read() -> dict[str, object]:
    """What is stored, if it was made with these settings and these data; else nothing yet."""
    made_with = {"settings": SETTINGS, "data": {"SHA256SUMS": datasets.complete_journey_digest()}}
    return read_results(RESULTS, made_with, torch=torch.__version__, chosen={})


def write(results: dict[str, object]) -> None:
    """Stores the results beside the hash of their rows, whole or not at all."""
    results["rows"].sort(
        key=lambda row: (row["settings"] != SEARCHED, [*MODELS].index(row["model"]), row["seed"])
    )
    write_results(RESULTS, results)


def print_table(rows: pd.DataFrame) -> None:
    """Means over the seeds, and seed by seed the difference from the shared bottom: 95 % each."""
    by_seed = rows.pivot(index="seed", columns="model")
    for rival in (None, "shared bottom"):
        against = f", minus those of the {rival}" if rival else ""
        print(f"\nAP all, AP novel, RMSE of quantity{against}")
        for name in [name for name in MODELS if name in by_seed["ap_all"]]:
            figures = [
                by_seed[one][name] - (by_seed[one][rival] if rival else 0)
                for one in ("ap_all", "ap_novel", "rmse_quantity")
            ]
            print(
                f"{name:28s}{by_seed['parameters'][name].iloc[0]:8.0f} parameters"
                f"{by_seed['cpu_seconds'][name].mean():6.1f} CPU s  "
                f"{'  '.join(map(interval, figures))}"
            )


def interval(values: pd.Series) -> str:
    """Mean and half the width of Student's 95 % interval for it, over seeds."""
    known = values.dropna().astype(float)
    half = stats.t.ppf(0.975, len(known) - 1) * known.sem() if len(known) > 1 else float("nan")
    return f"{known.mean():8.4f} ±{half:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    results = read()
    done = {(row["settings"], row["model"], row["seed"]) for row in results["rows"]}
    split = shop_split()
    for name in chosen.models:
        if name not in results["chosen"]:
            results["chosen"][name] = chosen_settings(name, split)
            print(name, [tried[:2] for tried in results["chosen"][name]], flush=True)
            write(results)
    for seed, settings in product(range(chosen.seeds), (SEARCHED, HELD_BACK)):
        for name in chosen.models if settings == SEARCHED else FEW:
            if (settings, name, seed) in done:
                continue
            given = [[SETTINGS["held_back"]]] * len(groups_of(name))
            tried = results["chosen"][name] if settings == SEARCHED else given
            row = {"settings": settings, "model": name, "seed": seed}
            row |= measured(name, split, seed, tried)
            print(row, flush=True)
            results["rows"].append(row)
            write(results)
    for settings, rows in pd.DataFrame(results["rows"]).groupby("settings"):
        print(f"\n{settings}")
        print_table(rows)


if __name__ == "__main__":
    main()
