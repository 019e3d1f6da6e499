"""Coat, and the file that both loaders are read from."""

import numpy as np
import pytest

from mtl_course import datasets, metrics, published


@pytest.fixture
def coat_by_hand(monkeypatch):
    """Three users and two coats, as the files write them."""
    files = {
        "train.ascii": b"0 5 \n1 0 \n0 0 \n",
        "test.ascii": b"0 0 \n0 3 \n2 2 \n",
        "user_features.ascii": b"1 0\n0 1\n0 0\n",
        "item_features.ascii": b"1\n0\n",
    }
    monkeypatch.setattr(published, "contents", lambda *_: files)
    return datasets.load_coat()


def test_a_zero_is_no_rating_and_a_star_is_the_lowest_label(coat_by_hand):
    chosen, random = coat_by_hand.self_selected, coat_by_hand.random

    assert [chosen.user.tolist(), chosen.item.tolist()] == [[0, 1], [1, 0]]
    assert chosen.labels[:, 0].tolist() == [1.0, 0.0]  # five stars, one star
    assert [random.user.tolist(), random.item.tolist()] == [[1, 2, 2], [1, 0, 1]]
    assert random.labels[:, 0].tolist() == [0.5, 0.25, 0.25]
    assert (chosen.n_users, chosen.n_items, chosen.tasks) == (3, 2, ("rating",))
    assert chosen.scales[0] == (1.0, 5.0, "stars")
    assert coat_by_hand.user_features.tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    assert coat_by_hand.item_features.tolist() == [[1.0], [0.0]]


def test_every_file_is_known_by_its_hash_and_has_an_address():
    for member in (*published.CENSUS_INCOME, *published.COAT):
        assert len(bytes.fromhex(member.sha256)) == 32
        assert all(url.startswith("https://") for url in member.urls)
        assert member.urls


@pytest.mark.published
def test_coat_has_24_ratings_of_each_users_choice_and_16_at_random():
    coat = datasets.load_coat()

    assert (len(coat.self_selected), len(coat.random)) == (6_960, 4_640)
    assert (coat.random.n_users, coat.random.n_items) == (290, 300)
    assert (coat.self_selected.user.bincount() == 24).all()
    assert (coat.random.user.bincount() == 16).all()
    assert coat.user_features.shape == (290, 14)
    assert coat.item_features.shape == (300, 33)
    both = {*pairs(coat.self_selected)} & {*pairs(coat.random)}
    assert len(both) == 366


@pytest.mark.published
def test_what_users_choose_themselves_is_liked_better_than_what_is_drawn_for_them():
    coat = datasets.load_coat()

    stars = [1 + 4 * log.labels.mean().item() for log in (coat.self_selected, coat.random)]

    assert np.allclose(stars, [2.61, 2.23], atol=0.005)
    # asked about random ones, the mean of the chosen is wrong by 1.692 stars squared, 1.30 stars
    mean = coat.self_selected.labels.mean().expand(len(coat.random))
    random = coat.random
    error = metrics.rmse(mean, random.labels[:, 0], random.observed[:, 0], random.scales[0])
    assert abs(error**2 - 1.692) < 0.005


def pairs(log):
    return zip(log.user.tolist(), log.item.tolist(), strict=True)
