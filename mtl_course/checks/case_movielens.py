"""Judges the exercises of the case MovieLens: an error in stars, and pairs to draw or ask about."""

import torch

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake

SAID = torch.tensor([0.9, 0.4, 0.5, 0.35, 0.7])  # chances, after the sigmoid
LABELS = torch.tensor([1.0, 0.75, 0.25, 0.0, 0.0])
RATED = torch.tensor([True, True, True, False, False])
BEFORE = torch.tensor([[True, False, False, True], [False, True, False, False]])
LATER = torch.tensor([[False, True, False, False], [False, False, False, True]])


def _errors(said: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return (said - labels).square()


STARS = Exercise(
    name="stars",
    expects="one number, in stars",
    solution=lambda said, labels, rated: 4 * _errors(said, labels)[rated].mean().sqrt(),
    means="One number in the unit that a reader knows; films without a rating have no say in it.",
    mistakes=(
        Mistake(
            lambda said, labels, _: 4 * _errors(said, labels).mean().sqrt(),
            "That counts the drawn films, too, as if each had been given one star.",
        ),
        Mistake(
            lambda said, labels, rated: 5 * _errors(said, labels)[rated].mean().sqrt(),
            "From 1 to 5 stars there are four steps, not five: a label of 0 is one star.",
        ),
        Mistake(
            lambda said, labels, rated: _errors(said, labels)[rated].mean().sqrt(),
            "That is the error of a label from 0 to 1. How many stars lie between 0 and 1?",
        ),
        Mistake(
            lambda said, labels, rated: 1 + 4 * _errors(said, labels)[rated].mean().sqrt(),
            "A rating is 1 + 4 × label. In a difference of two ratings the 1 is gone.",
        ),
        Mistake(
            lambda said, labels, rated: 4 * _errors(said, labels)[rated].mean(),
            "The root is missing: that is a mean of squares, in no unit that one can read.",
        ),
        Mistake(
            lambda said, labels, rated: 4 * (said - labels)[rated].abs().mean(),
            "That is the mean absolute error. The RMSE squares first: large errors count more.",
        ),
    ),
    hints=(
        "Which rows have a rating? Only those may be averaged.",
        "Square, average over the rated rows, take the root; then go from labels to stars.",
        "errors = (said - labels)[rated]; return 4 * ....square().mean()....",
    ),
    inputs=(SAID, LABELS, RATED),
    again=(SAID.flip(0), LABELS, RATED.roll(1)),
)
PAIRS = Exercise(
    name="pairs",
    expects="two tables of True and False, stacked",
    solution=lambda before, later: torch.stack([~before, ~before & ~later]),
    means="While training, what comes later is unknown, and drawn like any other film; it judges.",
    mistakes=(
        Mistake(
            lambda before, later: torch.stack([~before & ~later, ~before & ~later]),
            "The first table has looked at the answer: no negative is ever watched later.",
        ),
        Mistake(
            lambda before, later: torch.stack([~before & ~later, ~before]),
            "The two are exchanged: the first is the training's, which knows nothing of later.",
        ),
        Mistake(
            lambda before, later: torch.stack([~before, ~later]),
            "The second counts films watched in training as negatives of the test: ask about new.",
        ),
        Mistake(
            lambda before, _: torch.stack([~before, ~before]),
            "In the test, a film that is watched later is a positive: take it out of the second.",
        ),
        Mistake(
            lambda before, later: torch.stack([before, later]),
            "Those are the positives of the training and of the test.",
        ),
        Mistake(
            lambda before, _: ~before,
            "The first table is right. Stack the test's below it: torch.stack([..., ...]).",
        ),
    ),
    hints=(
        "Put yourself at the moment of training. Which of the two tables exists then?",
        "Drawn may be whatever is not in `before`. The test asks about the same pairs, less those "
        "that came true.",
        "return torch.stack([~before, ...])",
    ),
    inputs=(BEFORE, LATER),
    again=(LATER.flip(1), BEFORE),
)
LESSON = Lesson("case_movielens", "Films and their stars", (STARS, PAIRS))
hint, progress = LESSON.hint, LESSON.progress


def check_stars(answer: object) -> None:
    """Judges the function that averages the errors of the rated rows, in stars."""
    LESSON.announce(STARS, answer)


def check_pairs(answer: object) -> None:
    """Judges the function that says which pairs are negatives of the training, and of the test."""
    LESSON.announce(PAIRS, answer)
