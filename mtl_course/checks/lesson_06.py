"""Judges the exercises of lesson 06: a cosine, a step's price for the other task, and verdicts."""

import torch

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake, same_members, within

OURS = torch.tensor([1.0, 2.0, -2.0])  # length 3
OTHERS = torch.tensor([4.0, -3.0, 0.0])  # length 5, dot product -2

COSINE = Exercise(
    name="cosine",
    expects="one number from -1 to 1",
    solution=lambda a, b: (a @ b) / (a.norm() * b.norm()),
    means="-2 / (3 · 5) = -0.13: a slight conflict. The lengths have gone, the angle is left.",
    mistakes=(
        Mistake(
            lambda a, b: a @ b,
            "That is the dot product, which grows with the lengths. Divide by both of them.",
        ),
        Mistake(
            lambda a, b: (a @ b) / a.norm(),
            "You divided by the length of the first only. Divide by that of the second, too.",
        ),
        Mistake(
            lambda a, b: (a @ b) / b.norm(),
            "You divided by the length of the second only. Divide by that of the first, too.",
        ),
        Mistake(
            lambda a, b: (a @ b) / ((a @ a) * (b @ b)),
            "You divided by the squares of the lengths. A length is a square root.",
        ),
        Mistake(
            lambda a, b: (a @ b).abs() / (a.norm() * b.norm()),
            "The sign is lost, and the sign is what tells a conflict.",
        ),
        Mistake(
            lambda a, b: ((a @ b) / (a.norm() * b.norm())).acos(),
            "That is the angle itself, in radians. Asked for is its cosine.",
        ),
        Mistake(
            lambda a, b: (a * b) / (a.norm() * b.norm()),
            "You have one number for each parameter. Add them up: that is the dot product.",
        ),
    ),
    hints=(
        "The dot product of the two, without what their lengths bring in.",
        "`a @ b` is the dot product, `a.norm()` a length.",
        "return (a @ b) / (..., the product of both lengths)",
    ),
    inputs=(OURS, OTHERS),
    again=(OURS, OURS + OTHERS),
)
PRICE = Exercise(
    name="price",
    expects="one number: the change of the other task's loss",
    solution=lambda own, others, learning_rate: -learning_rate * (own @ others),
    means="-0.1 · (-2) = +0.2: the other task pays. Where the dot product is above 0 it gains.",
    mistakes=(
        Mistake(
            lambda own, others, learning_rate: learning_rate * (own @ others),
            "The sign is turned: a step goes against the gradient.",
        ),
        Mistake(
            lambda own, others, _: -(own @ others),
            "The step is the gradient times the learning rate.",
        ),
        Mistake(
            lambda own, others, learning_rate: (
                -learning_rate * (own @ others) / (own.norm() * others.norm())
            ),
            "That has the cosine in it. Here the lengths count: a longer step costs more.",
        ),
        Mistake(
            lambda own, _, learning_rate: -learning_rate * (own @ own),
            "That is the change of the task's own loss. Asked for is the other's.",
        ),
        Mistake(
            lambda own, others, learning_rate: -learning_rate * (own * others),
            "You have one number for each parameter. Their sum is the change.",
        ),
        Mistake(
            lambda own, _, learning_rate: -learning_rate * own,
            "That is the step itself. How does the other loss change along it?",
        ),
    ),
    hints=(
        "The step is -learning_rate · own. A loss changes by its gradient times the step.",
        "Times, for two rows of numbers, is the dot product.",
        "return -learning_rate * (... @ ...)",
    ),
    alike=within(0.001),
    inputs=(OURS, OTHERS, 0.1),
    again=(OURS, OURS + OTHERS, 0.5),
)
HARMED = Exercise(
    name="harmed",
    expects='a list of letters, such as ["B", "C"]',
    solution=["A", "D"],
    means="A and D lie below 0 with their whole intervals: there, and only there, sharing hurts.",
    mistakes=(
        Mistake(
            ["A", "B", "D"],
            "B's mean is below 0, but its interval, from -0.07 to 0.03, is not: it cannot be told.",
        ),
        Mistake(
            ["A"],
            "One is missing: a small loss with a small spread can be as sure as a large one.",
        ),
        Mistake(
            ["D"],
            "One is missing: look at the interval, not at the spread alone.",
        ),
        Mistake(
            ["C"],
            "In C sharing helps. Negative transfer is where it hurts.",
        ),
        Mistake(
            ["A", "C", "D"],
            "Those are all that can be told from 0. In one of them sharing helps.",
        ),
        Mistake(
            ["B", "E"],
            "Those are the two that cannot be told from 0.",
        ),
        Mistake(
            ["A", "B", "D", "E"],
            "A wide interval that holds 0 is no proof of harm: B and E cannot be told.",
        ),
    ),
    hints=(
        "Half the width of the interval is 1.24 times the standard deviation.",
        "A: from -0.095 to -0.045. Do the same for the others: which lie below 0 altogether?",
        'harmed = ["A", ...], and one more.',
    ),
    alike=same_members,
)
LESSON = Lesson("06", "When tasks fight", (COSINE, PRICE, HARMED))
hint, progress = LESSON.hint, LESSON.progress


def check_cosine(answer: object) -> None:
    """Judges the function that gives the cosine of two gradients."""
    LESSON.announce(COSINE, answer)


def check_price(answer: object) -> None:
    """Judges the function that says what one task's step does to the other's loss."""
    LESSON.announce(PRICE, answer)


def check_harmed(answer: object) -> None:
    """Judges in which of five shops sharing hurts beyond the spread of the seeds."""
    LESSON.announce(HARMED, answer)
