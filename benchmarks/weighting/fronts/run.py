"""One loss-conditional network against a sweep of 21 weights: both fronts, and what each costs.

Run as `python benchmarks/weighting/fronts/run.py`. Each finished row is written to results.json
beside this file, and is not made again by the next run with the same settings.
"""

import importlib.util
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import process_time

import pandas as pd
import torch
from torch import Tensor

from mtl_course import conditional, losses, networks, pareto, training
from mtl_course.interactions import Interactions, Split, only_tasks
from mtl_course.results import read_results, write_results
from mtl_course.scalarization import weighted_sum

RESULTS = Path(__file__).with_name("results.json")
SETTINGS = {
    "alphas": 21,  # from .02 to .98, the weight of the first task
    "learning_rates": [0.005, 0.012, 0.03, 0.075],  # tried by both, on the validation rows
    "tuning_seeds": [0, 1],
    "seeds": [0, 1, 2, 3, 4],
    "sweep_steps": [300, 600, 1200],  # of each of its trainings
    "conditional_steps": [300, 1200, 3600],
    "batch_size": 512,
    "real shop": {"tasks": ["purchase", "quantity"], "dim": 8, "embedding_decay": 0.1},
    "simulated shop": {"tasks": ["purchase", "rating"], "dim": 4, "embedding_decay": 0.0},
}


