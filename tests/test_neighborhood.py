"""Neighbours by hand, against Surprise, and what must not move them."""

import pytest
import torch
from torch.testing import assert_close

from mtl_course import metrics, neighborhood


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def three_baskets() -> torch.Tensor:
    """Users 0 and 1 take items 0 and 1; user 2 takes item 2 alone."""
    return torch.tensor([[3.0, 4.0, 0.0], [4.0, 3.0, 0.0], [0.0, 0.0, 5.0]])


def test_a_cosine_is_hand_worked_and_shrinks(three_baskets):
    # items 0 and 1: (3 * 4 + 4 * 3) / (5 * 5), and / (25 + 15) when shrunk by 15
    plain = neighborhood.cosine_similarities(three_baskets.T, shrinkage=0.0)
    shrunk = neighborhood.cosine_similarities(three_baskets.T, shrinkage=15.0)
    assert_close(plain, torch.tensor([[1.0, 0.96, 0.0], [0.96, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    assert_close(shrunk[0, 1], torch.tensor(24 / 40))


def test_an_item_neighbour_passes_on_what_the_user_has_of_it(three_baskets):
    neighbors = neighborhood.item_neighbors(three_baskets, k=1, shrinkage=0.0)
    found = neighborhood.predict_from_item_neighbors(torch.tensor([[2.0, 0.0, 7.0]]), neighbors)
    # item 1's neighbour is item 0; item 0 gets nothing from itself, nor item 2 from the others
    assert_close(found, torch.tensor([[0.0, 0.96 * 2, 0.0]]))


def test_a_user_neighbour_passes_on_what_it_takes(three_baskets):
    neighbors = neighborhood.user_neighbors(three_baskets, k=1, shrinkage=0.0)
    found = neighborhood.predict_from_user_neighbors(three_baskets, neighbors)
    assert_close(found[0], 0.96 * three_baskets[1])
    assert_close(found[2], torch.zeros(3))


def test_each_row_keeps_its_k_nearest_others():
    counts = torch.rand(30, 12, generator=seeded(0))
    full = neighborhood.cosine_similarities(counts.T, shrinkage=1.0)
    found = neighborhood.item_neighbors(counts, k=4, shrinkage=1.0)

    for i in range(12):
        others = [j for j in range(12) if j != i]
        nearest = sorted(others, key=lambda j: -full[i, j].item())[:4]
        assert found[i].nonzero()[:, 0].tolist() == sorted(nearest)
        assert_close(found[i, nearest], full[i, nearest])


def test_of_equally_near_items_the_lower_numbers_are_kept():
    found = neighborhood.item_neighbors(torch.ones(2, 300), k=40, shrinkage=0.0)
    assert found[299].nonzero()[:, 0].tolist() == list(range(40))


def test_a_row_is_never_its_own_neighbour_even_where_all_others_are_opposed():
    opposed = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    found = neighborhood.user_neighbors(opposed, k=1, shrinkage=0.0)
    assert_close(found, torch.tensor([[0.0, -1.0], [-1.0, 0.0]]))


def test_nearness_is_not_mutual():
    # cosines: .6 of users 0 and 1, .8 of 0 and 2, .96 of 1 and 2
    counts = torch.tensor([[1.0, 0.0], [3.0, 4.0], [4.0, 3.0]])
    found = neighborhood.user_neighbors(counts, k=1, shrinkage=0.0)
    assert_close(found, torch.tensor([[0.0, 0.0, 0.8], [0.0, 0.0, 0.96], [0.0, 0.96, 0.0]]))
    scores = neighborhood.predict_from_user_neighbors(counts, found)
    assert_close(scores[0], 0.8 * counts[2])
    assert_close(scores[2], 0.96 * counts[1])  # user 0 leans on user 2, not user 2 on user 0


def test_nobody_is_a_neighbour_of_a_row_of_zeros(three_baskets):
    three_baskets[2] = 0
    found = neighborhood.user_neighbors(three_baskets, k=2, shrinkage=0.0)
    assert_close(found[2], torch.zeros(3))


def test_similarity_without_shrinkage_does_not_depend_on_how_much_is_bought(three_baskets):
    found = neighborhood.item_neighbors(
        three_baskets * torch.tensor([1.0, 9.0, 2.0]), k=2, shrinkage=0.0
    )
    assert_close(found, neighborhood.item_neighbors(three_baskets, k=2, shrinkage=0.0))


def surprise_neighbours(algorithm: str, ratings: torch.Tensor, k: int):
    """Surprise's item-based cosine neighbours, fitted to the cells of `ratings` that are known."""
    import pandas as pd
    import surprise

    user, item = (~ratings.isnan()).nonzero(as_tuple=True)
    frame = pd.DataFrame({"user": user, "item": item, "rating": ratings[user, item]})
    reader = surprise.Reader(rating_scale=(0, 9))
    rows = surprise.Dataset.load_from_df(frame, reader).build_full_trainset()
    model = getattr(surprise, algorithm)(
        k=k, sim_options={"name": "cosine", "user_based": False}, verbose=False
    )
    return model.fit(rows)


def test_item_neighbours_agree_with_surprise():
    ratings = torch.randint(10, (25, 14), generator=seeded(1)).double()
    ours = neighborhood.item_neighbors(ratings, k=5, shrinkage=0.0)
    theirs = surprise_neighbours("KNNBasic", ratings, k=5)

    for i in range(14):
        inner = theirs.trainset.to_inner_iid(i)
        nearest = [theirs.trainset.to_raw_iid(j) for j in theirs.get_neighbors(inner, k=5)]
        assert set(nearest) == set(ours[i].nonzero()[:, 0].tolist())
        for j in nearest:
            wanted = theirs.sim[inner, theirs.trainset.to_inner_iid(j)]
            assert ours[i, j].item() == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("algorithm", ["KNNBasic", "KNNWithMeans"])
def test_predictions_from_item_neighbours_agree_with_surprise(algorithm):
    ratings = torch.randint(10, (25, 14), generator=seeded(2)).double()
    known, asked = ratings[:20], ratings[20:]  # item 0 is predicted for users 20 to 24
    hidden = ratings.clone()
    hidden[20:, 0] = torch.nan
    theirs = surprise_neighbours(algorithm, hidden, k=5)
    wanted = [theirs.predict(u, 0, clip=False).est for u in range(20, 25)]

    neighbors = neighborhood.item_neighbors(known, k=5, shrinkage=0.0)
    # the row of item 0 is that of Surprise, which also compares it on the first 20 users only
    means = hidden.nanmean(dim=0) if algorithm == "KNNWithMeans" else torch.zeros(14)
    summed = neighborhood.predict_from_item_neighbors(asked - means, neighbors)[:, 0]
    found = means[0] + summed / neighbors[0].sum()  # a star rating wants the mean, not the sum

    assert_close(found, torch.tensor(wanted, dtype=torch.float64), rtol=0, atol=1e-9)


def test_neighbours_find_planted_tastes():
    taste = torch.randint(3, (120,), generator=seeded(11))
    kind = torch.randint(3, (60,), generator=seeded(12))
    chance = torch.where(taste[:, None] == kind, 0.4, 0.05)
    bought = torch.bernoulli(chance, generator=seeded(13))
    again = torch.bernoulli(chance, generator=seeded(14)).flatten()

    oracle = metrics.auc(chance.flatten(), again)
    for scores in (
        neighborhood.predict_from_item_neighbors(
            bought, neighborhood.item_neighbors(bought, k=15, shrinkage=1.0)
        ),
        neighborhood.predict_from_user_neighbors(
            bought, neighborhood.user_neighbors(bought, k=30, shrinkage=1.0)
        ),
    ):
        assert 0.65 < metrics.auc(scores.flatten(), again) < oracle < 0.85  # chance is .5


def test_impossible_neighbourhoods_are_refused(three_baskets):
    with pytest.raises(ValueError, match=r"`k` must be from 1 to 2, the number of others; found 3"):
        neighborhood.item_neighbors(three_baskets, k=3, shrinkage=0.0)
    with pytest.raises(ValueError, match=r"`k` must be from 1 to 2, .*; found 0\."):
        neighborhood.user_neighbors(three_baskets, k=0, shrinkage=0.0)
    with pytest.raises(ValueError, match=r"`shrinkage` must be 0 or more; found -1\.0\."):
        neighborhood.item_neighbors(three_baskets, k=1, shrinkage=-1.0)
    with pytest.raises(ValueError, match=r"Similarities need finite numbers; found NaN"):
        neighborhood.item_neighbors(three_baskets / 0, k=1, shrinkage=0.0)
