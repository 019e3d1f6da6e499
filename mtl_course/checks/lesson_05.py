"""Judges the exercises of lesson 05: a masked mean, and a change of scale undone."""

import torch

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake

NATS = torch.tensor([[0.2, 0.5, 0.6], [0.8, 0.1, 0.3], [0.4, 0.9, 0.7], [0.6, 0.5, 0.2]])
OBSERVED = torch.tensor(
    [[True, True, False], [True, False, False], [True, True, False], [True, False, False]]
)
WEIGHTS = torch.tensor([0.5, 0.3, 0.2])
SCALES = torch.tensor([1.0, 10.0, 0.5])

MEAN = Exercise(
    name="mean",
    expects="one number for each task",
    solution=lambda nats, observed: (nats * observed).sum(dim=0) / observed.sum(dim=0).clamp(min=1),
    means="A label that nobody knows weighs nothing; a task without any sends no gradient.",
    mistakes=(
        Mistake(
            lambda nats, _: nats.mean(dim=0),
            "That counts the missing labels too, as if somebody had told them.",
        ),
        Mistake(
            lambda nats, observed: (nats * observed).sum(dim=0) / len(nats),
            "Divide by the labels that are there. By all rows, rare labels lose their say.",
        ),
        Mistake(
            lambda nats, observed: (nats * observed).sum(dim=0),
            "That is the sum. With it, a task counts the more the more labels it has.",
        ),
        Mistake(
            lambda nats, observed: (nats * observed).sum(dim=0) / observed.sum(dim=0),
            "Nearly: where a batch has no label of a task that is 0 / 0, and ends all training.",
            recognised=lambda found: bool(found.isnan().any()),
        ),
        Mistake(
            lambda nats, observed: (nats * observed).sum() / observed.sum(),
            "That is one number for all tasks. Sum over the rows alone: dim=0.",
        ),
        Mistake(
            lambda nats, observed: (
                (nats * ~observed).sum(dim=0) / (~observed).sum(dim=0).clamp(min=1)
            ),
            "The mask is turned round: `observed` is True where the label is there.",
        ),
    ),
    hints=(
        "A product with the mask takes the missing labels out of the sum. Out of the number, too?",
        "Divide by observed.sum(dim=0), and let .clamp(min=1) keep it from being 0.",
        "return (nats * observed).sum(dim=0) / observed.sum(dim=0)....",
    ),
    inputs=(NATS, OBSERVED),
    again=(NATS, OBSERVED.flip(0)),
)
SAME = Exercise(
    name="same",
    expects="one weight for each task, which add up to 1",
    solution=lambda weights, scales: (weights / scales) / (weights / scales).sum(),
    means="A loss that is reported ten times as large gets a tenth of the weight.",
    mistakes=(
        Mistake(
            lambda weights, scales: weights / scales,
            "The proportions are right. A triangle's weights add up to 1: divide by the sum.",
        ),
        Mistake(
            lambda weights, scales: (weights * scales) / (weights * scales).sum(),
            "That doubles the trouble: a loss that grew would also get the larger weight.",
        ),
        Mistake(
            lambda weights, scales: weights * scales,
            "Other way round: a loss that grew needs a smaller weight.",
        ),
        Mistake(
            lambda weights, _: weights,
            "Those are the old weights: with them, the loss that grew takes over.",
        ),
        Mistake(
            lambda _, scales: (1 / scales) / (1 / scales).sum(),
            "That makes all tasks equal. Somebody had chosen weights: keep their proportions.",
        ),
    ),
    hints=(
        "What moves the training is weight × loss. It shall be as it was, task by task.",
        "If a loss is multiplied by s, its weight is divided by s. Then let them add up to 1.",
        "same = weights / scales; return same / ...",
    ),
    inputs=(WEIGHTS, SCALES),
    again=(WEIGHTS.flip(0), 2 * SCALES.roll(1)),
)
LESSON = Lesson("05", "Three tasks, one shop", (MEAN, SAME))
hint, progress = LESSON.hint, LESSON.progress


def check_mean(answer: object) -> None:
    """Judges the function that averages each task's loss over its observed labels."""
    LESSON.announce(MEAN, answer)


def check_same(answer: object) -> None:
    """Judges the function that gives the weights which undo a change of the losses' scales."""
    LESSON.announce(SAME, answer)
