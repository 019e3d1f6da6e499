"""The best k items: by hand, against plain sorting, and what may not be listed."""

from statistics import median
from time import process_time

import pytest
import torch
from jaxtyping import TypeCheckError

from mtl_course import retrieval


def test_the_list_is_best_first_and_its_ties_go_to_the_lower_item():
    scores = torch.tensor([[0.1, 0.7, 0.9, 0.7], [3.0, 3.0, 3.0, 3.0]])
    assert retrieval.top_k(scores, 3).tolist() == [[2, 1, 3], [0, 1, 2]]


def test_many_users_are_listed_as_plain_sorting_lists_each():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(9, (50, 400), generator=generator).float()  # ties in every list
    exclude = torch.rand(50, 400, generator=generator) < 0.9
    found = retrieval.top_k(scores, 10, exclude)

    for u in range(50):
        allowed = [i for i in range(400) if not exclude[u, i]]
        wanted = sorted(allowed, key=lambda i: (-scores[u, i].item(), i))[:10]
        assert found[u].tolist() == wanted


def test_excluding_nothing_changes_nothing():
    scores = torch.rand(4, 9, generator=torch.Generator().manual_seed(1))
    nothing = torch.zeros(4, 9, dtype=torch.bool)
    assert torch.equal(retrieval.top_k(scores, 9), retrieval.top_k(scores, 9, nothing))


def test_a_list_that_cannot_be_filled_is_refused():
    scores = torch.rand(2, 3)
    exclude = torch.tensor([[False, False, False], [True, False, True]])
    with pytest.raises(ValueError, match=r"found 2, and 1 items for user 1\. Ask for a shorter"):
        retrieval.top_k(scores, 2, exclude)
    with pytest.raises(ValueError, match=r"found 4, and 3 items for user 0\."):
        retrieval.top_k(scores, 4)
    with pytest.raises(ValueError, match=r"`k` must be 1 or more; found 0\."):
        retrieval.top_k(scores, 0)
    with pytest.raises(ValueError, match=r"must be finite; found -inf\. Put what may not"):
        retrieval.top_k(scores.log() - torch.inf, 1)


def tables(n_users, n_items, dim=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    users = torch.randn(n_users, dim, generator=generator)
    return users, torch.randn(n_items, dim, generator=generator)


def by_stable_sort(scores, k, exclude=None):
    listed = scores if exclude is None else scores.masked_fill(exclude, -torch.inf)
    return listed.sort(dim=1, descending=True, stable=True).indices[:, :k]


@pytest.mark.parametrize("levels", [1, 2, 9, 10**6])  # from all level to hardly a tie
@pytest.mark.parametrize("k", [1, 10, 399, 400])
def test_the_fast_way_lists_what_a_stable_sort_lists(levels, k):
    generator = torch.Generator().manual_seed(levels + k)
    scores = torch.randint(levels, (70, 400), generator=generator) - levels / 2
    assert torch.equal(retrieval.top_k(scores, k), by_stable_sort(scores, k))

    exclude = torch.rand(70, 400, generator=generator) < 0.5
    k = min(k, int((~exclude).sum(dim=1).min()))
    assert torch.equal(retrieval.top_k(scores, k, exclude), by_stable_sort(scores, k, exclude))


def test_a_draw_at_the_last_place_and_one_above_it_go_to_the_lower_items():
    # 9 is first; of three 7s two have room; item 4 is above the draw although its number is high
    scores = torch.tensor([[7.0, 1.0, 7.0, 7.0, 9.0]])
    assert retrieval.top_k(scores, 3).tolist() == [[4, 0, 2]]
    exclude = torch.tensor([[True, False, False, False, False]])
    assert retrieval.top_k(scores, 3, exclude).tolist() == [[4, 2, 3]]


def test_scores_whose_sum_is_too_large_are_finite_all_the_same():
    scores = torch.tensor([[3e38, 1e38, 3e38]])
    assert retrieval.top_k(scores, 2).tolist() == [[0, 2]]


def test_scores_that_would_cancel_out_are_still_found_not_to_be_finite():
    with pytest.raises(ValueError, match="must be finite; found inf"):
        retrieval.top_k(torch.tensor([[torch.inf, -torch.inf, 1.0]]), 1)


@pytest.mark.parametrize("at_once", [1, 450, 10**9])  # a user a chunk, two, all
def test_tables_are_listed_chunk_by_chunk_as_their_product_is(monkeypatch, at_once):
    monkeypatch.setattr(retrieval, "SCORES_AT_ONCE", at_once)
    users, items = (table.round() for table in tables(31, 200))  # whole numbers: sums are exact
    exclude = torch.rand(31, 200, generator=torch.Generator().manual_seed(1)) < 0.3

    for some in (None, exclude):
        found = retrieval.top_k_of_embeddings(users, items, 10, some)
        assert torch.equal(found, by_stable_sort(users @ items.T, 10, some))


def test_nobody_gets_no_list():
    _, items = tables(0, 20)
    assert retrieval.top_k_of_embeddings(torch.zeros(0, 8), items, 3).shape == (0, 3)
    assert retrieval.top_k(torch.zeros(0, 20), 3).shape == (0, 3)


def test_a_list_from_tables_that_cannot_be_filled_names_the_user_whatever_the_chunk(monkeypatch):
    monkeypatch.setattr(retrieval, "SCORES_AT_ONCE", 1)
    users, items = tables(5, 6)
    exclude = torch.zeros(5, 6, dtype=torch.bool)
    exclude[3, 1:] = True
    with pytest.raises(ValueError, match=r"found 2, and 1 items for user 3\."):
        retrieval.top_k_of_embeddings(users, items, 2, exclude)
    with pytest.raises(ValueError, match=r"`scores` must be finite; found nan\."):
        retrieval.top_k_of_embeddings(users * torch.nan, items, 2)
    with pytest.raises(TypeCheckError):
        retrieval.top_k_of_embeddings(users, items[:, :3], 2)


def cpu_milliseconds(call, runs):
    """The median of `runs` runs, on one thread: the clock would tell of others' work, too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        spent = []
        for _ in range(runs):
            start = process_time()
            call()
            spent.append(1000 * (process_time() - start))
    finally:
        torch.set_num_threads(before)
    return median(spent)


@pytest.mark.parametrize("n_items", [705, 1200])
def test_one_household_is_listed_within_a_millisecond_and_all_within_200(n_items):
    users, items = tables(2314, n_items, dim=32)
    exclude = torch.rand(2314, n_items, generator=torch.Generator().manual_seed(1)) < 0.15
    listed = retrieval.top_k_of_embeddings
    one = cpu_milliseconds(lambda: listed(users[:1], items, 10, exclude[:1]), 200)
    every = cpu_milliseconds(lambda: listed(users, items, 10, exclude), 5)
    assert one < 1, one
    assert every < 200, every
