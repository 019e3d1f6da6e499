"""From a lesson's source to an executed notebook whose looked-up panels move without a kernel.

A panel that needs a kernel keeps its table, and says so.
"""

from pathlib import Path
from typing import NamedTuple

import build
import nbformat
from editions import edition, is_case, stored_at
from nbformat import NotebookNode

from mtl_course.panels import HINT

PANEL = "application/vnd.mtl-course.panel+json"
NEEDS_KERNEL = "This panel computes while you move it: run the lesson to move it."
# Runs in the lesson's kernel, before its first cell: whatever panel a cell then shows brings,
# beside its table, what a page needs to draw it as it stands at that moment.
HOOK = f"""
import anywidget
from IPython import get_ipython
from mtl_course.widgets import pages

def bundle(panel):
    data, metadata = panel._repr_mimebundle_()
    try:
        piece = pages.piece(panel)._asdict()
    except ValueError:  # it needs a kernel
        piece = {{}}
    return data | {{{PANEL!r}: piece}}, metadata

get_ipython().display_formatter.mimebundle_formatter.for_type(anywidget.AnyWidget, bundle)
"""


class Panel(NamedTuple):
    """A panel that a cell has shown."""

    place: str  # HTML: where it is drawn, or its table where it needs a kernel
    script: str  # HTML: the code that draws it; empty where it needs a kernel


def execute(source: Path, solved: bool) -> NotebookNode:
    """The executed edition of a lesson; an output that is a panel holds it, see `panel_of`.

    A case whose data are not on this machine comes as it is stored, with tables for its panels.

    Raises:
        CellExecutionError: a cell failed; the message shows it.
        ValueError: a cell wrote to stderr, as a warning does.
    """
    notebook = edition(source.read_text(encoding="utf-8"), solved)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(HOOK, id="hook"))
    build.execute(notebook, source.stem)
    del notebook.cells[0]
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    if is_case(source) and not any(map(panel_of, shown)):  # its cells rest without its data
        return nbformat.read(stored_at(source, solved), as_version=4)
    return notebook


def panel_of(output: NotebookNode) -> Panel | None:
    """The panel that an output of an executed lesson shows, if it shows one."""
    data = output.get("data", {})
    if PANEL not in data:
        return None
    if data[PANEL]:
        return Panel(**data[PANEL])
    table = data["text/html"].replace(HINT, "")
    return Panel(f'<div class="stand-in">{table}<p><em>{NEEDS_KERNEL}</em></p></div>', "")
