"""Judges the exercises of lesson 04: a slope by hand, the Pareto front, and where a tug rests."""

import torch

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake

THETA = torch.tensor([-1.0, 0.0, 0.5, 2.0])
ALPHA = torch.tensor([0.1, 0.5, 0.8])
SCALE = torch.tensor([3.0, 3.0, 10.0])


def letters(answer: object) -> set[str]:
    """The letters of a list, or of one text, in any order and case."""
    return {str(letter).upper() for letter in answer}


SLOPE = Exercise(
    name="slope",
    expects="one number for each θ",
    solution=lambda theta, alpha: alpha * 2 * (theta - 1) + (1 - alpha) * 6 * (theta + 1),
    means="Each task's own slope, times its weight, added up: the gradient of a weighted sum.",
    mistakes=(
        Mistake(
            lambda theta, alpha: alpha * (theta - 1) ** 2 + (1 - alpha) * 3 * (theta + 1) ** 2,
            "That is the weighted loss itself. Asked for is how fast it changes with θ.",
        ),
        Mistake(
            lambda theta, alpha: alpha * (theta - 1) + (1 - alpha) * 3 * (theta + 1),
            "That is half of it: the slope of (θ − 1)² is 2(θ − 1).",
        ),
        Mistake(
            lambda theta, alpha: alpha * 2 * (theta - 1) + (1 - alpha) * 2 * (theta + 1),
            "Quantity's loss has a factor of 3, and its slope has it too.",
        ),
        Mistake(
            lambda theta, alpha: (1 - alpha) * 2 * (theta - 1) + alpha * 6 * (theta + 1),
            "The weights are swapped: α is purchase's, and purchase would like θ = 1.",
        ),
        Mistake(
            lambda theta, alpha: -(alpha * 2 * (theta - 1) + (1 - alpha) * 6 * (theta + 1)),
            "That is the direction of the step, against the slope. The slope has the other sign.",
        ),
        Mistake(
            lambda theta, alpha: alpha * 2 * (theta - 1) + 6 * (theta + 1),
            "Quantity's slope has no weight yet: it is 1 − α.",
        ),
        Mistake(
            lambda theta, _: 2 * (theta - 1) + 6 * (theta + 1),
            "That is the sum of both slopes without their weights.",
        ),
    ),
    hints=(
        "The slope of a sum is the sum of the slopes, and a weight in front stays in front.",
        "The slope of (θ − 1)² is 2(θ − 1); that of 3(θ + 1)² is 6(θ + 1).",
        "return alpha * 2 * (theta - 1) + (1 - alpha) * 6 * (theta + 1)",
    ),
    inputs=(THETA, 0.25),
    again=(THETA + 1, 0.6),
)
FRONT = Exercise(
    name="front",
    expects='a list of letters, such as ["A", "C"]',
    solution=["A", "B", "E"],
    means="B beats C, and A beats D at the same RMSE. Among A, B and E you must choose.",
    mistakes=(
        Mistake(
            ["B", "E"],
            "Those are the best in one metric each. A is beaten by neither: look at both metrics.",
        ),
        Mistake(
            ["A", "B", "C", "D", "E"],
            "Not all: for two of them there is another with a larger AP at the same RMSE.",
        ),
        Mistake(
            ["A", "B", "D", "E"],
            "A and D have the same RMSE, and A has the larger AP: as good in one, better in one.",
        ),
        Mistake(
            ["A", "B", "C", "E"],
            "B and C have the same RMSE, and B has the larger AP: as good in one, better in one.",
        ),
        Mistake(
            ["C", "D"],
            "Those are the dominated ones. Asked for are the others.",
        ),
        Mistake(
            ["E"],
            "For AP larger is better, for RMSE smaller. E is best if smaller is better in both.",
        ),
        Mistake(
            ["A", "B"],
            "None of these is beaten. But they are not all: try each of the others in turn.",
            recognised=lambda found: letters(found) < {"A", "B", "E"},
        ),
    ),
    hints=(
        "AP: larger is better. RMSE: smaller is better. Compare the trainings two by two.",
        "One of each pair with the same RMSE goes: A and D, B and C.",
        'on_the_front = ["A", "B", ...], and the one with the smallest RMSE.',
    ),
    alike=lambda expected, found: letters(found) == letters(expected),
)
REST = Exercise(
    name="rest",
    expects="one number between -1 and 1 for each pair of weight and scale",
    solution=lambda alpha, scale: (alpha - scale * (1 - alpha)) / (alpha + scale * (1 - alpha)),
    means="With scale 3 θ rests in the middle at α = 0.75: three times the weight, an equal say.",
    mistakes=(
        Mistake(
            lambda alpha, _: 2 * alpha - 1,
            "That is right for scale 1 only: the scale pulls as the weight does.",
        ),
        Mistake(
            lambda alpha, scale: alpha - scale * (1 - alpha),
            "That is the numerator. Divide by the sum of both pulls, α + scale (1 − α).",
        ),
        Mistake(
            lambda alpha, scale: (alpha - 3 * (1 - alpha)) / (alpha + 3 * (1 - alpha)) + 0 * scale,
            "That is right for scale 3 only: put `scale` where your 3 stands.",
        ),
        Mistake(
            lambda alpha, scale: alpha - scale * (1 - alpha) / alpha + scale * (1 - alpha),
            "A division comes before a sum: put what stands above and below it in parentheses.",
        ),
        Mistake(
            lambda alpha, scale: (scale * (1 - alpha) - alpha) / (alpha + scale * (1 - alpha)),
            "The sign is turned: with all the weight on purchase θ must rest at 1.",
        ),
        Mistake(
            lambda alpha, scale: (scale * alpha - (1 - alpha)) / (scale * alpha + (1 - alpha)),
            "The scale belongs to quantity's loss, which has the weight 1 − α.",
        ),
    ),
    hints=(
        "θ rests where the slope of the weighted loss is 0.",
        "α (θ − 1) + (1 − α) scale (θ + 1) = 0. Collect the terms with θ on one side.",
        "return (alpha - scale * (1 - alpha)) / (...), below it the sum of both pulls",
    ),
    inputs=(ALPHA, SCALE),
    again=(1 - ALPHA, SCALE / 2),
)
LESSON = Lesson("04", "The weighted loss", (SLOPE, FRONT, REST))
hint, progress = LESSON.hint, LESSON.progress


def check_slope(answer: object) -> None:
    """Judges the function that gives the slope of the tug of war's weighted loss."""
    LESSON.announce(SLOPE, answer)


def check_front(answer: object) -> None:
    """Judges which of five trainings are non-dominated."""
    LESSON.announce(FRONT, answer)


def check_rest(answer: object) -> None:
    """Judges the function that says where the tug of war comes to rest."""
    LESSON.announce(REST, answer)
