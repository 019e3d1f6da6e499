"""How nbgrader makes, marks and returns the sheets: its steps, with ours where it trusts a kernel.

Left to itself, nbgrader runs a submission in a kernel and reads the mark from the outputs there,
which a submission can write as it likes. Here a submission's code is put into the sheet as it was
handed out, runs behind walls, and is judged in this process.
"""

from pathlib import Path

import editions
import nbformat
import sheets
from judging import CellRun, Report, report
from limits import LIMITS
from nbformat import NotebookNode
from nbgrader import preprocessors as steps
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets.config import Config

from mtl_course.checks.lessons import LABELS
from mtl_course.checks.verdicts import Verdict

RELEASE = "release"  # nbgrader's folder of what was handed out


class PutInSheet(NbGraderPreprocessor):
    """The sheet as it was handed out, with the code that came back in the places for it.

    Nothing else of a submission is kept: no output, no metadata, and no cell that marks.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        place = resources["nbgrader"]
        path = Path(
            _root(place["db_url"]), RELEASE, place["assignment"], f"{place['notebook']}.ipynb"
        )
        return filled(nbformat.read(path, as_version=4), nb), resources


class Judge(NbGraderPreprocessor):
    """Runs the answers behind walls, judges them, and writes each verdict below its cell."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        marks = _cells(nb, sheets.MARK)
        for cell in marks.values():
            cell.outputs = [_failed("Not judged", "The grader did not come this far.")]
        name = resources["nbgrader"]["assignment"]
        [source] = editions.sources([name])
        sheet = sheets.sheet(source)
        ran = [cell for cell in nb.cells if cell.cell_type == "code" and not _is_mark(cell)]
        database = Path(_root(resources["nbgrader"]["db_url"]))
        found = report(
            sheet.lesson, [cell.source for cell in ran], sheet.answers, LIMITS, hidden=(database,)
        )
        write(found, ran, marks)
        return nb, resources


def filled(sheet: NotebookNode, submission: NotebookNode) -> NotebookNode:
    """The sheet with the answers of the submission, and with the code cells added to it."""
    known = {_grade_id(cell): cell for cell in sheet.cells if _grade_id(cell)}
    plain = {cell.source for cell in sheet.cells if not _grade_id(cell)}
    before: list[NotebookNode] = []  # added cells since the last answer
    added: dict[str, list[NotebookNode]] = {}
    answers: dict[str, str] = {}
    for cell in submission.cells:
        name, source = _grade_id(cell), _clean(str(cell.get("source", "")))
        if name in known:
            if name.startswith(sheets.ANSWER) and name not in answers:
                answers[name], added[name], before = source, before, []
        elif cell.cell_type == "code" and source not in plain:
            before.append(editions.new_cell("code", source, []))
    made = []
    for cell in sheet.cells:
        name = _grade_id(cell)
        made += added.get(name, [])
        if name in answers:
            cell.source = answers[name]
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        made.append(cell)
    made += before
    for number, cell in enumerate(made):
        cell.id = f"cell-{number}"
    return nbformat.v4.new_notebook(metadata=editions.METADATA, cells=made)


def write(found: Report, ran: list[NotebookNode], marks: dict[str, NotebookNode]) -> None:
    """Writes what became of each cell, and each verdict, as outputs that nbgrader counts.

    To nbgrader an error is no point, and a cell without one all its points.
    """
    for number, cell in enumerate(ran):
        run = found.cells[number] if number < len(found.cells) else CellRun("", None)
        cell.outputs = [_printed(run.printed)] if run.printed else []
        cell.outputs += [_failed(*run.problem)] if run.problem else []
    for exercise, verdict in found.verdicts.items():
        cell = marks[sheets.MARK + exercise]
        cell.outputs = [_shown(exercise, verdict)]


def _shown(exercise: str, verdict: Verdict) -> NotebookNode:
    label = f"{LABELS[verdict.outcome]} ({exercise})"
    if verdict.outcome == "right":
        return _printed(f"{label}. {verdict.says}\n")
    return _failed(label, verdict.says)


def _printed(text: str) -> NotebookNode:
    return nbformat.v4.new_output("stream", name="stdout", text=_clean(text))


def _failed(kind: str, says: str) -> NotebookNode:
    text = _clean(f"{kind}: {says}")
    return nbformat.v4.new_output(
        "error", ename=_clean(kind), evalue=_clean(says), traceback=[text]
    )


def _clean(text: str) -> str:
    """The text without what no file can hold, such as half of a pair of surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x1b", "␛")


def _grade_id(cell: NotebookNode) -> str:
    noted = cell.get("metadata", {}).get("nbgrader", {})
    name = noted.get("grade_id", "") if isinstance(noted, dict) else ""
    return name if isinstance(name, str) else ""


def _is_mark(cell: NotebookNode) -> bool:
    return _grade_id(cell).startswith(sheets.MARK)


def _cells(notebook: NotebookNode, prefix: str) -> dict[str, NotebookNode]:
    return {_grade_id(c): c for c in notebook.cells if _grade_id(c).startswith(prefix)}


def _root(db_url: str) -> str:
    return str(Path(db_url.removeprefix("sqlite:///")).parent)


def configure(c: Config) -> None:
    """Sets nbgrader's steps: for its commands, and for those of `grade`."""
    c.GenerateAssignment.preprocessors = [  # a sheet holds no solution: there is none to take out
        steps.LockCells,
        steps.ClearOutput,
        steps.CheckCellMetadata,
        steps.ComputeChecksums,
        steps.SaveCells,
    ]
    c.Autograde.sanitize_preprocessors = [
        PutInSheet,
        steps.OverwriteCells,
        steps.CheckCellMetadata,
    ]
    c.Autograde.autograde_preprocessors = [
        Judge,
        steps.SaveAutoGrades,
        steps.AssignLatePenalties,
        steps.CheckCellMetadata,
    ]
