"""MovieLens-100K: three published rows, what random folds leak of time, and three tasks together.

Run as `python benchmarks/movielens/run.py`. Each finished row is written to results.json beside
this file, and is not made again by the next run with the same settings.
"""

import argparse
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from time import process_time
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch import Tensor

from mtl_course import (
    datasets,
    factorization,
    losses,
    metrics,
    movielens,
    networks,
    ratings,
    training,
    watching,
)
from mtl_course.interactions import Interactions, take
from mtl_course.movielens import MovieLens
from mtl_course.results import read_results, write_results

RESULTS = Path(__file__).with_name("results.json")
SETTINGS = {
    "last": 0.2,  # of each user's ratings, in order of time: they test
    "date": 80_000,  # ratings before the date of the split by one date
    "judges": 300,  # users whose tags test
    "validation": 200,  # of the other users: their tags choose the settings
    "per_rating": 4,  # films drawn for contrast
    "dim": 16,
    "hidden": 32,
    "learning_rate": 0.01,
    "batch_size": 4096,
    "decays": [3e-5, 1e-4, 3e-4, 1e-3],  # of the embeddings: tried for each network
    "epochs": [4, 6, 8, 10, 12],  # tried for each network
    "sixths": 6,  # the triangle's weights are multiples of 1/6
}
ALONE = {"rating": (6, 0, 0), "watched": (0, 6, 0), "tags": (0, 0, 6)}  # weights, in sixths
NETWORKS = {**ALONE, "together": (2, 2, 2)}
MEASURES = ("rmse", "auc_watched", "recall_watched", "auc_gender", "auc_age", "auc_occupation")


# --- the ratings alone: Surprise's methods, from the course's own rooms --------------------------


def stars(log: Interactions) -> Tensor:
    return 1 + 4 * log.labels[:, 0].double()


def biases(log: Interactions) -> ratings.Biases:
    """Surprise's baselines, with its penalties."""
    return ratings.fit_biases(
        log.user, log.item, stars(log), n_users=log.n_users, n_items=log.n_items
    )


def by_biases(log: Interactions, asked: Interactions, _seed: int) -> Tensor:
    return biases(log).table[asked.user, asked.item]


def by_factorisation(log: Interactions, asked: Interactions, seed: int, dim: int = 100) -> Tensor:
    """Surprise's SVD: 20 epochs of rating-by-rating descent, rate .005, penalty .02.

    Surprise takes the ratings user by user, this in a random order: RMSE .9368 against its .9344.
    """
    torch.manual_seed(seed)
    mean = float(stars(log).mean())
    model = factorization.MatrixFactorization(log.n_users, log.n_items, dim=dim, mean=mean).double()
    order = torch.randperm(len(log), generator=torch.Generator().manual_seed(seed))
    shuffled = take(log, order)
    for _ in factorization.sgd_epochs(
        model,
        shuffled.user,
        shuffled.item,
        stars(shuffled),
        learning_rate=0.005,
        regularization=0.02,
        epochs=20,
    ):
        pass
    return model(asked.user, asked.item)[:, 0].detach()


def by_neighbours(log: Interactions, asked: Interactions, _seed: int) -> Tensor:
    """KNNBaseline: the 40 most alike of those who rated the film, over their distance from it."""
    table = torch.zeros(log.n_users, log.n_items).double()
    table[log.user, log.item] = stars(log)
    rated = (table > 0).double()
    alike = ratings.rater_similarities(table, rated)
    return ratings.predict_from_raters(
        table, rated, alike, biases(log), user=asked.user, item=asked.item, k=40
    )


METHODS: dict[str, Callable[[Interactions, Interactions, int], Tensor]] = {
    "BaselineOnly": by_biases,
    "SVD": by_factorisation,
    "KNNBaseline": by_neighbours,
}


def random_folds(movies: MovieLens) -> Iterator[tuple[Tensor, Tensor]]:
    """Five (trained on, asked) pairs of rows, as Surprise's `KFold(random_state=0)` cuts them."""
    rows = np.arange(len(movies.ratings))
    np.random.RandomState(0).shuffle(rows)
    parts = torch.tensor(rows).chunk(5)
    for k in range(5):
        yield torch.cat([*parts[:k], *parts[k + 1 :]]).sort().values, parts[k]


def own_last(movies: MovieLens) -> Iterator[tuple[Tensor, Tensor]]:
    """Each user's last fifth is asked."""
    late = watching.latest_of_each_user(movies.ratings.user, movies.time, share=SETTINGS["last"])
    yield (~late).nonzero()[:, 0], late.nonzero()[:, 0]


