import json
from pathlib import Path

import build
import editions
import pytest

ROOT = Path(editions.HERE).parent
SOURCES = editions.sources([])
LESSON = """# %% [markdown]
# # 0. A title

# %% tags=["solution"]
# How many?
# stub: count = ...
# stub: # a second line
count = 3
print(count)
# end
after = 1

# %% tags=["solution"]
def double(value):
    # stub: return ...
    return 2 * value

# %% [markdown] tags=["presenter"]
# Five minutes.

# %% tags=["guard"]
assert after == 1

# %% tags=["guard"]
assert after == 1
"""


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A course of one lesson in a folder of its own, built without being executed."""
    for module in (build, editions):
        monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(editions, "SOURCES", tmp_path / "source")
    monkeypatch.setattr(editions, "SOLUTIONS", tmp_path / "solutions")
    source = tmp_path / "source" / "00_title.py"
    source.parent.mkdir()
    source.write_text(LESSON, encoding="utf-8")
    for solved in (False, True):
        notebook = editions.edition(LESSON, solved)
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                cell.execution_count = number
        build.write(notebook, editions.stored_at(source, solved))
    return tmp_path


def code(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_the_learner_gets_the_stub_in_place_of_the_solution():
    cells = code(editions.edition(LESSON, solved=False))
    assert cells[0] == "# How many?\ncount = ...\n# a second line\nafter = 1"
    assert cells[1] == "def double(value):\n    return ..."


def test_the_solutions_edition_has_the_solution_and_no_trace_of_the_stub():
    cells = code(editions.edition(LESSON, solved=True))
    assert cells[0] == "# How many?\ncount = 3\nprint(count)\nafter = 1"
    assert cells[1] == "def double(value):\n    return 2 * value"


def test_the_presenters_notes_are_absent_from_the_learners_edition():
    learner, solutions = (editions.edition(LESSON, solved) for solved in (False, True))
    assert "Five minutes." not in str(learner)
    assert [c.source for c in solutions.cells if "slideshow" in c.metadata] == ["Five minutes."]


def test_cell_ids_are_unique_and_stay_when_another_cell_changes():
    ids = [cell.id for cell in editions.edition(LESSON, solved=True).cells]
    edited = LESSON.replace("A title", "Another title")
    assert len(set(ids)) == len(ids)  # the two guard cells are the same text
    assert [cell.id for cell in editions.edition(edited, solved=True).cells][1:] == ids[1:]


def test_what_was_just_built_has_not_drifted(house):
    assert editions.check([house / "source" / "00_title.py"]) == []


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda nb: nb["cells"][1].update(source="count = 4"), "cell 1, source"),
        (lambda nb: nb["cells"][1].update(execution_count=None), "without having been run"),
        (lambda nb: nb["cells"][1]["metadata"].update(tags=[]), "cell 1, metadata"),
        (lambda nb: nb["cells"][0].update(id="other"), "cell 0, id"),
        (lambda nb: nb["cells"].pop(), "4 cells stored, 5 in the source"),
        (lambda nb: nb["metadata"].update(widgets={}), "notebook metadata"),
    ],
)
def test_drift_is_found_wherever_it_is(house, spoil, found):
    path = house / "solutions" / "00_title.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"] = notebook["cells"][:5]
    (house / "source" / "00_title.py").write_text(
        LESSON[: LESSON.rindex("# %% tags")], encoding="utf-8"
    )
    spoil(notebook)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert any(
        problem.startswith("solutions") and found in problem
        for problem in editions.check(editions.sources([]))
    )


def test_a_notebook_that_is_missing_or_has_no_source_is_drift(house):
    (house / "00_title.ipynb").rename(house / "01_stray.ipynb")
    problems = editions.check(editions.sources([]))
    assert problems == ["00_title.ipynb is missing", "01_stray.ipynb has no source"]


def test_a_notebook_too_large_to_read_is_refused_and_the_old_one_kept(house, monkeypatch):
    path = house / "00_title.ipynb"
    before = path.read_bytes()
    monkeypatch.setattr(build, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match=r"must stay under 1000 bytes; found \d+"):
        build.write(editions.edition(LESSON, solved=False), path)
    assert path.read_bytes() == before
    assert not list(house.rglob("*.partial"))


def test_an_unknown_lesson_is_named():
    with pytest.raises(ValueError, match=r"one of \['00_start_here'.*found \['99_none'\]"):
        editions.sources(["99_none"])


def test_a_slow_lesson_and_a_slow_cell_are_named():
    quick = build.Run("a", 44.0, 14.0, "fit()")
    slow_cell = build.Run("b", 44.0, 16.0, "sweep()")
    slow = build.Run("c", 46.0, 14.0, "fit()")
    assert build.too_slow([quick, slow_cell, slow]) == [
        "b takes 44.0 s (may take 45) and its slowest cell 16.0 s (may take 15): sweep()",
        "c takes 46.0 s (may take 45) and its slowest cell 14.0 s (may take 15): fit()",
    ]
    assert build.too_slow([slow_cell, slow], margin=1.1) == []


def test_cases_come_after_the_numbered_lessons(house):
    (house / "source" / "case_films.py").write_text(LESSON, encoding="utf-8")

    assert [path.stem for path in editions.sources([])] == ["00_title", "case_films"]
    assert [editions.is_case(path) for path in editions.sources([])] == [False, True]


def test_a_lesson_that_had_not_its_data_is_not_stored(house, monkeypatch):
    path = house / "00_title.ipynb"
    before = path.read_bytes()
    monkeypatch.setattr(build, "execute", lambda *_: build.Run("a", 1.0, 1.0, "fit()"))

    with pytest.raises(ValueError, match=r"00_title\.ipynb is left as it was.*MTL_COURSE_DATA"):
        build.build([house / "source" / "00_title.py"])
    assert path.read_bytes() == before


def test_a_kernel_finds_the_data_from_another_folder(monkeypatch):
    monkeypatch.setenv("MTL_COURSE_DATA", "shared/data")
    assert build.kernel_environment()["MTL_COURSE_DATA"] == str(Path.cwd() / "shared" / "data")

    monkeypatch.delenv("MTL_COURSE_DATA")
    assert "MTL_COURSE_DATA" not in build.kernel_environment()
