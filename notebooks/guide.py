"""Writes the instructor's guide from the lessons: minutes, questions, answers, and what breaks.

Usage: python notebooks/guide.py [--check] [--measure]
"""

import argparse
import json
import os
import platform
import re
import sys
from datetime import date
from pathlib import Path
from typing import NamedTuple

import build
import editions
from editions import HERE, edition
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

GUIDE = HERE.parent / "docs" / "instructors.md"
TEMPLATE = GUIDE.with_name("instructors.template.md")
SECONDS = HERE.parent / "docs" / "seconds.json"  # what the cells of each lesson take to run
TRAIL = re.compile(r"<details><summary><b>Explain</b>.*?</summary>(.*?)</details>", re.S)
ROUTES = {
    "The whole course": None,
    "Half a day": ("00", "01", "02", "03", "04", "05", "09", "10"),
    "A 45-minute demonstration": ("04",),
}


class Question(NamedTuple):
    """What to ask a class, and the answer that the lesson gives."""

    asks: str
    answer: str


class Told(NamedTuple):
    """What a lesson's source says to whoever presents it."""

    key: str  # "04"
    name: str  # "04_weighted_loss"
    title: str
    promise: str
    needs: str  # "Prerequisite: lesson 3."
    planned: int  # minutes
    presented: int  # minutes, without exercises and quiz
    plan: str  # minutes of each part
    notes: tuple[str, ...]  # paragraphs: what to ask, what breaks, what else was measured
    predictions: tuple[Question, ...]
    exercises: tuple[Question, ...]  # what is asked, and the code that solves it
    quiz: tuple[Question, ...]


def told(source: Path) -> Told:
    """Reads one lesson.

    Raises:
        ValueError: its notes lack the minutes, a question to ask, or what breaks.
    """
    notebook = edition(source.read_text(encoding="utf-8"), solved=True)
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    key = re.match(r"\d\d(?=_)", source.stem)
    first = notebook.cells[0].source.split("\n\n")
    lesson = re.search(r"\*\*(\d+) minutes\.?\*\*,? (.*)", notebook.cells[0].source, re.S)
    notes = "\n\n".join(
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "markdown" and "presenter" in cell.metadata.get("tags", [])
    )
    plan, *others = [_joined(part) for part in notes.split("\n\n")]
    homework = re.findall(r"(?:exercises and quiz|exercises|quiz) (\d+)", plan)
    for wanted, found in (
        ("the minutes of each part, the exercises' and the quiz's among them", homework),
        ("a paragraph `Ask …`", [one for one in others if one.startswith("Ask")]),
        ("a paragraph `What breaks: …`", [one for one in others if one.startswith("What breaks")]),
    ):
        if not found:
            raise ValueError(f"The presenter's notes of {source.stem} need {wanted}; found none.")
    needs = _joined(lesson[2].split("\n\n")[0])
    return Told(
        key=key[0] if key else source.stem,
        name=source.stem,
        title=first[0].removeprefix("# "),
        promise=_joined(first[1]),
        needs=needs[:1].upper() + needs[1:],
        planned=int(lesson[1]),
        presented=int(lesson[1]) - sum(map(int, homework)),
        plan=plan.removeprefix("**Presenter's notes.** "),
        notes=tuple(others),
        predictions=tuple(_predictions(text)),
        exercises=tuple(_exercises(notebook)),
        quiz=tuple(_quiz(text)),
    )


def _joined(text: str) -> str:
    return " ".join(text.split())


def _predictions(text: str) -> list[Question]:
    found = []
    for part in text.split("**Predict.**")[1:]:
        asks, answer = part.split("\n\n")[0], TRAIL.search(part)
        found.append(Question(_joined(asks), _joined(answer[1]) if answer else ""))
    return found


def _exercises(notebook: NotebookNode) -> list[Question]:
    found = []
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if "solution" in cell.metadata.get("tags", []):
            asks = re.findall(r"\*\*\d\.\*\*(.*)", before.source, re.S)
            found.append(Question(_joined(asks[-1] if asks else before.source), cell.source))
    return found


def _quiz(text: str) -> list[Question]:
    quiz = text.partition("## Quiz")[2].partition("## What to remember")[0]
    found = []
    for question in re.split(r"^\*\*\d\. ", quiz, flags=re.M)[1:]:
        options = re.findall(r"<details><summary>(.*?)</summary>\s*(.*?)</details>", question, re.S)
        right = [
            f"{_joined(option)}: {_joined(why)}" for option, why in options if why[:3] == "Yes"
        ]
        found.append(Question(_joined(question.partition("<details>")[0]).strip("* "), right[0]))
    return found


