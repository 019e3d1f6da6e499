"""Scores that nobody had to train: how often items were bought, by everybody and by this user."""

from jaxtyping import Float
from torch import Tensor


def popularity(counts: Float[Tensor, "users items"]) -> Float[Tensor, "users items"]:
    """How many users had the item: one list for everybody.

    Args:
        counts: baskets, or any count of at least 0 of each user and item.
    """
    return _taken(counts).sum(dim=0).expand_as(counts)


def popularity_times_activity(
    counts: Float[Tensor, "users items"],
) -> Float[Tensor, "users items"]:
    """Popularity times how many items the user had: the same list, the busy users' pairs first.

    Within one user it ranks as `popularity` does; over all pairs it also says who buys.
    """
    taken = _taken(counts)
    return taken.sum(dim=1, keepdim=True) * taken.sum(dim=0)


def own_frequency(counts: Float[Tensor, "users items"]) -> Float[Tensor, "users items"]:
    """How often the user had the item; popularity decides between equal counts.

        score = counts + popularity / (1 + n_users)

    The second term is below 1, so it never outweighs a basket. Without it all items that a user
    never had would tie, and a ranking of them would be chance.

    Example:
        >>> import torch
        >>> own_frequency(torch.tensor([[2.0, 0.0, 0.0], [1.0, 1.0, 0.0]]))
        tensor([[2.6667, 0.3333, 0.0000],
                [1.6667, 1.3333, 0.0000]])
    """
    return counts + popularity(counts) / (1 + len(counts))


def _taken(counts: Float[Tensor, "users items"]) -> Float[Tensor, "users items"]:
    return (counts > 0).to(counts.dtype)
