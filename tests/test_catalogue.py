import pytest
import torch

from mtl_course import catalogue

LISTS = torch.tensor([[0, 1], [0, 2]])
POPULARITY = torch.tensor([0.5, 0.3, 0.1, 0.1])


def test_three_of_four_items_are_listed():
    assert catalogue.coverage(LISTS, n_items=4) == 0.75


def test_one_list_for_everybody_covers_only_its_length():
    assert catalogue.coverage(LISTS[:1].expand(50, -1), n_items=4) == 0.5


def test_an_item_counts_each_time_that_it_is_listed():
    # (0.5 + 0.3 + 0.5 + 0.1) / 4
    assert catalogue.mean_popularity(LISTS, POPULARITY) == pytest.approx(0.35)


def test_what_is_taken_counts_each_time_that_it_is_taken():
    taken = torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0]])
    # (0.5 + 0.5 + 0.1) / 3
    assert catalogue.taken_popularity(taken, POPULARITY) == pytest.approx(1.1 / 3)


def test_lists_of_what_was_taken_are_as_popular_as_that():
    taken = torch.zeros(2, 4).scatter(1, LISTS, 1.0)
    listed = catalogue.mean_popularity(LISTS, POPULARITY)
    assert listed == pytest.approx(catalogue.taken_popularity(taken, POPULARITY))


def test_items_from_elsewhere_are_refused():
    with pytest.raises(ValueError, match="items from 0 to 1; found 0 to 2"):
        catalogue.coverage(LISTS, n_items=2)
    with pytest.raises(ValueError, match="found no list"):
        catalogue.coverage(LISTS[:0], n_items=2)
    with pytest.raises(ValueError, match="found 0 to 2"):
        catalogue.mean_popularity(LISTS, POPULARITY[:2])


def test_a_shop_in_which_nobody_took_anything_is_refused():
    with pytest.raises(ValueError, match="found 8 times 0"):
        catalogue.taken_popularity(torch.zeros(2, 4), POPULARITY)
