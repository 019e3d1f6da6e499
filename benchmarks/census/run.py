"""Single task, shared bottom, MMoE, CGC and PLE on the census: AUC, size and time over seeds.

Run as `python benchmarks/census/run.py`. Each finished training is written to results.json beside
this file, and is not made again by the next run with the same settings.
"""

import argparse
import copy
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import pandas as pd
import torch
from scipy import stats
from torch import Tensor, nn

from mtl_course import (
    capacity,
    census,
    datasets,
    embeddings,
    experts,
    losses,
    metrics,
    published,
    training,
)
from mtl_course.interactions import Interactions, Split, only_tasks
from mtl_course.results import read_results, write_results

RESULTS = Path(__file__).with_name("results.json")
# As published, in morningsky/multi_task_learning at commit 2c7c7ce, README and example2.ipynb
SETTINGS = {
    "learning_rate": 0.01,
    "batch_size": 1024,
    "most_epochs": 100,
    "patience": 10,  # epochs without a lower sum of the validation losses; the best is restored
    "dim": 4,
    "hidden": 16,  # of the bottom and of an expert; a tower has 8
    "n_experts": 8,
    "n_own": 4,
    "n_shared": 4,
    "embedding_decay": 2e-5,  # the gradient of their penalty, 1e-5 times the squares
}
PROTOCOLS = {"published": lambda table: table, "without leaks": census.without_leaks}

MakeModel = Callable[[census.Answers, int], nn.Module]  # (what is known, number of tasks)


class Fit(NamedTuple):
    """A finished training."""

    logits: Tensor  # of the test rows, [n, tasks]
    epochs: int  # made, the ten in vain included
    validation_loss: float  # summed over the tasks, at the epoch that was kept


def bottom(answers: census.Answers, n_tasks: int, hidden: int = SETTINGS["hidden"]) -> nn.Module:
    """Hard sharing, and for one task no sharing: a mixture of a single expert."""
    return experts.MMoE(inputs(answers), n_tasks, n_experts=1, hidden=hidden)


def wide_bottom(answers: census.Answers, n_tasks: int) -> nn.Module:
    """The bottom that has as many parameters as the MMoE."""
    size = capacity.count_parameters(mmoe(answers, n_tasks))
    width = capacity.matched_width(lambda width: bottom(answers, n_tasks, width), size)
    return bottom(answers, n_tasks, width)


def mmoe(answers: census.Answers, n_tasks: int) -> nn.Module:
    return experts.MMoE(
        inputs(answers), n_tasks, n_experts=SETTINGS["n_experts"], hidden=SETTINGS["hidden"]
    )


def cgc(answers: census.Answers, n_tasks: int, n_levels: int = 1) -> nn.Module:
    return experts.PLE(
        inputs(answers),
        n_tasks,
        n_own=SETTINGS["n_own"],
        n_shared=SETTINGS["n_shared"],
        n_levels=n_levels,
        hidden=SETTINGS["hidden"],
    )


def ple(answers: census.Answers, n_tasks: int) -> nn.Module:
    return cgc(answers, n_tasks, n_levels=2)


# by name: what makes the network, and whether each task is trained alone
MODELS: dict[str, tuple[MakeModel, bool]] = {
    "single task": (bottom, True),
    "shared bottom": (bottom, False),
    "wide shared bottom": (wide_bottom, False),
    "MMoE": (mmoe, False),
    "CGC": (cgc, False),
    "PLE": (ple, False),
}


def inputs(answers: census.Answers) -> embeddings.FeatureEmbedding:
    return embeddings.FeatureEmbedding(*answers, dim=SETTINGS["dim"])


def measured(name: str, answers: census.Answers, split: Split, seed: int) -> dict[str, object]:
    """One row of the table."""
    make, alone = MODELS[name]
    cpu, wall = process_time(), perf_counter()
    groups = [(task,) for task in census.TASKS] if alone else [census.TASKS]
    fits, size = [], 0
    for tasks in groups:
        torch.manual_seed(seed)
        model = make(answers, len(tasks))
        size += capacity.count_parameters(model)
        fits.append(fitted(model, Split(*(only_tasks(log, tasks) for log in split)), seed))
    logits = torch.cat([fit.logits for fit in fits], dim=1)
    figures = {
        f"auc_{task}": round(metrics.auc(logits[:, t], split.test.labels[:, t]), 5)
        for t, task in enumerate(census.TASKS)
    }
    return {
        **figures,
        "validation_loss": round(sum(fit.validation_loss for fit in fits), 5),
        "parameters": size,
        "epochs": sum(fit.epochs for fit in fits),
        "cpu_seconds": round(process_time() - cpu, 1),
        "seconds": round(perf_counter() - wall, 1),
    }


