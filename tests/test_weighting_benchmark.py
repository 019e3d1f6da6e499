"""Self-chosen weights against tuned ones: what is stored, how it was chosen, what it costs."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch.testing import assert_close

from mtl_course import datasets, simulation
from mtl_course.interactions import only_tasks, split_at_random

FOLDER = Path(__file__).parents[1] / "benchmarks" / "weighting"
NEED_SOLVERS = {"CAGrad", "Nash-MTL"}  # of cvxpy, which the course does not install


@pytest.fixture(scope="module")
def benchmark(load_script):
    return load_script(FOLDER / "run.py")


@pytest.fixture(scope="module")
def fronts(load_script):
    return load_script(FOLDER / "fronts" / "run.py")


@pytest.fixture(scope="module")
def results():
    return datasets.load_results("weighting")


@pytest.fixture(scope="module")
def stored():
    return json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))


@pytest.fixture
def small(benchmark):
    """A simulated shop that trains in a moment."""

    def seeded():
        return torch.Generator().manual_seed(3)

    world = simulation.random_world(seeded(), agreement=0.0, n_users=40, n_items=20, cold_share=0.0)
    log = simulation.show(world, 4_000, seeded())
    split = split_at_random(log, (0.6, 0.2, 0.2), seeded())
    return benchmark.World("small shop", split, 12, 256, 3, 0.0)


def last_of(steps, n):
    for made, model in steps:
        if made == n:
            return model
    raise AssertionError("too few steps")


# --- what is stored ---------------------------------------------------------------------------


def test_the_stored_table_was_made_with_these_settings_and_no_other(benchmark, fronts):
    for one in (benchmark, fronts):
        assert one.read()["rows"] == json.loads(one.RESULTS.read_text(encoding="utf-8"))["rows"]
        assert one.read()["rows"]


def test_other_settings_begin_a_table_of_their_own(benchmark, fronts, monkeypatch):
    monkeypatch.setitem(benchmark.SETTINGS, "refinements", [0.5])
    monkeypatch.setitem(fronts.SETTINGS, "sweep_steps", [301])
    assert benchmark.read()["rows"] == []
    assert fronts.read()["rows"] == []


def test_every_method_has_five_seeds_in_both_shops_at_both_budgets(benchmark, results):
    counts = results.groupby(["world", "method", "budget"])["seed"].nunique()

    assert set(counts.index) == {
        (world, method, budget)
        for world in ("real shop", "simulated shop")
        for method in benchmark.methods.METHODS
        for budget in benchmark.BUDGETS
    }
    assert (counts >= 5).all()
    assert len(results) == counts.sum()
    assert results["hypervolume"].between(0, 1).all()
    assert (results["ms_a_step"] > 0).all()


def test_every_method_had_eight_tries_and_the_stored_one_is_the_best_of_them(
    benchmark, results, stored
):
    tasks = {"real shop": 2, "simulated shop": 3}
    for world, method, budget in results.groupby(["world", "method", "budget"]).groups:
        tuning = [
            row for row in stored["tuning"] if (row["world"], row["method"]) == (world, method)
        ]
        tried = [benchmark.try_of(row) for row in tuning]
        first = benchmark.first_tries(method)
        early = [row for row in tuning if benchmark.try_of(row) in first]
        best = benchmark.best_try(early, world, method, "equal time").learning_rate

        assert len(tried) == 16  # from two seeds each
        assert {*tried} == {*first, *benchmark.next_tries(method, tasks[world], best)}
        chosen = benchmark.best_try(tuning, world, method, budget)
        keys = {"world": world, "method": method, "budget": budget}
        rows = [row for row in stored["rows"] if {key: row[key] for key in keys} == keys]
        assert {benchmark.try_of(row) for row in rows} == {chosen}


def test_a_run_that_goes_on_tries_nothing_anew(benchmark, small, monkeypatch, tmp_path):
    monkeypatch.setattr(benchmark, "RESULTS", tmp_path / "results.json")
    results = benchmark.read()
    results["costs"]["small shop"] = {"equal weights": 1.0}
    benchmark.compare(small, "equal weights", results, [0])
    # as if a refined rate had been the best: its neighbours are none of the eight
    for row in results["tuning"]:
        if benchmark.try_of(row) not in benchmark.first_tries("equal weights"):
            row["equal time"] = 9.0
    tries = len(results["tuning"])

    benchmark.compare(small, "equal weights", results, [0, 1])

    assert tries == len(results["tuning"]) == 16
    assert {row["seed"] for row in results["rows"]} == {0, 1}


def test_equal_time_is_equal(results):
    plain = results[results["method"] == "equal weights"].groupby("world").first()
    for world, rows in results.groupby("world"):
        whole = plain.loc[world, "steps"] * plain.loc[world, "ms_a_step"]
        timed = rows[rows["budget"] == "equal time"]
        # fewer steps of a method that is slower; 10 % is noise, and steps come in 25s
        spent = timed["steps"] * timed["ms_a_step"]
        assert (spent < 1.1 * whole + 12.5 * timed["ms_a_step"]).all(), world
        assert (spent > 0.8 * whole - 12.5 * timed["ms_a_step"]).all(), world
        in_steps = rows[rows["budget"] == "equal steps"]
        assert (in_steps["steps"] == plain.loc[world, "steps"]).all()


def test_every_stored_training_of_the_plain_methods_learned_something(results):
    plain = results[results["method"].isin(["tuned fixed weights", "equal weights", "UW"])]
    assert (plain["hypervolume"] > 0.005).all()  # chance: 0
    real = plain[plain["world"] == "real shop"]
    assert (real["AP purchase"] > 0.35).all()  # chance: 0.1
    assert (real["AP purchase novel"] > 0.07).all()  # chance: 0.045


def test_the_fronts_have_five_seeds_each(fronts):
    rows = datasets.load_results("weighting/fronts")
    counts = rows.groupby(["world", "how", "steps"])["seed"].nunique()
    lengths = fronts.SETTINGS["conditional_steps"] + fronts.SETTINGS["sweep_steps"]
    assert len(counts) == 2 * len(lengths)
    assert (counts == 5).all()
    assert (rows["hypervolume"] > 0.01).all()
    assert rows["learning_rate"].isin(fronts.SETTINGS["learning_rates"]).all()


def test_a_stored_front_is_that_of_its_stored_points(benchmark, fronts):
    rows = datasets.load_results("weighting/fronts")
    rows = rows[rows["world"] == "simulated shop"]
    assert len(rows) == 30
    train, _, test = (
        only_tasks(log, ("purchase", "rating")) for log in benchmark.simulated_shop().split
    )
    for points, value in zip(rows["losses"], rows["hypervolume"], strict=True):
        assert len(points) == fronts.SETTINGS["alphas"]
        assert abs(fronts.front(torch.tensor(points), train, test) - value) < 1e-4


def test_one_network_is_level_with_a_short_sweep_and_not_with_a_longer_one():
    """What lesson 07 says of the fronts, for the same seeds."""
    rows = datasets.load_results("weighting/fronts")
    columns = ["how", "steps"]
    at = rows.pivot(index=["world", "seed"], columns=columns, values=["hypervolume", "cpu_seconds"])
    found = {}
    for short, long in ((300, 1200), (600, 3600)):
        ways = ("21 trainings", short), ("one conditional network", long)
        sweep, one = (at["hypervolume"][way].astype(float) for way in ways)
        mean, half = (getattr((sweep - one).groupby("world"), of)() for of in ("mean", "sem"))
        found[short] = (mean / (2.776 * half)).to_dict()  # beyond 1: the interval leaves 0 out
    assert {short: {w: abs(x) > 1 for w, x in of.items()} for short, of in found.items()} == {
        300: {"real shop": False, "simulated shop": False},
        600: {"real shop": False, "simulated shop": True},
    }
    assert found[600]["simulated shop"] > 1
    spent = at["cpu_seconds"].groupby("world").mean()
    assert (spent["21 trainings", 600] < spent["one conditional network", 3600]).all()


def test_the_cost_of_every_method_was_measured_eight_times_in_both_shops(benchmark):
    costs = datasets.load_results("weighting/costs")
    counts = costs.groupby(["world", "method"])["time"].nunique()
    assert set(counts.index) == {
        (world, method)
        for world in ("real shop", "simulated shop")
        for method in benchmark.methods.METHODS
    }
    assert (counts == 8).all()
    mean = costs.pivot_table(index="method", columns="world", values="ms_a_step")
    read_gradients = [
        name for name, one in benchmark.methods.METHODS.items() if one.kind == "gradient"
    ]
    times = mean.loc[read_gradients] / mean.loc["equal weights"]
    assert times["simulated shop"].between(2, 7).all()  # as the lesson says


def test_the_solvers_that_the_course_does_not_install_are_named_with_their_versions(stored):
    assert all(stored["versions"][name] for name in ("torch", "torchjd", "cvxpy", "clarabel"))
    assert stored["versions"]["ecos"]


# --- how it is made ---------------------------------------------------------------------------


def test_every_method_trains(benchmark, small):
    untrained = {}
    for name in benchmark.methods.METHODS:
        if name in NEED_SOLVERS:
            continue
        one = benchmark.next_tries(name, 3, 0.02)[0]
        first = last_of(benchmark.run_of(small, name, one, 0), 1)
        start = benchmark.judged_losses(first, small.split.validation)
        model = last_of(benchmark.run_of(small, name, one, 0), 12)
        untrained[name] = benchmark.judged_losses(model, small.split.validation).sum() < start.sum()
    assert all(untrained.values()), untrained
    assert len(untrained) == len(benchmark.methods.METHODS) - 2


def test_a_method_without_a_setting_of_its_own_tries_rates_and_another_its_settings(benchmark):
    for name, method in benchmark.methods.METHODS.items():
        first, after = benchmark.first_tries(name), benchmark.next_tries(name, 3, 0.02)
        assert len({*first, *after}) == 8
        assert {one.own for one in first} == {method.usual}
        if method.draw is None:
            assert {one.own for one in after} == {None}
            assert len({one.learning_rate for one in after}) == 4
        else:
            assert {one.learning_rate for one in after} == {0.02}
            assert len({one.own for one in after}) == 4
    weights = [one.own for one in benchmark.next_tries("tuned fixed weights", 3, 0.01)]
    assert all(len(three) == 3 and abs(sum(three) - 1) < 0.002 for three in weights)


def test_the_best_try_is_that_of_the_largest_mean(benchmark):
    rows = [
        {"world": "a", "method": "m", "learning_rate": rate, "own": own, "equal time": value}
        for rate, own, value in (
            (0.1, None, 0.5),
            (0.1, None, 0.1),
            (0.2, [0.3, 0.7], 0.3),
            (0.2, [0.3, 0.7], 0.4),
        )
    ]
    rows.append({**rows[0], "world": "b", "equal time": 9.0})
    assert benchmark.best_try(rows, "a", "m", "equal time") == (0.2, (0.3, 0.7))


@pytest.mark.parametrize(
    ("cost", "steps"), [(2.0, 500), (2.19, 500), (1.5, 500), (4.0, 250), (7.9, 125), (900.0, 25)]
)
def test_a_slower_method_makes_fewer_steps(benchmark, small, cost, steps):
    world = small._replace(steps=500)
    assert benchmark.steps_within("equal time", world, cost, 2.0) == steps
    assert benchmark.steps_within("equal steps", world, cost, 2.0) == 500


def test_a_step_is_timed_eight_times_and_its_cost_is_the_best_of_them(
    benchmark, small, monkeypatch
):
    two = {name: benchmark.methods.METHODS[name] for name in ("equal weights", "UW")}
    monkeypatch.setattr(benchmark.methods, "METHODS", two)
    found = benchmark.timed(small)
    assert {name: len(times) for name, times in found.items()} == {"equal weights": 8, "UW": 8}
    assert min(found["UW"]) > 0

    monkeypatch.setattr(benchmark, "timed", lambda _: {"UW": [3.0, 2.004, 5.0]})
    assert benchmark.measured_costs(small) == {"UW": 2.0}


def test_hypervolume_of_a_point_worked_by_hand(benchmark):
    chance = torch.tensor([0.5, 2.0])
    # a fifth of the first loss and half of the second are gone: 1/5 * 1/2
    assert abs(benchmark.dominated(torch.tensor([0.4, 1.0]), chance) - 0.1) < 1e-6
    assert benchmark.dominated(torch.tensor([0.1, 2.1]), chance) == 0
    assert benchmark.dominated(torch.tensor([0.1, float("nan")]), chance) == 0


def test_single_tasks_learn_what_each_learns_alone(benchmark, small):
    one = benchmark.Try(0.02, None)
    together = last_of(benchmark.run_of(small, "single task", one, 0), 12)
    labels = small.split.train.labels.clone()
    labels[:, 1] = 1 - labels[:, 1]
    upset = small.split.train.__class__(**{**vars(small.split.train), "labels": labels})
    other = small._replace(split=small.split._replace(train=upset))
    changed = last_of(benchmark.run_of(other, "single task", one, 0), 12)

    inputs = small.split.test.inputs
    assert_close(together(*inputs)[:, [0, 2]], changed(*inputs)[:, [0, 2]])
    assert (together(*inputs)[:, 1] - changed(*inputs)[:, 1]).abs().max() > 0.01


def test_dwa_moves_its_weights_after_two_of_its_epochs(benchmark, small, monkeypatch):
    monkeypatch.setattr(benchmark.methods, "DWA_STEPS", 4)
    dwa = last_of(benchmark.run_of(small, "DWA", benchmark.Try(0.02, 2.0), 0), 12)
    # the plain sum, which DWA is until then, moves the network elsewhere
    monkeypatch.setattr(benchmark.methods, "DWA_STEPS", 10**6)
    plain = last_of(benchmark.run_of(small, "DWA", benchmark.Try(0.02, 2.0), 0), 12)
    inputs = small.split.test.inputs
    assert not torch.equal(dwa(*inputs), plain(*inputs))


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("tuned fixed weights", (0.8, 0.1, 0.1), (0.1, 0.8, 0.1)),
        ("UW", 0.001, 0.5),
        ("IMTL-L", 0.001, 0.5),
        ("FAMO", 0.001, 0.5),
        ("smooth Chebyshev", 0.01, 1.0),
    ],
)
def test_what_a_method_has_to_set_is_set(benchmark, small, name, one, other):
    inputs = small.split.test.inputs
    said = [
        last_of(benchmark.run_of(small, name, benchmark.Try(0.02, own), 0), 12)(*inputs)
        for own in (one, other)
    ]
    assert (said[0] - said[1]).abs().max() > 1e-3


def test_ranks_are_over_the_metrics_of_a_shop(benchmark):
    rows = pd.DataFrame(
        {
            "world": ["a"] * 3 + ["b"] * 3,
            "budget": "equal time",
            "seed": 0,
            "AP x": [0.9, 0.5, 0.7, None, None, None],
            "RMSE y": [1.0, 2.0, 3.0, 2.0, 1.0, 1.5],
        }
    )
    assert benchmark.ranks(rows).tolist() == [1.0, 2.5, 2.5, 3.0, 1.0, 2.0]


def test_what_is_measured_is_written_whole_and_read_again(benchmark, monkeypatch, tmp_path):
    monkeypatch.setattr(benchmark, "RESULTS", tmp_path / "results.json")
    results = benchmark.read()
    row = {"world": "real shop", "method": "UW", "budget": "equal time", "seed": 1}
    results["rows"] += [row, {**row, "seed": 0}]

    benchmark.write(results)

    assert [one["seed"] for one in benchmark.read()["rows"]] == [0, 1]
    assert not list(tmp_path.glob("*.partial"))


def test_a_front_is_at_least_its_best_point(fronts, small):
    split = [only_tasks(log, ("purchase", "rating")) for log in small.split]
    points = torch.tensor([[0.1, 0.5], [0.3, 0.2]])
    alone = [fronts.front(one[None], split[0], split[2]) for one in points]
    assert fronts.front(points, split[0], split[2]) > max(alone)
