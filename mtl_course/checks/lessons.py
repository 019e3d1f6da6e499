"""A lesson's exercises: the verdict on an answer, hints, and how far the learner is, printed."""

from dataclasses import dataclass

from mtl_course.checks import progress
from mtl_course.checks.verdicts import Exercise, judge, shown

LABELS = {"not attempted": "Not attempted yet", "wrong": "Not right yet", "right": "Right"}


@dataclass(frozen=True)
class Lesson:
    """What is asked in one lesson."""

    key: str  # as its notebook's name begins: "04"
    title: str
    exercises: tuple[Exercise, ...]

    def announce(self, exercise: Exercise, answer: object) -> None:
        """Judges `answer`, prints the verdict and where help is to be had, and keeps the outcome.

        No answer makes it raise, and no folder that cannot be written to.
        """
        verdict = judge(exercise, answer)
        print(f"{LABELS[verdict.outcome]} ({exercise.name}). {verdict.says}")
        if verdict.outcome != "right":
            print(f'Stuck? Run checks.hint("{exercise.name}") in a cell of its own.')
        try:
            progress.keep(self.key, exercise.name, verdict.outcome)
        except ValueError as problem:
            print(f"This is not kept for your next visit. {problem}")

    def hint(self, name: object, number: object = 1) -> None:
        """Prints hint 1, 2 or 3 of the exercise called `name`; what it does not know, it says."""
        named = {exercise.name: exercise for exercise in self.exercises}
        if not isinstance(name, str) or name not in named:
            known = ", ".join(named)
            print(f"There is no exercise {shown(name)} in this lesson; there are: {known}.")
            return
        hints = named[name].hints
        if not isinstance(number, int) or not 1 <= number <= len(hints):
            print(f"Hints go from 1 to {len(hints)}; found {shown(number)}.")
            return
        print(f"Hint {number} of {len(hints)} ({name}). {hints[number - 1]}")
        if number < len(hints):
            print(f'Another? checks.hint("{name}", {number + 1})')
        else:
            print("That was the last one. The solution is in this lesson's notebook in solutions/.")

    def progress(self) -> None:
        """Prints the best outcome of each exercise so far, of this and of earlier visits."""
        try:
            kept = progress.best(self.key)
        except ValueError as problem:
            print(problem)
            return
        for exercise in self.exercises:
            print(f"{exercise.name}: {kept.get(exercise.name, 'not attempted')}")
