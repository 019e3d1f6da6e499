"""The capstone's three solved examples: what is stored of them, and that their quality rises."""

from pathlib import Path

import pytest
import torch

from mtl_course import datasets
from mtl_course.briefs import CAPSTONE

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def stored():
    return datasets.load_results("capstone").set_index(["what", "repetition"])


@pytest.fixture(scope="module")
def benchmark(load_script):
    return load_script(ROOT / "benchmarks/capstone/run.py")


def kept(row):
    return [
        row["gain_low"] > 0,
        row["tag_auc"] >= CAPSTONE.tag_floor,
        row["popularity"] <= CAPSTONE.popularity_cap,
    ]


def test_the_stored_table_is_whole_and_made_with_these_settings(benchmark, stored):
    assert benchmark.read()["rows"]  # none, if settings or data were others
    for name in benchmark.EXAMPLES:
        assert stored.loc[name].index.tolist() == [0, 1, 2, 3, 4]


def test_the_examples_keep_none_then_two_then_all_of_the_demands(stored):
    for name, expected in (
        ("1. purchase alone", [False, False, False]),
        ("2. dollars, discounted", [False, True, True]),
        ("3. dollars and own spend", [True, True, True]),
    ):
        for _, row in stored.loc[name].iterrows():
            assert kept(row) == expected, name
    assert (stored.loc["equal weights, by dollars"]["popularity"] > CAPSTONE.popularity_cap).all()


def test_chance_the_line_and_the_best_there_is_are_in_order(stored):
    revenue = stored["revenue"].groupby("what").mean()
    order = [
        *("chance", "popularity", "own frequency", "1. purchase alone", "2. dollars, discounted"),
        *("own spend", "3. dollars and own spend", "the hidden window itself"),
    ]
    assert revenue[order].is_monotonic_increasing
    assert revenue["chance"] == pytest.approx(6.0, abs=0.1)


def test_the_plain_lines_come_out_the_same_again(benchmark, stored):
    torch.manual_seed(0)
    whole, opened, known = benchmark.shops()
    coin = torch.rand(len(whole.users), 3, generator=torch.Generator().manual_seed(0))
    for name, scores in benchmark.plain_lines(whole, opened, known).items():
        again = benchmark.judged(scores, coin, whole)
        row = stored.loc[(name, 0)]
        assert again.revenue.mean().item() == pytest.approx(row["revenue"], abs=1e-3)
        assert again.popularity == pytest.approx(row["popularity"], abs=1e-5)
