import json
import os
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import ipywidgets
import pytest
from packaging.requirements import Requirement

from mtl_course import examinations

INSTALLED = {"numpy": "2.4.6", "torch": "2.13.0+cpu"}


def version(name):
    if name not in INSTALLED:
        raise metadata.PackageNotFoundError(name)
    return INSTALLED[name]


@pytest.mark.parametrize(
    ("found", "passed"),
    [((3, 10, 9), False), ((3, 11, 0), True), ((3, 13, 9), True), ((3, 14, 0), False)],
)
def test_python_must_be_one_that_the_pins_are_for(found, passed):
    finding = examinations.examine_python(found)

    assert finding.passed == passed
    assert finding.found == ".".join(map(str, found))


def test_a_build_of_torch_for_the_cpu_is_the_pinned_version():
    wanted = ["torch==2.13.0", "numpy==2.4.6"]
    assert examinations.examine_packages(wanted, version).passed


def test_another_version_and_a_missing_package_are_both_named():
    wanted = ["numpy==2.4.5", "torch>=2.9", "tqdm>=4,<5"]
    finding = examinations.examine_packages(wanted, version)

    assert not finding.passed
    assert finding.found == "numpy 2.4.6 instead of ==2.4.5, no tqdm"


def test_the_venv_of_make_is_held_to_the_pins(monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(examinations.CHECKOUT / ".venv"))
    wanted = list(map(Requirement, examinations.wanted_packages()))

    assert len(wanted) > 100
    assert {str(one.specifier)[:2] for one in wanted} == {"=="}
    assert any(one.name == "torch" for one in wanted)


def test_any_other_environment_is_held_to_the_ranges_without_the_extras(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    wanted = examinations.wanted_packages()

    assert "torch<3,>=2.9" in wanted
    asked = []
    examinations.examine_packages(wanted, lambda name: asked.append(name) or "1")
    assert "torch" in asked
    assert "pytest" not in asked


def test_an_examination_that_breaks_off_is_a_failure_with_its_reason_and_a_remedy():
    def broken():
        raise ModuleNotFoundError("No module named 'torch'")

    finding = examinations.attempted("threads", broken)

    assert finding.subject == "threads"
    assert not finding.passed
    assert finding.found == "ModuleNotFoundError: No module named 'torch'"
    assert finding.remedy == examinations.ANEW


def test_spoilt_data_are_told_as_they_were_found():
    assert examinations.examine_data([]).passed

    finding = examinations.examine_data(["`items.parquet` is missing."])
    assert not finding.passed
    assert finding.found == "`items.parquet` is missing."


def test_a_slider_that_does_not_answer_is_noticed():
    dead = SimpleNamespace(value=0.5, observe=lambda *_, **__: None, close=lambda: None)

    assert examinations.examine_slider(ipywidgets.FloatSlider).passed
    finding = examinations.examine_slider(lambda: dead)
    assert not finding.passed
    assert finding.found == "moved to 0.75, heard []"


def test_pages_need_both_extensions_beside_this_python(tmp_path):
    for name in examinations.PAGES[:1]:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "package.json").write_text("{}", encoding="utf-8")
    finding = examinations.examine_pages(tmp_path)

    assert not finding.passed
    assert finding.found == f"no anywidget in {tmp_path}"
    assert examinations.examine_pages(examinations.SHARE / "labextensions").passed


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ('{"@jupyterlab/apputils-extension:kernels-settings": {"commsOverSubshells": "%s"}}', True),
        ('{"@jupyterlab/apputils-extension:kernels-settings": {}}', False),
        ("{", False),
        (None, False),
    ],
)
def test_the_setting_must_be_there_and_readable(tmp_path, text, passed):
    path = tmp_path / "course.json"
    if text:
        path.write_text(text.replace("%s", "disabled"), encoding="utf-8")
    assert examinations.examine_settings(path).passed == passed


def test_the_setting_must_say_disabled(tmp_path):
    path = tmp_path / "disabled.json"
    kernels = {"commsOverSubshells": "perCommTarget"}
    settings = {"@jupyterlab/apputils-extension:kernels-settings": kernels}
    path.write_text(json.dumps(settings), encoding="utf-8")

    assert not examinations.examine_settings(path).passed


def test_the_course_ships_the_setting_it_asks_for():
    shipped = examinations.CHECKOUT / "share/jupyter/lab/settings/overrides.d/course.json"
    assert examinations.examine_settings(shipped).passed


@pytest.mark.parametrize(
    ("quota", "cores"), [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None)]
)
def test_a_container_may_grant_fewer_cores_than_there_are(tmp_path, quota, cores):
    path = tmp_path / "cpu.max"
    path.write_text(quota + "\n", encoding="utf-8")
    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()

    assert examinations.usable_cores(path) == (cores or allowed)
    assert examinations.usable_cores(Path(tmp_path, "none")) == allowed


@pytest.mark.parametrize(("n_threads", "passed"), [(1, True), (2, True), (3, False)])
def test_threads_may_not_outnumber_the_cores(n_threads, passed):
    assert examinations.examine_threads(n_threads, n_cores=2).passed == passed


@pytest.mark.parametrize(("free_bytes", "passed"), [(499_999_999, False), (500_000_000, True)])
def test_a_disk_that_is_nearly_full_fails(free_bytes, passed):
    finding = examinations.examine_disk(free_bytes)

    assert finding.passed == passed
    assert finding.expected == "has 500 MB free"
