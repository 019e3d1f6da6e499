"""Judges the exercises of lesson 03: the blueprint's parameters, and which scores rank alike."""

from itertools import combinations

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake

RIGHT = [True, True, False, False]  # which of (a) to (d) rank the items the same for everybody


def _with_wrong(letters: str) -> list[bool]:
    """The answer that is right but for these letters."""
    return [right != (letter in letters) for letter, right in zip("abcd", RIGHT, strict=True)]


PARAMETERS = Exercise(
    name="parameters",
    expects="one whole number",
    solution=lambda n_users, n_items, dim, n_tasks: (
        (n_users + n_items) * dim + 2 * dim * n_tasks + n_tasks
    ),
    means="24,186 for the shop at width 8, and all but 34 of them are embeddings.",
    mistakes=(
        Mistake(
            lambda n_users, n_items, dim, _: (n_users + n_items) * dim,
            "Those are both tables. The units have weights and constants, too.",
        ),
        Mistake(
            lambda n_users, n_items, dim, n_tasks: (n_users + n_items) * dim + 2 * dim * n_tasks,
            "Nearly: each task's unit has a constant c as well.",
        ),
        Mistake(
            lambda n_users, n_items, dim, n_tasks: (
                (n_users + n_items) * dim + dim * n_tasks + n_tasks
            ),
            "A unit weighs both embeddings side by side: twice the width.",
        ),
        Mistake(
            lambda n_users, n_items, dim, n_tasks: (
                (n_users + n_items) * dim + 2 * dim * n_tasks + 1
            ),
            "Nearly: there is a constant c for each task, not one for all.",
        ),
        Mistake(
            lambda n_users, n_items, dim, _: (n_users + n_items) * dim + 2 * dim + 1,
            "That is one unit. Each task has a unit of its own.",
        ),
        Mistake(
            lambda n_users, n_items, dim, n_tasks: (
                n_users * n_items * dim + 2 * dim * n_tasks + n_tasks
            ),
            "A table has a row for a user or for an item, not for a pair.",
        ),
    ),
    hints=(
        "Count three things: the two tables, the units' weights, the units' constants.",
        "A table has rows × width numbers; a unit has 2 × width weights and one constant.",
        "return (n_users + n_items) * dim + 2 * dim * n_tasks + n_tasks",
    ),
    inputs=(10, 20, 5, 3),
    again=(7, 11, 2, 1),
)
SAME = Exercise(
    name="same",
    expects="four of True or False, in the order a to d",
    solution=RIGHT,
    means="Only what holds u and v in one term can turn the order of two items round.",
    mistakes=(
        Mistake(
            _with_wrong("a"),
            "(a) is wrong: w can be split into a part that weighs u and a part that weighs v.",
        ),
        Mistake(
            _with_wrong("b"),
            "(b) is wrong: what a network makes of u alone is the household's part, however deep.",
        ),
        Mistake(
            _with_wrong("c"),
            "(c) is wrong: in u · v another household weighs the items by other numbers.",
        ),
        Mistake(
            _with_wrong("d"),
            "(d) is wrong: relu(u + v) is no part of u plus a part of v: the kink mixes them.",
        ),
        Mistake(
            _with_wrong("abcd"),
            "All four are the other way round: True where the list is the same for all.",
        ),
        *(
            Mistake(
                _with_wrong("".join(letters)),
                f"{' and '.join(f'({letter})' for letter in letters)} are wrong. Ask of each: is "
                f"it a part of u plus a part of v?",
            )
            for n_wrong in (2, 3)
            for letters in combinations("abcd", n_wrong)
        ),
    ),
    hints=(
        "Can the score be written as (something of u) + (something of v)?",
        "If it can, one household adds the same amount to every item.",
        "same_for_all = [True, True, False, False]",
    ),
)
LESSON = Lesson("03", "Deep embeddings", (PARAMETERS, SAME))
hint, progress = LESSON.hint, LESSON.progress


def check_parameters(answer: object) -> None:
    """Judges the number of parameters of the blueprint, a function of four sizes."""
    LESSON.announce(PARAMETERS, answer)


def check_same(answer: object) -> None:
    """Judges which of four scores rank the items the same for everybody: four of True or False."""
    LESSON.announce(SAME, answer)