def one_date(movies: MovieLens) -> Iterator[tuple[Tensor, Tensor]]:
    """What came before a date trains, the rest is asked."""
    order = movies.time.argsort(stable=True)
    yield order[: SETTINGS["date"]], order[SETTINGS["date"] :]


def same_asked(movies: MovieLens, *, from_any_time: bool) -> Iterator[tuple[Tensor, Tensor]]:
    """Five times half of what came after a date is asked; equally many rows train, of two kinds.

    Either those before the date, or rows of any time, drawn from all that are not asked.
    """
    order = movies.time.argsort(stable=True)
    past, later = order[: SETTINGS["date"]], order[SETTINGS["date"] :]
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        asked, rest = later[torch.randperm(len(later), generator=generator)].chunk(2)
        pool = torch.cat([past, rest])
        drawn = pool[torch.randperm(len(pool), generator=generator)[: len(past)]]
        yield (drawn.sort().values if from_any_time else past), asked


SPLITS: dict[str, Callable[[MovieLens], Iterator[tuple[Tensor, Tensor]]]] = {
    "random folds": random_folds,
    "own last fifth": own_last,
    "one date": one_date,
    "same asked, from the past": lambda movies: same_asked(movies, from_any_time=False),
    "same asked, from any time": lambda movies: same_asked(movies, from_any_time=True),
}


def errors(said: Tensor, asked: Interactions) -> dict[str, float]:
    """RMSE and mean absolute error in stars, of predictions cut to the scale."""
    off = said.clamp(1, 5) - stars(asked)
    return {
        "rmse": round(float(off.square().mean().sqrt()), 5),
        "mae": round(float(off.abs().mean()), 5),
    }


def rows_of_splits(movies: MovieLens, done: set[tuple]) -> Iterator[dict[str, object]]:
    for (split, cut), (method, predict) in product(SPLITS.items(), METHODS.items()):
        for fold, (trained_on, asked_for) in enumerate(cut(movies)):
            if ("splits", split, method, fold) in done:
                continue
            log, asked = take(movies.ratings, trained_on), take(movies.ratings, asked_for)
            later = movies.time[trained_on].sort().values
            after = len(later) - torch.searchsorted(later, movies.time[asked_for], right=True)
            yield {
                "part": "splits",
                "split": split,
                "method": method,
                "fold": fold,
                **errors(predict(log, asked, fold), asked),
                "asked": len(asked),
                "share_later": round(float(after.double().mean() / len(log)), 4),
                "new_users": len(set(asked.user.tolist()) - set(log.user.tolist())),
            }


# --- three tasks ---------------------------------------------------------------------------------


class Case(NamedTuple):
    """What trains, and what judges."""

    past: Interactions  # ratings
    later: Interactions  # ratings
    tags: watching.Tags
    tellers: Tensor  # users whose tags train
    judges: Tensor  # users whose tags judge


def cases(movies: MovieLens) -> tuple[Case, Case]:
    """One case to choose settings by, cut from the other one's training part; and that other."""
    tags = watching.user_tags(movies)
    generator = torch.Generator().manual_seed(0)
    shuffled = torch.randperm(movies.ratings.n_users, generator=generator)
    judges, others = shuffled[: SETTINGS["judges"]], shuffled[SETTINGS["judges"] :]
    late = watching.latest_of_each_user(movies.ratings.user, movies.time, share=SETTINGS["last"])
    past, time = take(movies.ratings, ~late), movies.time[~late]
    lately = watching.latest_of_each_user(past.user, time, share=SETTINGS["last"])
    validation, tellers = others[: SETTINGS["validation"]], others[SETTINGS["validation"] :]
    return (
        Case(take(past, ~lately), take(past, lately), tags, tellers, validation),
        Case(past, take(movies.ratings, late), tags, others, judges),
    )


def training_log(case: Case, seed: int) -> Interactions:
    generator = torch.Generator().manual_seed(seed)
    drawn = watching.with_negatives(
        case.past, per_rating=SETTINGS["per_rating"], generator=generator
    )
    return watching.with_tags(drawn, case.tags, case.tellers)


def weights_of(sixths: tuple[int, int, int], n_tags: int) -> Tensor:
    """One weight for each task; the tags share theirs equally."""
    rating, watched, tags = (part / SETTINGS["sixths"] for part in sixths)
    return torch.tensor([rating, watched, *[tags / n_tags] * n_tags])


