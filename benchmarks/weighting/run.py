"""Weights that choose themselves against tuned fixed ones, with as many tries and as much time.

Run as `python benchmarks/weighting/run.py`. Each finished training is written to results.json
beside this file, and is not made again by the next run with the same settings.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import NamedTuple

import pandas as pd
import torch
from scipy import stats
from torch import Tensor, nn

from mtl_course import datasets, losses, metrics, pareto, shop, simulation, training
from mtl_course.interactions import Interactions, Split, only_tasks, split_at_random, take
from mtl_course.results import read_results, write_results

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
SETTINGS = {
    "learning_rates": [0.003, 0.008, 0.02, 0.05],  # the first four tries
    # the next four: other settings of the method's own, at the best of these rates; or, where it
    # has none, that rate times ...
    "refinements": [0.6, 0.8, 1.3, 1.7],
    "tuning_seeds": [0, 1],
    "seeds": [0, 1, 2, 3, 4],
    "real shop": {"steps": 500, "batch_size": 1024, "dim": 8, "embedding_decay": 3.0},
    "simulated shop": {"steps": 600, "batch_size": 512, "dim": 4, "embedding_decay": 0.0},
    "as_fast": 1.1,  # times the CPU time of equal weights that still counts as the same
    "judged_rows": {"validation": 20_000, "every_nth_household_of_test": 20},  # of the real shop
    "world": {"seed": 3, "agreement": 0.0, "n_users": 150, "n_items": 60, "rows": 40_000},
}
BUDGETS = ("equal time", "equal steps")


def _neighbour(name: str):  # a benchmark is no package: its files are read by path
    spec = importlib.util.spec_from_file_location(f"weighting_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


methods = _neighbour("methods")


class World(NamedTuple):
    """A shop in which the methods are compared."""

    name: str
    split: Split
    steps: int
    batch_size: int
    dim: int
    embedding_decay: float


class Try(NamedTuple):
    """One setting of a method."""

    learning_rate: float
    own: object  # a method's own setting; None where it has none


def real_shop() -> World:
    core = shop.k_core(datasets.load_complete_journey(), [1, 2], min_items=5, min_users=90)
    logs = (only_tasks(log, ("purchase", "quantity")) for log in shop.split_by_time(core))
    train, validation, test = logs
    judged = SETTINGS["judged_rows"]
    rows = torch.randperm(len(validation), generator=torch.Generator().manual_seed(0))
    validation = take(validation, rows[: judged["validation"]])
    test = take(test, test.user % judged["every_nth_household_of_test"] == 0)
    return World("real shop", Split(train, validation, test), **SETTINGS["real shop"])


def simulated_shop() -> World:
    settings = SETTINGS["world"]

    def seeded() -> torch.Generator:
        return torch.Generator().manual_seed(settings["seed"])

    sizes = {name: settings[name] for name in ("agreement", "n_users", "n_items")}
    world = simulation.random_world(seeded(), **sizes, cold_share=0.0)
    log = simulation.show(world, settings["rows"], seeded())
    split = split_at_random(log, (0.6, 0.1, 0.3), seeded())
    return World("simulated shop", split, **SETTINGS["simulated shop"])


def first_tries(name: str) -> list[Try]:
    """Four learning rates, with the method's usual setting."""
    usual = methods.METHODS[name].usual
    return [Try(rate, usual) for rate in SETTINGS["learning_rates"]]


def next_tries(name: str, n_tasks: int, best: float) -> list[Try]:
    """Four more, at the best learning rate of the first ones, or around it."""
    factors, draw = SETTINGS["refinements"], methods.METHODS[name].draw
    if draw is None:
        return [Try(round(best * factor, 5), None) for factor in factors]
    generator = torch.Generator().manual_seed(0)
    return [Try(best, draw(generator, n_tasks)) for _ in factors]


def chance_losses(train: Interactions, judged: Interactions) -> Tensor:
    """The losses of whoever says the training rows' mean label to everybody, [tasks]."""
    means = (train.labels * train.observed).sum(dim=0) / train.observed.sum(dim=0)
    return losses.task_losses(means.logit().expand(len(judged), -1), judged)


