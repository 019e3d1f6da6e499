"""From the source of a lesson to the sheet that learners hand in: its exercises, and their needs.

A sheet holds no solution, and nothing in it is trusted when it comes back.
"""

import ast
import symtable
from pathlib import Path
from typing import NamedTuple

import editions
import jupytext
import nbformat
from nbformat import NotebookNode

from mtl_course.checks.lessons import Lesson

ANSWER, MARK = "answer-", "mark-"  # how the cells are called, before the exercise's name
POINTS = 1  # of an exercise
CHECK = "checks.check_"
HOW_TO = """Write your answers in place of the `...`, run the cell below each, and hand in this
notebook. You may add cells. What the checks say here is for you; for your mark everything that you
wrote runs anew from the first cell on, where there is no network, and the answers are judged there.
"""


class Sheet(NamedTuple):
    """What is handed out, and what a grader must know of it."""

    name: str  # "04_weighted_loss"
    lesson: Lesson
    notebook: NotebookNode
    answers: dict[str, str]  # exercise -> the name that its answer has in the cells


def sheet(source: Path) -> Sheet:
    """The sheet of the lesson with this source.

    Raises:
        ValueError: its exercises are not those of its judge, each with an answer and a check.
    """
    cells = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent").cells
    lesson = editions.lesson_of(source.stem)
    judged = [exercise.name for exercise in lesson.exercises]
    answers, asked, needed = {}, [], set()
    for number, cell in enumerate(cells):
        if "solution" in cell.metadata.get("tags", []):
            exercise, answer = checked(cells[number + 1].source)
            if exercise not in judged:  # the capstone's submission is scored in its own way, once
                continue
            answers[exercise] = answer
            asked.append((exercise, number))
            needed |= names(cell.source)[1] | names(cells[number + 1].source)[1]
    if list(answers) != judged:
        raise ValueError(
            f"{source.name} must check the exercises of its judge in their order; "
            f"found {list(answers)}."
        )
    made = [editions.new_cell("markdown", _title(lesson), [])]
    behind = _behind(cells[: asked[0][1]], needed)
    made += [editions.new_cell("code", cell.source, []) for cell in behind]
    for exercise, number in asked:
        text, solution, check = cells[number - 1 : number + 2]
        made.append(
            editions.new_cell("markdown", text.source.replace("## Exercises", "").strip(), [])
        )
        answer = editions.new_cell("code", editions.stubbed(solution.source), ["solution"])
        answer.metadata["nbgrader"] = _kept(ANSWER + exercise, grade=False)
        mark = editions.new_cell("code", check.source, [])
        mark.metadata["nbgrader"] = _kept(MARK + exercise, grade=True)
        made += [answer, mark]
    for number, cell in enumerate(made):
        cell.id = f"{cell.id}-{number}"
    notebook = nbformat.v4.new_notebook(metadata=editions.METADATA, cells=made)
    return Sheet(source.stem, lesson, notebook, answers)


def checked(code: str) -> tuple[str, str]:
    """The exercise that a cell checks, and its answer's name: `checks.check_EXERCISE(NAME)`.

    Raises:
        ValueError: the cell begins with anything else.
    """
    first = ast.parse(code).body[0]
    call = ast.unparse(first)
    exercise, _, rest = call.removeprefix(CHECK).partition("(")
    if not call.startswith(CHECK) or not rest.removesuffix(")").isidentifier():
        raise ValueError(f"An exercise ends in `{CHECK}…(its answer)`; found `{call}`.")
    return exercise, rest.removesuffix(")")


def names(code: str) -> tuple[set[str], set[str]]:
    """The names that a cell binds for the cells after it, and those that it takes from before."""
    scopes = [symtable.symtable(code, "cell", "exec")]
    bound = {
        one.get_name() for one in scopes[0].get_symbols() if one.is_assigned() or one.is_imported()
    }
    read = set()
    while scopes:
        scope = scopes.pop()
        scopes += scope.get_children()
        top = scope.get_type() == "module"
        read |= {
            one.get_name()
            for one in scope.get_symbols()
            if one.is_referenced() and (top or one.is_global())
        }
    return bound, read


def _behind(cells: list[NotebookNode], needed: set[str]) -> list[NotebookNode]:
    """Those cells before the exercises that bind what these need, and what they need, in order."""
    code = [
        cell
        for cell in cells
        if cell.cell_type == "code" and "solution" not in cell.metadata.get("tags", [])
    ]
    kept, needed = [], set(needed)
    for cell in reversed(code):
        bound, read = names(cell.source)
        if bound & needed:
            kept.append(cell)
            needed |= read
    return kept[::-1]


def _title(lesson: Lesson) -> str:
    return f"# {lesson.key}. {lesson.title}: the exercises\n\n{HOW_TO}"


def _kept(grade_id: str, grade: bool) -> dict[str, object]:
    """What nbgrader notes with a cell."""
    noted = {"grade": grade, "solution": not grade, "locked": grade, "task": False}
    return (
        noted | {"grade_id": grade_id, "schema_version": 3} | ({"points": POINTS} if grade else {})
    )
