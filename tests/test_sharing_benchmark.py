"""The real shop's table of who shares what: what is stored, and that its networks are of a size."""

from pathlib import Path

import pytest
import torch
from scipy import stats

from mtl_course import capacity, datasets
from mtl_course.interactions import PROBABILITY, Interactions, Scale, Split, only_tasks

ROOT = Path(__file__).parents[1]
FIGURES = ["ap_all", "ap_novel", "rmse_quantity"]


@pytest.fixture(scope="module")
def benchmark(load_script):
    return load_script(ROOT / "benchmarks/sharing/run.py")


@pytest.fixture
def small():
    """2,400 pairs of a household of whom it matters, and little else, how often it came before."""
    generator = torch.Generator().manual_seed(0)
    user, item = torch.cartesian_prod(torch.arange(60), torch.arange(40)).T
    history = torch.rand(2400, 5, generator=generator)
    bought = torch.bernoulli(history[:, 0] ** 3, generator=generator)
    log = Interactions(
        user=user,
        item=item,
        labels=torch.stack([bought, history[:, 1] * bought], dim=1),
        observed=torch.stack([torch.ones(2400), bought], dim=1).bool(),
        tasks=("purchase", "quantity"),
        n_users=60,
        n_items=40,
        scales=(PROBABILITY, Scale(0.0, 3.9, "log units")),
        history=history,
        novel=history[:, 2] < 0.5,
    )
    return Split(log, log, log)


def test_all_networks_have_as_many_parameters_as_the_eight_experts(benchmark, small):
    sizes = {
        name: sum(
            capacity.count_parameters(benchmark.new_model(name, only_tasks(small.train, tasks)))
            for tasks in benchmark.groups_of(name)
        )
        for name in benchmark.MODELS
    }
    eight = sizes["MMoE, 8 experts"]
    assert sizes.pop("single task, twice the size") == pytest.approx(2 * eight, rel=0.05)
    for name, size in sizes.items():
        assert size == pytest.approx(eight, rel=0.05), name


@pytest.mark.parametrize("name", ["single task", "shared bottom", "MMoE, 8 experts", "PLE"])
def test_a_row_is_learned_and_comes_out_the_same_again(benchmark, small, name, monkeypatch):
    monkeypatch.setitem(benchmark.SETTINGS, "batch_size", 60)
    monkeypatch.setitem(benchmark.SETTINGS, "learning_rates", [0.02])
    monkeypatch.setitem(benchmark.SETTINGS, "embedding_decays", [0.01])
    monkeypatch.setitem(benchmark.SETTINGS, "choosing_rows", 2)

    tried = benchmark.chosen_settings(name, small)
    row, again = (benchmark.measured(name, small, 0, tried) for _ in range(2))

    assert [len(one) for one in tried] == [1] * len(benchmark.groups_of(name))
    base_rate = small.test.labels[:, 0].mean().item()
    assert row["ap_all"] > base_rate + 0.2
    for figure in FIGURES:
        assert row[figure] == again[figure]


def test_the_stored_table_is_whole_and_made_with_these_settings(benchmark):
    stored, results = benchmark.read(), datasets.load_results("sharing")

    counts = results.groupby(["settings", "model"])["seed"].nunique()
    assert set(counts[benchmark.SEARCHED].index) == set(benchmark.MODELS)
    assert set(counts[benchmark.HELD_BACK].index) == set(benchmark.FEW)
    assert (counts >= 5).all()
    assert len(stored["rows"]) == len(results)
    tried = len(benchmark.SETTINGS["learning_rates"]) * len(benchmark.SETTINGS["embedding_decays"])
    for name in benchmark.MODELS:  # the same search for all
        assert [len(one) for one in stored["chosen"][name]] == [tried] * len(
            benchmark.groups_of(name)
        )
    assert (results["ap_all"] > 0.45).all()  # chance: 0.101
    assert (results["ap_novel"] > 0.09).all()  # chance: 0.045


def test_another_setting_moves_the_bottom_as_far_as_experts_do_and_costs_quantity():
    table = datasets.load_results("sharing").pivot(
        index="seed", columns=["settings", "model"], values=FIGURES
    )
    moved = {
        name: table[name]["held back"]["shared bottom"] - table[name]["searched"]["shared bottom"]
        for name in FIGURES
    }
    half = {name: stats.t.ppf(0.975, 4) * one.sem() for name, one in moved.items()}
    assert moved["ap_all"].mean() == pytest.approx(0.0071, abs=1e-4)
    assert half["ap_all"] == pytest.approx(0.0018, abs=1e-4)
    assert moved["rmse_quantity"].mean() == pytest.approx(0.0107, abs=1e-4)  # worse
    assert half["rmse_quantity"] == pytest.approx(0.0010, abs=1e-4)
    further = table["ap_all"]["held back"]["shared bottom"]
    further = further - table["ap_all"]["searched"]["MMoE, 8 experts"]
    assert abs(further.mean()) < stats.t.ppf(0.975, 4) * further.sem()
