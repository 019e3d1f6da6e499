"""The census's table: what is stored, and how a training ends."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from mtl_course import census, datasets, losses, metrics
from mtl_course.interactions import Interactions, Split, take

ROOT = Path(__file__).parents[1]
AUCS = [f"auc_{task}" for task in census.TASKS]


@pytest.fixture(scope="module")
def benchmark(load_script):
    return load_script(ROOT / "benchmarks/census/run.py")


@pytest.fixture
def small(benchmark, monkeypatch):
    """400 people whose only telling answer is a category, and whose labels are part luck."""
    generator = torch.Generator().manual_seed(0)
    categories = torch.randint(4, (400, 2), generator=generator)
    chance = torch.tensor([0.1, 0.3, 0.7, 0.9])[categories[:, :1]].expand(-1, 2)
    answers = census.Answers(categories, torch.zeros(400, 1), (4, 4))
    log = people_with(torch.bernoulli(chance, generator=generator))
    rows = torch.arange(400).split([200, 100, 100])
    monkeypatch.setitem(benchmark.SETTINGS, "batch_size", 50)
    return answers, Split(*(take(log, part) for part in rows))


def people_with(labels):
    return Interactions(
        user=torch.arange(len(labels)),
        item=torch.zeros(len(labels), dtype=torch.int64),
        labels=labels,
        observed=torch.ones(labels.shape, dtype=torch.bool),
        tasks=census.TASKS,
        n_users=len(labels),
        n_items=1,
    )


@pytest.mark.parametrize("name", ["shared bottom", "MMoE", "CGC", "PLE"])
def test_a_training_ends_ten_epochs_after_its_best_and_keeps_the_best(benchmark, small, name):
    answers, split = small
    torch.manual_seed(0)
    model = benchmark.MODELS[name][0](answers, 2)

    fit = benchmark.fitted(model, split, seed=0)

    kept = benchmark.logits_of(model, split.validation)
    found = losses.task_losses(kept, split.validation).sum()
    assert_close(found.item(), fit.validation_loss)
    assert_close(fit.logits, benchmark.logits_of(model, split.test))
    assert 11 <= fit.epochs < 100
    # one that had ended at the best epoch is the very same, so the ten in vain are forgotten
    torch.manual_seed(0)
    again = benchmark.MODELS[name][0](answers, 2)
    benchmark.SETTINGS["most_epochs"], most = fit.epochs - 10, benchmark.SETTINGS["most_epochs"]
    try:
        shorter = benchmark.fitted(again, split, seed=0)
    finally:
        benchmark.SETTINGS["most_epochs"] = most
    assert shorter.epochs == fit.epochs - 10
    assert_close(shorter.logits, fit.logits, rtol=0, atol=0)
    assert metrics.auc(fit.logits[:, 0], split.test.labels[:, 0]) > 0.7  # chance: 0.5


def test_a_row_of_single_tasks_is_two_trainings_that_never_met(benchmark, small):
    answers, split = small

    alone = benchmark.measured("single task", answers, split, seed=0)
    labels = split.train.labels.clone()
    labels[:, 1] = 1 - labels[:, 1]
    upset = Split(replace(split.train, labels=labels), *split[1:])
    other = benchmark.measured("single task", answers, upset, seed=0)

    assert alone[AUCS[0]] == other[AUCS[0]]
    assert alone[AUCS[1]] > 0.7 > 0.3 > other[AUCS[1]]
    together = benchmark.measured("shared bottom", answers, split, seed=0)
    assert alone["parameters"] > together["parameters"]


def test_the_wide_bottom_is_as_large_as_the_mixture(benchmark, small):
    answers, split = small
    sizes = {
        name: sum(p.numel() for p in make(answers, 2).parameters())
        for name, (make, _) in benchmark.MODELS.items()
    }
    assert abs(sizes["wide shared bottom"] / sizes["MMoE"] - 1) < 0.02
    assert sizes["shared bottom"] < sizes["MMoE"] / 2
    assert split.train.tasks == census.TASKS


def test_a_result_that_was_changed_or_is_missing_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "_benchmarks_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"missing\. `python benchmarks/census/run.py`"):
        datasets.load_results("census")

    stored = json.loads((ROOT / "benchmarks/census/results.json").read_text(encoding="utf-8"))
    stored["rows"][0]["seed"] += 1
    (tmp_path / "census").mkdir()
    (tmp_path / "census" / "results.json").write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(ValueError, match="must have the SHA-256 that the file records"):
        datasets.load_results("census")


def test_an_installed_course_has_the_results_under_its_prefix(tmp_path, monkeypatch):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "lib" / "mtl_course" / "datasets.py"))
    monkeypatch.setattr(datasets.sys, "prefix", str(tmp_path))
    place = tmp_path / shared["benchmarks/census/results.json"]
    place.parent.mkdir(parents=True)
    place.write_bytes((ROOT / "benchmarks/census/results.json").read_bytes())

    assert len(datasets.load_results("census")) >= 60


def test_the_stored_table_was_made_with_these_settings_and_no_other(benchmark):
    assert (
        benchmark.read()["rows"]
        == json.loads(benchmark.RESULTS.read_text(encoding="utf-8"))["rows"]
    )


def test_other_settings_begin_a_table_of_their_own(benchmark, monkeypatch):
    assert benchmark.read()["rows"]
    monkeypatch.setitem(benchmark.SETTINGS, "hidden", 17)
    assert benchmark.read()["rows"] == []


def test_the_stored_table_has_ten_seeds_of_every_model_in_both_protocols(benchmark):
    results = datasets.load_results("census")
    counts = results.groupby(["protocol", "model"])["seed"].nunique()

    assert set(counts.index) == {(p, m) for p in benchmark.PROTOCOLS for m in benchmark.MODELS}
    assert (counts >= 10).all()
    assert (results[AUCS] > 0.85).all(axis=None)  # chance: 0.5
