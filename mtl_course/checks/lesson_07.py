"""Judges the exercises of lesson 07: weights at rest, and the shortest mean of two gradients."""

import torch

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake

LOSSES = torch.tensor([0.2, 0.5, 1.6])
OURS, OTHERS = torch.tensor([1.0, 2.0]), torch.tensor([-2.0, 0.5])  # apart: (3, 1.5)

REST = Exercise(
    name="rest",
    expects="one weight for each task",
    solution=lambda losses: 1 / (2 * losses),
    means="2.5, 1 and 0.31: each weight times its loss is one half, whatever the loss's scale.",
    mistakes=(
        Mistake(
            lambda losses: losses.log(),
            "Those are the s at rest. The weight is ½ exp(−s).",
        ),
        Mistake(
            lambda losses: 1 / losses,
            "That is exp(−s). The weight has a ½ in front of it.",
        ),
        Mistake(
            lambda losses: losses / 2,
            "That is ½ exp(+s): a loss that is large would count even more. Mind the sign.",
        ),
        Mistake(
            lambda losses: -losses.log(),
            "That is −s at rest. It still has to go through ½ exp(…).",
        ),
        Mistake(
            lambda losses: 0.5 * torch.exp(-losses),
            "That takes the loss for s. At rest s is the logarithm of the loss.",
        ),
        Mistake(
            lambda losses: (1 / losses) / (1 / losses).sum(),
            "The proportions are right. These weights need not add up to 1.",
        ),
    ),
    hints=(
        "Where is the slope ½ (1 − exp(−s) L) equal to 0?",
        "At exp(s) = L. Put that into the weight, ½ exp(−s).",
        "return 1 / (... * losses)",
    ),
    inputs=(LOSSES,),
    again=(2 * LOSSES[:2],),
)
SHARE = Exercise(
    name="share",
    expects="one number: the share of the first gradient",
    solution=lambda own, other: other @ (other - own) / (own - other).square().sum(),
    means="0.47: this mean of the two gradients is in nobody's way. It is MGDA for two tasks.",
    mistakes=(
        Mistake(
            lambda own, other: own @ (own - other) / (own - other).square().sum(),
            "That is the other gradient's share: 1 less yours.",
        ),
        Mistake(
            lambda own, other: other @ (other - own) / (own - other).norm(),
            "Divide by the square of the length of own - other, not by the length.",
        ),
        Mistake(
            lambda own, other: other @ (own - other) / (own - other).square().sum(),
            "The sign is turned: a share below 0 would climb one of the two losses.",
        ),
        Mistake(
            lambda own, other: other @ (other - own),
            "Nearly: divide by the squared length of own - other.",
        ),
        Mistake(
            lambda own, other: other.norm() / (own.norm() + other.norm()),
            "That makes both parts equally long. Asked for is the shortest mean.",
        ),
        Mistake(
            lambda own, other: own + other,
            "You have a gradient, or a number for each parameter. Asked for is one share.",
            recognised=lambda found: tuple(found.shape) == (2,),
        ),
        Mistake(
            lambda own, other: 0.5,  # noqa: ARG005
            "That is the plain mean, which is shortest only for gradients of equal length.",
        ),
    ),
    hints=(
        "The mean is g = share · own + (1 − share) · other. At the shortest, moving the share does "
        "not change its length: g is at a right angle to own − other.",
        "Solve (other + share · (own − other)) @ (own − other) = 0 for the share.",
        "return other @ (...) / (own - other).square().sum()",
    ),
    inputs=(OURS, OTHERS),
    again=(OTHERS, OURS),
)
LESSON = Lesson("07", "Weights that choose themselves", (REST, SHARE))
hint, progress = LESSON.hint, LESSON.progress


def check_rest(answer: object) -> None:
    """Judges the function that gives the weights at which uncertainty weighting comes to rest."""
    LESSON.announce(REST, answer)


def check_share(answer: object) -> None:
    """Judges the function that gives the first gradient's share in the shortest mean of two."""
    LESSON.announce(SHARE, answer)