def dominated(found: Tensor, chance: Tensor) -> float:
    """Hypervolume of one point, each loss as a share of chance's: 1 for losses of 0, 0 for chance.

    A training that diverged dominates nothing.
    """
    point = (found / chance).nan_to_num(nan=1.0, posinf=1.0)
    return float(pareto.hypervolume(point[None], torch.ones_like(chance)))


def run_of(world: World, name: str, one: Try, seed: int) -> Iterator[tuple[int, nn.Module]]:
    """One training: after every step how many were made, and the network."""
    method, train = methods.METHODS[name], world.split.train
    torch.manual_seed(seed)  # the start; and whatever a method draws, such as PCGrad's order
    model = methods.new_network(train, world.dim, alone=method.alone)
    rule = method.rule(model, len(train.tasks), one.own)
    groups = [*model.parameter_groups(embedding_decay=world.embedding_decay), *rule.own_groups]
    optimizer = torch.optim.AdamW(groups, lr=one.learning_rate, fused=True)
    latest = []

    def task_losses(logits: Tensor, batch: Interactions) -> Tensor:
        latest[:] = [batch]
        return losses.task_losses(logits, batch)

    def losses_now() -> Tensor:  # on the batch of the step just made
        with torch.no_grad():
            return losses.task_losses(model(*latest[0].inputs), latest[0])

    steps = training.training_steps(
        model,
        train,
        task_losses,
        rule.backward,
        optimizer,
        epochs=10**6,
        batch_size=world.batch_size,
        generator=torch.Generator().manual_seed(seed),
    )
    for step in steps:
        if rule.after_step is not None:
            rule.after_step(step.step + 1, losses_now)
        yield step.step + 1, model


def timed(world: World) -> dict[str, list[float]]:
    """CPU milliseconds a step of each method, eight times, each the mean of twenty steps."""
    times, n = 8, 20
    runs = {name: run_of(world, name, first_tries(name)[0], 0) for name in methods.METHODS}
    found = {name: [] for name in runs}
    for _ in range(times + 1):  # in turn, so that a busy machine slows all of them
        for name, steps in runs.items():
            start = process_time()
            for _ in range(n):
                next(steps)
            found[name].append(1000 * (process_time() - start) / n)
    return {name: of_method[1:] for name, of_method in found.items()}  # the first one warms up


def measured_costs(world: World) -> dict[str, float]:
    """CPU milliseconds a step of each method: the best of eight times twenty steps."""
    return {name: round(min(found), 2) for name, found in timed(world).items()}


def steps_within(budget: str, world: World, cost: float, plain_cost: float) -> int:
    """How many steps a method may make: all of them, or as many as fit in equal weights' time.

    Rounded to a multiple of 25. What is measured as 10 % slower may be as fast.
    """
    if budget == "equal steps" or cost <= SETTINGS["as_fast"] * plain_cost:
        return world.steps
    return min(world.steps, 25 * max(1, round(world.steps * plain_cost / cost / 25)))


@torch.no_grad()
def judged_losses(model: nn.Module, log: Interactions) -> Tensor:
    return losses.task_losses(model(*log.inputs), log)


@torch.no_grad()
def test_figures(world: World, model: nn.Module) -> dict[str, float]:
    """Losses, hypervolume and metrics on the test rows."""
    train, _, test = world.split
    logits = model(*test.inputs)
    found = losses.task_losses(logits, test)
    figures = {"hypervolume": dominated(found, chance_losses(train, test))}
    for t, task in enumerate(test.tasks):
        figures[f"loss {task}"] = float(found[t])
        label, seen = test.labels[:, t], test.observed[:, t]
        if task in ("quantity", "rating"):
            said = logits[:, t].sigmoid()
            figures[f"RMSE {task}"] = metrics.rmse(said, label, seen, test.scales[t])
            continue
        figures[f"AP {task}"] = metrics.average_precision(logits[:, t], label)
        if test.novel is not None:
            novel = metrics.average_precision(logits[test.novel, t], label[test.novel])
            figures[f"AP {task} novel"] = novel
    return {name: round(figure, 6) for name, figure in figures.items()}


