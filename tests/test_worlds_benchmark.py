"""Sharing in five worlds: what is stored is whole, and says what lesson 06 says that it does."""

from pathlib import Path

import pandas as pd
import pytest
import torch

from mtl_course import datasets

ROOT = Path(__file__).parents[1]
TWO = ["purchase", "rating"]


@pytest.fixture(scope="module")
def benchmark(load_script):
    return load_script(ROOT / "benchmarks/worlds/run.py")


@pytest.fixture(scope="module")
def results():
    return datasets.load_results("worlds")


@pytest.fixture(scope="module")
def ends(benchmark, results):
    """Ends of the intervals of both gains, by (width, steps, rho, world)."""
    found = benchmark.gains(results)
    return found["gain"] - found["half"], found["gain"] + found["half"]


def test_every_world_is_stored_and_was_made_with_these_settings(benchmark, results):
    settings = benchmark.SETTINGS
    stored = benchmark.read_results(benchmark.RESULTS, {"settings": settings})
    agreements = sum(len(some) for some in settings["agreements"].values())
    runs = [len(settings[name]) for name in ("worlds", "seeds", "steps")]
    assert len(stored["rows"]) == len(results) == agreements * runs[0] * runs[1] * runs[2]
    keys = ["world", "width", "steps", "rho", "seed"]
    assert not results.duplicated(keys).any()


def test_every_training_lies_between_chance_and_the_oracle(results):
    for side in ("alone", "shared"):
        ap, stars = results[f"ap_purchase_{side}"], results[f"rmse_rating_{side}"]
        assert (results["ap_purchase_chance"] + 0.2 < ap).all()
        assert (ap < results["ap_purchase_oracle"]).all()
        assert (results["rmse_rating_oracle"] < stars).all()
        assert (stars < results["rmse_rating_chance"] - 0.03).all()


def test_two_tastes_in_a_narrow_network_cost_the_rating_in_every_world(ends):
    low, high = ends
    for steps in (500, 1000):
        assert (high["rating"].loc[4, steps, 0.0] < 0).all()
    assert (high["rating"].loc[4, 500, [-0.5, 0.0, 0.5]] < 0).all()
    assert (low["rating"].loc[4, 500, [-1.0, 1.0]] > 0).sum() == 7  # of ten
    assert (low["rating"].loc[4, 1000, [-1.0, 1.0]] > 0).all()


def test_one_world_of_five_hid_what_sharing_costs_purchase(ends):
    _, high = ends
    assert (high["purchase"].loc[4, 500, 0.0] < 0).tolist() == [True, True, True, False, True]
    assert (high["purchase"].loc[4, 1000, 0.0] < 0).all()


def test_the_wide_networks_price_is_haste(benchmark, results, ends):
    low, high = ends
    gain = benchmark.gains(results)["gain"]["rating"]
    assert gain.loc[16, 500, 0.0].between(-0.065, -0.015).all()
    assert gain.loc[4, 1000, 0.0].between(-0.135, -0.06).all()
    after = low["rating"].loc[16, 1000, 0.0], high["rating"].loc[16, 1000, 0.0]
    assert (after[0] < 0).all()
    assert (after[1] > 0).all()


def test_a_gain_is_above_0_where_sharing_is_better(benchmark):
    rows = [
        {"width": 4, "steps": 1, "rho": 0.0, "world": 0, "seed": seed}
        | {"ap_purchase_alone": 0.5, "ap_purchase_shared": 0.6 + 0.1 * seed}
        | {"rmse_rating_alone": 1.0, "rmse_rating_shared": 1.1}
        for seed in (0, 1)
    ]
    found = benchmark.gains(pd.DataFrame(rows)).loc[4, 1, 0.0, 0]
    # two seeds, 0.1 and 0.2: s / sqrt(2) = 0.05, and t of one degree of freedom is 12.706
    assert found["gain", "purchase"] == pytest.approx(0.15)
    assert found["half", "purchase"] == pytest.approx(12.706 * 0.05, abs=1e-4)
    assert found["gain", "rating"] == pytest.approx(-0.1)


def test_the_log_of_a_world_has_one_purchase_and_a_rating_for_each_agreement(benchmark):
    split, truth = benchmark.logs_of(0, [-1.0, 1.0])
    assert split.train.tasks == ("purchase", "rating -1", "rating 1")
    assert truth.shape == split.test.labels.shape
    seen = split.test.observed[:, 1]
    assert torch.corrcoef(truth[seen, 1:].T)[0, 1] < -0.5  # opposite verdicts of the same pairs
