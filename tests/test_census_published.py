"""The published figures of the census, from the stored seeds and from trainings made anew."""

from pathlib import Path
from typing import NamedTuple

import pytest

from mtl_course import census, datasets

ROOT = Path(__file__).parents[1]
AUCS = [f"auc_{task}" for task in census.TASKS]
NEAR = 0.003


class Row(NamedTuple):
    """A published row, and the seed that our run of it takes."""

    income: float  # AUC of one run
    never_married: float
    seed: int  # the one of the stored ten that stopped after the fewest CPU seconds


# README of morningsky/multi_task_learning at commit 2c7c7ce, group 1. It has no row for single
# tasks: that one is another re-run of its protocol. Its row for ESMM is not run here: that takes
# "income" for a later stage of "never married", which it is not.
PUBLISHED = {
    "single task": Row(0.9466, 0.9947, seed=2),
    "shared bottom": Row(0.9478, 0.9947, seed=1),
    "MMoE": Row(0.9463, 0.9937, seed=2),
    "CGC": Row(0.9471, 0.9947, seed=1),
    "PLE": Row(0.9480, 0.9947, seed=3),
}


@pytest.fixture(scope="module")
def benchmark(load_script):
    return load_script(ROOT / "benchmarks/census/run.py")


@pytest.fixture(scope="module")
def prepared():
    table = datasets.load_census_income()
    return census.census_answers(table), census.census_split(table)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_stored_seeds_lie_around_the_published_row(name):
    results = datasets.load_results("census")  # refuses rows that their hash was not made of
    ours = results[(results["protocol"] == "published") & (results["model"] == name)]

    assert len(ours) >= 10
    for column, figure in zip(AUCS, PUBLISHED[name][:2], strict=True):
        assert abs(ours[column].mean() - figure) < NEAR
        assert (ours[column] - figure).abs().max() < NEAR  # nor is any seed further off


@pytest.mark.published
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_row_comes_out_anew(benchmark, prepared, name):
    seed = PUBLISHED[name].seed

    found = benchmark.measured(name, *prepared, seed=seed)

    stored = datasets.load_results("census").set_index(["protocol", "model", "seed"])
    for column, figure in zip(AUCS, PUBLISHED[name][:2], strict=True):
        assert abs(found[column] - figure) < NEAR
        # other kernels round in another way, and 4,000 steps amplify it
        assert abs(found[column] - stored.loc[("published", name, seed), column]) < 0.002