def tuning_row(
    world: World, name: str, one: Try, seed: int, ends: dict[str, int]
) -> dict[str, object]:
    """The validation hypervolume of one try at the end of either budget."""
    train, validation, _ = world.split
    chance = chance_losses(train, validation)
    row = {"world": world.name, "method": name, **one._asdict(), "seed": seed}
    for made, model in run_of(world, name, one, seed):
        if made in ends.values():
            found = round(dominated(judged_losses(model, validation), chance), 6)
            row |= {budget: found for budget in BUDGETS if ends[budget] == made}
        if made == max(ends.values()):
            break
    return row


def best_try(tuning: list[dict[str, object]], world: str, name: str, budget: str) -> Try:
    """The try of the largest mean hypervolume on the validation rows, over the tuning seeds."""
    found: dict[Try, list[float]] = {}
    for row in tuning:
        if (row["world"], row["method"]) == (world, name):
            found.setdefault(try_of(row), []).append(row[budget])
    return max(found, key=lambda one: sum(found[one]) / len(found[one]))


def try_of(row: dict[str, object]) -> Try:
    own = row["own"]
    return Try(row["learning_rate"], tuple(own) if isinstance(own, list) else own)


def test_rows(
    world: World, name: str, one: Try, seed: int, ends: dict[str, int]
) -> list[dict[str, object]]:
    """What one training has reached at the end of each budget of `ends`, on the test rows."""
    figures = {}
    for made, model in run_of(world, name, one, seed):
        if made in ends.values():
            figures[made] = test_figures(world, model)
        if made == max(ends.values()):
            break
    return [
        {
            "world": world.name,
            "method": name,
            "budget": budget,
            "seed": seed,
            "steps": n_steps,
            **one._asdict(),
            **figures[n_steps],
        }
        for budget, n_steps in ends.items()
    ]


def made_with() -> dict[str, object]:
    """What decides the figures: the settings, every method's tries, and the data."""
    tries = {name: next_tries(name, 3, 1.0) for name in methods.METHODS}
    sums = (datasets.complete_journey_folder() / "SHA256SUMS").read_text(encoding="utf-8")
    digests = dict(reversed(line.split()) for line in sums.splitlines())
    data = {"purchases.parquet": digests["purchases.parquet"]}
    return json.loads(json.dumps({"settings": SETTINGS, "tries": tries, "data": data}))


def read() -> dict[str, object]:
    """What is stored, if it was made with these settings and these data; else nothing yet."""
    return read_results(RESULTS, made_with(), versions=versions(), costs={}, tuning=[])


