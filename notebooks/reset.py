"""Brings a spoilt notebook back as it was shipped, without its outputs, and keeps a copy of it.

Usage: python notebooks/reset.py 04_weighted_loss [solutions/04 ...]
"""

import itertools
import os
import sys
from datetime import datetime
from pathlib import Path

import editions
import nbformat
from build import write
from editions import edition, stored_at

KEPT = "kept"  # the folder of the copies, in that of the notebooks


def chosen(wanted: str) -> tuple[Path, bool]:
    """The source of the one lesson whose name begins with `wanted`, and whether solved.

    Raises:
        ValueError: no lesson, or several, are called so.
    """
    folder, _, name = wanted.replace("\\", "/").removesuffix(".ipynb").rpartition("/")
    known = editions.sources([])
    found = [source for source in known if name and source.stem.startswith(name)]
    if len(found) != 1 or folder not in ("", editions.SOLUTIONS.name):
        names = ", ".join(source.stem for source in known)
        raise ValueError(
            f"Name one lesson, as it is or after solutions/; found {wanted!r}. There are: {names}."
        )
    return found[0], folder == editions.SOLUTIONS.name


def reset(source: Path, solved: bool, now: datetime) -> str:
    """Resets one notebook; what happened, in a sentence.

    The copy lies in `kept` before anything else is touched, and the notebook is replaced in one
    step. One whose cells are as shipped is left alone.
    """
    target, fresh = stored_at(source, solved), edition(source.read_text(encoding="utf-8"), solved)
    name = target.relative_to(editions.HERE).as_posix()
    if not target.exists():
        write(fresh, target)
        return f"{name} was missing, and is there again."
    spoilt = target.read_bytes()
    if _cells_in(spoilt) == _cells_in(nbformat.writes(fresh).encode()):
        return f"{name} has every cell as it was shipped: nothing was done."
    copy = _keep(spoilt, f"{source.stem}{'_solved' * solved}_{now:%Y%m%d-%H%M%S}")
    write(fresh, target)
    return f"{name} is as it was shipped. Yours is kept: {KEPT}/{copy.name}"


def _cells_in(raw: bytes) -> list[tuple[str, str]] | None:
    """Kind and text of each cell; None where this is no notebook any more."""
    try:
        cells = nbformat.reads(raw.decode("utf-8"), as_version=4).cells
        return [(cell.cell_type, cell.source) for cell in cells]
    except Exception:  # whatever a spoilt file makes the reader stumble over
        return None


def _keep(raw: bytes, name: str) -> Path:
    """Writes a copy to a file that was not there before."""
    folder = editions.HERE / KEPT
    folder.mkdir(exist_ok=True)
    for ending in itertools.chain([""], (f"_{number}" for number in itertools.count(2))):
        path = folder / f"{name}{ending}.ipynb"
        if not path.exists():
            break
    with open(path, "xb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())  # on the disk before the notebook itself is touched
    return path


def main(arguments: list[str]) -> int:
    """Runs the command line; the answer is the exit status."""
    try:
        lessons = [chosen(wanted) for wanted in arguments or [""]]
        for source, solved in lessons:
            print(reset(source, solved, datetime.now()))
    except (ValueError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
