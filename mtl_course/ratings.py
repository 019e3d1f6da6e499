"""Star ratings: what is owed to who rates and to what is rated, and what those alike add to it."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Biases(NamedTuple):
    """A mean and how far each user and each item stands above it, in the unit of the ratings."""

    mean: Float[Tensor, ""]
    of_user: Float[Tensor, " users"]
    of_item: Float[Tensor, " items"]

    @property
    def table(self) -> Float[Tensor, "users items"]:
        """What the biases alone say of every pair."""
        return self.mean + self.of_user[:, None] + self.of_item


def fit_biases(
    user: Int[Tensor, " n"],
    item: Int[Tensor, " n"],
    stars: Float[Tensor, " n"],
    *,
    n_users: int,
    n_items: int,
    user_penalty: float = 15.0,
    item_penalty: float = 10.0,
    rounds: int = 10,
) -> Biases:
    """Biases by alternating least squares: those of the items, then of the users, `rounds` times.

        bias[i] = sum_u (stars[u,i] - mean - bias[u]) / (item_penalty + ratings of i)

    Who or what has no rating keeps a bias of 0.

    Args:
        user_penalty: so many ratings of exactly the mean are added to each user's own.

    Raises:
        ValueError: columns of unequal length, no rating, one that is not finite, a penalty below
            0, or `rounds` below 1.

    Source: Koren, TKDD 4(1), 2010 (baseline estimates); penalties and rounds as in Surprise 1.1.

    Example:
        >>> stars = torch.tensor([5.0, 3.0])
        >>> who, what = torch.tensor([0, 1]), torch.tensor([0, 0])
        >>> found = fit_biases(who, what, stars, n_users=3, n_items=1, user_penalty=1.0)
        >>> found.table
        tensor([[4.5000],
                [3.5000],
                [4.0000]])
    """
    if not len(user) == len(item) == len(stars):
        raise ValueError(
            f"`user`, `item` and `stars` must be equally long; found {len(user)}, {len(item)} and "
            f"{len(stars)}."
        )
    if len(stars) == 0 or not stars.isfinite().all():
        raise ValueError("Biases need at least one rating, each finite; found none, or NaN.")
    if not (user_penalty >= 0 and item_penalty >= 0 and rounds >= 1):  # a NaN fails too
        raise ValueError(
            f"Penalties must be 0 or more and `rounds` 1 or more; found {user_penalty}, "
            f"{item_penalty} and {rounds}."
        )
    mean = stars.mean()
    of_user = stars.new_zeros(n_users)
    for _ in range(rounds):
        of_item = _drawn_to_0(stars - mean - of_user[user], item, n_items, item_penalty)
        of_user = _drawn_to_0(stars - mean - of_item[item], user, n_users, user_penalty)
    return Biases(mean, of_user, of_item)


def rater_similarities(
    stars: Float[Tensor, "users items"], rated: Float[Tensor, "users items"]
) -> Float[Tensor, "users users"]:
    """How near two users' ratings of the same items are: 1 where they are equal, towards 0.

        similarity[u,v] = 1 / (1 + mean over shared items of (stars[u,i] - stars[v,i])^2)

    Users who share no item have similarity 0. Beware of its trust: one shared rating that is equal
    counts as much as a hundred.

    Args:
        stars: 0 where there is no rating.
        rated: 1 where there is one, else 0.

    Example:
        >>> stars = torch.tensor([[5.0, 3.0], [4.0, 0.0], [0.0, 2.0]])
        >>> rater_similarities(stars, (stars > 0).float())
        tensor([[1.0000, 0.5000, 0.5000],
                [0.5000, 1.0000, 0.0000],
                [0.5000, 0.0000, 1.0000]])
    """
    shared = rated @ rated.T
    squares = stars.square() @ rated.T + rated @ stars.square().T - 2 * stars @ stars.T
    return torch.where(shared > 0, 1 / (1 + squares.clamp(min=0) / shared.clamp(min=1)), 0.0)


def predict_from_raters(
    stars: Float[Tensor, "users items"],
    rated: Float[Tensor, "users items"],
    similarities: Float[Tensor, "users users"],
    biases: Biases,
    *,
    user: Int[Tensor, " n"],
    item: Int[Tensor, " n"],
    k: int = 40,
) -> Float[Tensor, " n"]:
    """The biases, and how far the `k` most alike raters of the item stand off their own.

        stars[u,i] = bias[u,i] + sum_v s[u,v] (stars[v,i] - bias[v,i]) / sum_v s[u,v]

    Where fewer than `k` have rated the item, all who have count; where none has, the biases alone.
    Whoever has rated the item is among its raters: ask for pairs without a rating.

    Raises:
        ValueError: `k` is not between 1 and the number of users, or `user` and `item` are not
            equally long.

    Source: Koren, TKDD 4(1), 2010 (neighbourhoods, here of users); `KNNBaseline` of Surprise 1.1.
    """
    if not 1 <= k <= len(stars):
        raise ValueError(f"`k` must be from 1 to {len(stars)}, the users; found {k}.")
    if len(user) != len(item):
        raise ValueError(
            f"`user` and `item` must be equally long; found {len(user)} and {len(item)}."
        )
    base = biases.table
    left = (stars - base) * rated
    parts = []
    for who, what in zip(user.split(_AT_ONCE), item.split(_AT_ONCE), strict=True):
        weight, raters = (similarities[who] * rated.T[what]).topk(k, dim=1)  # [part, k]
        summed = (weight * left[raters, what[:, None]]).sum(dim=1)
        parts.append(base[who, what] + summed / weight.sum(dim=1).clamp(min=1e-12))
    return torch.cat(parts)


_AT_ONCE = 4096  # pairs, each of which needs a row of all users


def _drawn_to_0(
    left: Float[Tensor, " n"], of: Int[Tensor, " n"], size: int, penalty: float
) -> Float[Tensor, " size"]:
    counts = of.bincount(minlength=size)
    return left.new_zeros(size).index_add(0, of, left) / (penalty + counts).clamp(min=1e-12)
