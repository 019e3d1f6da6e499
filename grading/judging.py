"""From a submission's cells to a verdict on each exercise; judged here, not where they run."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from confinement import Ask, Gone, confined
from limits import LIMITS, Limits
from wire import decoded, encoded

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Verdict, judge

GRACE_SECONDS = 2.0  # for a step to notice that its own clock has run out, and to say so


class CellRun(NamedTuple):
    """What became of one cell."""

    printed: str
    problem: tuple[str, str] | None  # kind of the exception, and what it says


class Report(NamedTuple):
    """All that is to be said of a submission."""

    cells: list[CellRun]
    verdicts: dict[str, Verdict]  # of each exercise, by its name


def report(
    lesson: Lesson,
    cells: Sequence[str],
    answers: Mapping[str, str],
    limits: Limits = LIMITS,
    hidden: tuple[Path, ...] = (),
) -> Report:
    """Runs the cells in order, then judges what the answers' names stand for.

    A cell that fails does not keep the next from running. An answer that ends the process, or never
    comes back, is wrong; the cells run anew in a fresh process for the exercises after it.

    Args:
        answers: for each exercise's name, the name that its answer has in the cells.
        hidden: files that the submission must not see.

    Raises:
        ValueError: nothing can be run on this machine.
    """
    runs: list[CellRun] = []
    verdicts: dict[str, Verdict] = {}
    todo = list(lesson.exercises)
    while todo:
        with confined(limits, hidden) as ask:
            ask = _in_all(ask, limits.total_seconds)
            again = []
            try:
                for cell in cells:
                    again += [_run(ask, cell, limits)]  # one by one: those before a failure count
                while todo:
                    exercise = todo.pop(0)
                    verdicts[exercise.name] = _judged(ask, exercise, answers[exercise.name], limits)
            except _Unanswered as problem:
                verdicts[exercise.name] = Verdict("wrong", f"This has no answer: {problem}.")
            except Gone as problem:  # in a cell, and so before any answer
                again.append(CellRun("", ("Stopped", f"{problem}")))
                says = f"The sheet did not come to its end, in cell {len(again)}: {problem}."
                verdicts |= {exercise.name: Verdict("wrong", says) for exercise in todo}
                todo = []
            runs = runs or again
    return Report(runs, verdicts)


class _Unanswered(Exception):
    """The process is gone, and it was an answer that did it."""


def _judged(ask: Ask, exercise: Exercise, name: str, limits: Limits) -> Verdict:
    """The verdict on what an answer's name stands for in the other process."""
    gone = []

    def function(*inputs: object) -> object:
        request = {"call": name, "inputs": [encoded(one) for one in inputs]}
        try:
            reply = ask(request, limits.step_seconds + GRACE_SECONDS)
        except Gone as problem:
            gone.append(problem)
            raise
        if "problem" in reply:
            kind, says = _problem(reply["problem"])
            raise type(kind, (Exception,), {})(says)
        return decoded(reply.get("value"))

    try:
        reply = ask({"value": name}, limits.step_seconds + GRACE_SECONDS)
    except Gone as problem:
        raise _Unanswered(f"{problem}") from None
    try:
        answer = decoded(reply.get("value"), function)
    except ValueError as problem:
        return Verdict("wrong", str(problem))
    verdict = judge(exercise, answer)
    if gone:
        raise _Unanswered(f"{gone[0]}")
    return verdict


def _in_all(ask: Ask, seconds: float) -> Ask:
    """The same way of asking, with an end to all questions together."""
    end = time.monotonic() + seconds
    return lambda request, most: ask(request, min(most, end - time.monotonic()))


def _run(ask: Ask, cell: str, limits: Limits) -> CellRun:
    reply = ask({"cell": cell}, limits.step_seconds + GRACE_SECONDS)
    problem = reply.get("problem")
    printed = str(reply.get("printed", ""))[: limits.printed_characters]
    return CellRun(printed, None if problem is None else _problem(problem))


def _problem(told: object) -> tuple[str, str]:
    """An exception as the other process tells it: whatever it tells becomes a name and a text."""
    kind, says = told if isinstance(told, list) and len(told) == 2 else ("Problem", told)
    kind = str(kind)[:40]
    return kind if kind.isidentifier() else "Problem", str(says)[:500]
