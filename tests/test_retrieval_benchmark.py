"""The stored table of exact and approximate search: whole, unspoilt, and as the texts say."""

import json
from pathlib import Path

import pytest
import torch

from mtl_course import datasets

FOLDER = Path(__file__).parents[1] / "benchmarks/retrieval"


@pytest.fixture(scope="module")
def benchmark(load_script):
    return load_script(FOLDER / "run.py")


def test_every_size_is_stored_with_the_settings_of_the_script(benchmark):
    stored = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    assert stored["settings"] == benchmark.SETTINGS
    results = datasets.load_results("retrieval")  # which checks the rows' hash
    views = benchmark.SETTINGS["expansions"]
    for (_, n_items), rows in results.groupby(["kind", "items"]):
        assert (rows["method"] == "exact").sum() == 1
        assert rows["expansion"].dropna().tolist() == [view for view in views if view <= n_items]
    sizes = results.groupby("kind")["items"].unique()
    assert sizes["real"].tolist() == [*map(int, benchmark.SETTINGS["real_cores"])]
    assert sizes["simulated"].tolist() == benchmark.SETTINGS["simulated_items"]


def test_more_in_view_misses_fewer_and_the_search_of_everything_none():
    results = datasets.load_results("retrieval")
    assert (results.loc[results["method"] == "exact", "recall_at_10"] == 1).all()
    for _, rows in results[results["method"] == "index"].groupby(["kind", "items"]):
        assert rows["recall_at_10"].is_monotonic_increasing
    assert (results["score_kept"] >= results["recall_at_10"] - 1e-9).all()


def test_the_crossing_lies_where_the_texts_say():
    results = datasets.load_results("retrieval")
    exact = results[results["method"] == "exact"].set_index("items")["cpu_ms"]
    good = results[(results["method"] == "index") & (results["recall_at_10"] >= 0.95)]
    ratio = exact / good.groupby("items")["cpu_ms"].first()
    assert (ratio[ratio.index <= 10_000] < 0.9).all()
    assert (ratio[ratio.index >= 30_000] > 1.1).all()


def test_a_simulated_item_is_a_real_one_moved_a_little(benchmark):
    item = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor(
        [1, 2, 3, 4]
    )
    found = benchmark.simulated(item, 2000)
    nearest = torch.cdist(found / item.std(dim=0), item / item.std(dim=0)).amin(dim=1)
    assert found.shape == (2000, 4)
    assert 0.4 < nearest.mean() < 0.6  # 0.3 * sqrt(4), less where another real one is nearer


def test_updates_of_the_stored_session_keep_to_50_ms():
    stored = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    assert stored["session"]["cpu_ms_p99"] <= stored["session"]["wall_ms_p99"] < 50
