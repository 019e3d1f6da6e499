"""An index of item embeddings that finds nearly the best k without looking at every item."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from usearch.index import Index


@dataclass(frozen=True)
class ItemIndex:
    """A graph in which every item knows some near ones: a search walks along it.

    Source: Malkov and Yashunin, IEEE TPAMI 2020 (HNSW), by the library usearch.
    """

    graph: Index
    item_embedding: Float[Tensor, "items dim"]


def build_index(
    item_embedding: Float[Tensor, "items dim"],
    *,
    connectivity: int = 16,
    expansion: int = 128,
    threads: int = 1,
) -> ItemIndex:
    """An index of the items by their inner product with whatever vector is asked for later.

    A graph of neighbours wants a distance, and an inner product is none: a long vector is near to
    everything, and many items are never found. So each item gets one number more, and a user a 0,
    which makes all items equally long and leaves every inner product as it was:

        [v, sqrt(longest^2 - |v|^2)],   [u, 0]

    Args:
        connectivity: neighbours that an item knows.
        expansion: items kept in view while an item's neighbours are looked for.
        threads: with 1, the same items always make the same graph.

    Raises:
        ValueError: no item, or an entry that is not finite.

    Source: Bachrach et al., RecSys 2014 (the longer vectors).
    """
    if len(item_embedding) == 0:
        raise ValueError("An index needs at least one item; found 0.")
    _refuse_infinite("item_embedding", item_embedding)
    vectors = item_embedding.detach().float()
    squared = vectors.square().sum(dim=1)
    missing = (squared.max() - squared).clamp(min=0).sqrt()
    graph = Index(
        ndim=vectors.shape[1] + 1,
        metric="cos",
        dtype="f32",  # else the library takes what suits the machine
        connectivity=connectivity,
        expansion_add=expansion,
    )
    longer = torch.cat([vectors, missing[:, None]], dim=1).numpy()
    graph.add(np.arange(len(vectors)), longer, threads=threads)
    return ItemIndex(graph, vectors)


def search_index(
    index: ItemIndex,
    user_embedding: Float[Tensor, "users dim"],
    k: int,
    exclude: Bool[Tensor, "users items"] | None = None,
    *,
    expansion: int,
    threads: int = 1,
) -> Int[Tensor, "users k"]:
    """Nearly the best k items of each user, best first; of equal scores the lower item first.

    Which items are found is approximate; their scores, and so their order, are exact. The index
    cannot leave items out, so as many more are fetched as the user with most exclusions needs, and
    then dropped.

    Args:
        exclude: True where an item may not be listed.
        expansion: items kept in view during a search: more is slower and misses fewer.

    Raises:
        ValueError: a user has fewer than `k` items to list, `k` or `expansion` is below 1, or an
            entry is not finite.
    """
    for name, value in (("k", k), ("expansion", expansion)):
        if value < 1:
            raise ValueError(f"`{name}` must be 1 or more; found {value}.")
    _refuse_infinite("user_embedding", user_embedding)
    n_items = len(index.item_embedding)
    most = 0 if exclude is None or len(exclude) == 0 else int(exclude.sum(dim=1).max())
    if n_items - most < k:
        raise ValueError(
            f"`k` must not exceed the items that may be listed; found {k}, and {n_items - most} "
            f"items for a user. Ask for a shorter list or exclude fewer."
        )
    users = user_embedding.detach().float()
    found, scores = _candidates(index, users, k + most, expansion, threads)
    if exclude is not None:
        scores = scores.masked_fill(exclude.gather(1, found), -torch.inf)
    order = scores.sort(dim=1, descending=True, stable=True).indices[:, :k]
    return found.gather(1, order)


def _candidates(
    index: ItemIndex, users: Float[Tensor, "users dim"], count: int, expansion: int, threads: int
) -> tuple[Int[Tensor, "users count"], Float[Tensor, "users count"]]:
    """`count` items of each user in the order of their numbers, and their exact scores."""
    longer = torch.cat([users, torch.zeros(len(users), 1)], dim=1).numpy()
    index.graph.expansion_search = max(expansion, count)
    keys = np.empty((len(users), count), dtype=np.int64)
    matches = index.graph.search(longer, count, threads=threads)
    if len(users) == 1:  # the library then answers without the axis of users, and without a count
        n_found = np.array([len(matches)])
        keys[0, : len(matches)] = matches.keys
    else:
        n_found, keys[:] = matches.counts, matches.keys
    for user in np.flatnonzero(n_found < count):  # the walk ended early: look at every item
        keys[user] = index.graph.search(longer[user], count, exact=True, threads=threads).keys
    found = torch.from_numpy(keys).sort(dim=1).values
    scores = torch.einsum("ud,ucd->uc", users, index.item_embedding[found])
    return found, scores


def _refuse_infinite(name: str, vectors: Float[Tensor, "rows dim"]) -> None:
    if not vectors.isfinite().all():
        strange = vectors[~vectors.isfinite()][0].item()
        raise ValueError(f"`{name}` must be finite; found {strange}.")
