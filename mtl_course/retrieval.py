"""From scores to each user's best k items."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


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
    if k < 1:
        raise ValueError(f"`k` must be 1 or more; found {k}.")
    if not scores.isfinite().all():
        strange = scores[~scores.isfinite()][0].item()
        raise ValueError(
            f"`scores` must be finite; found {strange}. Put what may not be listed in `exclude`."
        )
    listed = scores if exclude is None else scores.masked_fill(exclude, -torch.inf)
    available = torch.full((len(scores),), scores.shape[1])
    if exclude is not None:
        available = (~exclude).sum(dim=1)
    if (available < k).any():
        user = int(available.argmin())
        raise ValueError(
            f"`k` must not exceed the items that may be listed; found {k}, and {available[user]} "
            f"items for user {user}. Ask for a shorter list or exclude fewer."
        )
    # a stable sort keeps equal scores in the order of their item numbers; `topk` does not
    return listed.sort(dim=1, descending=True, stable=True).indices[:, :k]
