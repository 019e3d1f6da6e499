"""From a users x items matrix of counts to scores, by what similar users take or similar items."""

import torch
from jaxtyping import Float
from torch import Tensor


def cosine_similarities(
    vectors: Float[Tensor, "rows features"], *, shrinkage: float
) -> Float[Tensor, "rows rows"]:
    """Cosine between every two rows, drawn to 0 where there is little to go by.

        similarity[i,j] = x[i] . x[j] / (|x[i]| |x[j]| + shrinkage)

    A row of zeros has similarity 0 to every row, itself included.

    Raises:
        ValueError: `vectors` not finite; `shrinkage` below 0.

    Example:
        >>> cosine_similarities(torch.tensor([[3.0, 4.0], [4.0, 3.0], [0.0, 0.0]]), shrinkage=0.0)
        tensor([[1.0000, 0.9600, 0.0000],
                [0.9600, 1.0000, 0.0000],
                [0.0000, 0.0000, 0.0000]])
    """
    if not vectors.isfinite().all():
        raise ValueError("Similarities need finite numbers; found NaN or infinity.")
    if shrinkage < 0:
        raise ValueError(f"`shrinkage` must be 0 or more; found {shrinkage}.")
    norms = vectors.norm(dim=1)
    # a row of zeros is 0 above the line too: any number below it will do
    return (vectors @ vectors.T) / (norms[:, None] * norms + shrinkage).clamp(min=1e-12)


def item_neighbors(
    counts: Float[Tensor, "users items"], *, k: int, shrinkage: float
) -> Float[Tensor, "items items"]:
    """Row i: the similarity of item i to its k nearest other items, and 0 to all the rest.

    Two items are near when the same users take them; see `cosine_similarities`. Of equally near
    items the one with the lower number is kept.

    Raises:
        ValueError: `k` is not between 1 and the number of other items.

    Source: Sarwar, Karypis, Konstan and Riedl, WWW 2001.
    """
    return _nearest(cosine_similarities(counts.T, shrinkage=shrinkage), k)


def user_neighbors(
    counts: Float[Tensor, "users items"], *, k: int, shrinkage: float
) -> Float[Tensor, "users users"]:
    """Row u: the similarity of user u to the k nearest other users, and 0 to all the rest.

    Two users are near when they take the same items; otherwise as `item_neighbors`.
    """
    return _nearest(cosine_similarities(counts, shrinkage=shrinkage), k)


def predict_from_item_neighbors(
    counts: Float[Tensor, "users items"], neighbors: Float[Tensor, "items items"]
) -> Float[Tensor, "users items"]:
    """How much a user has of what is near the item.

        score[u,i] = sum_j neighbors[i,j] * counts[u,j]

    A sum, not the mean that star ratings call for: dividing by sum_j neighbors[i,j] would lift
    items whose few neighbours are weak. The pair's own count is not in it.

    Example:
        >>> counts = torch.tensor([[2.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        >>> neighbors = item_neighbors(counts, k=1, shrinkage=0.0)
        >>> predict_from_item_neighbors(torch.tensor([[0.0, 5.0, 0.0]]), neighbors)
        tensor([[4.7434, 0.0000, 0.0000]])
    """
    return counts @ neighbors.T


def predict_from_user_neighbors(
    counts: Float[Tensor, "users items"], neighbors: Float[Tensor, "users users"]
) -> Float[Tensor, "users items"]:
    """How much the users near u have of the item.

    score[u,i] = sum_v neighbors[u,v] * counts[v,i]
    """
    return neighbors @ counts


def _nearest(similarities: Float[Tensor, "rows rows"], k: int) -> Float[Tensor, "rows rows"]:
    others = len(similarities) - 1
    if not 1 <= k <= others:
        raise ValueError(f"`k` must be from 1 to {others}, the number of others; found {k}.")
    alone = similarities.fill_diagonal_(-torch.inf)
    best = alone.sort(dim=1, descending=True, stable=True)
    return torch.zeros_like(alone).scatter(1, best.indices[:, :k], best.values[:, :k])
