from datetime import datetime
from pathlib import Path

import build
import editions
import nbformat
import pytest
import reset

NOW = datetime(2026, 11, 24, 21, 5, 7)
SOURCE = """# %% [markdown]
# # 4. A title

# %% tags=["solution"]
# stub: count = ...
count = 3
"""


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """A course of two lessons, 04_one with both editions, in a folder of its own."""
    monkeypatch.setattr(editions, "HERE", tmp_path)
    monkeypatch.setattr(editions, "SOURCES", tmp_path / "source")
    monkeypatch.setattr(editions, "SOLUTIONS", tmp_path / "solutions")
    (tmp_path / "source").mkdir()
    for name in ("04_one", "05_two"):
        (tmp_path / f"source/{name}.py").write_text(SOURCE, encoding="utf-8")
    for solved in (False, True):
        target = editions.stored_at(tmp_path / "source/04_one.py", solved)
        build.write(editions.edition(SOURCE, solved), target)
    return tmp_path


def spoil(path: Path) -> bytes:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source = "count = 'mine'"
    nbformat.write(notebook, path)
    return path.read_bytes()


def code(path: Path) -> str:
    return nbformat.read(path, as_version=4).cells[1].source


def test_a_spoilt_notebook_is_as_shipped_again_and_the_learners_is_kept(course, capsys):
    spoilt = spoil(course / "04_one.ipynb")
    assert reset.main(["04"]) == 0
    assert code(course / "04_one.ipynb") == "count = ..."
    [copy] = (course / "kept").iterdir()
    assert copy.read_bytes() == spoilt
    assert f"kept/{copy.name}" in capsys.readouterr().out


def test_the_solved_edition_is_reset_by_its_folder(course):
    spoil(course / "solutions/04_one.ipynb")
    spoil(course / "04_one.ipynb")
    assert reset.main(["solutions/04_one.ipynb"]) == 0
    assert code(course / "solutions/04_one.ipynb") == "count = 3"
    assert code(course / "04_one.ipynb") == "count = 'mine'"


def test_two_resets_in_one_second_keep_two_copies(course):
    source = course / "source/04_one.py"
    spoilt = []
    for text in ("first", "second"):
        (course / "04_one.ipynb").write_text(text, encoding="utf-8")  # no notebook any more
        spoilt.append(text)
        reset.reset(source, False, NOW)
    kept = sorted((course / "kept").iterdir())
    assert [copy.name for copy in kept] == [
        "04_one_20261124-210507.ipynb",
        "04_one_20261124-210507_2.ipynb",
    ]
    assert [copy.read_text("utf-8") for copy in kept] == spoilt
    assert code(course / "04_one.ipynb") == "count = ..."


def test_a_notebook_that_is_as_shipped_is_left_alone(course, capsys):
    before = (course / "04_one.ipynb").read_bytes()
    assert reset.main(["04_one"]) == 0
    assert "nothing was done" in capsys.readouterr().out
    assert (course / "04_one.ipynb").read_bytes() == before
    assert not (course / "kept").exists()


def test_a_notebook_that_is_gone_comes_back(course, capsys):
    assert reset.main(["05"]) == 0
    assert "was missing" in capsys.readouterr().out
    assert code(course / "05_two.ipynb") == "count = ..."


def test_where_no_copy_can_be_kept_the_notebook_is_not_touched(course, capsys):
    spoilt = spoil(course / "04_one.ipynb")
    (course / "kept").write_text("no folder", encoding="utf-8")
    assert reset.main(["04"]) == 1
    assert "kept" in capsys.readouterr().err
    assert (course / "04_one.ipynb").read_bytes() == spoilt


@pytest.mark.parametrize("wanted", ["", "0", "06", "elsewhere/04", "../04", "source/04_one"])
def test_what_names_no_lesson_is_answered_with_those_there_are(course, capsys, wanted):
    spoilt = spoil(course / "04_one.ipynb")
    assert reset.main([wanted] if wanted else []) == 1
    assert "There are: 04_one, 05_two." in capsys.readouterr().err
    assert (course / "04_one.ipynb").read_bytes() == spoilt
