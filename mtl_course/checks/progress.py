"""How far the learner has come: the best outcome of each exercise, kept in the learner's folder."""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from html import escape
from typing import Literal, NamedTuple

from mtl_course import checks, locker

Outcome = Literal["not attempted", "wrong", "right"]
ORDER: tuple[Outcome, ...] = ("not attempted", "wrong", "right")  # from the worst to the best
RECORD = "progress"  # in the learner's folder: lesson -> exercise -> outcome


def keep(lesson: str, exercise: str, outcome: Outcome) -> None:
    """Keeps an outcome, unless a better one is kept: what was right once stays done.

    Args:
        lesson: as its notebook's name begins: "04".

    Raises:
        ValueError: the learner's folder cannot be read or written.
    """
    record = locker.read(RECORD) or {}
    lessons = _by_lesson(record)
    kept = lessons.setdefault(lesson, {})
    if ORDER.index(outcome) > ORDER.index(kept.get(exercise, ORDER[0])):
        kept[exercise] = outcome
        locker.write(RECORD, record | {"lessons": lessons})


def best(lesson: str) -> dict[str, Outcome]:
    """The best outcome of each exercise of a lesson that was attempted.

    Raises:
        ValueError: the learner's folder cannot be read.
    """
    return _by_lesson(locker.read(RECORD) or {}).get(lesson, {})


class Row(NamedTuple):
    """One lesson in the overview."""

    lesson: str
    title: str
    right: int  # exercises
    begun: int  # attempted, and not right yet
    n_exercises: int


class Overview:
    """A table of all lessons, for the last line of a cell: as text, and as HTML."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows

    def __repr__(self) -> str:
        lines = [f"{row.lesson:15} {_in_words(row):32} {row.title}" for row in self.rows]
        return "\n".join([*lines, self._sum()])

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><td>{escape(row.lesson)}</td><td style='text-align:left'>{escape(row.title)}</td>"
            f"<td><progress max='{row.n_exercises}' value='{row.right}' "
            f"aria-label='exercises right in lesson {escape(row.lesson)}'></progress></td>"
            f"<td style='text-align:left'>{_in_words(row)}</td></tr>"
            for row in self.rows
        )
        head = "".join(f"<th scope='col'>{name}</th>" for name in ("lesson", "", "done", ""))
        return (
            f"<table><caption>{escape(self._sum())}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )

    def _sum(self) -> str:
        right = sum(row.right for row in self.rows)
        n_exercises = sum(row.n_exercises for row in self.rows)
        return f"{right} of {n_exercises} exercises are right."


def overview() -> Overview:
    """Every lesson with how many of its exercises are right, so far and on this computer.

    Raises:
        ValueError: the learner's folder cannot be read.
    """
    lessons = [
        importlib.import_module(f"{checks.__name__}.{module.name}").LESSON
        for module in pkgutil.iter_modules(checks.__path__)
        if module.name.startswith(("lesson_", "case_"))
    ]
    rows, record = [], _by_lesson(locker.read(RECORD) or {})
    for lesson in sorted(lessons, key=lambda one: one.key):
        kept = record.get(lesson.key, {})
        found = [kept.get(exercise.name) for exercise in lesson.exercises]
        rows.append(
            Row(lesson.key, lesson.title, found.count("right"), found.count("wrong"), len(found))
        )
    return Overview(rows)


def _in_words(row: Row) -> str:
    begun = f", {row.begun} begun" if row.begun else ""
    return f"{row.right} of {row.n_exercises} right{begun}"


def _by_lesson(record: Mapping[str, object]) -> dict[str, dict[str, Outcome]]:
    """What the record says of each lesson; what it should not hold is left out."""
    lessons = record.get("lessons")
    if not isinstance(lessons, dict):
        return {}
    return {
        lesson: {name: outcome for name, outcome in kept.items() if outcome in ORDER}
        for lesson, kept in lessons.items()
        if isinstance(kept, dict)
    }
