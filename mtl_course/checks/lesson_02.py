"""Judges the exercises of lesson 02: what to recommend, Recall@k, and a factor by hand."""

import torch

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake

SCORES = torch.tensor([-0.9, -2.1, -0.3, -1.8, -2.5])  # of one household, for five items
TAKEN = torch.tensor([1.0, 0.0, 1.0, 0.0, 0.0])  # by that household
RANKED = torch.tensor(  # labels of two households' lists, best score first [users, items]
    [[1.0, 0, 1, 1, 1, 1], [0, 1, 0, 0, 1, 0]]
)
ITEM_FACTOR = torch.tensor([3.0, 1.0, 0.0])  # of three items, where there is one factor
TAKEN_OF_THREE = torch.tensor([1.0, 0.0, 1.0])

NEW = Exercise(
    name="new",
    expects="the number of one item, from 0",
    solution=lambda scores, taken: scores.where(taken == 0, -torch.inf).argmax(),
    means="Item 3: of the three items that are new to the household it has the highest score.",
    mistakes=(
        Mistake(
            lambda scores, _: scores.argmax(),
            "That is the best of all items, and the household has it already.",
        ),
        Mistake(
            lambda scores, _: scores.argmin(),
            "That is the lowest score. A higher score means a better guess, below 0 too.",
        ),
        Mistake(
            lambda scores, taken: (scores * (1 - taken)).argmax(),
            "A taken item has won: a score of 0 or −1 beats lower ones. Minus infinity never wins.",
        ),
        Mistake(
            lambda scores, taken: scores[taken == 0].max(),
            "That is the score of the right item. Which place in `scores` does it have?",
        ),
        Mistake(
            lambda scores, taken: scores[taken == 0].argmax(),
            "That counts places among the new items only. Count among all of them.",
        ),
        Mistake(
            lambda scores, taken: scores.where(taken == 0, -torch.inf),
            "Those are the scores of all five. Which place is the best one?",
            recognised=lambda found: len(found) > 1,
        ),
        Mistake(
            lambda scores, taken: scores.where(taken == 0, -torch.inf).topk(1).indices,
            "The right item, but in a list of one. `.argmax()` returns the number itself.",
        ),
    ),
    hints=(
        "What a household has already must not win, whatever its score.",
        "`scores.where(taken == 0, -torch.inf)` puts minus infinity where an item was taken.",
        "return scores.where(taken == 0, -torch.inf).argmax()",
    ),
    inputs=(SCORES, TAKEN),
    again=(SCORES, 1 - TAKEN),
)
RECALL = Exercise(
    name="recall",
    expects="one number from 0 to 1 for each household",
    solution=lambda ranked, k: ranked[:, :k].sum(dim=1) / ranked.sum(dim=1).clamp(max=k),
    means="0.67 and 0.50. No list of 3 holds 5 purchases, so household 0 is judged out of 3.",
    mistakes=(
        Mistake(
            lambda ranked, k: ranked[:, :k].mean(dim=1),
            "That is the precision: hits out of k. Household 1 took 2 items in all.",
        ),
        Mistake(
            lambda ranked, k: ranked[:, :k].sum(dim=1) / ranked.sum(dim=1),
            "You divided by all that was taken: a list of 3 could never reach 1 for 5 purchases.",
        ),
        Mistake(
            lambda ranked, k: ranked[:, :k].sum(dim=1),
            "Those are the hits. Divide them by the most hits that the list could have had.",
        ),
        Mistake(
            lambda ranked, k: (ranked[:, :k].sum(dim=1) / ranked.sum(dim=1).clamp(max=k)).mean(),
            "That is the mean over households. Return one number for each of them.",
        ),
        Mistake(
            lambda ranked, k: (ranked[:, :k].sum(dim=1) > 0).float(),
            "That is whether a list holds a hit at all. How many of those it could have?",
        ),
        Mistake(
            lambda ranked, k: ranked[:k].sum(dim=1) / ranked.sum(dim=1).clamp(max=k),
            "`ranked[:k]` takes the first k households. The first k places are `ranked[:, :k]`.",
        ),
        Mistake(
            lambda ranked, k: ranked.sum(dim=1) / k,
            "That counts purchases in the whole list. Only the first k places are shown.",
        ),
        Mistake(
            lambda ranked, k: ranked[:, :k].sum(dim=0) / ranked.sum(dim=0).clamp(max=k)[:k],
            "You added up over the households. A household is a row: `dim=1`.",
            recognised=lambda found: len(found) != len(RANKED),
        ),
        Mistake(
            lambda ranked, k: ranked[:, :k],
            "Those are the labels in each list. Add them up, and divide by what could be found.",
        ),
    ),
    hints=(
        "Two numbers for each household: the hits in the list, and the most it could have had.",
        "The most is the smaller of k and what was taken: `.clamp(max=k)`.",
        "return ranked[:, :k].sum(dim=1) / ranked.sum(dim=1).clamp(max=k)",
    ),
    inputs=(RANKED, 3),
    again=(RANKED, 2),
)
FACTOR = Exercise(
    name="factor",
    expects="one number",
    solution=lambda v, taken, regularization: (v @ taken) / (v @ v + regularization),
    means="3 / (10 + 5) = 0.2; 0.3 without regularisation. With three cells, caution pays.",
    mistakes=(
        Mistake(
            lambda v, taken, _: (v @ taken) / (v @ v),
            "That is the best fit to the cells alone. The regularisation is missing.",
        ),
        Mistake(
            lambda v, taken, regularization: (v @ taken) / (v @ v + regularization * len(v)),
            "You added the regularisation once for each item. The household pays it once.",
        ),
        Mistake(
            lambda v, taken, regularization: (v @ taken) / (v.sum() + regularization),
            "Below the line stands the sum of the squares of `v`.",
        ),
        Mistake(
            lambda v, taken, regularization: (
                (v @ taken) / (v[taken > 0] @ v[taken > 0] + regularization)
            ),
            "You looked at taken items only. An empty cell counts too: it asks for a score of 0.",
        ),
        Mistake(
            lambda v, taken, regularization: taken.sum() / (v @ v + regularization),
            "You counted the taken items. Each counts with its factor: v × taken.",
        ),
        Mistake(
            lambda v, taken, _: v @ taken,
            "That is V'Cp alone, what stands above the line. Divide it.",
        ),
        Mistake(
            lambda v, taken, regularization: (v @ taken) / regularization,
            "V'CV is missing below the line: the sum of v × v.",
        ),
        Mistake(
            lambda v, taken, regularization: (v * taken) / (v @ v + regularization),
            "Those are the parts, one for each item. The household's number is their sum.",
            recognised=lambda found: len(found) > 1,
        ),
    ),
    hints=(
        "With one factor, V'CV is one number, and so is V'Cp; here every confidence is 1.",
        "Above the line the sum of v × taken; below it the sum of v × v, plus the regularisation.",
        "return (v @ taken) / (v @ v + regularization)",
    ),
    inputs=(ITEM_FACTOR, TAKEN_OF_THREE, 5.0),
    again=(ITEM_FACTOR, 1 - TAKEN_OF_THREE, 2.0),
)
LESSON = Lesson("02", "Collaborative filtering", (NEW, RECALL, FACTOR))
hint, progress = LESSON.hint, LESSON.progress


def check_new(answer: object) -> None:
    """Judges the function that gives the best item that a household has not taken yet."""
    LESSON.announce(NEW, answer)


def check_recall(answer: object) -> None:
    """Judges the function that gives each household's share of what could be found in k places."""
    LESSON.announce(RECALL, answer)


def check_factor(answer: object) -> None:
    """Judges the function that gives a household's factor where there is one."""
    LESSON.announce(FACTOR, answer)
