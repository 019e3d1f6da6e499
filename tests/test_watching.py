"""Ratings as three tasks: who is asked about the end, what is drawn for contrast, who tells."""

import pytest
import torch

from mtl_course import watching
from mtl_course.interactions import Interactions, Scale
from mtl_course.movielens import MovieLens


def rated(user, item, stars, n_users=3, n_items=40):
    labels = (torch.tensor(stars) - 1)[:, None] / 4
    return Interactions(
        user=torch.tensor(user),
        item=torch.tensor(item),
        labels=labels,
        observed=torch.ones_like(labels, dtype=torch.bool),
        tasks=("rating",),
        n_users=n_users,
        n_items=n_items,
        scales=(Scale(1.0, 5.0, "stars"),),
    )


@pytest.fixture
def past():
    return rated([0, 0, 1, 2], [0, 1, 1, 2], [5.0, 3.0, 1.0, 4.0])


@pytest.fixture
def movies(past):
    return MovieLens(
        ratings=past,
        time=torch.tensor([4, 3, 2, 1]),
        age=torch.tensor([24.0, 25.0, 50.0]),
        female=torch.tensor([1.0, 0.0, 0.0]),
        occupations=("student", "doctor", "educator"),
        titles=("",) * 40,
    )


def test_each_user_is_asked_about_the_end_of_their_own_time():
    user = torch.tensor([0, 1, 0, 0, 1, 0, 0])
    time = torch.tensor([9, 1, 2, 5, 7, 3, 8])

    late = watching.latest_of_each_user(user, time, share=0.4)

    # of five rows of user 0 the last two, at 9 and 8; of two rows of user 1 none: .8 is below 1
    assert late.tolist() == [True, False, False, False, False, False, True]


def test_ratings_of_one_moment_keep_their_order():
    user, time = torch.zeros(4).long(), torch.tensor([1, 1, 1, 1])
    assert watching.latest_of_each_user(user, time, share=0.5).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("share", [0.0, 1.0, float("nan")])
def test_a_share_that_leaves_nothing_to_train_or_to_ask_is_refused(share):
    with pytest.raises(ValueError, match=r"between 0 and 1; found (0\.0|1\.0|nan)"):
        watching.latest_of_each_user(torch.tensor([0]), torch.tensor([1]), share=share)


def test_what_is_drawn_was_not_watched_and_has_no_rating(past):
    log = watching.with_negatives(past, per_rating=500, generator=torch.Generator().manual_seed(0))

    assert log.tasks == ("rating", "watched")
    assert log.labels[:4].tolist() == [[1.0, 1.0], [0.5, 1.0], [0.0, 1.0], [0.75, 1.0]]
    drawn = slice(4, None)
    assert not log.observed[drawn, 0].any()
    assert log.observed[:, 1].all()
    assert (log.labels[drawn, 1] == 0).all()
    known = set(zip(past.user.tolist(), past.item.tolist(), strict=True))
    pairs = set(zip(log.user[drawn].tolist(), log.item[drawn].tolist(), strict=True))
    assert not known & pairs
    assert len(pairs) == 3 * 40 - 4  # with 500 draws a rating, every other pair comes


def test_who_rates_more_is_contrasted_more(past):
    log = watching.with_negatives(past, per_rating=50, generator=torch.Generator().manual_seed(0))
    # two ratings of user 0, of 40 films two are known: 100 draws, 5 of them dropped on average
    counts = log.user[4:].bincount()
    assert 85 <= counts[0] <= 100
    assert 42 <= counts[1] <= 50


def test_without_a_draw_there_is_nothing_to_learn(past):
    with pytest.raises(ValueError, match="1 or more; found 0"):
        watching.with_negatives(past, per_rating=0, generator=torch.Generator())


def test_the_tags_of_three_users(movies):
    tags = watching.user_tags(movies)

    assert tags.names[:5] == ("female", "age from 0", "age from 25", "age from 35", "age from 50")
    assert tags.labels[:, tags.groups["gender"]].tolist() == [[1.0], [0.0], [0.0]]
    # 24 is below 25, and 25 is not; 50 opens the last group
    assert tags.labels[:, tags.groups["age"]].argmax(dim=1).tolist() == [0, 1, 3]
    assert tags.labels[:, tags.groups["age"]].sum(dim=1).tolist() == [1.0, 1.0, 1.0]
    # a doctor has none of the six occupations that are asked for
    assert tags.labels[:, tags.groups["occupation"]].sum(dim=1).tolist() == [1.0, 0.0, 1.0]
    assert sum(len(tags.names[of]) for of in tags.groups.values()) == len(tags.names) == 11


def test_a_tag_is_told_by_the_tellers_in_each_of_their_rows(movies, past):
    tags = watching.user_tags(movies)

    log = watching.with_tags(past, tags, torch.tensor([0, 2]))

    assert log.tasks == ("rating", *tags.names)
    assert log.observed[:, 1:].all(dim=1).tolist() == [True, True, False, True]
    assert not log.observed[2, 1:].any()
    assert torch.equal(log.labels[:, 1:], tags.labels[past.user])
    assert len(log.scales) == 12


def test_every_pair_but_the_known_ones_is_asked_about(past):
    later = rated([1, 2], [0, 39], [2.0, 2.0])

    asked = watching.unseen_pairs(past, later)

    assert len(asked) == 3 * 40 - 4
    hits = asked.labels[:, 0].bool()
    assert list(zip(asked.user[hits].tolist(), asked.item[hits].tolist(), strict=True)) == [
        (1, 0),
        (2, 39),
    ]


def test_the_auc_of_a_tag_with_several_answers_is_their_mean():
    labels = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    groups = {"gender": slice(0, 1), "age": slice(1, 3)}
    tags = watching.Tags(("female", "young", "old"), labels, groups)
    scores = torch.tensor([[2.0, 1.0, 1.0], [1.0, 2.0, 0.0], [0.0, 0.0, 2.0]])

    gender, age = watching.tag_aucs(scores, tags, torch.arange(3))

    assert gender == 1.0
    assert age == (0.5 + 0.0) / 2  # the young one is above one of two, the old one above none
