"""What a capstone asks: a floor, a cap, a budget of steps, and a window that is kept hidden."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from mtl_course.shop import Shop


class Brief(NamedTuple):
    """What a submission must reach, and what it may cost."""

    version: str  # of all below: a receipt is kept under it
    hidden_window: int  # judges; no model may have seen it
    judged_share: float  # of the tagged households: their tags are hidden
    k: int  # length of a household's list
    tag_floor: float  # mean AUC of the tags, at least
    popularity_cap: float  # of a listed item: share of the households, a window; at most
    steps: int  # of training, all networks together, rehearsals included; at most


# The floor and the cap were set on window 3, where a regression's mean AUC was 0.74 and the lists
# of what a household spent most on had a popularity of 0.23, those of its own frequency 0.30.
CAPSTONE = Brief(
    version="capstone-1",
    hidden_window=4,
    judged_share=0.25,
    k=10,
    tag_floor=0.65,
    popularity_cap=0.27,
    steps=10_000,
)


@dataclass(frozen=True)
class Budget:
    """Steps that may be made, and a note of each training that was made with them."""

    steps: int  # allowed, all networks together
    spent: dict[str, int]  # steps of each training, by what it was


def open_shop(shop: Shop, brief: Brief) -> Shop:
    """The shop without its hidden window, and without the tags of the households that judge.

    Raises:
        ValueError: the hidden window is not the shop's last.
    """
    last = int(shop.log["window"].max())
    if last != brief.hidden_window:
        raise ValueError(
            f"The hidden window must be the last, {brief.hidden_window}; '{shop.name}' ends with "
            f"window {last}."
        )
    users = shop.users.copy()
    users.loc[tag_judges(shop, brief).numpy(), list(shop.tags)] = float("nan")
    log = shop.log[shop.log["window"] < brief.hidden_window].reset_index(drop=True)
    return replace(shop, log=log, users=users)


def tag_judges(shop: Shop, brief: Brief) -> Int[Tensor, " judges"]:
    """The tagged households whose tags are hidden: drawn once and for all, in order of number."""
    tagged = shop.users[list(shop.tags)].notna().all(axis=1).to_numpy().nonzero()[0]
    order = torch.randperm(len(tagged), generator=torch.Generator().manual_seed(13))
    return torch.tensor(tagged)[order[: round(brief.judged_share * len(tagged))]].sort().values


def budget(brief: Brief) -> Budget:
    """A budget of which nothing is spent yet."""
    return Budget(brief.steps, {})


def steps_left(budget: Budget) -> int:
    """How many more steps may be made."""
    return budget.steps - sum(budget.spent.values())


def counted(budget: Budget, n_networks: int, what: str) -> Callable[[Iterable[int]], Iterable[int]]:
    """Counts the steps of a training as they are made; for the `progress` of `sweep_weights`.

    What is interrupted has cost what it made. The same training made again costs nothing: it says
    nothing new.

    Args:
        n_networks: trained at once: points times seeds.
        what: is trained, with all that distinguishes it: window, weights, seeds, steps.

    Raises:
        ValueError: when it is iterated, before the first step: more steps than are left.

    Example:
        >>> purse = Budget(steps=100, spent={})
        >>> for step in counted(purse, 3, "three seeds of equal weights")(range(20)):
        ...     pass
        >>> steps_left(purse)
        40
    """

    def wrapped(steps: Iterable[int]) -> Iterable[int]:
        steps = list(steps)
        before = budget.spent.get(what, 0)
        left = steps_left(budget) + before
        if n_networks * len(steps) > left:
            raise ValueError(
                f"{n_networks} networks of {len(steps)} steps need {n_networks * len(steps):,} "
                f"steps; {left:,} of {budget.steps:,} are left. Train fewer, or shorter."
            )
        for made, step in enumerate(steps, start=1):
            budget.spent[what] = max(before, n_networks * made)
            yield step

    return wrapped
