"""Builds both editions of the lessons: executes them, cleans what they stored, keeps the time.

Usage: python notebooks/build.py [--check] [--seconds] [01_shop_and_log ...]
"""

import argparse
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import editions
import nbformat
from editions import HERE, METADATA, edition, stored_at
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from tqdm.auto import tqdm

from mtl_course.downloads import PLACE

MOST_BYTES = 300_000  # of one notebook, outputs included: GitHub draws it
MOST_SECONDS = 45.0  # of one lesson on two cores
MOST_CELL_SECONDS = 15.0
HEADLESS = {  # what a build, and the tests, run every notebook under
    "COURSE_HEADLESS": "1",  # a live training runs a fixed number of steps and returns
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TQDM_DISABLE": "1",  # a progress bar shows times, which are never the same twice
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class Run(NamedTuple):
    """What one notebook took to execute."""

    name: str
    seconds: float
    slowest: float  # seconds of the slowest cell
    slowest_cell: str  # its first line


def execute(notebook: NotebookNode, name: str) -> Run:
    """Runs the cells in a fresh kernel of this Python, in place, and cleans what they stored.

    Raises:
        CellExecutionError: a cell failed; the message shows it.
        ValueError: a cell wrote to stderr, as a warning does.
    """
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        coalesce_streams=True,
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(HERE)}},
    )
    with tempfile.TemporaryDirectory() as home:  # a learner's folder that nobody has used yet
        client.execute(env={**kernel_environment(), "MTL_COURSE_HOME": home})
    notebook.metadata = nbformat.from_dict(METADATA)
    took = {}
    for cell in notebook.cells:
        timing = cell.metadata.pop("execution", {})
        if cell.cell_type == "code":
            begun = timing.get("iopub.status.busy", timing.get("iopub.execute_input"))
            took[cell.id] = _seconds(begun, timing.get("shell.execute_reply"))
            cell.outputs = [_without_widget_view(output) for output in cell.outputs]
            for output in cell.outputs:
                if output.output_type == "stream" and output.name == "stderr":
                    raise ValueError(
                        f"{name}: a cell wrote to stderr.\n{cell.source}\n{output.text}"
                    )
    slowest = max(notebook.cells, key=lambda cell: took.get(cell.id, 0.0))
    return Run(name, sum(took.values()), took[slowest.id], slowest.source.partition("\n")[0])


def kernel_environment() -> dict[str, str]:
    """The variables of a kernel; it runs in the notebook's folder, so a path is made absolute."""
    place = os.environ.get(PLACE)
    data = {PLACE: os.path.abspath(place)} if place else {}
    return {**os.environ, **HEADLESS, **data}


def refuse_what_rested(notebook: NotebookNode, name: str) -> None:
    """Raises a ValueError if the guard, a lesson's last cell, did not say that the lesson holds."""
    if not notebook.cells[-1].get("outputs"):
        raise ValueError(
            f"{name} is left as it was: its guard said nothing, so the lesson had not the data it "
            f"needs. Let {PLACE} name the folder that holds them."
        )


def _seconds(begun: str | None, ended: str | None) -> float:
    if begun is None or ended is None:
        return 0.0
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()


def _without_widget_view(output: NotebookNode) -> NotebookNode:
    """In Lab a view without a kernel reads as an error; the text or picture beside it does not."""
    if "data" in output and len(output.data) > 1:
        output.data.pop(WIDGET_VIEW, None)
    return output


def write(notebook: NotebookNode, path: Path) -> None:
    """Stores a notebook whole or not at all.

    Raises:
        ValueError: it is larger than GitHub likes to draw.
    """
    text = nbformat.writes(notebook) + "\n"
    size = len(text.encode())
    if size > MOST_BYTES:
        raise ValueError(
            f"{path.name} must stay under {MOST_BYTES} bytes; found {size}. Draw smaller figures."
        )
    store(text, path)


def store(text: str, path: Path) -> None:
    """Stores a text whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def build(paths: list[Path]) -> list[Run]:
    """Builds, executes and stores both editions of the lessons at `paths`, one after the other."""
    runs = []
    todo = [(path, solved) for path in paths for solved in (False, True)]
    for path, solved in (bar := tqdm(todo, unit="notebook")):
        target = stored_at(path, solved)
        bar.set_description(str(target.relative_to(HERE)))
        notebook = edition(path.read_text(encoding="utf-8"), solved)
        runs.append(execute(notebook, str(target.relative_to(HERE))))
        refuse_what_rested(notebook, str(target.relative_to(HERE)))
        write(notebook, target)
    return runs


def too_slow(runs: list[Run], margin: float = 1.0) -> list[str]:
    """What took longer than `margin` times what a lesson may; empty when all is well."""
    return [
        f"{run.name} takes {run.seconds:.1f} s (may take {MOST_SECONDS:.0f}) and its slowest cell "
        f"{run.slowest:.1f} s (may take {MOST_CELL_SECONDS:.0f}): {run.slowest_cell}"
        for run in runs
        if run.seconds > margin * MOST_SECONDS or run.slowest > margin * MOST_CELL_SECONDS
    ]


def main(arguments: list[str]) -> int:
    """Runs the command line; the answer is the exit status."""
    parser = argparse.ArgumentParser(description="Build both editions of the lessons.")
    parser.add_argument("lessons", nargs="*", help="e.g. 01_shop_and_log; all, when left out")
    parser.add_argument("--check", action="store_true", help="compare, execute nothing")
    parser.add_argument("--seconds", action="store_true", help="print times; fail if too slow")
    asked = parser.parse_args(arguments)
    try:
        paths = editions.sources(asked.lessons)
        if asked.check:
            problems = editions.check(paths)
            print("\n".join(problems) or f"{len(paths)} lessons: both editions match their source.")
            return 1 if problems else 0
        runs = build(paths)
    except (ValueError, CellExecutionError) as problem:
        print(problem, file=sys.stderr)
        return 1
    if not asked.seconds:
        return 0
    for run in runs:
        print(
            f"{run.seconds:6.1f} s  {run.name:45} slowest {run.slowest:5.1f} s  {run.slowest_cell}"
        )
    slow = too_slow(runs)
    print("\n".join(slow) or "Every lesson and every cell is within its time.")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
