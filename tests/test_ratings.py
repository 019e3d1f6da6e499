"""Star ratings by hand, against Surprise, and what must be refused."""

import pandas as pd
import pytest
import torch
from torch.testing import assert_close

from mtl_course import ratings


def some_stars(seed: int) -> torch.Tensor:
    """25 users' stars for 14 films, with fractions so that no two are equal; half are missing (0).

    Which of two equally near raters counts is decided by chance, here and in Surprise.
    """
    generator = torch.Generator().manual_seed(seed)
    stars = 1 + 4 * torch.rand(25, 14, generator=generator).double()
    return stars * (torch.rand(25, 14, generator=generator) < 1 / 2)


def fitted(stars: torch.Tensor, **chosen) -> ratings.Biases:
    user, item = stars.nonzero(as_tuple=True)
    return ratings.fit_biases(user, item, stars[user, item], n_users=25, n_items=14, **chosen)


def surprise_of(stars: torch.Tensor, algorithm: str, **options):
    import surprise

    user, item = stars.nonzero(as_tuple=True)
    frame = pd.DataFrame({"user": user, "item": item, "rating": stars[user, item]})
    rows = surprise.Dataset.load_from_df(frame, surprise.Reader(rating_scale=(0, 9)))
    model = getattr(surprise, algorithm)(verbose=False, **options)
    return model.fit(rows.build_full_trainset())


def test_biases_agree_with_surprise():
    stars = some_stars(1)
    theirs = surprise_of(stars, "BaselineOnly")

    wanted = [[theirs.predict(u, i, clip=False).est for i in range(14)] for u in range(25)]

    assert_close(fitted(stars).table, torch.tensor(wanted).double(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("k", [3, 25])
def test_predictions_from_raters_agree_with_surprise(k):
    stars = some_stars(2)
    rated = (stars > 0).double()
    theirs = surprise_of(stars, "KNNBaseline", k=k)
    user, item = (stars == 0).nonzero(as_tuple=True)

    found = ratings.predict_from_raters(
        stars,
        rated,
        ratings.rater_similarities(stars, rated),
        fitted(stars),
        user=user,
        item=item,
        k=k,
    )

    asked = zip(user.tolist(), item.tolist(), strict=True)
    wanted = [theirs.predict(u, i, clip=False).est for u, i in asked]
    assert_close(found, torch.tensor(wanted).double(), rtol=0, atol=1e-9)


def test_similar_raters_agree_with_surprise():
    stars = some_stars(3)
    theirs = surprise_of(stars, "KNNBaseline")

    found = ratings.rater_similarities(stars, (stars > 0).double())

    inner = [theirs.trainset.to_inner_uid(u) for u in range(25)]
    wanted = torch.tensor(theirs.sim)[inner][:, inner].double()
    assert_close(found, wanted, rtol=0, atol=1e-9)


def test_pairs_are_asked_in_parts_without_a_change(monkeypatch):
    stars = some_stars(4)
    rated = (stars > 0).double()
    user, item = (stars == 0).nonzero(as_tuple=True)
    given = (stars, rated, ratings.rater_similarities(stars, rated), fitted(stars))
    at_once = ratings.predict_from_raters(*given, user=user, item=item, k=5)
    monkeypatch.setattr(ratings, "_AT_ONCE", 7)

    assert_close(ratings.predict_from_raters(*given, user=user, item=item, k=5), at_once)


def test_who_rates_nothing_keeps_the_mean():
    stars = some_stars(5)
    stars[7] = 0

    for penalty in (0.0, 15.0):
        found = fitted(stars, user_penalty=penalty)
        assert found.of_user[7] == 0
        assert_close(found.table[7], found.mean + found.of_item)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"user_penalty": -1.0}, "found -1.0, 10.0 and 10"),
        ({"item_penalty": -2.0}, "found 15.0, -2.0 and 10"),
        ({"user_penalty": float("nan")}, "found nan, 10.0 and 10"),
        ({"rounds": 0}, "`rounds` 1 or more; found 15.0, 10.0 and 0"),
    ],
)
def test_a_fit_that_cannot_be_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        fitted(some_stars(1), **changed)


@pytest.mark.parametrize("stars", [torch.zeros(0), torch.tensor([4.0, torch.nan])])
def test_ratings_that_are_none_are_refused(stars):
    rows = torch.arange(len(stars))
    with pytest.raises(ValueError, match="at least one rating, each finite"):
        ratings.fit_biases(rows, rows, stars, n_users=2, n_items=2)


@pytest.mark.parametrize("k", [0, 26])
def test_more_raters_than_users_are_refused(k):
    stars = some_stars(1)
    rated = (stars > 0).double()
    alike = ratings.rater_similarities(stars, rated)
    rows = torch.tensor([0])
    with pytest.raises(ValueError, match=f"from 1 to 25, the users; found {k}"):
        ratings.predict_from_raters(stars, rated, alike, fitted(stars), user=rows, item=rows, k=k)
