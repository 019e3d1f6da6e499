"""Judges the exercises of lesson 09: two chances multiplied, a clipped mean, and a clip chosen."""

import torch

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake, same_text

CLICK, CONVERSION = torch.tensor([0.0, 1.0, -2.0]), torch.tensor([1.0, -1.0, 0.5])
VALUES = torch.tensor([0.0, 0.0, 1.0, 1.0])
PROPENSITY = torch.tensor([0.5, 0.1, 0.25, 0.02])
CLIP = 20.0

BOTH = Exercise(
    name="both",
    expects="one chance for each pair",
    solution=lambda click, conversion: click.sigmoid() * conversion.sigmoid(),
    means="Both stages must happen: the product is below each of the two chances.",
    mistakes=(
        Mistake(
            lambda click, conversion: (click + conversion).sigmoid(),
            "That adds log-odds. Chances are multiplied: each logit has its own sigmoid first.",
        ),
        Mistake(
            lambda click, conversion: (click * conversion).sigmoid(),
            "You multiplied the logits. Two negative ones would then make a likely pair.",
        ),
        Mistake(
            lambda _, conversion: conversion.sigmoid(),
            "That is the conversion of those who click. How many click?",
        ),
        Mistake(
            lambda click, _: click.sigmoid(),
            "That is the click alone. How many of the clicked convert?",
        ),
        Mistake(
            lambda click, conversion: (click.sigmoid() + conversion.sigmoid()) / 2,
            "That is the mean of the two: it can lie above the chance of a click.",
        ),
        Mistake(
            lambda click, conversion: click * conversion,
            "Those are logits, from minus to plus infinity. Turn each into a chance first.",
        ),
    ),
    hints=(
        "A conversion happens to a share of the clicked, and those are a share of all.",
        "A logit's chance is `.sigmoid()`. Which operation takes a share of a share?",
        "return click.sigmoid() * ...",
    ),
    inputs=(CLICK, CONVERSION),
    again=(CONVERSION, 1 - CLICK),
)
MEAN = Exercise(
    name="mean",
    expects="one number, the weighted mean",
    solution=lambda values, propensity, clip: (
        ((1 / propensity).clamp(max=clip) * values).sum() / (1 / propensity).clamp(max=clip).sum()
    ),
    means="(4 + 20) / (2 + 10 + 4 + 20) = 0.67, where the plain mean says 0.50.",
    mistakes=(
        Mistake(
            lambda values, propensity, clip: (
                ((1 / propensity).clamp(max=clip) * values).sum() / len(values)
            ),
            "You divided by the rows. SNIPS divides by the sum of the weights.",
        ),
        Mistake(
            lambda values, propensity, _: (values / propensity).sum() / (1 / propensity).sum(),
            "Nothing was clipped: the last row weighs 50, as much as all others three times over.",
        ),
        Mistake(
            lambda values, propensity, clip: (
                ((1 / propensity).clamp(max=clip) * values).sum() / (1 / propensity).sum()
            ),
            "The weights above the line are clipped, those below are not. Clip once, use twice.",
        ),
        Mistake(
            lambda values, propensity, _: (values * propensity).sum() / propensity.sum(),
            "That weighs by the propensity: what was shown often counts even more. Invert it.",
        ),
        Mistake(
            lambda values, propensity, clip: (
                ((1 / propensity).clamp(min=clip) * values).sum()
                / (1 / propensity).clamp(min=clip).sum()
            ),
            "That lifts the small weights. A clip is the largest weight allowed: `max=clip`.",
        ),
        Mistake(
            lambda values, *_: values.mean(),
            "That is the plain mean: rows that are shown often have the say.",
        ),
    ),
    hints=(
        "A row that is shown 1 time in 10 stands for ten; but for `clip` at most.",
        "weight = (1 / propensity).clamp(max=clip), then a weighted mean.",
        "return (weight * values).sum() / ...",
    ),
    inputs=(VALUES, PROPENSITY, CLIP),
    again=(1 - VALUES, PROPENSITY, 5.0),
)
BEST_CLIP = Exercise(
    name="clip",
    expects='one letter, such as "A"',
    solution="B",
    means="√(0.03² + 0.02²) = 0.04: a little bias for much less spread.",
    mistakes=(
        Mistake("D", "It has no bias, but its spread alone is 0.08: one log is all you have."),
        Mistake("A", "It has the smallest spread, around a wrong value: √(0.09² + 0.01²) = 0.09."),
        Mistake("C", "Nearly: √(0.01² + 0.05²) = 0.05. One of the others is lower."),
    ),
    hints=(
        "Neither bias nor spread alone: both make the error of one estimate.",
        "RMSE² = bias² + spread². For A: 0.0081 + 0.0001.",
        "B: 0.0009 + 0.0004; C: 0.0001 + 0.0025; D: 0.0064. Which is least?",
    ),
    alike=same_text,
)
LESSON = Lesson("09", "The funnel", (BOTH, MEAN, BEST_CLIP))
hint, progress = LESSON.hint, LESSON.progress


def check_both(answer: object) -> None:
    """Judges the function that gives the chance of click and conversion from two logits."""
    LESSON.announce(BOTH, answer)


def check_mean(answer: object) -> None:
    """Judges the function that gives the clipped and self-normalised mean."""
    LESSON.announce(MEAN, answer)


def check_clip(answer: object) -> None:
    """Judges which of four clips has the lowest error."""
    LESSON.announce(BEST_CLIP, answer)