def fitted(model: nn.Module, split: Split, seed: int) -> Fit:
    """Trains until ten epochs in a row were in vain, and puts the best one's parameters back."""
    optimizer = torch.optim.Adam(
        model.parameter_groups(embedding_decay=SETTINGS["embedding_decay"]),
        lr=SETTINGS["learning_rate"],
        fused=True,
    )
    steps = training.training_steps(
        model,
        split.train,
        losses.task_losses,
        lambda found: found.sum().backward(),
        optimizer,
        epochs=SETTINGS["most_epochs"],
        batch_size=SETTINGS["batch_size"],
        generator=torch.Generator().manual_seed(seed),
    )
    a_step_an_epoch = -(-len(split.train) // SETTINGS["batch_size"])
    best, kept, best_epoch, epoch = float("inf"), {}, 0, 0
    for step in steps:
        if (step.step + 1) % a_step_an_epoch:
            continue
        epoch = step.epoch + 1
        found = float(
            losses.task_losses(logits_of(model, split.validation), split.validation).sum()
        )
        if found < best:
            best, best_epoch, kept = found, epoch, copy.deepcopy(dict(model.named_parameters()))
        if epoch - best_epoch == SETTINGS["patience"]:
            break
    model.load_state_dict({name: value.detach() for name, value in kept.items()}, strict=False)
    return Fit(logits_of(model, split.test), epoch, best)


@torch.no_grad()
def logits_of(model: nn.Module, log: Interactions) -> Tensor:
    model.eval()
    logits = model(*log.inputs)
    model.train()
    return logits


def read() -> dict[str, object]:
    """What is stored, if it was made with these settings and these data; else nothing yet."""
    made_with = {
        "settings": SETTINGS,
        "data": {member.name: member.sha256 for member in published.CENSUS_INCOME},
    }
    return read_results(RESULTS, made_with, torch=torch.__version__)


def write(results: dict[str, object]) -> None:
    """Stores the results beside the hash of their rows, whole or not at all."""
    results["rows"].sort(
        key=lambda row: (row["protocol"], [*MODELS].index(row["model"]), row["seed"])
    )
    write_results(RESULTS, results)


def print_table(rows: list[dict[str, object]]) -> None:
    """Means over the seeds, and seed by seed the difference from both shared bottoms: 95 % each."""
    aucs = [f"auc_{task}" for task in census.TASKS]
    for protocol, table in pd.DataFrame(rows).groupby("protocol"):
        by_seed = table.pivot(index="seed", columns="model")
        for rival in (None, "shared bottom", "wide shared bottom"):
            print(f"\n{protocol}: AUC of {' and of '.join(census.TASKS)}", end="")
            print(f", minus the {rival}'s" if rival else "")
            for name in [name for name in MODELS if name in set(table["model"])]:
                figures = [
                    by_seed[auc][name] - (by_seed[auc][rival] if rival else 0) for auc in aucs
                ]
                print(
                    f"{name:20s}{by_seed['parameters'][name].iloc[0]:8.0f} parameters"
                    f"{by_seed['cpu_seconds'][name].mean():6.0f} CPU s  "
                    f"{'  '.join(map(interval, figures))}"
                )


def interval(values: pd.Series) -> str:
    """Mean and half the width of Student's 95 % interval for it, over seeds."""
    known = values.dropna()
    half = stats.t.ppf(0.975, len(known) - 1) * known.sem() if len(known) > 1 else float("nan")
    return f"{known.mean():7.4f} ±{half:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--protocols", nargs="+", choices=PROTOCOLS, default=list(PROTOCOLS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    results = read()
    done = {(row["protocol"], row["model"], row["seed"]) for row in results["rows"]}
    table = datasets.load_census_income()
    prepared = {}
    for protocol in chosen.protocols:
        people = PROTOCOLS[protocol](table)
        prepared[protocol] = (census.census_answers(people), census.census_split(people))
    for seed in range(chosen.seeds):  # all models of a seed first: a run cut short is a table too
        for protocol, (answers, split) in prepared.items():
            for name in chosen.models:
                if (protocol, name, seed) in done:
                    continue
                row = {"protocol": protocol, "model": name, "seed": seed}
                row |= measured(name, answers, split, seed)
                print(row, flush=True)
                results["rows"].append(row)
                write(results)
    print_table(results["rows"])


if __name__ == "__main__":
    main()
