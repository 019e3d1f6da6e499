"""Every notebook of both editions, run again from top to bottom, its outputs compared."""

import json
import os
import re
import subprocess
import sys
import tempfile

import build
import editions
import matplotlib
import nbformat
import platformdirs
import pytest
from build import kernel_environment

from mtl_course.downloads import PLACE

ROOT = editions.HERE.parent
BUSY = 1.5  # times as many CPU seconds as on a quiet machine, where two kernels share the cores
OWN = platformdirs.user_data_path("mtl_course", appauthor=False)
FOLDER = "from mtl_course import locker"
ALL = sorted(editions.HERE.glob("*.ipynb")) + sorted(editions.SOLUTIONS.glob("*.ipynb"))
CASES = [path for path in ALL if editions.is_case(path)]
# a case runs where its data are, as the tests do that reproduce published tables
STORED = [path for path in ALL if os.environ.get(PLACE) or path not in CASES]


def nbval(*arguments):
    """Runs nbval strictly in processes of its own, whose kernels are this Python's."""
    with tempfile.TemporaryDirectory() as homes:
        own = {"MTL_COURSE_HOME": homes, "PYTHONPATH": str(ROOT / "tests")}
        return subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(ROOT)),
                *("-p", "no:cacheprovider", "-p", "own_homes"),
                *("-q", "--nbval", "--nbval-current-env"),
                *("--nbval-sanitize-with", str(ROOT / "tests" / "nbval_sanitize.cfg")),
                *map(str, arguments),
            ],
            env={**kernel_environment(), **own},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )


def a_notebook(path, code, stored):
    output = nbformat.v4.new_output("stream", name="stdout", text=stored)
    cell = nbformat.v4.new_code_cell(code, outputs=[output], execution_count=1)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=editions.METADATA), path)
    return path


def timed(monkeypatch, folder):
    """What to give nbval so that it leaves the CPU seconds of every cell in `folder`."""
    monkeypatch.setenv("KERNEL_SECONDS", str(folder))
    return "-p", "kernel_seconds"


