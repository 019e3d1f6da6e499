"""The index: what it finds of what there is, in which order, and what it refuses."""

import pytest
import torch
from jaxtyping import TypeCheckError

from mtl_course import indexing, retrieval


def clusters(n_users, n_items, dim=16, seed=0):
    """Users and items around 20 centres, the items of very different lengths."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(20, dim, generator=generator)

    def around(n):
        which = torch.randint(20, (n,), generator=generator)
        return centres[which] + 0.5 * torch.randn(n, dim, generator=generator)

    users, items = around(n_users), around(n_items)
    return users, items * torch.rand(n_items, 1, generator=generator).exp() ** 2


def recall(found, wanted):
    return (found[:, :, None] == wanted[:, None]).any(dim=1).float().mean().item()


def test_an_index_that_keeps_everything_in_view_finds_what_looking_at_everything_finds():
    users, items = clusters(40, 300)
    index = indexing.build_index(items)
    found = indexing.search_index(index, users, 10, expansion=300)
    assert torch.equal(found, retrieval.top_k_of_embeddings(users, items, 10))


def test_every_item_can_be_found_whatever_its_length():
    """Red with the inner product itself as the distance: then 46 of these 300 are ever found."""
    generator = torch.Generator().manual_seed(0)
    items = torch.randn(300, 16, generator=generator) + 2  # much alike, as popular tastes are
    items = items * torch.randn(300, 1, generator=generator).exp()
    index = indexing.build_index(items)
    found = indexing.search_index(index, torch.ones(1, 16), 300, expansion=1)
    assert index.graph.search(torch.ones(17).numpy(), 300).keys.shape == (300,)
    assert (found.sort(dim=1).values == torch.arange(300)).all()


def test_a_wider_view_misses_fewer_and_even_a_narrow_one_beats_luck():
    users, items = clusters(100, 3000)
    wanted = retrieval.top_k_of_embeddings(users, items, 10)
    index = indexing.build_index(items)
    found = [indexing.search_index(index, users, 10, expansion=view) for view in (10, 40, 200)]

    recalls = [recall(one, wanted) for one in found]
    assert 0.4 < recalls[0] < recalls[1] < recalls[2]
    assert recalls[2] > 0.98


def test_what_is_excluded_is_not_listed_and_the_list_is_full():
    users, items = clusters(30, 200)
    best = retrieval.top_k_of_embeddings(users, items, 60)
    exclude = torch.zeros(30, 200, dtype=torch.bool).scatter(1, best[:, :50], True)
    exclude[0] = False  # one user has everything to choose from
    found = indexing.search_index(indexing.build_index(items), users, 10, exclude, expansion=200)

    assert torch.equal(found[0], best[0, :10])
    assert torch.equal(found[1:], best[1:, 50:])  # the best that are left


def test_equal_items_come_in_the_order_of_their_numbers_and_no_vector_is_no_trouble():
    items = torch.ones(6, 2)
    index = indexing.build_index(items)
    users = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    found = indexing.search_index(index, users, 6, expansion=6)
    assert found.tolist() == [[0, 1, 2, 3, 4, 5]] * 2


def test_on_one_thread_the_same_items_make_the_same_graph():
    users, items = clusters(100, 2000)
    first, second = (
        indexing.search_index(indexing.build_index(items), users, 10, expansion=10)
        for _ in range(2)
    )
    assert torch.equal(first, second)


def test_one_user_gets_the_same_list_alone_and_among_others():
    users, items = clusters(10, 500)
    index = indexing.build_index(items)
    together = indexing.search_index(index, users, 5, expansion=16)
    alone = [indexing.search_index(index, one[None], 5, expansion=16) for one in users]
    assert torch.equal(together, torch.cat(alone))


def test_a_walk_that_ends_early_is_followed_by_a_look_at_everything(monkeypatch):
    users, items = clusters(3, 50)
    index = indexing.build_index(items)
    search = index.graph.search

    def torn(vectors, count, *, exact=False, threads):  # of 10, the second user gets 4
        found = search(vectors, count, exact=exact, threads=threads)
        if not exact and len(vectors) > 1:
            found.counts[1] = 4
            found.keys[1, 4:] = 0
        return found if exact or len(vectors) > 1 else search(vectors, 4, threads=threads)

    monkeypatch.setattr(index.graph, "search", torn)
    wanted = retrieval.top_k_of_embeddings(users, items, 10)
    for some in (users, users[:1]):
        found = indexing.search_index(index, some, 10, expansion=50)
        assert torch.equal(found, wanted[: len(some)])


def test_what_no_index_can_do_is_refused():
    users, items = clusters(2, 9)
    index = indexing.build_index(items)
    exclude = torch.zeros(2, 9, dtype=torch.bool)
    exclude[1, 2:] = True
    with pytest.raises(ValueError, match=r"found 3, and 2 items for a user\. Ask for a shorter"):
        indexing.search_index(index, users, 3, exclude, expansion=9)
    with pytest.raises(ValueError, match=r"`k` must be 1 or more; found 0\."):
        indexing.search_index(index, users, 0, expansion=9)
    with pytest.raises(ValueError, match=r"`expansion` must be 1 or more; found 0\."):
        indexing.search_index(index, users, 3, expansion=0)
    with pytest.raises(ValueError, match=r"`user_embedding` must be finite; found nan\."):
        indexing.search_index(index, users * torch.nan, 3, expansion=9)
    with pytest.raises(ValueError, match=r"`item_embedding` must be finite; found inf\."):
        indexing.build_index(items / 0.0 * items.sign())
    with pytest.raises(ValueError, match=r"at least one item; found 0\."):
        indexing.build_index(items[:0])
    with pytest.raises(TypeCheckError):
        indexing.search_index(index, users[0], 3, expansion=9)
