"""What eight experts cost a step: what is stored; the time itself is no test."""

from pathlib import Path

import pytest

from mtl_course import datasets

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def benchmark(load_script):
    return load_script(ROOT / "benchmarks/experts/run.py")


@pytest.fixture(scope="module")
def results():
    return datasets.load_results("experts")


def test_eight_experts_of_an_mmoe_cost_less_than_two_and_a_half_bottoms_of_their_size(results):
    mmoe = results[results["model"] == "MMoE, 8 experts"]
    assert len(mmoe) == 4
    assert (mmoe["times_to"] < 2.5).all()
    assert (mmoe["times_from"] > 1).all()


def test_every_size_of_a_batch_has_every_network_and_its_spread(benchmark, results):
    counts = results.groupby("rows_a_step")["model"].nunique()
    assert counts.to_dict() == dict.fromkeys(benchmark.SETTINGS["rows_a_step"], 5)
    ends = results[["lowest", "times_from", "times", "times_to", "highest"]]
    assert (ends.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    sizes = results.groupby("model")["parameters"].first()
    assert abs(sizes["MMoE, 8 experts"] / sizes["shared bottom of MMoE's size"] - 1) < 0.01


def test_a_median_lies_between_two_of_the_ordered_values(benchmark):
    # of 40 throws of a coin fewer than 14 are heads once in 52: the 14th and the 27th value
    assert benchmark.interval_of_median(list(range(1, 41))) == (14, 27)
    assert benchmark.interval_of_median([3.0]) == (3.0, 3.0)
