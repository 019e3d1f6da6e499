"""From ranked lists to what they make of the catalogue: how much they show, how popular."""

from jaxtyping import Float, Int
from torch import Tensor


def coverage(lists: Int[Tensor, "users k"], n_items: int) -> float:
    """The share of all items that stand in at least one user's list.

    Raises:
        ValueError: a list holds an item that the catalogue does not have.

    Example:
        >>> import torch
        >>> coverage(torch.tensor([[0, 1], [0, 2]]), n_items=4)
        0.75
    """
    _refuse_strangers(lists, n_items)
    return len(lists.unique()) / n_items


def mean_popularity(lists: Int[Tensor, "users k"], popularity: Float[Tensor, " items"]) -> float:
    """The popularity of what is listed, on average over all places of all lists.

    Beside the same figure for what users really took, it says whether the lists lean towards what
    is popular already: popularity bias.

    Args:
        popularity: of each item, e.g. the share of users who had it.

    Raises:
        ValueError: a list holds an item that the catalogue does not have.

    Example:
        >>> import torch
        >>> mean_popularity(torch.tensor([[0, 1], [0, 2]]), torch.tensor([0.5, 0.3, 0.1, 0.1]))
        0.3499999940395355
    """
    _refuse_strangers(lists, len(popularity))
    return float(popularity[lists].mean())


def taken_popularity(
    taken: Float[Tensor, "users items"], popularity: Float[Tensor, " items"]
) -> float:
    """The popularity of what users took, on average over all that was taken.

    Args:
        taken: 1.0 where the user took the item, else 0.0.

    Raises:
        ValueError: nobody took anything.

    Example:
        >>> import torch
        >>> taken_popularity(torch.tensor([[1.0, 0.0], [1.0, 1.0]]), torch.tensor([0.75, 0.25]))
        0.5833333134651184
    """
    if not taken.any():
        raise ValueError(f"Somebody must have taken something; found {taken.numel()} times 0.")
    return float(taken.sum(dim=0) @ popularity / taken.sum())


def _refuse_strangers(lists: Int[Tensor, "users k"], n_items: int) -> None:
    if lists.numel() == 0 or int(lists.min()) < 0 or int(lists.max()) >= n_items:
        found = f"{int(lists.min())} to {int(lists.max())}" if lists.numel() else "no list"
        raise ValueError(f"`lists` must hold items from 0 to {n_items - 1}; found {found}.")
