"""Judges the exercises of lesson 00: a number and a function, to learn how an answer is given."""

from math import log, log2, log10

from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake

SHARE = Exercise(
    name="share",
    expects="a number between 0 and 1",
    solution=3 / 8,
    means="3 of 8 visits ended with milk in the basket: 0.375. The course writes every share so.",
    mistakes=(
        Mistake(3, "That is a count. A share is the count divided by the number of visits."),
        Mistake(5 / 8, "That is the share of visits without milk. Which visits are asked for?"),
        Mistake(3 / 5, "You divided by the visits without milk. Divide by all visits."),
        Mistake(
            37.5,
            "That is a percentage. The course writes shares from 0 to 1.",
            recognised=lambda found: 36.5 <= found <= 38.5,
        ),
        Mistake(
            8 / 3,
            "That is upside down: a share is the part divided by the whole, and at most 1.",
            recognised=lambda found: 2.6 <= found <= 2.7,
        ),
    ),
    hints=(
        "A share compares a part with the whole. Which number is the whole?",
        "Count the ones in `bought`, and count all its entries.",
        "There are 3 ones among 8 entries: share = 3 / 8",
    ),
)
SURPRISE = Exercise(
    name="surprise",
    expects="one number, in nats",
    solution=lambda chance: -log(chance),
    means="A guess of 0.25 for what then happens costs 1.386 nats, twice as much as 0.5: 0.693.",
    mistakes=(
        Mistake(lambda chance: log(chance), "The sign is missing: a loss is 0 or more."),
        Mistake(lambda chance: -log2(chance), "That is in bits. Nats use the natural logarithm."),
        Mistake(lambda chance: -log10(chance), "That is to base 10. Use the natural logarithm."),
        Mistake(
            lambda chance: 1 - chance, "That is how far off the guess was. Take its logarithm."
        ),
        Mistake(
            lambda chance: -log(1 - chance),
            "That is the surprise at a visit without milk. This one ended with milk.",
        ),
    ),
    hints=(
        "The warm-up has the formula for a visit that did end with milk in the basket.",
        "The natural logarithm is `math.log`; the logarithm of a number below 1 is negative.",
        "return -math.log(chance)",
    ),
    inputs=(0.25,),
    again=(0.9,),
)
LESSON = Lesson("00", "Start here", (SHARE, SURPRISE))
hint, progress = LESSON.hint, LESSON.progress


def check_share(answer: object) -> None:
    """Judges the share of visits that ended with milk in the basket."""
    LESSON.announce(SHARE, answer)


def check_surprise(answer: object) -> None:
    """Judges the function that gives the loss of a guess for something that happened."""
    LESSON.announce(SURPRISE, answer)
