import torch
from torch.testing import assert_close

from mtl_course import baselines

# Ada had milk in two baskets and beer in one; Bo milk once; Cy nothing at all
COUNTS = torch.tensor([[2.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


def test_popularity_counts_users_and_is_one_list_for_everybody():
    assert baselines.popularity(COUNTS).tolist() == [[2, 0, 1]] * 3


def test_popularity_times_activity_by_hand():
    found = baselines.popularity_times_activity(COUNTS)
    assert found.tolist() == [[4, 0, 2], [2, 0, 1], [0, 0, 0]]


def test_own_frequency_leaves_equal_counts_to_popularity():
    found = baselines.own_frequency(COUNTS)
    assert_close(found, torch.tensor([[2.5, 0, 1.25], [1.5, 0, 0.25], [0.5, 0, 0.25]]))


def test_popularity_never_outweighs_a_basket():
    counts = torch.zeros(1000, 2)
    counts[:, 0] = 1  # everybody has the first item,
    counts[0] = torch.tensor([0.0, 1.0])  # but the first user has the second
    assert baselines.own_frequency(counts)[0].argmax() == 1


def test_whole_numbers_of_a_double_stay_doubles():
    assert baselines.own_frequency(COUNTS.double()).dtype == torch.float64
