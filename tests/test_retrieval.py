"""The best k items: by hand, against plain sorting, and what may not be listed."""

import pytest
import torch

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
