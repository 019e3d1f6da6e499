"""Judges the exercises of lesson 03: the blueprint's parameters, and which scores rank alike."""

from mtl_course.checks.verdicts import Exercise, Mistake, announce, give_hint, show_progress

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
    inputs=(10, 20, 4, 2),
)
SAME = Exercise(
    name="same",
    expects="True or False",
    solution=[True, True, False, False],
    means="Only what holds u and v in one term can turn the order of two items round.",
    mistakes=(
        Mistake(
            [True, False, False, False],
            "A hidden layer that sees u alone is still the household's part, however deep.",
        ),
        Mistake(
            [True, True, True, False],
            "u · v is one term of both: another household weighs the items by other numbers.",
        ),
        Mistake(
            [True, True, False, True],
            "relu(u + v) cannot be split into a part of u and a part of v: the kink mixes them.",
        ),
        Mistake(
            [False, False, True, True],
            "The other way round: True where the list is the same for all.",
        ),
    ),
    hints=(
        "Can the score be written as (something of u) + (something of v)?",
        "If it can, one household adds the same amount to every item.",
        "same_for_all = [True, True, False, False]",
    ),
)
EXERCISES = (PARAMETERS, SAME)


def check_parameters(answer: object) -> None:
    """Judges the number of parameters of the blueprint, a function of four sizes."""
    announce(PARAMETERS, answer)


def check_same(answer: object) -> None:
    """Judges which of four scores rank the items the same for everybody: four of True or False."""
    announce(SAME, answer)


def hint(name: object, number: object = 1) -> None:
    """Prints hint 1, 2 or 3 of the exercise called `name`."""
    give_hint(EXERCISES, name, number)


def progress() -> None:
    """Prints the latest outcome of each exercise of this lesson since the kernel was started."""
    show_progress(EXERCISES)