def _comparison():
    spec = importlib.util.spec_from_file_location(
        "weighting_run", Path(__file__).parents[1] / "run.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


comparison = _comparison()  # whose shops and judged rows these are


def grid() -> Tensor:
    """The weights of both tasks, [points, 2]."""
    alphas = torch.linspace(0.02, 0.98, SETTINGS["alphas"])
    return torch.stack([alphas, 1 - alphas], dim=1)


def losses_of(said: Tensor, log: Interactions) -> Tensor:
    """From logits [points, n, tasks] to losses [points, tasks]."""
    return torch.stack([losses.task_losses(one, log) for one in said])


def front(points: Tensor, train: Interactions, judged: Interactions) -> float:
    """Hypervolume of all points together, each loss as a share of chance's."""
    chance = comparison.chance_losses(train, judged)
    return float(pareto.hypervolume(points / chance, torch.ones_like(chance)))


def sweep_points(
    split: Split,
    seeds: list[int],
    rate: float,
    judged: Interactions,
    lengths: list[int],
    dim: int,
    embedding_decay: float,
) -> tuple[Tensor, float]:
    """Losses of 21 trainings from each seed, all at once, [lengths, seeds, points, tasks].

    And the CPU seconds of one seed's. Judging at the longest length is not training, and is not
    counted; at a shorter one it is.
    """
    train, started = split.train, []

    def bottom() -> networks.SharedBottom:
        return networks.SharedBottom(
            train.n_users, train.n_items, 2, dim=dim, hidden=4 * dim, n_history=train.n_history
        )

    def clocked(steps: Iterable[int]) -> Iterator[int]:
        for step in steps:
            started.append(process_time())
            yield step

    swept = training.sweep_weights(
        bottom,
        train,
        judged,
        weights=grid(),
        seeds=seeds,
        task_losses=losses.task_losses,
        checkpoints=lengths,
        batch_size=SETTINGS["batch_size"],
        learning_rate=rate,
        parameter_groups=lambda model: model.parameter_groups(embedding_decay=embedding_decay),
        progress=clocked,
    )
    a_step = (started[-1] - started[0]) / (len(started) - 1)  # each ends as the next one starts
    return swept.curves.permute(2, 1, 0, 3), a_step * lengths[-1] / len(seeds)


def conditional_points(
    split: Split, seed: int, rate: float, judged: Interactions, dim: int, embedding_decay: float
) -> dict[int, tuple[Tensor, float]]:
    """After how many steps: the losses at every point, [points, tasks], and CPU seconds so far."""
    train = split.train
    torch.manual_seed(seed)
    model = conditional.LossConditional(
        train.n_users, train.n_items, 2, dim=dim, hidden=4 * dim, n_history=train.n_history
    )
    generator = torch.Generator().manual_seed(seed)

    def backward(found: Tensor) -> None:
        weighted_sum(found, model.weights).backward()
        model.condition_on(conditional.random_weights(2, generator))

    groups = model.parameter_groups(embedding_decay=embedding_decay)
    steps = training.training_steps(
        model,
        train,
        losses.task_losses,
        backward,
        torch.optim.Adam(groups, lr=rate, fused=True),
        epochs=10**6,
        batch_size=SETTINGS["batch_size"],
        generator=generator,
    )
    found, seconds, start = {}, 0.0, process_time()
    for step in steps:
        if step.step + 1 in SETTINGS["conditional_steps"]:
            seconds += process_time() - start  # judging is not training
            points = losses_of(conditional.logits_at(model, grid(), judged), judged)
            found[step.step + 1] = points, seconds
            start = process_time()
        if step.step + 1 == max(SETTINGS["conditional_steps"]):
            break
    return found


def measured(name: str, split: Split) -> list[dict[str, object]]:
    """All rows of one shop."""
    widths = {key: value for key, value in SETTINGS[name].items() if key != "tasks"}
    rates, tuning, seeds = (SETTINGS[k] for k in ("learning_rates", "tuning_seeds", "seeds"))
    train, validation, test = split
    rows = []

    def row(how: str, steps: int, seed: int, rate: float, points: Tensor, seconds: float):
        value = round(front(points, train, test), 6)
        rows.append(
            {
                "world": name,
                "how": how,
                "steps": steps,
                "seed": seed,
                "learning_rate": rate,
                "hypervolume": value,
                "cpu_seconds": round(seconds, 1),
                "losses": [[round(loss, 5) for loss in point] for point in points.tolist()],
            }
        )

    lengths = SETTINGS["sweep_steps"]
    tried = {steps: dict.fromkeys(rates, 0.0) for steps in lengths}
    for rate in rates:
        points, _ = sweep_points(split, tuning, rate, validation, lengths, **widths)
        for steps, at_length in zip(lengths, points, strict=True):
            tried[steps][rate] = sum(front(one, train, validation) for one in at_length)
    for steps, of_rates in tried.items():
        best = max(of_rates, key=of_rates.get)
        # trained anew for each length, so that its time is its own
        points, seconds = sweep_points(split, seeds, best, test, [steps], **widths)
        for seed, one in zip(seeds, points[0], strict=True):
            row("21 trainings", steps, seed, best, one, seconds)
        print({**rows[-1], "losses": "…"}, flush=True)

    tried = {steps: dict.fromkeys(rates, 0.0) for steps in SETTINGS["conditional_steps"]}
    for rate in rates:
        for seed in tuning:
            found = conditional_points(split, seed, rate, validation, **widths)
            for steps, (points, _) in found.items():
                tried[steps][rate] += front(points, train, validation)
    best = {steps: max(of_rates, key=of_rates.get) for steps, of_rates in tried.items()}
    for rate in sorted(set(best.values())):
        for seed in seeds:
            found = conditional_points(split, seed, rate, test, **widths)
            for steps, (points, seconds) in found.items():
                if best[steps] == rate:
                    row("one conditional network", steps, seed, rate, points, seconds)
                    print({**rows[-1], "losses": "…"}, flush=True)
    return rows


def read() -> dict[str, object]:
    """What is stored, if it was made with these settings and these data; else nothing yet."""
    outer = comparison.made_with()
    shops = {key: outer["settings"][key] for key in ("judged_rows", "world")}
    wanted = json.loads(json.dumps({"settings": SETTINGS | shops, "data": outer["data"]}))
    return read_results(RESULTS, wanted, torch=torch.__version__)


def main() -> None:
    torch.set_num_threads(1)
    results = read()
    for make in (comparison.simulated_shop, comparison.real_shop):
        world = make()
        if world.name in {row["world"] for row in results["rows"]}:
            continue
        tasks = tuple(SETTINGS[world.name]["tasks"])
        split = Split(*(only_tasks(log, tasks) for log in world.split))
        results["rows"] += measured(world.name, split)
        write_results(RESULTS, results)
    table = pd.DataFrame(results["rows"])
    for (world, how, steps), part in table.groupby(["world", "how", "steps"]):
        shown = comparison.interval(part["hypervolume"] * 1000, 1)
        print(f"{world}, {how}, {steps} steps: {shown}, {part['cpu_seconds'].mean():.1f} CPU s")


if __name__ == "__main__":
    main()
