"""Judges the exercises of lesson 10: a gain of many tasks, calibration, and a paired interval."""

import torch
from torch import Tensor

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake, within

OURS = torch.tensor([0.48, 0.66, 0.72])  # AP, RMSE, AUC
THEIRS = torch.tensor([0.50, 0.60, 0.60])
SIGNS = torch.tensor([1.0, -1.0, 1.0])
PREDICTED = torch.tensor([0.05, 0.30, 0.60])
HAPPENED = torch.tensor([0.10, 0.20, 0.90])
SHARE = torch.tensor([0.70, 0.20, 0.10])
OUR_AP = torch.tensor([0.50, 0.30, 0.80, 0.40, 0.65, 0.10, 0.55, 0.72])  # [households]
THEIR_AP = torch.tensor([0.42, 0.33, 0.62, 0.44, 0.60, 0.11, 0.41, 0.70])


def _draws(seed: int, n: int) -> Tensor:
    return torch.randint(n, (200, n), generator=torch.Generator().manual_seed(seed))


def _gain(ours: Tensor, theirs: Tensor, signs: Tensor) -> Tensor:
    return (signs * (ours - theirs) / theirs).mean()


def _error(predicted: Tensor, happened: Tensor, share: Tensor) -> Tensor:
    return (share * (predicted - happened).abs()).sum()


def _ends(values: Tensor, low: float = 0.025, high: float = 0.975) -> Tensor:
    return values.quantile(torch.tensor([low, high]))


def _interval(ours: Tensor, theirs: Tensor, drawn: Tensor) -> Tensor:
    return _ends((ours - theirs)[drawn].mean(dim=1))


