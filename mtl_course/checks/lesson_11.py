"""Judges the exercises of lesson 11: ranks fused, and the next item of a list of different ones."""

import torch
from torch import Tensor

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake, within

SCORES = torch.tensor([[0.9, 4.0], [0.1, 9.0], [0.5, 7.0], [0.7, 1.0]])  # [items, tasks]
WEIGHTS = torch.tensor([0.7, 0.3])
RELEVANCE = 0.7
CHOSEN = [0, 1, 2]
CANDIDATES = torch.tensor([1.00, 0.90, 0.85, 0.80, 0.78, 0.70, 0.50, 0.65])  # scores [items]
TO_CHOSEN = torch.tensor(  # of each item: how alike it is to items 0, 1 and 2
    [
        [1.0, 0.2, 0.1],
        [0.2, 1.0, 0.1],
        [0.1, 0.1, 1.0],
        [0.9, 0.5, 0.1],  # the best score left
        [0.8, 0.8, 0.0],  # best if only the last in the list is looked at
        [0.6, 0.0, 0.0],  # best by the mean of the similarities
        [0.0, 0.0, 0.05],  # best by their sum
        [0.3, 0.3, 0.3],  # best by their maximum
    ]
)
SIMILARITIES = torch.eye(8)
SIMILARITIES[:, :3], SIMILARITIES[:3] = TO_CHOSEN, TO_CHOSEN.T


def _ranks(scores: Tensor) -> Tensor:
    """1 for the highest score of each task."""
    return 1 + scores.argsort(dim=0, descending=True).argsort(dim=0)


def _fused(scores: Tensor, weights: Tensor) -> Tensor:
    return (weights / (60 + _ranks(scores))).sum(dim=1)


def _values(scores: Tensor, similarities: Tensor, chosen: list[int], relevance: float) -> Tensor:
    nearest = similarities[:, chosen].amax(dim=1)
    return relevance * scores - (1 - relevance) * nearest


def _next(scores: Tensor, similarities: Tensor, chosen: list[int], relevance: float) -> int:
    return _best_left(_values(scores, similarities, chosen, relevance), chosen)


def _best_left(values: Tensor, chosen: list[int]) -> int:
    left = values.clone()
    left[chosen] = -torch.inf
    return int(left.argmax())


FUSE = Exercise(
    name="fuse",
    expects="one fused score for each item",
    solution=_fused,
    means="Only the order inside a task counts: a score of 9 has no more say than one of 0.9.",
    mistakes=(
        Mistake(
            lambda scores, weights: (
                weights / (60 + 1 + scores.argsort(dim=0, descending=True))
            ).sum(dim=1),
            "That is the item at each place, not the place of each item: argsort the argsort.",
        ),
        Mistake(
            lambda scores, weights: (weights / (60 + 1 + scores.argsort(dim=0).argsort(dim=0))).sum(
                dim=1
            ),
            "Rank 1 goes to the highest score: that ranks the lowest first.",
        ),
        Mistake(
            lambda scores, weights: (weights / (60 + _ranks(scores) - 1)).sum(dim=1),
            "The best item has rank 1, not 0.",
        ),
        Mistake(
            lambda scores, weights: (weights / _ranks(scores)).sum(dim=1),
            "Where are the 60? Without them, the first place of any task decides alone.",
        ),
        Mistake(
            lambda scores, _: (1 / (60 + _ranks(scores))).sum(dim=1),
            "The weights have no say in that.",
        ),
        Mistake(
            lambda scores, weights: scores @ weights,
            "That is the weighted sum of the scores, in which the task with large numbers wins.",
        ),
    ),
    hints=(
        "A rank is how many items have a score as high, in that task alone.",
        "ranks = 1 + scores.argsort(dim=0, descending=True).argsort(dim=0)",
        "return (weights / (60 + ranks)).sum(...)",
    ),
    alike=within(1e-5),
    inputs=(SCORES, WEIGHTS),
    again=(SCORES, WEIGHTS.flip(0)),
)
NEXT = Exercise(
    name="next",
    expects="the number of the next item",
    solution=_next,
    means="Item 7 is not the best one left: it is good, and rather unlike all that is in the list.",
    mistakes=(
        Mistake(
            lambda scores, _similarities, chosen, _relevance: _best_left(scores, chosen),
            "That is the best score left. Item 3 is much like item 0, which is listed already.",
        ),
        Mistake(
            lambda *given: int(_values(*given).argmax()),
            "That item is in the list already. Leave out what has been chosen.",
            recognised=lambda found: int(found) in CHOSEN,
        ),
        Mistake(
            lambda scores, similarities, chosen, relevance: _best_left(
                relevance * scores - (1 - relevance) * similarities[:, chosen].sum(dim=1), chosen
            ),
            "The sum of the similarities punishes a long list. Take the highest of them.",
        ),
        Mistake(
            lambda scores, similarities, chosen, relevance: _best_left(
                relevance * scores - (1 - relevance) * similarities[:, chosen].mean(dim=1), chosen
            ),
            "A mean hides that an item repeats one of the list. Take the highest similarity.",
        ),
        Mistake(
            lambda scores, similarities, chosen, relevance: _best_left(
                relevance * scores - (1 - relevance) * similarities[:, chosen[-1]], chosen
            ),
            "That looks at the last item of the list alone. Look at all of them.",
        ),
    ),
    hints=(
        "For each item: how alike is it to the one in the list that it is most alike to?",
        "similarities[:, chosen].amax(dim=1), times (1 - relevance), is what to subtract.",
        "value = relevance * scores - ...; value[chosen] = -torch.inf; return value.argmax()",
    ),
    inputs=(CANDIDATES, SIMILARITIES, CHOSEN, RELEVANCE),
    again=(CANDIDATES, SIMILARITIES, CHOSEN, 0.2),
)
LESSON = Lesson("11", "The shop window", (FUSE, NEXT))
hint, progress = LESSON.hint, LESSON.progress


def check_fuse(answer: object) -> None:
    """Judges the function that fuses the ranks of several tasks into one score."""
    LESSON.announce(FUSE, answer)


def check_next(answer: object) -> None:
    """Judges the function that picks the next item by maximal marginal relevance."""
    LESSON.announce(NEXT, answer)
