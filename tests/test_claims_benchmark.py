"""One network against three on the real shop: what is stored, and that a small run learns."""

from pathlib import Path

import pandas as pd
import pytest
import torch

from mtl_course import capacity, datasets, intervals, shop

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def benchmark(load_script):
    return load_script(ROOT / "benchmarks/claims/run.py")


@pytest.fixture(scope="module")
def results():
    return datasets.load_results("claims")


@pytest.fixture
def material(benchmark):
    """60 households, 40 items, four windows; those of 55 or more buy the first items most."""
    generator = torch.Generator().manual_seed(0)
    old = (torch.arange(60) % 2).float()
    rows = []
    for window in range(1, 5):
        taste = torch.where(old[:, None] == (torch.arange(40) < 20).float(), 0.5, 0.1)
        bought = torch.bernoulli(taste, generator=generator).nonzero()
        rows += [(u, i, window, 1 + u % 3, 1 + i % 3, 1.0, 13) for u, i in bought.tolist()]
    columns = ["user", "item", "window", "baskets", "units", "spend", "last_week"]
    tags = {tag: old.double().numpy() for tag in benchmark.TAGS}
    items = {"item_id": range(40), "name": "x", "category": ["first"] * 20 + ["last"] * 20}
    of_all = shop.Shop(
        "small",
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame({"user_id": range(60), **tags}),
        pd.DataFrame(items),
        tuple(benchmark.TAGS),
    )
    return benchmark.Material(of_all, *torch.arange(60).split(20))


@pytest.mark.parametrize("net", ["one", "three", "three small"])
def test_a_row_is_learned_and_comes_out_the_same_again(benchmark, material, net, monkeypatch):
    monkeypatch.setitem(benchmark.SETTINGS, "batch_size", 60)
    train, test = material.log(3), material.log(4)
    recipes = [
        benchmark.Recipe(0.02, 0.01, benchmark.alone(tasks), 40 if tasks == benchmark.TAGS else 2)
        for tasks in benchmark.GROUPS[net]
    ]

    found = [
        benchmark.measured(
            benchmark.finished(net, material, train, test, 0, recipes)[0], test, material
        )
        for _ in range(2)
    ]

    assert found[0] == found[1]
    assert found[0]["ap_all"] > test.labels[:, 0].mean() + 0.1  # chance
    assert found[0]["auc_tags"] > 0.9  # habits tell who is 55 or more, and chance is 0.5


def test_tags_alone_hear_only_who_told_and_the_one_hears_no_judge(benchmark, material):
    train = material.log(3)

    alone = benchmark.rows_for(train, benchmark.TAGS)
    assert alone.user.tolist() == material.tellers.tolist()
    told = train.observed[:, 2:].any(dim=1)
    assert set(train.user[told].tolist()) == set(material.tellers.tolist())
    assert benchmark.rows_for(train, ("purchase",)).observed.all()


def test_three_small_networks_are_together_about_as_large_as_the_one(benchmark, material):
    train, habits = material.log(3), material.habits([1, 2])
    big = {"n_users": 2314, "n_items": 705}
    sizes = {}
    for net, groups in benchmark.GROUPS.items():
        logs = [benchmark.only_tasks(train, tasks) for tasks in groups]
        logs = [benchmark.replace(log, **big) for log in logs]
        wide = torch.zeros(2314, 262).index_add(0, torch.arange(60), torch.rand(60, 262))
        sizes[net] = sum(
            capacity.count_parameters(benchmark.new_model(net, tasks, log, wide))
            for tasks, log in zip(groups, logs, strict=True)
        )
    assert habits.shape == (60, 2)
    assert sizes["three small"] == pytest.approx(sizes["one"], rel=0.2)
    assert sizes["three"] > 2 * sizes["one"]


def test_the_interval_is_around_the_gain_and_has_the_sign_of_a_gain(benchmark, material):
    test = material.log(4)
    generator = torch.Generator().manual_seed(0)
    luck = [torch.randn(len(test), 2, generator=generator) for _ in range(2)]
    good = [
        torch.stack([test.labels[:, 0] + x[:, 0], test.labels[:, 1].logit(1e-3)], 1) for x in luck
    ]
    tags = 2 * material.tags()
    saids = {
        "one": [benchmark.Said(x, tags) for x in good],
        "three": [benchmark.Said(x, torch.randn(60, 3, generator=generator)) for x in luck],
    }

    rows = {row["measure"]: row for row in benchmark.interval_rows(saids, test, material)}

    assert set(rows) == {*benchmark.MEASURES, "multitask_gain"}
    for measure in ("ap_all", "rmse_quantity", "auc_tags", "multitask_gain"):
        assert 0 < rows[measure]["low"] <= rows[measure]["value"] <= rows[measure]["high"], measure
    plain = [
        benchmark.measured(one, test, material)["ap_all"] for of in saids.values() for one in of
    ]
    wanted = (plain[0] + plain[1] - plain[2] - plain[3]) / 2
    assert rows["ap_all"]["value"] == pytest.approx(wanted, abs=1e-4)


def test_the_stored_table_is_whole_and_made_with_these_settings(benchmark, results):
    stored = benchmark.read()

    assert len(stored["rows"]) == len(results)
    runs = results[results["kind"] == "training"]
    counts = runs.groupby("net")["seed"].nunique()
    assert set(counts.index) == set(benchmark.GROUPS)
    assert (counts >= 10).all()
    assert (runs["ap_all"] > 0.45).all()  # chance: 0.101
    assert set(results["kind"]) == set(benchmark.KINDS)
    tries = {net: [len(tried) for tried in stored["chosen"][net]] for net in benchmark.GROUPS}
    assert sum(tries["one"]) <= sum(tries["three"]) == sum(tries["three small"])  # no more for it


def test_the_stored_gains_of_households_agree_with_the_stored_means(benchmark, results):
    runs = results[results["kind"] == "training"].set_index(["net", "seed"])["ap_household"]
    rows = results[results["kind"] == "households"].sort_values("seed")
    by_household = torch.tensor(rows["gain"].tolist()) / 10_000
    wanted = torch.tensor((runs["one"] - runs["three"]).sort_index().to_numpy())
    torch.testing.assert_close(by_household.double().mean(dim=1), wanted, rtol=0, atol=1e-4)

    # the stored interval of that gain is what the lesson draws from the households' own gains
    row = results[(results["kind"] == "interval") & (results["measure"] == "ap_household")]
    row = row[row["net"] == "three"].iloc[0]
    n_seeds = benchmark.SETTINGS["interval_seeds"]
    generator = torch.Generator().manual_seed(0)
    sizes = {"n_seeds": n_seeds, "n_users": by_household.shape[1], "draws": 2000}
    drawn = intervals.redrawn_means(by_household[:n_seeds], **sizes, generator=generator)
    low, high = intervals.middle(drawn)
    assert low == pytest.approx(row["low"], abs=7e-4)
    assert high == pytest.approx(row["high"], abs=7e-4)
