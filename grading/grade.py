"""Makes sheets of the lessons' exercises, collects them filled in, marks them, gives feedback.

Usage: python grading/grade.py [--class FOLDER] release [04_weighted_loss ...]
       python grading/grade.py [--class FOLDER] collect 04_weighted_loss FOLDER
       python grading/grade.py [--class FOLDER] autograde | feedback 04_weighted_loss
       python grading/grade.py [--class FOLDER] marks

The class's folder holds what nbgrader keeps: the sheets, what was handed in, the marks.
"""

import argparse
import logging
import os
import re
import shutil
import sys
import warnings
from pathlib import Path

import confinement
import editions
import marks
import nbformat
import sheets
from limits import LIMITS
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import CsvExportPlugin
from traitlets.config import Config

CLASS = confinement.ROOT / "class"
SETTINGS = """# Made by `make nbgrader`, so that nbgrader's own commands mark as it does.
import sys

sys.path[:0] = {path}
import marks

marks.configure(get_config())
"""
LEARNER = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._@-]*"
)  # what nbgrader and file systems take as a name


def opened(folder: Path) -> NbGraderAPI:
    """The class in this folder, with our steps in place of those that trust a kernel."""
    folder.mkdir(parents=True, exist_ok=True)
    programs = str(Path(sys.executable).parent)  # nbgrader calls alembic by its name
    os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", "")])
    path = [str(confinement.HERE), str(editions.HERE)]
    (folder / "nbgrader_config.py").write_text(SETTINGS.format(path=path), encoding="utf-8")
    config = Config()
    marks.configure(config)
    config.CourseDirectory.root = str(folder.resolve())
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    api.log.setLevel(logging.WARNING)
    api.log.propagate = False  # what it says comes back, and is told once
    return api


def release(api: NbGraderAPI, lessons: list[str]) -> list[str]:
    """Makes the sheets of these lessons, or of all; what was done, line by line.

    Raises:
        ValueError: nbgrader refuses one, such as a changed sheet that was handed in already.
    """
    said = []
    sources = editions.sources(lessons)
    for source in [one for one in sources if lessons or not editions.is_case(one)]:
        sheet = sheets.sheet(source)
        path = _step(api, "source", sheet.name) / f"{sheet.name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(sheet.notebook, path)
        _succeed(api.generate_assignment(sheet.name), sheet.name)
        made = _step(api, marks.RELEASE, sheet.name) / f"{sheet.name}.ipynb"
        said.append(f"{_short(api, made)}: {len(sheet.answers)} exercises.")
    return said


def collect(api: NbGraderAPI, lesson: str, folder: Path) -> list[str]:
    """Takes the sheets out of a folder: LEARNER.ipynb, or one notebook in a folder LEARNER.

    Links are left out, and what is too large: who hands in does not choose what the grader reads.
    """
    said = []
    found = [*folder.glob("*.ipynb"), *folder.glob("*/*.ipynb")]
    if not found:
        raise ValueError(f"{folder} must hold LEARNER.ipynb or LEARNER/….ipynb; found neither.")
    for path in sorted(found):
        learner = path.stem if path.parent == folder else path.parent.name
        target = _step(api, "submitted", lesson, learner) / f"{lesson}.ipynb"
        if path.is_symlink() or path.parent.is_symlink() or not path.is_file():
            said.append(f"{path.name} is left out: it is a link, or no file.")
        elif not LEARNER.fullmatch(learner):
            said.append(f"{path.name} is left out: {learner!r} cannot name a learner's folder.")
        elif path.stat().st_size > LIMITS.notebook_bytes:
            said.append(f"{path.name} is left out: over {LIMITS.notebook_bytes:,} bytes.")
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            said.append(f"{learner}: collected.")
    return said


def autograde(api: NbGraderAPI, lesson: str) -> list[str]:
    """Marks every sheet of a lesson that was handed in; one that has no mark stops no other."""
    said = []
    for learner in _learners(api, "submitted", lesson):
        done = api.autograde(lesson, learner)
        if not done["success"]:
            said.append(f"{learner}: no mark. {_last_line(done)}")
            continue
        with Gradebook(api.coursedir.db_url) as book:
            found = book.find_submission(lesson, learner)
            said.append(f"{learner}: {found.score:g} of {found.max_score:g}")
    return said


def feedback(api: NbGraderAPI, lesson: str) -> list[str]:
    """Writes a page for each learner with what was judged, and why."""
    said = []
    for learner in _learners(api, "autograded", lesson):
        done = api.generate_feedback(lesson, learner)
        page = _step(api, "feedback", lesson, learner) / f"{lesson}.html"
        said.append(_short(api, page) if done["success"] else f"{learner}: {_last_line(done)}")
    return said


def export(api: NbGraderAPI) -> list[str]:
    """Writes all marks to one table."""
    path = Path(api.coursedir.root) / "marks.csv"
    with Gradebook(api.coursedir.db_url) as book:
        CsvExportPlugin(to=str(path)).export(book)
    return [f"{path.name} in {path.parent}"]


def _step(api: NbGraderAPI, step: str, lesson: str, learner: str = ".") -> Path:
    return Path(api.coursedir.format_path(step, learner, lesson))


def _learners(api: NbGraderAPI, step: str, lesson: str) -> list[str]:
    found = sorted(path.parent.name for path in _step(api, step, lesson).parent.glob(f"*/{lesson}"))
    if not found:
        raise ValueError(f"No sheet of {lesson} is in {step}: run the step before this one.")
    return found


def _short(api: NbGraderAPI, path: Path) -> str:
    return path.relative_to(api.coursedir.root).as_posix()


def _succeed(done: dict, name: str) -> None:
    if not done["success"]:
        raise ValueError(f"nbgrader makes no assignment of {name}: {_last_line(done)}")


def _last_line(done: dict) -> str:
    """What a failed step of nbgrader's says of its reason."""
    lines = [line.strip() for line in (done.get("log") or "").splitlines()]
    reasons = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return (reasons or [line for line in lines if line] or [str(done.get("error"))])[-1]


def parsed(arguments: list[str]) -> argparse.Namespace:
    """What the command line asks for; all sheets, where it asks for nothing."""
    parser = argparse.ArgumentParser(description="Mark the lessons' exercises with nbgrader.")
    parser.add_argument("--class", dest="folder", type=Path, default=CLASS)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("release").add_argument("lessons", nargs="*", default=[])
    collecting = commands.add_parser("collect")
    collecting.add_argument("lesson")
    collecting.add_argument("handed_in", type=Path)
    for name in ("autograde", "feedback"):
        commands.add_parser(name).add_argument("lesson")
    commands.add_parser("marks")
    asked = parser.parse_args(arguments)
    return asked if asked.command else parser.parse_args([*arguments, "release"])


def main(arguments: list[str]) -> int:
    """Runs the command line; the answer is the exit status."""
    asked = parsed(arguments)
    warnings.filterwarnings("ignore", "Object of type <Submitted")  # of nbgrader's own, to itself
    try:
        api = opened(asked.folder)
        if asked.command in ("collect", "autograde", "feedback"):
            editions.sources([asked.lesson])
        if asked.command == "collect":
            said = collect(api, asked.lesson, asked.handed_in)
        elif asked.command == "autograde":
            if confinement.missing():
                raise ValueError(confinement.missing())
            said = autograde(api, asked.lesson)
        elif asked.command == "feedback":
            said = feedback(api, asked.lesson)
        elif asked.command == "marks":
            said = export(api)
        else:
            said = release(api, asked.lessons)
    except (ValueError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    print("\n".join(said))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
