"""What plain lists and three solved examples of the capstone reach in its hidden window.

Run as `python benchmarks/capstone/run.py`; it needs no download. Solve the capstone first: here
stands what the hidden window said.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from mtl_course import baselines, briefs, datasets, shop, starter, submissions
from mtl_course.results import read_results, write_results
from mtl_course.submissions import Outcome

RESULTS = Path(__file__).with_name("results.json")
BEFORE = range(1, briefs.CAPSTONE.hidden_window)
SETTINGS = {
    "brief": briefs.CAPSTONE._asdict(),
    "core": {"windows": [1, 2], "min_items": 5, "min_users": 90},
    "steps": 450,
    "networks": 3,  # trained in each repetition, from seeds that no other has
}


class Known(NamedTuple):
    """What may be known before the hidden window."""

    own: Tensor  # dollars a window [users, items]
    popularity: Tensor  # [items]
    price: Tensor  # dollars a unit [users, items]


class Example(NamedTuple):
    """A submission: weights of purchase, quantity and tags, and how one network is served."""

    weights: tuple[float, float, float]
    networks: int  # whose scores are averaged
    serve: Callable[[Tensor, Known], Tensor]  # what it says [users, items, tasks] -> scores


EXAMPLES = {
    "equal weights, by dollars": Example(
        (1 / 3, 1 / 3, 1 / 3), 1, lambda said, known: starter.dollars(said, known.price)
    ),
    "1. purchase alone": Example((1.0, 0.0, 0.0), 1, lambda said, _: said[..., 0]),
    "2. dollars, discounted": Example(
        (1 / 3, 1 / 3, 1 / 3),
        1,
        lambda said, known: starter.dollars(said, known.price) / known.popularity**0.3,
    ),
    "3. dollars and own spend": Example(
        (1 / 3, 1 / 3, 1 / 3),
        3,
        lambda said, known: starter.dollars(said, known.price) + 0.6 * known.own,
    ),
}


def judged(scores: Tensor, tags: Tensor, whole: shop.Shop) -> Outcome:
    brief, everybody = briefs.CAPSTONE, torch.arange(len(whole.users))
    judges = briefs.tag_judges(whole, brief)
    asked = {"households": everybody, "judges": judges, "k": brief.k}
    return submissions.window_judge(whole, window=brief.hidden_window, **asked)(
        scores, tags[judges]
    )


def row_of(name: str, repetition: int, ours: Outcome, line: Outcome) -> dict[str, object]:
    more = submissions.gain(ours.revenue, line.revenue)
    return {
        "what": name,
        "repetition": repetition,
        "revenue": ours.revenue.mean().item(),
        "gain": more.mean,
        "gain_low": more.low,
        "gain_high": more.high,
        "tag_auc": ours.tag_auc,
        "popularity": ours.popularity,
    }


def plain_lines(whole: shop.Shop, opened: shop.Shop, known: Known) -> dict[str, Tensor]:
    luck = torch.rand(known.own.shape, generator=torch.Generator().manual_seed(0))
    return {
        "chance": luck,
        "popularity": known.popularity.expand_as(known.own),
        "own frequency": baselines.own_frequency(shop.baskets(opened, BEFORE)),
        "own spend": known.own,
        "the hidden window itself": shop.spend(whole, [briefs.CAPSTONE.hidden_window]),
    }


def trained_examples(opened: shop.Shop, repetition: int, names: list[str]) -> starter.Trained:
    """All networks of one repetition at once; a point for each of `names`."""
    tagged = torch.tensor(opened.users[list(opened.tags)].notna().all(axis=1).to_numpy())
    n = SETTINGS["networks"]
    return starter.train(
        opened,
        briefs.CAPSTONE.hidden_window - 1,
        torch.tensor([EXAMPLES[name].weights for name in names]),
        seeds=range(n * repetition, n * (repetition + 1)),
        steps=SETTINGS["steps"],
        told=tagged.nonzero()[:, 0],
        budget=briefs.Budget(n * len(names) * SETTINGS["steps"], {}),
    )


def served(
    trained: starter.Trained, point: int, example: Example, known: Known
) -> tuple[Tensor, Tensor]:
    """Scores [users, items] and tags [users, tags], averaged over the example's networks."""
    everybody = torch.arange(len(known.own))
    said = [starter.ask(trained, point, seed, everybody) for seed in range(example.networks)]
    scores = torch.stack([example.serve(one, known) for one in said]).mean(dim=0)
    return scores, torch.stack([one[:, 0, 2:] for one in said]).mean(dim=0)


def shops() -> tuple[shop.Shop, shop.Shop, Known]:
    """The whole shop, the open one, and what may be known of it."""
    core = dict(SETTINGS["core"])
    whole = shop.k_core(datasets.load_complete_journey(), core.pop("windows"), **core)
    opened = briefs.open_shop(whole, briefs.CAPSTONE)
    known = Known(
        submissions.own_spend(opened, BEFORE),
        submissions.popularity(opened, BEFORE),
        starter.unit_price(opened, BEFORE),
    )
    return whole, opened, known


def read() -> dict[str, object]:
    made_with = {"settings": SETTINGS, "data": datasets.complete_journey_digest()}
    return read_results(RESULTS, made_with, torch=torch.__version__)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    whole, opened, known = shops()
    results = read()
    done = {(row["what"], row["repetition"]) for row in results["rows"]}
    coin = torch.rand(len(whole.users), len(whole.tags), generator=torch.Generator().manual_seed(0))
    line = judged(known.own, coin, whole)
    for name, scores in plain_lines(whole, opened, known).items():
        if (name, 0) not in done:
            row = row_of(name, 0, judged(scores, coin, whole), line) | {"tag_auc": None}
            results["rows"].append(row)
    for repetition in range(asked.repetitions):
        names = [name for name in EXAMPLES if (name, repetition) not in done]
        if names:
            trained = trained_examples(opened, repetition, names)
            for point, name in enumerate(names):
                ours = judged(*served(trained, point, EXAMPLES[name], known), whole)
                results["rows"].append(row_of(name, repetition, ours, line))
        write_results(RESULTS, results)
    rows = pd.DataFrame(results["rows"]).groupby("what", sort=False)
    figures = ["revenue", "gain", "gain_low", "gain_high", "tag_auc", "popularity"]
    print(rows[figures].agg(["mean", "min", "max"]).round(3).to_string())


if __name__ == "__main__":
    main()
