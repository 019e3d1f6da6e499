"""Which numbers a column of a shop's tables may hold, and the remedy for each other one."""

from math import isnan
from typing import NamedTuple

NO_VALUE = ("nan", "null", "none", "n/a", "na", "nat", "<na>")  # how tools spell a missing value


class Amounts(NamedTuple):
    """Which numbers a column may hold, and what to tell somebody who finds another."""

    low: float
    high: float
    whole: bool  # no fractions
    blank: bool  # may be left blank, which is read as NaN
    must: str  # the same in words
    zero: str = ""  # remedy for a 0, and so on
    negative: str = ""
    fraction: str = ""
    large: str = ""


QUANTITY = Amounts(
    low=1,
    high=100_000,
    whole=True,
    blank=False,
    must="a whole number of units, from 1 to 100,000",
    zero="Delete rows in which nothing was bought.",
    negative="Delete returns, or take them off the purchase.",
    fraction="Count goods sold by weight as 1.",
    large="Count pieces, not grams or cents.",
)
MONEY = Amounts(
    low=0,
    high=1e9,
    whole=False,
    blank=False,
    must="an amount of money, from 0 to 1,000,000,000",
    negative="Delete returns and their money, or take both off the purchase.",
    large="Correct it.",
)
STARS = Amounts(
    low=1,
    high=5,
    whole=False,
    blank=True,
    must="stars from 1 to 5, or nothing where nobody rated",
    zero="Leave it blank if it stands for 'not rated'.",
    negative="Rescale the ratings to 1 to 5.",
    large="Rescale the ratings to 1 to 5; is it an id or a time by mistake?",
)
YES_OR_NO = Amounts(
    low=0,
    high=1,
    whole=True,
    blank=True,
    must="0, 1 or nothing where it is not known",
    negative="Leave it blank where it is not known.",
    fraction="Decide for 0 or 1.",
    large="Make a tag of each answer, one column each.",
)


def remedy_for(number: float, blank: bool, text: str, allowed: Amounts) -> str:
    """What to do about a value that `allowed` does not allow.

    Args:
        number: what the value was read as; NaN where it is no number.
        text: the value as it was found.
    """
    if blank:
        return "Fill it in."
    if isnan(number):
        if text.lower() in NO_VALUE:
            return "Leave it blank." if allowed.blank else "Fill it in."
        if "," in text:
            return "Write the decimal point as a point, and no separator of thousands."
        return "Write digits alone, without a unit or a currency."
    if number < 0:
        return allowed.negative
    if number == 0:
        return allowed.zero
    if allowed.whole and number % 1 > 0:
        return allowed.fraction
    return allowed.large
