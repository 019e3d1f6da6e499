"""From film ratings to three tasks: the rating, whether the film was watched, and users' tags."""

from dataclasses import replace
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mtl_course.interactions import PROBABILITY, Interactions
from mtl_course.metrics import auc
from mtl_course.movielens import MovieLens

AGE_GROUPS = ((0, 25), (25, 35), (35, 50), (50, 120))  # years: from, up to and without
OCCUPATIONS = ("student", "other", "educator", "administrator", "engineer", "programmer")


class Tags(NamedTuple):
    """Yes-or-no labels of every user; a tag with several answers is one label for each."""

    names: tuple[str, ...]
    labels: Float[Tensor, "users tags"]  # 0 or 1
    groups: dict[str, slice]  # the columns that belong together: gender, age, occupation


def user_tags(movies: MovieLens) -> Tags:
    """Gender, four groups of age, and the six occupations that more than 60 users have."""
    age = [(movies.age >= low) & (movies.age < high) for low, high in AGE_GROUPS]
    job = [torch.tensor([one == of for one in movies.occupations]) for of in OCCUPATIONS]
    columns = [movies.female, *age, *job]
    names = ("female", *(f"age from {low}" for low, _ in AGE_GROUPS), *OCCUPATIONS)
    groups = {"gender": slice(0, 1), "age": slice(1, 5), "occupation": slice(5, 11)}
    return Tags(names, torch.stack([column.float() for column in columns], dim=1), groups)


def latest_of_each_user(
    user: Int[Tensor, " n"], time: Int[Tensor, " n"], *, share: float
) -> Bool[Tensor, " n"]:
    """Which rows are among their user's last, `share` of that user's rows, rounded down.

    Rows of one moment keep the order in which they are given.

    Raises:
        ValueError: `share` is not between 0 and 1.

    Example:
        >>> user, time = torch.tensor([0, 0, 1, 0, 0]), torch.tensor([30, 10, 5, 20, 40])
        >>> latest_of_each_user(user, time, share=0.5)
        tensor([ True, False, False, False,  True])
    """
    if not 0 < share < 1:
        raise ValueError(f"`share` must be between 0 and 1; found {share}.")
    by_time = time.argsort(stable=True)
    order = by_time[user[by_time].argsort(stable=True)]  # user by user, each in order of time
    counts = user.bincount()
    place = torch.empty_like(order)
    place[order] = torch.arange(len(user)) - (counts.cumsum(dim=0) - counts)[user[order]]
    return place >= counts[user] - (counts[user] * share).floor()


def with_negatives(
    log: Interactions, *, per_rating: int, generator: torch.Generator
) -> Interactions:
    """The ratings, all of them watched, and films drawn for contrast, which have no rating.

    For each rating `per_rating` films are drawn for its user, every film equally likely; those that
    the user has in `log` are dropped. What the user watches later is not in `log`, and is drawn
    like any other film: who leaves it out has looked at the answer.

    Returns:
        A log of the tasks "rating", unobserved in a drawn row, and "watched".

    Raises:
        ValueError: `per_rating` is below 1.
    """
    if per_rating < 1:
        raise ValueError(f"`per_rating` must be 1 or more; found {per_rating}.")
    user = log.user.repeat(per_rating)
    item = torch.randint(log.n_items, (len(user),), generator=generator)
    known = torch.zeros(log.n_users, log.n_items, dtype=torch.bool)
    known[log.user, log.item] = True
    drawn = ~known[user, item]
    user, item = torch.cat([log.user, user[drawn]]), torch.cat([log.item, item[drawn]])
    watched = torch.arange(len(user)) < len(log)
    rating = torch.zeros(len(user))
    rating[: len(log)] = log.labels[:, 0]
    return Interactions(
        user=user,
        item=item,
        labels=torch.stack([rating, watched.float()], dim=1),
        observed=torch.stack([watched, torch.ones_like(watched)], dim=1),
        tasks=("rating", "watched"),
        n_users=log.n_users,
        n_items=log.n_items,
        scales=(log.scales[0], PROBABILITY),
    )


def with_tags(log: Interactions, tags: Tags, tellers: Int[Tensor, " tellers"]) -> Interactions:
    """The same rows with a task for each tag, observed in the rows of the `tellers` alone."""
    tells = torch.zeros(log.n_users, dtype=torch.bool)
    tells[tellers] = True
    known = tells[log.user][:, None].expand(-1, len(tags.names))
    return replace(
        log,
        labels=torch.cat([log.labels, tags.labels[log.user]], dim=1),
        observed=torch.cat([log.observed, known], dim=1),
        tasks=(*log.tasks, *tags.names),
        scales=(*log.scales, *[PROBABILITY] * len(tags.names)),
    )


def unseen_pairs(past: Interactions, later: Interactions) -> Interactions:
    """Every pair that is not in `past`, user by user: is it in `later`? The task is "watched"."""
    unseen = torch.ones(past.n_users, past.n_items, dtype=torch.bool)
    unseen[past.user, past.item] = False
    watched = torch.zeros(past.n_users, past.n_items)
    watched[later.user, later.item] = 1.0
    user, item = unseen.nonzero().T
    return Interactions(
        user=user,
        item=item,
        labels=watched[unseen][:, None],
        observed=torch.ones(len(user), 1, dtype=torch.bool),
        tasks=("watched",),
        n_users=past.n_users,
        n_items=past.n_items,
    )


def tag_aucs(
    scores: Float[Tensor, "asked tags"], tags: Tags, asked: Int[Tensor, " asked"]
) -> tuple[float, ...]:
    """AUC of each group of tags over the users asked; a mean over its labels, where it has several.

    Raises:
        ValueError: a label that all or none of the users asked have.
    """
    each = [auc(scores[:, k], tags.labels[asked, k]) for k in range(len(tags.names))]
    return tuple(sum(each[of]) / len(each[of]) for of in tags.groups.values())