def mistakes(key: str) -> list[tuple[str, str]]:
    """Exercise and what its check says, for each mistake that the lesson's judges know."""
    exercises = editions.lesson_of(key).exercises
    return [(one.name, mistake.says) for one in exercises for mistake in one.mistakes]


def guide(lessons: list[Told], measured: dict) -> str:
    """The whole guide, in Markdown."""
    seconds = measured["seconds"]
    numbered = [one.key for one in lessons if one.key.isdigit()]  # a case is beside the course
    routes = ["| route | lessons | planned | presented | computing |", "|---|---|---|---|---|"]
    for route, keys in ROUTES.items():
        chosen = [one for one in lessons if one.key in (keys or numbered)]
        routes.append(
            f"| {route} | {', '.join(one.key for one in chosen)} "
            f"| {_hours(sum(one.planned for one in chosen))} "
            f"| {_hours(sum(one.presented for one in chosen))} "
            f"| {sum(seconds[one.name] for one in chosen):.0f} s |"
        )
    rows = ["| lesson | planned | presented | computing |", "|---|---|---|---|"]
    rows += [
        f"| {one.title} | {one.planned} min | {one.presented} min | {seconds[one.name]:.0f} s |"
        for one in lessons
    ]
    return TEMPLATE.read_text(encoding="utf-8").format(
        machine=measured["machine"],
        routes="\n".join(routes),
        lessons="\n".join(rows),
        chapters="\n".join(map(_chapter, lessons)).rstrip(),
    )


def _hours(minutes: int) -> str:
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _chapter(lesson: Told) -> str:
    lines = [f"## {lesson.title}", "", f"{lesson.promise} {lesson.needs}", ""]
    lines += [f"**Minutes.** {lesson.plan}", ""]
    for note in lesson.notes:
        lines += [note, ""]
    for title, questions in (("Predict", lesson.predictions), ("Quiz", lesson.quiz)):
        lines += [f"### {title}: what is right", ""]
        lines += [f"* {one.asks}\n  → {one.answer}" for one in questions]
        lines += [""]
    lines += ["### Exercises", ""]
    for number, one in enumerate(lesson.exercises, 1):
        code = "\n".join(f"   {line}".rstrip() for line in one.answer.splitlines())
        lines += [f"{number}. {one.asks}", "", "   ```python", code, "   ```", ""]
    lines += ["| exercise | what the check says to a known mistake |", "|---|---|"]
    lines += [
        f"| {name} | {says.replace('|', chr(92) + '|')} |" for name, says in mistakes(lesson.key)
    ]
    return "\n".join([*lines, "", ""])


def measure(sources: list[Path]) -> dict[str, float]:
    """CPU seconds of the kernel that runs the solved edition of each lesson: one thread's wait."""
    seconds = {}
    for source in sources:
        notebook = edition(source.read_text(encoding="utf-8"), solved=True)
        notebook.cells.append(new_code_cell("import time\nprint(time.process_time())"))
        build.execute(notebook, source.stem)
        seconds[source.stem] = round(float(notebook.cells[-1].outputs[0].text), 1)
        print(f"{seconds[source.stem]:6.1f} s  {source.stem}", flush=True)
    return seconds


def main(arguments: list[str]) -> int:
    """Runs the command line; the answer is the exit status."""
    parser = argparse.ArgumentParser(description="Write the instructor's guide.")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument(
        "--measure",
        nargs="*",
        metavar="LESSON",
        help="run these lessons, or all, for their seconds",
    )
    asked = parser.parse_args(arguments)
    sources = editions.sources([])
    if asked.measure is not None:
        _measure_anew(editions.sources(asked.measure))
    try:
        measured = json.loads(SECONDS.read_text(encoding="utf-8"))
        missing = [path.stem for path in sources if path.stem not in measured["seconds"]]
        if missing:
            raise ValueError(
                f"{SECONDS.name} needs the seconds of each lesson; found none of {missing}. "
                f"Run `make guide ARGS=--measure`, on a machine that does nothing else."
            )
        fresh = guide([told(path) for path in sources], measured)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 1
    if asked.check:
        same = GUIDE.exists() and GUIDE.read_text(encoding="utf-8") == fresh
        print(
            "The guide is what the lessons say."
            if same
            else "Run `make guide`: a lesson says more."
        )
        return 0 if same else 1
    build.store(fresh, GUIDE)
    return 0


def _measure_anew(sources: list[Path]) -> None:
    stored = json.loads(SECONDS.read_text(encoding="utf-8")) if SECONDS.exists() else {}
    machine = (
        f"Measured on {date.today()} on {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}."
    )
    seconds = stored.get("seconds", {}) | measure(sources)
    record = {"machine": machine, "seconds": dict(sorted(seconds.items()))}
    build.store(json.dumps(record, indent=1) + "\n", SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