def versions() -> dict[str, str | None]:
    """Of what the figures rest on; None for a solver that is not installed."""
    found = {}
    for name in ("torch", "torchjd", "cvxpy", "clarabel", "ecos"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def write(results: dict[str, object]) -> None:
    """Stores the results beside the hash of their rows, whole or not at all."""
    order = list(methods.METHODS)
    results["rows"].sort(
        key=lambda row: (row["world"], order.index(row["method"]), row["budget"], row["seed"])
    )
    write_results(RESULTS, results)


def ranks(rows: pd.DataFrame) -> pd.Series:
    """Mean rank over a world's metrics, 1 the best, by (world, budget, seed, method)."""
    keys = ["world", "budget", "seed"]
    parts = []
    for column in [name for name in rows.columns if name.startswith(("AP ", "RMSE "))]:
        known = rows.dropna(subset=[column])
        parts.append(known.groupby(keys)[column].rank(ascending=column.startswith("RMSE")))
    return pd.concat(parts, axis=1).mean(axis=1)


def interval(values: pd.Series, digits: int = 1) -> str:
    """Mean and half the width of Student's 95 % interval for it, over seeds."""
    half = stats.t.ppf(0.975, len(values) - 1) * values.sem() if len(values) > 1 else float("nan")
    return f"{values.mean():7.{digits}f} ±{half:.{digits}f}"


def print_table(results: dict[str, object]) -> None:
    """Hypervolume in thousandths, its difference from the tuned fixed weights', and mean rank."""
    rows = pd.DataFrame(results["rows"])
    if rows.empty:
        return
    rows = rows[rows["seed"].isin(SETTINGS["seeds"])]  # new ones are of some methods alone
    rows = rows.assign(rank=ranks(rows))
    for (world, budget), table in rows.groupby(["world", "budget"]):
        print(f"\n{world}, {budget}: hypervolume (1/1000), minus fixed, mean rank, CPU ms a step")
        by_seed = table.pivot(index="seed", columns="method", values="hypervolume") * 1000
        rank = table.pivot(index="seed", columns="method", values="rank")
        for name in [name for name in methods.METHODS if name in by_seed]:
            apart = by_seed[name] - by_seed["tuned fixed weights"]
            steps = table.loc[table["method"] == name, "steps"].iloc[0]
            cost = results["costs"][world][name]
            print(
                f"{name:20s}{interval(by_seed[name], 2)}  {interval(apart, 2)}  "
                f"{interval(rank[name])}  {cost:6.2f} ms  {steps} steps"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", nargs="+", choices=("real", "simulated"))
    parser.add_argument("--methods", nargs="+", choices=methods.METHODS)
    parser.add_argument("--new-seeds", type=int, default=0, help="more than the settings name")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="You are solving a parameterized problem")
    results = read()
    seeds = [*SETTINGS["seeds"], *range(5, 5 + chosen.new_seeds)]
    makers = {"real": real_shop, "simulated": simulated_shop}
    for which in chosen.worlds or makers:
        world = makers[which]()
        if world.name not in results["costs"]:
            results["costs"][world.name] = measured_costs(world)
            write(results)
        for name in chosen.methods or methods.METHODS:
            compare(world, name, results, seeds)
    print_table(results)


def compare(world: World, name: str, results: dict[str, object], seeds: list[int]) -> None:
    """Adds what is missing of one method in one shop: its tries, then the chosen ones' seeds."""
    costs, start = results["costs"][world.name], process_time()
    ends = {
        budget: steps_within(budget, world, costs[name], costs["equal weights"])
        for budget in BUDGETS
    }
    first = first_tries(name)
    try_out(world, name, first, ends, results)
    # among the first ones alone: a run that goes on must not refine what was refined already
    early = [row for row in results["tuning"] if try_of(row) in first]
    best = best_try(early, world.name, name, "equal time").learning_rate
    try_out(world, name, next_tries(name, len(world.split.train.tasks), best), ends, results)
    done = {(row["world"], row["method"], row["budget"], row["seed"]) for row in results["rows"]}
    chosen = {b: best_try(results["tuning"], world.name, name, b) for b in BUDGETS}
    for one in dict.fromkeys(chosen.values()):
        for seed in seeds:
            missing = {
                budget: ends[budget]
                for budget in BUDGETS
                if chosen[budget] == one and (world.name, name, budget, seed) not in done
            }
            if missing:
                made = test_rows(world, name, one, seed, missing)
                results["rows"] += [{**row, "ms_a_step": costs[name]} for row in made]
                write(results)
    print(f"{world.name}: {name}, {process_time() - start:.1f} CPU s", flush=True)


def try_out(
    world: World, name: str, tries: list[Try], ends: dict[str, int], results: dict[str, object]
) -> None:
    """Adds the tuning rows of the tries that are missing."""
    done = {(row["world"], row["method"], try_of(row), row["seed"]) for row in results["tuning"]}
    for one in tries:
        for seed in SETTINGS["tuning_seeds"]:
            if (world.name, name, one, seed) not in done:
                results["tuning"].append(tuning_row(world, name, one, seed, ends))
                write(results)


if __name__ == "__main__":
    main()