def runs_in(folder):
    cells = {}
    for file in folder.glob("*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            path, seconds, source = json.loads(line)
            cells.setdefault(path, []).append((seconds, source.partition("\n")[0]))
    return [
        build.Run(path, sum(seconds for seconds, _ in cells[path]), *max(cells[path]))
        for path in sorted(cells)
    ]


def test_every_notebook_runs_again_to_the_stored_outputs_in_time(capsys, monkeypatch, tmp_path):
    subprocess.run(
        [sys.executable, "-c", "import matplotlib.font_manager"], check=True
    )  # its cache
    exempt = [
        f"{path.relative_to(editions.HERE)}: {cell.source.splitlines()[-1]}"
        for path in STORED
        for cell in nbformat.read(path, as_version=4).cells
        if "nbval-ignore-output" in cell.metadata.get("tags", [])
    ]

    found = nbval(*STORED, "-n", "2", "--dist", "loadfile", *timed(monkeypatch, tmp_path))
    runs = runs_in(tmp_path)

    with capsys.disabled():
        print("\nnbval compares every output but pictures and these widget cells:")
        print("\n".join(exempt))
        print("CPU seconds of each notebook, and of its slowest cell:")
        for run in runs:
            name = os.path.relpath(run.name, editions.HERE)
            print(f"{run.seconds:6.1f}  {name:45} {run.slowest:5.1f}  {run.slowest_cell}")
        print("\n".join(build.too_slow(runs)) or "Each is within its time.")
        print(found.stdout.splitlines()[-1])
    assert found.returncode == 0, found.stdout + found.stderr
    assert re.search(r"\d+ passed", found.stdout)
    assert [run.name for run in runs] == sorted(map(str, STORED))
    assert not build.too_slow(runs, margin=BUSY)


@pytest.mark.parametrize(
    ("code", "stored", "passes"),
    [
        ("print(1 + 1)", "2\n", True),
        ("print(1 + 1)", "3\n", False),
        ("import warnings; print(2); warnings.warn('late')", "2\n", False),
        ("import sys; print(sys.executable)", f"{sys.executable}\n", True),
        (f"{FOLDER}; print(str(locker.folder()).startswith({str(OWN)!r}))", "False\n", True),
    ],
    ids=["the same", "another number", "a warning", "this Python's kernel", "a folder of its own"],
)
def test_the_comparison_can_fail(tmp_path, code, stored, passes):
    found = nbval(a_notebook(tmp_path / "one.ipynb", code, stored))
    assert (found.returncode == 0) == passes, found.stdout


def test_every_notebook_has_a_learners_folder_that_is_new(tmp_path):
    code = f"{FOLDER}\nprint(locker.read('mine'))\nwhere = locker.write('mine', {{}})"
    notebooks = [a_notebook(tmp_path / f"{name}.ipynb", code, "None\n") for name in ("one", "two")]
    for found in (nbval(*notebooks), nbval(*notebooks)):
        assert found.returncode == 0, found.stdout


def test_the_time_of_a_cell_is_what_its_kernel_computes_and_not_what_it_waits(
    tmp_path, monkeypatch
):
    spin = "import time\nwhile time.process_time() < START + 0.5: pass"
    cells = [
        nbformat.v4.new_code_cell(code, execution_count=1)
        for code in (
            "time = __import__('time'); START = time.process_time()",
            spin,
            "time.sleep(1)",
        )
    ]
    path = tmp_path / "one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=editions.METADATA), path)

    found = nbval(path, *timed(monkeypatch, tmp_path))

    assert found.returncode == 0, found.stdout
    (run,) = runs_in(tmp_path)
    assert run.slowest_cell == "import time"
    assert 0.4 < run.slowest <= run.seconds < 1


def executed(*cells):
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    notebook = nbformat.v4.new_notebook(cells=made, metadata=editions.METADATA)
    return notebook, build.execute(notebook, "one")


def test_a_build_runs_this_python_headless_and_keeps_no_widget_and_no_time():
    notebook, run = executed(
        "import os, sys, time\nprint(sys.executable, os.environ['COURSE_HEADLESS'])",
        "time.sleep(0.2)",
        "import ipywidgets\nipywidgets.IntSlider()",
    )

    assert notebook.cells[0].outputs[0].text == f"{sys.executable} 1\n"
    assert list(notebook.cells[2].outputs[0].data) == ["text/plain"]
    assert notebook.metadata == editions.METADATA
    assert not any("execution" in cell.metadata for cell in notebook.cells)
    assert 0.2 <= run.slowest <= run.seconds
    assert run.slowest_cell in ("time.sleep(0.2)", "import ipywidgets")


def test_a_build_gives_every_notebook_a_learners_folder_that_is_new():
    for _ in range(2):
        notebook, _ = executed(
            f"{FOLDER}\nprint(locker.read('mine'), str(locker.folder()).startswith({str(OWN)!r}))",
            "where = locker.write('mine', {})",
        )
        assert notebook.cells[0].outputs[0].text == "None False\n"


def test_a_build_keeps_no_bar_of_a_sweep_that_will_not_move_again():
    notebook, _ = executed(
        "from mtl_course import training\nlist(training.progress_bar(range(3)))",
        "import inspect\nbar = inspect.signature(training.sweep_weights).parameters['progress']\n"
        "bar.default is training.progress_bar",
    )

    assert [output.data for output in notebook.cells[0].outputs] == [{"text/plain": "[0, 1, 2]"}]
    assert [output.data for output in notebook.cells[1].outputs] == [{"text/plain": "True"}]


def test_a_build_refuses_a_warning():
    with pytest.raises(ValueError, match="wrote to stderr"):
        executed("import warnings\nwarnings.warn('late')")


@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.relative_to(editions.HERE)))
def test_without_its_data_a_case_says_one_sentence_and_ends_quietly(path, monkeypatch, tmp_path):
    monkeypatch.setenv("MPLCONFIGDIR", matplotlib.get_cachedir())  # fonts need not be listed anew
    monkeypatch.setenv(PLACE, str(tmp_path))
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):  # nor has this user downloaded them
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nor is there a network
    monkeypatch.delenv("NO_PROXY", raising=False)
    notebook = nbformat.read(path, as_version=4)

    build.execute(notebook, path.name)  # no cell fails, none warns

    (looks,) = [cell for cell in notebook.cells if "let_cells_rest" in cell.source]
    (said,) = looks.outputs
    assert said.text.startswith("'ml-100k/")
    assert f"must lie in the folder that {PLACE} names" in said.text
    assert said.text.count("\n") == 1
    below = notebook.cells[notebook.cells.index(looks) + 1 :]
    assert len(below) > 10
    assert not any(cell.get("outputs") for cell in below)
    with pytest.raises(ValueError, match="is left as it was"):
        build.refuse_what_rested(notebook, path.name)


def test_there_is_a_case():
    assert CASES
