"""What every lesson has, whoever wrote it: its parts, in order, within their limits."""

import re
import statistics

import editions
import nbformat
import pytest
from build import MOST_BYTES

ROOT = editions.HERE.parent
SOURCES = editions.sources([])
STORED = sorted(editions.HERE.glob("*.ipynb")) + sorted(editions.SOLUTIONS.glob("*.ipynb"))
IN_ORDER = (
    "# ",
    "**You will be able to**",
    "## Warm-up",
    "**Predict.**",
    "<b>Explain</b>",
    "## Exercises",
    "## Quiz",
    "## What to remember",
    "**Common mistakes**",
    "**Glossary words:**",
    "**Where next**",
    "**References**",
)
NEVER_IN_CODE = ("sys.path", "!pip", "%pip", "open(", "pyplot", "read_csv", "http://", "https://")


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
def source(request):
    """The text of a lesson's source."""
    return request.param.read_text(encoding="utf-8")


@pytest.fixture
def lesson(source):
    """The solutions edition of a lesson, not executed: it has every cell."""
    return editions.edition(source, solved=True)


@pytest.fixture
def learners(source):
    """The learner's edition of a lesson, not executed."""
    return editions.edition(source, solved=False)


@pytest.fixture(params=STORED, ids=lambda path: str(path.relative_to(editions.HERE)))
def stored(request):
    """A stored notebook of either edition, with its outputs."""
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def words(text):
    without_markup = re.sub(r"<[^>]+>|\]\([^)]*\)|[*_`#|$]", " ", text)
    return [word for word in without_markup.split() if re.search(r"\w", word)]


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


def test_there_are_lessons_and_both_their_editions_are_stored():
    assert len(SOURCES) >= 5
    assert len(STORED) == 2 * len(SOURCES)


def test_the_stored_notebooks_match_their_sources():
    assert editions.check(SOURCES) == []


def test_a_lesson_is_short(lesson, learners):
    assert len(lesson.cells) <= 40
    assert len(words(prose(learners))) <= 1000


def test_code_cells_are_short(lesson):
    lengths = [len(lines(cell)) for cell in code_cells(lesson)]
    assert max(lengths) <= 20
    assert statistics.median(lengths) <= 6


def test_a_lesson_has_its_parts_in_order(learners):
    text = prose(learners)
    places = [text.find(part) for part in IN_ORDER]
    assert -1 not in places, f"missing: {[p for p in IN_ORDER if p not in text]}"
    assert places == sorted(places)
    assert re.match(r"# (\d+|Case)\. .*\n", learners.cells[0].source)
    assert re.search(r"\d+ minutes", learners.cells[0].source)
    assert "Prerequisite" in learners.cells[0].source
    assert 3 <= len(re.findall(r"^\* ", text[places[1] : places[2]], re.M)) <= 4


def test_a_lesson_has_one_cell_of_parameters_notes_for_the_presenter_and_a_guard(lesson):
    assert len(tagged(lesson, "parameters")) == 1
    assert tagged(lesson, "presenter")
    assert lesson.cells[-1] in tagged(lesson, "guard")
    assert "assert" in lesson.cells[-1].source


def test_a_question_comes_before_what_answers_it(learners):
    text = prose(learners)
    assert text.count("**Predict.**") >= 1
    assert text.count("<b>Explain</b>") >= text.count("**Predict.**")
    assert text.count("<details>") == text.count("</details>")
    for fold in re.findall(r"<details>.*?</summary>(.*?)</details>", text, re.S):
        assert fold.startswith("\n\n"), f"an empty line must follow the summary of: {fold[:60]}"
        assert fold.endswith("\n\n"), f"an empty line must come before the end of: {fold[:60]}"


def test_each_exercise_has_a_stub_and_a_check_right_after_it(lesson):
    exercises = tagged(lesson, "solution")
    assert 2 <= len(exercises) <= 3
    for exercise in exercises:
        following = lesson.cells[lesson.cells.index(exercise) + 1]
        assert following.source.startswith("checks.check_")
        assert "# checks.hint(" in following.source


