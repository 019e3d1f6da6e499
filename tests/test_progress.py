import json
import os
from pathlib import Path

import pytest

from mtl_course import locker
from mtl_course.checks import lesson_00, lesson_04, progress


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(locker.HOME, str(tmp_path / "home"))
    return tmp_path / "home"


def test_an_outcome_outlasts_the_kernel(capsys):
    lesson_00.check_share(3 / 8)
    lesson_00.check_surprise(lambda chance: 1 - chance)
    capsys.readouterr()
    lesson_00.progress()
    assert capsys.readouterr().out == "share: right\nsurprise: wrong\n"
    assert progress.best("00") == {"share": "right", "surprise": "wrong"}  # read from the disk


def test_what_was_right_once_stays_done():
    for outcome in ("wrong", "right", "wrong", "not attempted"):
        progress.keep("04", "slope", outcome)
    assert progress.best("04") == {"slope": "right"}


def test_an_exercise_is_done_in_its_own_lesson_alone():
    progress.keep("04", "rest", "right")  # lesson 07 has an exercise of that name too
    assert progress.best("07") == {}


def test_a_stub_leaves_nothing_behind(home):
    lesson_00.check_share(...)
    assert not home.exists()


def test_a_folder_that_cannot_be_written_to_is_said_and_the_verdict_stands(
    tmp_path, monkeypatch, capsys
):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(locker.HOME, str(tmp_path / "file"))
    lesson_00.check_share(3 / 8)
    said = capsys.readouterr().out
    assert said.startswith("Right (share).")
    assert "This is not kept for your next visit." in said
    assert locker.HOME in said
    lesson_00.progress()
    assert "cannot be read" in capsys.readouterr().out


def test_what_a_record_should_not_hold_is_passed_over(home):
    home.mkdir()
    odd = {"lessons": {"04": {"slope": "right", "rest": 3}, "05": "all of it"}, "version": 9}
    (home / "progress.json").write_text(json.dumps(odd), encoding="utf-8")
    assert progress.best("04") == {"slope": "right"}
    assert progress.best("05") == {}
    progress.keep("05", "mean", "wrong")
    assert json.loads((home / "progress.json").read_text("utf-8"))["version"] == 9  # left alone


def test_the_overview_counts_what_is_right_and_what_is_begun():
    lesson_04.check_rest(lambda *_: 7)
    lesson_04.check_front(lesson_04.FRONT.solution)
    found = progress.overview()
    rows = {row.lesson: row for row in found.rows}
    assert rows["04"] == ("04", "The weighted loss", 1, 1, 3)
    assert rows["00"].right == rows["00"].begun == 0
    assert [*rows] == sorted(rows)
    n_exercises = sum(row.n_exercises for row in found.rows)
    assert f"1 of {n_exercises} exercises are right." in repr(found)
    page = found._repr_html_()
    assert "1 of 3 right, 1 begun" in page
    assert "<progress max='3' value='1' aria-label='exercises right in lesson 04'>" in page


def test_every_lesson_has_the_title_of_its_notebook():
    sources = Path(__file__).parents[1] / "notebooks/source"
    for row in progress.overview().rows:
        [source] = [path for path in sources.glob("*.py") if path.stem.startswith(row.lesson)]
        first = source.read_text(encoding="utf-8").splitlines()[1]
        assert first.casefold().endswith(row.title.casefold()), (row.lesson, first)


def test_no_test_writes_into_the_home_of_whoever_runs_it(monkeypatch):
    monkeypatch.undo()
    assert os.environ[locker.HOME]
