"""From a learner's answer to a verdict: not attempted, wrong and which mistake, or right."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

Alike = Callable[[object, object], bool]  # (expected, found); may raise, which counts as False


def within(tolerance: float) -> Alike:
    """Compares numbers, lists, arrays and tensors: same shape, no entry further off than that."""

    def alike(expected: object, found: object) -> bool:
        wanted, given = _as_array(expected), _as_array(found)
        return wanted.shape == given.shape and bool((abs(wanted - given) <= tolerance + 1e-9).all())

    return alike


def same_text(expected: object, found: object) -> bool:
    """Compares two texts whatever their letter case and the spaces around them."""
    return str(expected).casefold() == found.strip().casefold()


def same_members(expected: object, found: object) -> bool:
    """Compares two collections in any order."""
    return (
        not isinstance(found, str) and len(found) == len(expected) and set(found) == set(expected)
    )


TO_TWO_DIGITS = within(0.005)


class Mistake(NamedTuple):
    """A mistake that is known to happen: an answer that shows it, and what to tell."""

    example: object  # an answer like this one ...
    says: str
    recognised: Callable[[object], bool] | None = None  # ... or any answer of which this holds


@dataclass(frozen=True)
class Exercise:
    """What is asked, how an answer is judged, and what helps.

    Where `inputs` are given the answer is a function: it is called with them, and what it returns
    is compared with what `solution`, a function too, returns. If that is right, the same is done
    `again` with other inputs, so that the one right number is not taken for a rule.
    """

    name: str
    expects: str  # in the learner's words: "a number between 0 and 1"
    solution: object
    means: str  # what the right answer says about the shop
    mistakes: tuple[Mistake, ...]  # the first that is recognised is told
    hints: tuple[str, str, str]  # from a nudge to nearly the solution
    alike: Alike = TO_TWO_DIGITS
    inputs: tuple[object, ...] | None = None
    again: tuple[object, ...] | None = None


class Verdict(NamedTuple):
    """The judgement of one answer."""

    outcome: Literal["not attempted", "wrong", "right"]
    says: str


def judge(exercise: Exercise, answer: object) -> Verdict:
    """The verdict on `answer`, whatever it is: no answer makes it raise."""
    if answer is ... or answer is None:
        return Verdict("not attempted", f"Replace the ... by {exercise.expects}.")
    if exercise.inputs is not None:
        return _judge_function(exercise, answer)
    return _judge_value(exercise, answer)


def _judge_function(exercise: Exercise, answer: object) -> Verdict:
    if not callable(answer):
        return Verdict("wrong", "Hand over the function itself: its name, without parentheses.")
    verdict = _judge_call(exercise, answer, exercise.inputs)
    if verdict.outcome != "right" or exercise.again is None:
        return verdict
    second = _judge_call(exercise, answer, exercise.again)
    if second.outcome == "right":
        return verdict
    return Verdict(
        "wrong",
        f"Right for the first example, but not for another. Called with "
        f"{_listed(exercise.again)} it should return "
        f"{shown(exercise.solution(*deepcopy(exercise.again)))}. {second.says}",
    )


def _judge_call(exercise: Exercise, answer: Callable, inputs: tuple[object, ...]) -> Verdict:
    try:
        found = answer(*deepcopy(inputs))
    except (Exception, SystemExit) as problem:
        return Verdict(
            "wrong",
            f"Your function stopped with {type(problem).__name__}: {shown(problem)}. It was "
            f"called with {_listed(inputs)} and should return {exercise.expects}.",
        )
    if found is ...:
        return Verdict("not attempted", f"Let your function return {exercise.expects}.")
    if found is None:
        return Verdict("wrong", "Your function returned None: does it end in a `return`?")
    return _judge_value(exercise, found, inputs)


def _judge_value(
    exercise: Exercise, found: object, inputs: tuple[object, ...] | None = None
) -> Verdict:
    if _holds(exercise.alike, _answered(exercise.solution, inputs), found):
        return Verdict("right", exercise.means)
    for mistake in exercise.mistakes:
        if mistake.recognised is None:
            told = _holds(exercise.alike, _answered(mistake.example, inputs), found)
        else:
            told = _holds(mistake.recognised, found)
        if told:
            return Verdict("wrong", mistake.says)
    return Verdict("wrong", f"Expected {exercise.expects}; found {shown(found)}.")


def _answered(answer: object, inputs: tuple[object, ...] | None) -> object:
    """What a function among our own answers returns on the inputs; any other answer itself."""
    return answer if inputs is None else answer(*deepcopy(inputs))


def _as_array(answer: object) -> np.ndarray:
    if isinstance(answer, str | bytes | bool):
        raise TypeError("not a number")
    if hasattr(answer, "detach"):  # a tensor, perhaps with a gradient
        answer = answer.detach()
    return np.asarray(answer, dtype=float)


def _holds(test: Callable[..., bool], *values: object) -> bool:
    try:
        return bool(test(*values))
    except Exception:  # an answer of a kind that the test is not made for: it does not look so
        return False


def _listed(inputs: tuple[object, ...]) -> str:
    return ", ".join(map(shown, inputs))


def shown(answer: object) -> str:
    """An answer in one line of at most 80 characters, whatever it is."""
    try:
        text = str(answer) if isinstance(answer, BaseException) else repr(answer)
    except Exception:
        text = f"something of type {type(answer).__name__} that cannot be printed"
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:77]}..."
