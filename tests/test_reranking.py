"""Fused scores and mixed lists: by hand, and against what they turn into at the ends."""

import pytest
import torch
from torch.testing import assert_close

from mtl_course import reranking, retrieval

ALIKE = torch.tensor([[1.0, 0.9, 0.1], [0.9, 1.0, 0.2], [0.1, 0.2, 1.0]])
PROBABILITIES = torch.tensor([[[0.2, 0.8], [0.6, 0.0], [0.4, 0.4]]])  # one user, 3 items, 2 tasks


def test_a_weighted_mean_of_probabilities_by_hand():
    # weights 1 and 3 are shares 1/4 and 3/4: .05 + .6, .15 + 0, .1 + .3
    fused = reranking.fuse_probabilities(PROBABILITIES, torch.tensor([1.0, 3.0]))
    assert_close(fused, torch.tensor([[0.65, 0.15, 0.40]]))


def test_only_the_shares_of_the_weights_count():
    weights = torch.tensor([1.0, 3.0])
    once, ten = (
        reranking.fuse_probabilities(PROBABILITIES, weights * times) for times in (1.0, 10.0)
    )
    assert_close(once, ten)


def test_reciprocal_ranks_by_hand_and_blind_to_the_size_of_a_score():
    # ranks of task 0: item 1, 2, 0; of task 1: item 0, 2, 1
    wanted = torch.tensor([[1 / 13 + 2 / 11, 1 / 11 + 2 / 13, 1 / 12 + 2 / 12]])
    weights = torch.tensor([1.0, 2.0])
    assert_close(reranking.fuse_ranks(PROBABILITIES, weights, constant=10), wanted)
    assert_close(reranking.fuse_ranks((9 * PROBABILITIES).exp(), weights, constant=10), wanted)


def test_equal_scores_take_ranks_in_the_order_of_their_items():
    fused = reranking.fuse_ranks(torch.zeros(1, 500, 1), torch.ones(1), constant=0)
    assert_close(fused, 1 / torch.arange(1, 501)[None])


def test_a_task_without_weight_has_no_say():
    weights = torch.tensor([0.0, 2.0])
    alone = PROBABILITIES[:, :, 1:]
    for fuse in (reranking.fuse_probabilities, reranking.fuse_ranks):
        assert_close(fuse(PROBABILITIES, weights), fuse(alone, weights[1:]))


def test_the_next_item_is_the_best_after_what_it_repeats_by_hand():
    scores = torch.tensor([[0.9, 0.8, 0.5]])
    # after item 0: item 1 is worth .5 * .8 - .5 * .9 = -.05, item 2 .25 - .05 = .20
    assert reranking.diverse_top_k(scores, ALIKE, 3, relevance=0.5).tolist() == [[0, 2, 1]]
    # .9 * .8 - .1 * .9 = .63 against .9 * .5 - .1 * .1 = .44
    assert reranking.diverse_top_k(scores, ALIKE, 3, relevance=0.9).tolist() == [[0, 1, 2]]


def test_the_penalty_looks_at_the_most_alike_one_in_the_list_not_at_the_last():
    scores = torch.tensor([[1.0, 0.9, 0.8, 0.1]])
    alike = torch.eye(4)
    alike[0, 2] = alike[2, 0] = 1.0  # item 2 repeats item 0, which is not the last in the list
    found = reranking.diverse_top_k(scores, alike, 4, relevance=0.4)
    assert found.tolist() == [[0, 1, 3, 2]]


def test_all_relevance_is_the_plain_list_with_its_ties_and_its_exclusions():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(20, (30, 100), generator=generator).float()
    exclude = torch.rand(30, 100, generator=generator) < 0.5
    wanted = retrieval.top_k(scores, 10, exclude)
    scores = scores.masked_fill(exclude, -torch.inf)
    found = reranking.diverse_top_k(scores, torch.rand(100, 100), 10, relevance=1.0)
    assert torch.equal(found, wanted)


def test_no_relevance_at_all_still_lists_nothing_twice_and_nothing_excluded():
    scores = torch.tensor([[0.1, -torch.inf, 0.3, 0.2], [0.5, 0.4, 0.3, -torch.inf]])
    found = reranking.diverse_top_k(scores, torch.ones(4, 4), 3, relevance=0.0)
    assert found.tolist() == [[0, 2, 3], [0, 1, 2]]


def test_more_weight_on_being_different_makes_a_list_less_alike():
    generator = torch.Generator().manual_seed(0)
    unit = torch.nn.functional.normalize(torch.randn(200, 4, generator=generator), dim=1)
    alike, scores = unit @ unit.T, torch.rand(20, 200, generator=generator)

    def inside(found):  # mean cosine of a list's pairs
        return alike[found[:, :, None], found[:, None]].mean().item()

    lists = [reranking.diverse_top_k(scores, alike, 10, relevance=r) for r in (1.0, 0.8, 0.3)]
    assert inside(lists[0]) > inside(lists[1]) > inside(lists[2])


@pytest.mark.parametrize("fuse", [reranking.fuse_probabilities, reranking.fuse_ranks])
@pytest.mark.parametrize("weights", [[-1.0, 2.0], [0.0, 0.0], [torch.nan, 1.0], [torch.inf, 1.0]])
def test_weights_that_weigh_nothing_are_refused(fuse, weights):
    with pytest.raises(ValueError, match=r"`weights` must be finite, 0 or more, and one of them"):
        fuse(PROBABILITIES, torch.tensor(weights))


def test_other_impossible_wishes_are_refused_with_their_values():
    with pytest.raises(ValueError, match=r"between 0 and 1; found 1\.2\. Take the sigmoid"):
        reranking.fuse_probabilities(PROBABILITIES + 1, torch.ones(2))
    with pytest.raises(ValueError, match=r"`constant` must be 0 or more; found -1"):
        reranking.fuse_ranks(PROBABILITIES, torch.ones(2), constant=-1)
    with pytest.raises(ValueError, match=r"`relevance` is a share, from 0 to 1; found 1\.1"):
        reranking.diverse_top_k(torch.rand(1, 3), ALIKE, 2, relevance=1.1)
    scores = torch.tensor([[0.1, -torch.inf, 0.3]])
    with pytest.raises(ValueError, match=r"between 1 and 2, the items .*; found 3\."):
        reranking.diverse_top_k(scores, ALIKE, 3, relevance=0.5)
