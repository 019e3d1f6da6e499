"""What sharing brings at five agreements in five simulated worlds, narrow and wide, short and long.

Run as `python benchmarks/worlds/run.py`; it needs no download. Each finished world is written to
results.json beside this file, and is not made again by the next run with the same settings.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import process_time

import pandas as pd
import torch
from scipy import stats
from torch import Tensor

from mtl_course import losses, metrics, networks, simulation, training
from mtl_course.interactions import Interactions, Split, only_tasks, split_at_random
from mtl_course.results import read_results, write_results

RESULTS = Path(__file__).with_name("results.json")
SETTINGS = {
    "worlds": [0, 1, 2, 3, 4],  # the seed of the users, the items and the log
    "world": {"n_users": 150, "n_items": 60, "cold_share": 0.0},
    "impressions": 40_000,
    "fractions": [0.6, 0.1, 0.3],
    "seeds": [0, 1, 2, 3, 4],  # of the starts and the orders of the rows
    "agreements": {"4": [-1.0, -0.5, 0.0, 0.5, 1.0], "16": [0.0, 1.0]},  # by the embeddings' width
    "hidden": 4,  # times the width
    "steps": [500, 1000],
    "batch_size": 128,
    "learning_rate": 0.02,
}
MEASURES = ("ap_purchase", "rmse_rating")


def logs_of(world_seed: int, agreements: list[float]) -> tuple[Split, Tensor]:
    """Purchases, and a rating for each agreement, of the same impressions; and the truth in test.

    Returns:
        The split log, and its test rows' true probabilities, [n, tasks].
    """

    def seeded() -> torch.Generator:
        return torch.Generator().manual_seed(world_seed)

    world = simulation.random_world(seeded(), agreement=0.0, **SETTINGS["world"])
    worlds = [replace(world, agreement=rho) for rho in agreements]
    logs = [simulation.show(one, SETTINGS["impressions"], seeded()) for one in worlds]
    purchases = only_tasks(logs[0], ("purchase",))
    ratings = [only_tasks(log, ("rating",)) for log in logs]
    log = replace(
        purchases,
        labels=torch.cat([purchases.labels, *(one.labels for one in ratings)], dim=1),
        observed=torch.cat([purchases.observed, *(one.observed for one in ratings)], dim=1),
        tasks=("purchase", *(f"rating {rho:g}" for rho in agreements)),
        scales=(*purchases.scales, *(one.scales[0] for one in ratings)),
    )
    split = split_at_random(log, tuple(SETTINGS["fractions"]), seeded())
    true = [simulation.true_probabilities(one, split.test.user, split.test.item) for one in worlds]
    return split, torch.stack([true[0][:, 1], *(one[:, 2] for one in true)], dim=1)


def quality(said: Tensor, log: Interactions) -> Tensor:
    """AP of purchase, RMSE of each rating in stars, [tasks]."""
    stars = [
        metrics.rmse(said[:, t], log.labels[:, t], log.observed[:, t], log.scales[t])
        for t in range(1, len(log.tasks))
    ]
    return torch.tensor([metrics.average_precision(said[:, 0], log.labels[:, 0]), *stars])


def on_test(split: Split, width: int, steps: int) -> Tensor:
    """Quality on the test rows, [points, seeds, tasks].

    The points: each task alone, then purchase with each rating, at equal weights.
    """

    def new_network() -> networks.SharedBottom:
        sizes = {"dim": width, "hidden": SETTINGS["hidden"] * width}
        n_tasks = len(split.train.tasks)
        return networks.SharedBottom(split.train.n_users, split.train.n_items, n_tasks, **sizes)

    alone = torch.eye(len(split.train.tasks))
    sweep = training.sweep_weights(
        new_network,
        split.train,
        split.validation,
        weights=torch.cat([alone, (alone[0] + alone[1:]) / 2]),
        seeds=SETTINGS["seeds"],
        task_losses=losses.task_losses,
        checkpoints=[steps],
        batch_size=SETTINGS["batch_size"],
        learning_rate=SETTINGS["learning_rate"],
        progress=iter,  # no bar
    )
    said = training.sweep_logits(new_network(), sweep, split.test).sigmoid()
    return torch.stack([torch.stack([quality(one, split.test) for one in point]) for point in said])


def rows_of(world_seed: int, width: int, steps: int) -> Iterator[dict[str, float]]:
    """One row for each agreement and seed: chance, alone, shared and oracle of both tasks."""
    agreements = SETTINGS["agreements"][str(width)]
    split, truth = logs_of(world_seed, agreements)
    train, test = split.train, split.test
    means = (train.labels * train.observed).sum(dim=0) / train.observed.sum(dim=0)
    chance, oracle = quality(means.expand(len(test), -1), test), quality(truth, test)
    found = on_test(split, width, steps)
    for t, rho in enumerate(agreements, 1):
        for place, seed in enumerate(SETTINGS["seeds"]):
            row = {"world": world_seed, "width": width, "steps": steps, "rho": rho, "seed": seed}
            shared = found[len(agreements) + t, place]
            for name, task in zip(MEASURES, (0, t), strict=True):
                values = (chance[task], found[task, place, task], shared[task], oracle[task])
                for of, value in zip(("chance", "alone", "shared", "oracle"), values, strict=True):
                    row[f"{name}_{of}"] = round(float(value), 5)
            yield row


def gains(rows: pd.DataFrame) -> pd.DataFrame:
    """What sharing brings, mean over seeds and half of Student's 95 % interval; above 0 is better.

    One row for each world, width, number of steps and agreement.
    """
    rows = rows.assign(
        purchase=rows["ap_purchase_shared"] - rows["ap_purchase_alone"],
        rating=rows["rmse_rating_alone"] - rows["rmse_rating_shared"],
    )
    grouped = rows.groupby(["width", "steps", "rho", "world"])[["purchase", "rating"]]
    n = grouped.size().iloc[0]
    half = stats.t.ppf(0.975, n - 1) * grouped.sem()
    return pd.concat({"gain": grouped.mean(), "half": half}, axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    torch.set_num_threads(1)
    results = read_results(RESULTS, {"settings": SETTINGS}, torch=torch.__version__)
    done = {(row["world"], row["width"], row["steps"]) for row in results["rows"]}
    for world_seed in SETTINGS["worlds"]:
        for width in map(int, SETTINGS["agreements"]):
            for steps in SETTINGS["steps"]:
                if (world_seed, width, steps) not in done:
                    start = process_time()
                    results["rows"] += rows_of(world_seed, width, steps)
                    write_results(RESULTS, results)
                    took = process_time() - start
                    print(f"{world_seed} {width} {steps}: {took:.1f} CPU s", flush=True)
    print(gains(pd.DataFrame(results["rows"])).round(3).to_string())


if __name__ == "__main__":
    main()
