"""MovieLens's stored rows: what they were made with, and how a case is cut."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch

from mtl_course import datasets
from mtl_course.interactions import Interactions, Scale
from mtl_course.movielens import MovieLens
from mtl_course.watching import OCCUPATIONS

ROOT = Path(__file__).parents[1]
PUBLISHED = {"BaselineOnly": (0.944, 0.748), "SVD": (0.934, 0.737), "KNNBaseline": (0.931, 0.733)}


@pytest.fixture(scope="module")
def benchmark(load_script):
    return load_script(ROOT / "benchmarks/movielens/run.py")


@pytest.fixture(scope="module")
def stored():
    return datasets.load_results("movielens")


@pytest.fixture
def small(benchmark, monkeypatch):
    """60 users in two camps, each with films of its own, which it likes; women are in the first."""
    for name, value in {"judges": 20, "validation": 15, "batch_size": 256, "date": 700}.items():
        monkeypatch.setitem(benchmark.SETTINGS, name, value)
    generator = torch.Generator().manual_seed(0)
    user = torch.arange(60).repeat_interleave(15)
    camp = user % 2
    item = torch.stack([torch.randperm(20, generator=generator)[:15] for _ in range(60)]).flatten()
    stars = torch.where(item < 10, 4.0, 2.0) + torch.bernoulli(torch.full((900,), 0.5))
    return MovieLens(
        ratings=Interactions(
            user=user,
            item=item + 20 * camp,
            labels=((stars - 1) / 4)[:, None],
            observed=torch.ones(900, 1, dtype=torch.bool),
            tasks=("rating",),
            n_users=60,
            n_items=40,
            scales=(Scale(1.0, 5.0, "stars"),),
        ),
        time=torch.randperm(900, generator=generator),
        age=torch.tensor([20.0, 30.0, 40.0, 60.0]).repeat(15),
        female=(torch.arange(60) % 2 == 0).float(),
        occupations=OCCUPATIONS * 10,
        titles=("",) * 40,
    )


def rows_of(log):
    return set(zip(log.user.tolist(), log.item.tolist(), strict=True))


def test_settings_are_chosen_on_rows_and_users_that_do_not_judge(benchmark, small):
    to_choose, to_judge = benchmark.cases(small)

    assert rows_of(to_choose.past) | rows_of(to_choose.later) == rows_of(to_judge.past)
    assert not rows_of(to_choose.past) & rows_of(to_choose.later)
    assert not rows_of(to_judge.past) & rows_of(to_judge.later)
    assert not set(to_choose.judges.tolist()) & set(to_judge.judges.tolist())
    assert set(to_judge.tellers.tolist()) == {
        *to_choose.judges.tolist(),
        *to_choose.tellers.tolist(),
    }
    assert len(to_judge.judges) == 20
    assert len(to_judge.later) == 60 * 3  # a fifth of fifteen


def test_no_tag_of_a_judge_is_trained_on(benchmark, small):
    _, case = benchmark.cases(small)

    log = benchmark.training_log(case, seed=0)

    of_judges = torch.isin(log.user, case.judges)
    assert of_judges.any()
    assert not log.observed[of_judges, 2:].any()
    assert log.observed[~of_judges, 2:].all()
    assert rows_of(log) >= rows_of(case.past)


def test_three_tasks_learn_a_world_of_two_camps(benchmark, small):
    _, case = benchmark.cases(small)

    *_, (epochs, model) = benchmark.trained(case, (2, 2, 2), 0, decay=0.0, epochs=25)
    found = benchmark.judged(model, case)

    assert epochs == 25
    # coin flips of one star make an error of .5 the least; the mean for everybody has 1.12
    assert 0.45 < found["rmse"] < 0.8
    # of 28 films that are new, the 8 of one's own camp hold the 3 to come: (20 + 2.5) / 25 at best
    assert 0.8 < found["auc_watched"] < 0.95
    assert found["auc_gender"] > 0.9  # the camp is the gender


def test_both_kinds_of_training_are_asked_the_same_and_are_equally_long(benchmark, small):
    kinds = [[*benchmark.same_asked(small, from_any_time=any_time)] for any_time in (False, True)]

    for (past, asked), (any_time, same) in zip(*kinds, strict=True):
        assert torch.equal(asked, same)
        assert len(past) == len(any_time) == 700
        assert len(asked) == 100
        assert not set(any_time.tolist()) & set(asked.tolist())
        assert small.time[past].max() < small.time[asked].min()
        assert small.time[any_time].max() > small.time[asked].min()


def test_every_random_fold_is_asked_about_once(benchmark, small):
    folds = [*benchmark.random_folds(small)]

    assert torch.cat([asked for _, asked in folds]).sort().values.tolist() == [*range(900)]
    assert all(len(trained_on) == 720 for trained_on, _ in folds)


def test_the_best_try_of_each_network_is_chosen_by_its_own_measure(benchmark):
    tries = [
        ("rating", 1e-4, 4, 0.97, 0.9, 0.9),
        ("rating", 1e-4, 6, 0.96, 0.1, 0.1),
        ("watched", 1e-3, 4, 9.0, 0.8, 0.1),
        ("watched", 1e-4, 4, 1.0, 0.7, 0.9),
        ("together", 1e-4, 8, 1.0, 0.8, 0.7),
        ("together", 3e-4, 8, 1.1, 0.9, 0.75),
    ]
    rows = [
        {"part": "choice", "network": network, "decay": decay, "epochs": epochs, "rmse": rmse}
        | {"auc_watched": watched}
        | dict.fromkeys(("auc_gender", "auc_age", "auc_occupation"), tag)
        for network, decay, epochs, rmse, watched, tag in tries
    ]

    assert benchmark.chosen(rows) == {
        "rating": (1e-4, 6),
        "watched": (1e-3, 4),
        "together": (3e-4, 8),
        "tags": (3e-4, 8),
    }


def test_the_stored_rows_were_made_with_these_settings_and_no_other(benchmark, monkeypatch):
    kept = json.loads(benchmark.RESULTS.read_text(encoding="utf-8"))["rows"]
    assert benchmark.read()["rows"] == kept
    assert len({benchmark.key(row) for row in kept}) == len(kept)

    monkeypatch.setitem(benchmark.SETTINGS, "dim", 17)
    assert benchmark.read()["rows"] == []


def test_the_published_rows_are_stored_within_three_thousandths(stored):
    folds = stored[stored["split"] == "random folds"]

    assert set(folds["method"]) == set(PUBLISHED)
    for method, of in folds.groupby("method"):
        assert len(of) == 5
        assert tuple(of[["rmse", "mae"]].mean()) == pytest.approx(PUBLISHED[method], abs=0.003)
        assert of["share_later"].mean() == pytest.approx(0.5, abs=0.01)


def test_every_split_is_stored_for_every_method(benchmark, stored):
    counts = stored[stored["part"] == "splits"].groupby(["split", "method"]).size()

    assert set(counts.index) == {(s, m) for s in benchmark.SPLITS for m in benchmark.METHODS}


def test_every_network_has_ten_seeds_and_the_chosen_settings(benchmark, stored):
    chosen = benchmark.chosen(stored.to_dict("records"))
    tasks = stored[stored["part"] == "tasks"]

    for name, sixths in benchmark.NETWORKS.items():
        of = tasks[tasks["network"] == name]
        assert sorted(of["seed"]) == [*range(10)]
        assert set(zip(of["decay"], of["epochs"], strict=True)) == {chosen[name]}
        assert set(of[list(benchmark.ALONE)].itertuples(index=False, name=None)) == {sixths}
    triangle = tasks[tasks["network"] == "triangle"]
    assert (triangle.groupby(list(benchmark.ALONE)).size() == 3).all()
    assert len(triangle) == 28 * 3
    assert (pd.concat([triangle[task] for task in benchmark.ALONE]) <= 6).all()


def test_five_seeds_are_stored_on_two_other_cuts(stored):
    elsewhere = stored[stored["part"] == "elsewhere"]
    counts = elsewhere.groupby(["cut", "network"])["seed"].nunique()

    assert len(counts) == 2 * 4
    assert (counts == 5).all()