def trained(
    case: Case, sixths: tuple[int, int, int], seed: int, *, decay: float, epochs: int
) -> Iterator[tuple[int, torch.nn.Module]]:
    """The network after each of its epochs."""
    log = training_log(case, seed)
    n_tags = len(case.tags.names)
    weights = weights_of(sixths, n_tags)
    torch.manual_seed(seed)
    model = networks.SharedBottom(
        log.n_users,
        log.n_items,
        len(log.tasks),
        dim=SETTINGS["dim"],
        hidden=SETTINGS["hidden"],
        n_tags=n_tags,
    )
    optimizer = torch.optim.Adam(
        model.parameter_groups(embedding_decay=decay), lr=SETTINGS["learning_rate"], fused=True
    )
    steps = training.training_steps(
        model,
        log,
        losses.task_losses,
        lambda found: (weights @ found).backward(),
        optimizer,
        epochs=epochs,
        batch_size=SETTINGS["batch_size"],
        generator=torch.Generator().manual_seed(seed),
    )
    an_epoch = -(-len(log) // SETTINGS["batch_size"])
    for step in steps:
        if (step.step + 1) % an_epoch == 0:
            yield step.epoch + 1, model


@torch.no_grad()
def judged(model: torch.nn.Module, case: Case) -> dict[str, float]:
    """The measures of a network, in the units of the tasks."""
    rating = model(*case.later.inputs)[:, 0].sigmoid()
    seen, scale = case.later.observed[:, 0], case.later.scales[0]
    unseen = watching.unseen_pairs(case.past, case.later)
    parts = torch.arange(len(unseen)).split(65_536)
    scores = torch.cat([model(*take(unseen, rows).inputs)[:, 1] for rows in parts])
    lists = metrics.ranked_lists(scores, unseen.labels[:, 0], unseen.user)
    said = model(case.judges, torch.zeros_like(case.judges))[:, 2:]
    found = [
        metrics.rmse(rating, case.later.labels[:, 0], seen, scale),
        metrics.mean_over_users(metrics.auc_per_user(lists)).mean,
        metrics.mean_over_users(metrics.recall_at_k(lists, k=10)).mean,
        *watching.tag_aucs(said, case.tags, case.judges),
    ]
    return {name: round(value, 5) for name, value in zip(MEASURES, found, strict=True)}


def rows_of_choice(case: Case, done: set[tuple]) -> Iterator[dict[str, object]]:
    """What each network reaches on the rows that choose: tags alone is chance whatever is tried."""
    for (name, sixths), decay in product(NETWORKS.items(), SETTINGS["decays"]):
        if name == "tags" or ("choice", name, decay, max(SETTINGS["epochs"])) in done:
            continue
        for epochs, model in trained(case, sixths, 0, decay=decay, epochs=max(SETTINGS["epochs"])):
            if epochs in SETTINGS["epochs"]:
                row = {"part": "choice", "network": name, "decay": decay, "epochs": epochs}
                yield row | {"seed": 0} | judged(model, case)


def chosen(rows: list[dict[str, object]]) -> dict[str, tuple[float, int]]:
    """For each network the decay and the epochs that were best on the rows that choose.

    Alone, by the task's own measure; together, by all three: AUC of watched plus mean AUC of the
    tags minus RMSE.
    """
    table = pd.DataFrame([row for row in rows if row["part"] == "choice"])
    tags = table[["auc_gender", "auc_age", "auc_occupation"]].mean(axis=1)
    score = {
        "rating": -table["rmse"],
        "watched": table["auc_watched"],
        "together": table["auc_watched"] + tags - table["rmse"],
    }
    found = {}
    for name, values in score.items():
        best = table.loc[values[table["network"] == name].idxmax()]
        found[name] = (float(best["decay"]), int(best["epochs"]))
    return found | {"tags": found["together"]}


def rows_of_tasks(
    case: Case, settings: dict[str, tuple[float, int]], seeds: int, done: set[tuple]
) -> Iterator[dict[str, object]]:
    """Each network with its own settings, and the triangle with those of all three together."""
    n = SETTINGS["sixths"]
    triangle = [(i, j, n - i - j) for i in range(n + 1) for j in range(n + 1 - i)]
    wanted = [
        (seed, name, of, settings[name]) for seed in range(seeds) for name, of in NETWORKS.items()
    ]
    wanted += [(seed, "triangle", of, settings["together"]) for seed in range(3) for of in triangle]
    for seed, name, sixths, (decay, epochs) in wanted:
        if ("tasks", name, sixths, seed) in done:
            continue
        begun = process_time()
        *_, (_, model) = trained(case, sixths, seed, decay=decay, epochs=epochs)
        yield {
            "part": "tasks",
            "network": name,
            **dict(zip(ALONE, sixths, strict=True)),
            "decay": decay,
            "epochs": epochs,
            "seed": seed,
            **judged(model, case),
            "cpu_seconds": round(process_time() - begun, 1),
        }


def rows_of_elsewhere(
    movies: MovieLens, settings: dict[str, tuple[float, int]], done: set[tuple]
) -> Iterator[dict[str, object]]:
    """Five seeds of the same networks on two other cuts: does what sharing brings hold there?

    On the rows that chose the settings, which flatters each of them alike; and by one date, where
    a fifth of the users have no rating in the past. Both film tasks without the tags come along.
    """
    to_choose, to_judge = cases(movies)
    [(past, later)] = one_date(movies)
    by_date = to_judge._replace(past=take(movies.ratings, past), later=take(movies.ratings, later))
    cuts = {"rows that choose": to_choose, "one date": by_date}
    tried = {**NETWORKS, "rating and watched": (3, 3, 0)}
    del tried["tags"]
    for seed, (cut, case), (name, sixths) in product(range(5), cuts.items(), tried.items()):
        if ("elsewhere", cut, name, seed) in done:
            continue
        decay, epochs = settings.get(name, settings["together"])
        *_, (_, model) = trained(case, sixths, seed, decay=decay, epochs=epochs)
        row = {"part": "elsewhere", "cut": cut, "network": name, "seed": seed}
        yield row | {"decay": decay, "epochs": epochs} | judged(model, case)


# --- the table -----------------------------------------------------------------------------------


def key(row: dict[str, object]) -> tuple:
    """What makes a row another one."""
    if row["part"] == "splits":
        return "splits", row["split"], row["method"], row["fold"]
    if row["part"] == "choice":
        return "choice", row["network"], row["decay"], row["epochs"]
    if row["part"] == "elsewhere":
        return "elsewhere", row["cut"], row["network"], row["seed"]
    return "tasks", row["network"], tuple(row[task] for task in ALONE), row["seed"]


def read() -> dict[str, object]:
    """What is stored, if it was made with these settings and these data; else nothing yet."""
    made_with = {
        "settings": SETTINGS,
        "data": {member.name: member.sha256 for member in movielens.MOVIELENS},
    }
    return read_results(RESULTS, made_with, torch=torch.__version__)


def print_table(rows: list[dict[str, object]]) -> None:
    """Means over folds; over seeds, and of differences seed by seed, with Student's intervals."""
    table = pd.DataFrame(rows)
    splits = table[table["part"] == "splits"]
    print(splits.groupby(["split", "method"], sort=False)[["rmse", "mae", "share_later"]].mean())
    tasks = table[(table["part"] == "tasks") & (table["network"] != "triangle")]
    for name, of in tasks.groupby("network", sort=False):
        print(f"{name:10s}", *(f"{measure} {interval(of[measure])}" for measure in MEASURES))
    elsewhere = table[table["part"] == "elsewhere"]
    for cut, of in elsewhere.groupby("cut"):
        by_seed = of.pivot(index="seed", columns="network")
        for name, (task, measure) in product(
            ("together", "rating and watched"), (("rating", "rmse"), ("watched", "auc_watched"))
        ):
            gain = by_seed[measure][name] - by_seed[measure][task]
            print(f"{cut}: {measure} of {name} minus {task} alone {interval(gain)}")


def interval(values: pd.Series) -> str:
    """Mean and half the width of Student's 95 % interval for it, over seeds."""
    half = stats.t.ppf(0.975, len(values) - 1) * values.sem() if len(values) > 1 else float("nan")
    return f"{values.mean():.4f} ±{half:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    results = read()
    movies = datasets.load_movielens()
    to_choose, to_judge = cases(movies)

    def store(found: Iterator[dict[str, object]]) -> None:
        for row in found:
            print(row, flush=True)
            results["rows"].append(row)
            write_results(RESULTS, results)

    done = set(map(key, results["rows"]))
    store(rows_of_splits(movies, done))
    store(rows_of_choice(to_choose, done))
    store(rows_of_tasks(to_judge, chosen(results["rows"]), asked.seeds, done))
    store(rows_of_elsewhere(movies, chosen(results["rows"]), done))
    print_table(results["rows"])


if __name__ == "__main__":
    main()