GAIN = Exercise(
    name="gain",
    expects="one number, the mean of the tasks' relative gains",
    solution=_gain,
    means="4 % and 10 % lost, 20 % won: 2 % on average, whatever the three are worth to the shop.",
    mistakes=(
        Mistake(
            lambda ours, theirs, _: ((ours - theirs) / theirs).mean(),
            "The second metric is an error: less of it is a gain. Its sign says so.",
        ),
        Mistake(
            lambda ours, theirs, signs: (signs * (ours - theirs)).mean(),
            "That adds AP to log units. Divide each difference by theirs first.",
        ),
        Mistake(
            lambda ours, theirs, signs: (signs * (ours - theirs) / ours).mean(),
            "A gain is a share of what it is compared with: divide by theirs.",
        ),
        Mistake(
            lambda ours, theirs, signs: (signs * (ours - theirs) / theirs).sum(),
            "That is the sum. The mean does not grow with the number of tasks.",
        ),
        Mistake(
            lambda ours, theirs, signs: (signs * (theirs - ours) / theirs).mean(),
            "Above 0 should mean that ours is better.",
        ),
        Mistake(
            lambda ours, theirs, signs: signs * (ours - theirs) / theirs,
            "Those are the gains of the tasks, one each. What is their mean?",
        ),
        Mistake(
            lambda ours, theirs, signs: 100 * (signs * (ours - theirs) / theirs).mean(),
            "That is in per cent; leave it a share.",
        ),
    ),
    hints=(
        "By which share of theirs is each metric higher?",
        "gains = signs * (ours - theirs) / theirs",
        "return gains.mean()",
    ),
    alike=within(1e-4),
    inputs=(OURS, THEIRS, SIGNS),
    again=(OURS[:2], THEIRS[:2].flip(0), SIGNS[:2]),
)
ERROR = Exercise(
    name="error",
    expects="one number, the expected calibration error",
    solution=_error,
    means="Most rows lie in the first bin, which is 5 points off; the last one, 30 off, is small.",
    mistakes=(
        Mistake(
            lambda predicted, happened, _: (predicted - happened).abs().mean(),
            "That gives a bin of few rows as much say as a full one: weigh by `share`.",
        ),
        Mistake(
            lambda predicted, happened, share: (share * (predicted - happened)).sum(),
            "Errors of opposite sign cancel there. How large is each?",
        ),
        Mistake(
            lambda predicted, happened, share: (share * (predicted - happened)).sum().abs(),
            "Take the size of each bin's error, not of their sum.",
        ),
        Mistake(
            lambda predicted, happened, share: (share * (predicted - happened).square()).sum(),
            "That squares the errors. The ECE takes their size.",
        ),
        Mistake(
            lambda predicted, happened, _: (predicted - happened).abs().max(),
            "That is the worst bin's error, another measure. Average over the rows.",
        ),
        Mistake(
            lambda predicted, happened, share: (share * (predicted - happened).abs()).mean(),
            "The shares sum to 1 already: add up, and do not divide again.",
        ),
    ),
    hints=(
        "How far off is each bin, whatever the sign?",
        "(predicted - happened).abs() is one error a bin; `share` says how much it counts.",
        "return (share * (predicted - happened).abs()).sum()",
    ),
    alike=within(1e-4),
    inputs=(PREDICTED, HAPPENED, SHARE),
    again=(PREDICTED[:2], HAPPENED[:2].flip(0), torch.tensor([0.4, 0.6])),
)
INTERVAL = Exercise(
    name="interval",
    expects="two numbers, the ends of the interval",
    solution=_interval,
    means="Paired: each draw asks both models about the same households.",
    mistakes=(
        Mistake(
            lambda ours, theirs, drawn: (
                _ends(ours[drawn].mean(dim=1)) - _ends(theirs[drawn].mean(dim=1))
            ),
            "Those are the ends of two intervals, subtracted. Draw the differences.",
        ),
        Mistake(
            lambda ours, theirs, drawn: _ends(
                ours[drawn].mean(dim=1) - theirs[drawn.flip(0)].mean(dim=1)
            ),
            "The models must meet the same draw.",
        ),
        Mistake(
            lambda ours, theirs, _: _ends(ours - theirs),
            "That is where single households lie. Where does the mean of a draw lie?",
        ),
        Mistake(
            lambda ours, theirs, drawn: _ends((ours - theirs)[drawn].mean(dim=0)),
            "Each row of `drawn` is a draw: average over its households, dim=1.",
        ),
        Mistake(
            lambda ours, theirs, drawn: _ends((ours - theirs)[drawn].mean(dim=1), 0.05, 0.95),
            "Between those lie 90 % of the draws. For 95 %, leave 2.5 % out on each side.",
        ),
        Mistake(
            lambda ours, theirs, drawn: _ends((theirs - ours)[drawn].mean(dim=1)),
            "Ours minus theirs, so that above 0 ours is better.",
        ),
        Mistake(
            lambda ours, theirs, drawn: (ours - theirs)[drawn].mean(dim=1).std(),
            "That is one number, the spread of the draws. Between which two do 95 % of them lie?",
        ),
    ),
    hints=(
        "First one gain a household, then one mean a draw.",
        "means = (ours - theirs)[drawn].mean(dim=1)",
        "return means.quantile(torch.tensor([0.025, ...]))",
    ),
    alike=within(1e-4),
    inputs=(OUR_AP, THEIR_AP, _draws(0, 8)),
    again=(OUR_AP[:5], THEIR_AP[:5].flip(0), _draws(1, 5)),
)
LESSON = Lesson("10", "Did it help?", (GAIN, ERROR, INTERVAL))
hint, progress = LESSON.hint, LESSON.progress


def check_gain(answer: object) -> None:
    """Judges the function that makes one gain of many tasks."""
    LESSON.announce(GAIN, answer)


def check_error(answer: object) -> None:
    """Judges the function that makes one calibration error of many bins."""
    LESSON.announce(ERROR, answer)


def check_interval(answer: object) -> None:
    """Judges the function that finds the paired interval of a mean gain."""
    LESSON.announce(INTERVAL, answer)
