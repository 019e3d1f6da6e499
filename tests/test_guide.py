import re

import editions
import guide
import pytest

NOTES = """# %% [markdown]
# # 4. A title
#
# A promise.
#
# **45 minutes.** Prerequisite: lesson 3.

# %% [markdown]
# ## Exercises
#
# **1.** How many?

# %% tags=["solution"]
# stub: count = ...
count = 3

# %% [markdown] tags=["presenter"]
# **Presenter's notes.** Warm-up 30 minutes, the rest
# 5, exercises and quiz 10.
#
# Ask before it: "Why?" Because.
#
# What breaks: nothing.
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "04_title.py"
    path.write_text(NOTES, encoding="utf-8")
    return path


@pytest.fixture(params=editions.sources([]), ids=lambda path: path.stem)
def lesson(request):
    return guide.told(request.param)


def test_the_guide_is_what_the_lessons_say(capsys):
    assert guide.main(["--check"]) == 0, capsys.readouterr()


def test_a_lesson_is_told_with_its_minutes_questions_and_answers(source):
    found = guide.told(source)
    assert (found.key, found.title, found.promise) == ("04", "4. A title", "A promise.")
    assert (found.planned, found.presented) == (45, 35)
    assert found.plan == "Warm-up 30 minutes, the rest 5, exercises and quiz 10."
    assert found.notes == ('Ask before it: "Why?" Because.', "What breaks: nothing.")
    assert found.exercises == (("How many?", "count = 3"),)


@pytest.mark.parametrize(
    "missing", ["exercises and quiz 10", '# Ask before it: "Why?" Because.', "What breaks:"]
)
def test_notes_that_lack_what_a_presenter_needs_are_refused(source, missing):
    source.write_text(NOTES.replace(missing, "#" * missing.startswith("#")), encoding="utf-8")
    with pytest.raises(ValueError, match="presenter's notes of 04_title need"):
        guide.told(source)


def test_the_parts_of_a_lesson_add_up_to_its_minutes(lesson):
    plan = re.split(r"\. [A-Z]", lesson.plan)[0]
    assert (
        sum(int(number) for number in re.findall(r" (\d+)(?= minutes|,|$|\.)", plan))
        == lesson.planned
    )


def test_a_presenter_has_every_answer(lesson):
    assert all(answer for _, answer in lesson.predictions)
    assert all(" Yes" in answer for _, answer in lesson.quiz)
    assert 3 <= len(lesson.quiz) <= 4
    assert 2 <= len(lesson.exercises) <= 3
    assert {name for name, _ in guide.mistakes(lesson.key)}


def test_the_routes_name_lessons_and_add_up():
    lessons = [guide.told(path) for path in editions.sources([])]
    seconds = {one.name: 2.0 for one in lessons}
    text = guide.guide(lessons, {"machine": "Here.", "seconds": seconds})
    route = next(line for line in text.splitlines() if line.startswith("| A 45-minute"))
    assert route == "| A 45-minute demonstration | 04 | 45 min | 37 min | 2 s |"
    keys = {one.key for one in lessons}
    for wanted in filter(None, guide.ROUTES.values()):
        assert set(wanted) <= keys | {"10"}


def test_a_lesson_whose_seconds_nobody_measured_is_named(tmp_path, monkeypatch, capsys):
    empty = tmp_path / "seconds.json"
    empty.write_text('{"machine": "Here.", "seconds": {}}', encoding="utf-8")
    monkeypatch.setattr(guide, "SECONDS", empty)
    assert guide.main(["--check"]) == 1
    assert "00_start_here" in capsys.readouterr().err
