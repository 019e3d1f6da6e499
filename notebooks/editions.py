"""From the text of a lesson's one source to the cells of its two editions, and where they differ.

A source is a jupytext percent file. Cells tagged `solution` are cut to their stub for the learner,
cells tagged `presenter` are left out of the learner's edition.
"""

import hashlib
import importlib
import re
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from mtl_course.checks.lessons import Lesson

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "source"
SOLUTIONS = HERE / "solutions"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
STUB = re.compile(r"^(\s*)# stub: ?(.*)$")
END = re.compile(r"^\s*# end$")


def sources(names: list[str]) -> list[Path]:
    """The lessons' sources, all or the named ones, in the course's order; cases come last.

    Raises:
        ValueError: a name without a source.
    """
    known = {path.stem: path for path in sorted(SOURCES.glob("*.py"))}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"A lesson must be one of {list(known)}; found {unknown}.")
    return [known[name] for name in names] or list(known.values())


def is_case(path: Path) -> bool:
    """Whether a lesson, by its source or a notebook of it, needs data that may not be shipped."""
    return path.stem.startswith("case_")


def lesson_of(name: str) -> Lesson:
    """What is asked in the lesson whose source's name begins so: "04" or "04_weighted_loss"."""
    judge = f"lesson_{name[:2]}" if name[:2].isdigit() else name
    return importlib.import_module(f"mtl_course.checks.{judge}").LESSON


def stored_at(source: Path, solved: bool) -> Path:
    """Where the built edition of a lesson lies."""
    return (SOLUTIONS if solved else HERE) / f"{source.stem}.ipynb"


def stubbed(code: str) -> str:
    """A solution cell as the learner gets it: its `# stub:` lines in place of the solution.

    The solution runs from the first `# stub:` line to a line `# end`, or to the end of the cell.
    """
    kept, inside = [], False
    for line in code.splitlines():
        stub = STUB.match(line)
        if stub:
            inside = True
            kept.append(stub[1] + stub[2])
        elif END.match(line):
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept).rstrip()


def solved_cell(code: str) -> str:
    """A solution cell with its solution: the lines that only mark the stub are dropped."""
    lines = code.splitlines()
    return "\n".join(line for line in lines if not (STUB.match(line) or END.match(line))).rstrip()


def edition(text: str, solved: bool) -> NotebookNode:
    """One edition of a lesson, not yet executed, from the text of its source (jupytext percent)."""
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    seen: dict[str, int] = {}
    for cell in jupytext.reads(text, fmt="py:percent").cells:
        tags = cell.metadata.get("tags", [])
        if "presenter" in tags and not solved:
            continue
        if "solution" in tags:
            cell.source = solved_cell(cell.source) if solved else stubbed(cell.source)
        made = new_cell(cell.cell_type, cell.source, tags)
        # an id that follows the content: an edit elsewhere in the lesson does not move it
        seen[made.id] = seen.get(made.id, 0) + 1
        made.id = f"{made.id}-{seen[made.id]}"
        notebook.cells.append(made)
    return notebook


def new_cell(cell_type: str, source: str, tags: list[str]) -> NotebookNode:
    """A cell with an id made of its content, and with the metadata that its tags ask for."""
    metadata: dict[str, object] = {"tags": tags} if tags else {}
    if "guard" in tags:
        metadata["jupyter"] = {"source_hidden": True}
    if "presenter" in tags:
        metadata["slideshow"] = {"slide_type": "notes"}
    digest = hashlib.sha256(f"{cell_type}\n{source}".encode()).hexdigest()[:8]
    make = nbformat.v4.new_code_cell if cell_type == "code" else nbformat.v4.new_markdown_cell
    return make(source, id=digest, metadata=metadata)


def drift(stored: NotebookNode, fresh: NotebookNode) -> list[str]:
    """In what a stored notebook differs from its source, outputs aside; empty when it does not."""
    found = []
    if stored.metadata != fresh.metadata:
        found.append(f"notebook metadata: stored {dict(stored.metadata)}")
    if len(stored.cells) != len(fresh.cells):
        found.append(f"{len(stored.cells)} cells stored, {len(fresh.cells)} in the source")
    for number, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=False)):
        for part in ("cell_type", "source", "metadata", "id"):
            if old[part] != new[part]:
                found.append(f"cell {number}, {part}: stored {old[part]!r}, source {new[part]!r}")
                break
        if old.cell_type == "code" and old.execution_count is None and old.source:
            found.append(f"cell {number} is stored without having been run")
    return found


def check(paths: list[Path]) -> list[str]:
    """Every difference between the sources and the stored notebooks; nothing is executed."""
    found = []
    for path in paths:
        for solved in (False, True):
            stored = stored_at(path, solved)
            where = stored.relative_to(HERE)
            if not stored.exists():
                found.append(f"{where} is missing")
                continue
            fresh = edition(path.read_text(encoding="utf-8"), solved)
            differences = drift(nbformat.read(stored, as_version=4), fresh)
            found += [f"{where}: {difference}" for difference in differences]
    known = {path.stem for path in SOURCES.glob("*.py")}
    strays = [*HERE.glob("*.ipynb"), *SOLUTIONS.glob("*.ipynb")]
    return found + [
        f"{stray.relative_to(HERE)} has no source" for stray in strays if stray.stem not in known
    ]