def test_each_stub_differs_from_its_solution(lesson, learners):
    for solution, stub in zip(
        tagged(lesson, "solution"), tagged(learners, "solution"), strict=True
    ):
        assert "..." in stub.source
        assert solution.source != stub.source


def test_a_quiz_has_one_right_option_a_question_and_a_reason_for_each(learners):
    quiz = prose(learners).partition("## Quiz")[2].partition("## What to remember")[0]
    questions = re.split(r"^\*\*\d\. ", quiz, flags=re.M)[1:]
    assert 3 <= len(questions) <= 4
    for question in questions:
        reasons = re.findall(r"</summary>\s*(\w+):\s*(.*?)</details>", question, re.S)
        assert len(reasons) == question.count("<summary>") >= 3
        assert [verdict for verdict, _ in reasons].count("Yes") == 1
        assert {verdict for verdict, _ in reasons} == {"Yes", "No"}
        assert all(len(words(reason)) >= 4 for _, reason in reasons)


def test_every_glossary_word_is_in_the_glossary(learners):
    line = re.search(r"\*\*Glossary words:\*\* (.*)", prose(learners))[1]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Glossary")[2]
    known = {term.casefold() for term in re.findall(r"\*\*(.+?)\*\*", readme)}
    wanted = re.findall(r"\*(.+?)\*", line)
    assert wanted
    assert [word for word in wanted if word.casefold() not in known] == []


def test_code_reaches_for_nothing_outside_the_course(lesson):
    code = "\n".join(cell.source for cell in code_cells(lesson))
    assert [word for word in NEVER_IN_CODE if word in code] == []
    assert not re.search(r"^\s*[!%]", code, re.M)
    assert not re.search(r"import \*", code)


def test_only_a_widget_is_exempt_from_comparison_and_it_has_words_beside_it(lesson):
    for cell in tagged(lesson, "nbval-ignore-output"):
        assert "widgets." in cell.source
        following = lesson.cells[lesson.cells.index(cell) + 1]
        assert following.source.startswith("*Without a kernel:*")
    exempt = {"nbval-skip", "nbval-raises-exception", "raises-exception"}
    assert not [c for c in lesson.cells if exempt & set(c.metadata.get("tags", []))]
    assert "NBVAL" not in str(lesson)


def test_a_lesson_has_one_or_two_widgets_and_its_guard_moves_them(lesson):
    panels = tagged(lesson, "nbval-ignore-output")
    assert 1 <= len(panels) <= 2
    for panel in panels:
        name = lines(panel)[-1].strip()
        assert name.isidentifier()
        assert name in lesson.cells[-1].source


def test_a_stored_notebook_carries_no_widget_state_and_no_time(stored):
    assert set(stored.metadata) == {"kernelspec", "language_info"}
    for cell in stored.cells:
        assert set(cell.metadata) <= {"tags", "jupyter", "slideshow"}


def test_a_stored_notebook_was_run_to_its_end_without_a_warning(stored):
    outputs = [output for cell in code_cells(stored) for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    counts = [cell.execution_count for cell in code_cells(stored)]
    assert counts == list(range(1, len(counts) + 1))


def test_a_stored_picture_has_an_alternative_text_and_shows_it(stored):
    for cell in code_cells(stored):
        for place, output in enumerate(cell.outputs):
            if "image/png" in output.get("data", {}):
                description = output.metadata["image/png"]["alt"]
                assert len(description.split()) >= 8
                assert description in cell.outputs[place + 1].data["text/markdown"]


@pytest.mark.parametrize("path", STORED, ids=lambda path: str(path.relative_to(editions.HERE)))
def test_a_stored_notebook_is_small_enough_to_be_drawn(path):
    assert path.stat().st_size <= MOST_BYTES


def test_the_stored_first_lesson_ran_on_a_sound_machine():
    first = nbformat.read(editions.HERE / "00_start_here.ipynb", as_version=4)
    report = code_cells(first)[0].outputs[0].text
    assert report.count("PASS") >= 6
    assert "FAIL" not in report
