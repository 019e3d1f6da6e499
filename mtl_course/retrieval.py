"""From scores, or from two tables of embeddings, to each user's best k items: every one is seen."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

SCORES_AT_ONCE = 2**19  # of a chunk of users: 2 MB, which a core's cache holds


def top_k(
    scores: Float[Tensor, "users items"],
    k: int,
    exclude: Bool[Tensor, "users items"] | None = None,
) -> Int[Tensor, "users k"]:
    """The items of each user's k highest scores, best first; of equal scores the lower item first.

    Exact: every score is looked at.

    Args:
        exclude: True where an item may not be listed, e.g. because the user has it already.

    Raises:
        ValueError: a user has fewer than `k` items to list, `k` is below 1, a score is not
            finite.

    Example:
        >>> scores = torch.tensor([[0.2, 0.9, 0.9, 0.5]])
        >>> top_k(scores, 2)
        tensor([[1, 2]])
        >>> top_k(scores, 2, exclude=torch.tensor([[False, True, False, False]]))
        tensor([[2, 3]])
    """
    _refuse_short_lists(scores.shape[0], scores.shape[1], k, exclude)
    # a sum is finite only if its terms are: a third of the time of looking at each of them
    if not scores.sum().isfinite() and not scores.isfinite().all():
        strange = scores[~scores.isfinite()][0].item()
        raise ValueError(
            f"`scores` must be finite; found {strange}. Put what may not be listed in `exclude`."
        )
    return _best(scores if exclude is None else scores.masked_fill(exclude, -torch.inf), k)


def top_k_of_embeddings(
    user_embedding: Float[Tensor, "users dim"],
    item_embedding: Float[Tensor, "items dim"],
    k: int,
    exclude: Bool[Tensor, "users items"] | None = None,
) -> Int[Tensor, "users k"]:
    """`top_k` of the scores `user_embedding @ item_embedding.T`, which are never there all at once.

    Users are taken in chunks of `SCORES_AT_ONCE` scores or fewer, so that a million items cost a
    user 4 MB and not each of many users.

    Raises:
        ValueError: as `top_k`.

    Example:
        >>> items = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> top_k_of_embeddings(torch.tensor([[2.0, 1.0], [0.0, 1.0]]), items, 2)
        tensor([[2, 0],
                [1, 2]])
    """
    n_users, n_items = len(user_embedding), len(item_embedding)
    _refuse_short_lists(n_users, n_items, k, exclude)
    chunks = torch.arange(n_users).split(max(SCORES_AT_ONCE // max(n_items, 1), 1))
    lists = [
        top_k(
            user_embedding[rows] @ item_embedding.T, k, None if exclude is None else exclude[rows]
        )
        for rows in chunks
    ]
    return torch.cat(lists) if lists else torch.empty(0, k, dtype=torch.int64)


def _best(listed: Float[Tensor, "users items"], k: int) -> Int[Tensor, "users k"]:
    """As a stable sort would list them, which is 20 times as long about it."""
    values, items = listed.topk(min(k + 1, listed.shape[1]), dim=1)
    # `topk` leaves open which of equal scores it takes: where the last place was a draw, go by item
    drawn = (values[:, k - 1] == values[:, -1]) & (values.shape[1] > k)
    items = items[:, :k]
    if drawn.any():
        items[drawn] = _lowest_of_equals(listed[drawn], values[drawn, k - 1], k)
    items = items.sort(dim=1).values  # and then by score, in which a stable sort keeps their order
    order = listed.gather(1, items).sort(dim=1, descending=True, stable=True).indices
    return items.gather(1, order)


def _lowest_of_equals(
    listed: Float[Tensor, "users items"], last: Float[Tensor, " users"], k: int
) -> Int[Tensor, "users k"]:
    """The items above the score `last`, and of those level with it the lowest that complete k."""
    above, level = listed > last[:, None], listed == last[:, None]
    wanted = k - above.sum(dim=1, keepdim=True)
    chosen = above | (level & (level.cumsum(dim=1) <= wanted))  # k of them in each row
    return chosen.nonzero()[:, 1].unflatten(0, (len(listed), k))


def _refuse_short_lists(
    n_users: int, n_items: int, k: int, exclude: Bool[Tensor, "users items"] | None
) -> None:
    if k < 1:
        raise ValueError(f"`k` must be 1 or more; found {k}.")
    if n_users == 0:
        return
    n_excluded = torch.zeros(1, dtype=torch.int64) if exclude is None else exclude.sum(dim=1)
    if n_items - int(n_excluded.max()) < k:
        user = int(n_excluded.argmax())
        raise ValueError(
            f"`k` must not exceed the items that may be listed; found {k}, and "
            f"{n_items - int(n_excluded[user])} items for user {user}. Ask for a shorter list or "
            f"exclude fewer."
        )
