"""Judges the exercises of lesson 01: density, what is novel, and which windows may choose."""

import torch

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake, same_members

BEFORE = torch.tensor([[6.0, 2, 0, 0], [3, 0, 4, 1], [5, 1, 0, 0]])  # baskets [users, items]
AFTER = torch.tensor([[5.0, 3, 0, 1], [0, 0, 2, 0], [4, 0, 1, 0]])  # baskets [users, items]

DENSITY = Exercise(
    name="density",
    expects="one number between 0 and 1",
    solution=lambda baskets: (baskets > 0).float().mean(),
    means="7 of 12 cells are filled here: 0.583. In the shop it is 0.05, before anything is cut.",
    mistakes=(
        Mistake(
            lambda baskets: baskets.mean(),
            "That is the mean number of baskets a cell. A cell with 6 baskets is filled once.",
        ),
        Mistake(
            lambda baskets: (baskets == 0).float().mean(),
            "That is the share of empty cells: the sparsity. Density counts the filled ones.",
        ),
        Mistake(
            lambda baskets: (baskets > 0).sum(),
            "That is how many cells are filled. Divide by how many there are.",
        ),
    ),
    hints=(
        "A cell is filled when its number of baskets is above 0, whatever the number.",
        "`baskets > 0` holds True and False; as floats they are 1 and 0, and can be averaged.",
        "return (baskets > 0).float().mean()",
    ),
    inputs=(BEFORE,),
    again=(AFTER[:2],),
)
NOVEL = Exercise(
    name="novel",
    expects="a table of True and False, one for each household and item",
    solution=lambda before, after: (after > 0) & (before == 0),
    means="Two purchases are novel: own frequency gave each of them 0, like all that never came.",
    mistakes=(
        Mistake(
            lambda before, _: before == 0,
            "Those are all pairs without a past, bought now or not. Ask also for the purchase.",
        ),
        Mistake(
            lambda before, after: (after > 0) & (before > 0),
            "Those are the repeats: bought now and before. Novel is bought now and never before.",
        ),
        Mistake(
            lambda _, after: after > 0,
            "Those are all purchases, the repeats among them. Ask also that there was none before.",
        ),
        Mistake(
            lambda before, after: after > before,
            "That is bought more often than before. Novel means that before there was nothing.",
        ),
    ),
    hints=(
        "Two conditions must hold for a cell: one about `after`, one about `before`.",
        "`&` joins two tables of True and False; put each comparison in parentheses.",
        "return (after > 0) & (before == 0)",
    ),
    inputs=(BEFORE, AFTER),
    again=(AFTER, BEFORE),
)
WINDOWS = Exercise(
    name="windows",
    expects="a list of window numbers from 1 to 4",
    solution=[1, 2],
    means="Window 2 trains, with window 1 as its history. The choice of items knows no later one.",
    mistakes=(
        Mistake(
            [1, 2, 3, 4],
            "Then the test window helps to choose the items: one that sells only there is kept.",
        ),
        Mistake(
            [1, 2, 3],
            "Window 3 validates: it must be as new to the choice of items as to the model.",
        ),
        Mistake(
            [1],
            "That leaks nothing, but window 2 trains: what was sold there may be known as well.",
        ),
        Mistake(
            [2],
            "That leaks nothing, but window 1 is known by then too: it is window 2's history.",
        ),
        Mistake(
            [2, 3],
            "Window 3 validates, so it may not choose; window 1, the history, may.",
        ),
        Mistake([3, 4], "Those two judge. The choice may know only what comes before them."),
    ),
    hints=(
        "Choosing items is a part of training: it may know what training knows.",
        "Window 4 tests and window 3 validates.",
        "k_core_windows = [1, 2]",
    ),
    alike=same_members,
)
LESSON = Lesson("01", "The shop and its log", (DENSITY, NOVEL, WINDOWS))
hint, progress = LESSON.hint, LESSON.progress


def check_density(answer: object) -> None:
    """Judges the function that gives the share of filled cells of a table of baskets."""
    LESSON.announce(DENSITY, answer)


def check_novel(answer: object) -> None:
    """Judges the function that marks what was bought for the first time."""
    LESSON.announce(NOVEL, answer)


def check_windows(answer: object) -> None:
    """Judges which windows may decide what items there are."""
    LESSON.announce(WINDOWS, answer)
