"""Sealed submissions and what they earn, on a shop of three households that can be done by hand."""

from dataclasses import fields, replace
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from torch.testing import assert_close

from mtl_course import briefs, shop, submissions
from mtl_course.briefs import CAPSTONE, Budget
from mtl_course.submissions import Submission

COLUMNS = ["user", "item", "window", "baskets", "units", "spend", "last_week"]
ROWS = [
    (0, 0, 1, 1, 1, 6.0, 13),
    (1, 0, 1, 1, 1, 1.0, 13),
    (0, 1, 2, 1, 1, 2.0, 13),
    (2, 2, 2, 1, 1, 5.0, 13),
    (0, 0, 3, 1, 1, 1.0, 13),
    (0, 0, 4, 1, 1, 7.0, 13),
    (0, 2, 4, 1, 1, 9.0, 13),
    (1, 1, 4, 1, 1, 4.0, 13),
    (3, 0, 4, 1, 1, 3.0, 13),
]
BRIEF = CAPSTONE._replace(k=1, judged_share=0.5, steps=50)


@pytest.fixture
def whole():
    """Household 2 stays away in window 4; all four have told their age."""
    users = {"user_id": ["Ada", "Bo", "Cy", "Di"], "age_55_plus": [1.0, 0.0, 0.0, 1.0]}
    return shop.Shop(
        "corner shop",
        pd.DataFrame(ROWS, columns=COLUMNS),
        pd.DataFrame(users),
        pd.DataFrame({"item_id": ["m", "br", "be"], "name": ["Milk", "Bread", "Beer"]}),
        ("age_55_plus",),
    )


@pytest.fixture
def opened(whole):
    return briefs.open_shop(whole, BRIEF)


@pytest.fixture
def sealed(opened):
    scores = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    return submissions.seal(
        scores,
        torch.tensor([[0.9], [0.2], [0.4], [0.6]]),
        weights=(1.0, 0.5, 0),
        serving="as it comes",
        budget=Budget(50, {"a": 30, "b": 10}),
        shop=opened,
    )


def altered(submission, **changes):
    """A copy that no constructor has looked at, as whoever tampers would make it."""
    copy = object.__new__(Submission)
    for field in fields(Submission):
        value = changes.get(field.name, getattr(submission, field.name))
        object.__setattr__(copy, field.name, value)
    return copy


def test_an_outcome_by_hand(whole):
    scores = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    judges = torch.tensor([0, 1, 3])
    judge = submissions.window_judge(
        whole, window=4, households=torch.arange(4), judges=judges, k=1
    )
    found = judge(scores, torch.tensor([[0.6], [0.2], [0.4]]))
    # Ada: beer $9; Bo: bread $4; Cy did not come; Di: beer, which she did not buy
    assert found.revenue.tolist() == [9.0, 4.0, 0.0]
    # of four households and three windows milk had 1/2, 0, 1/4; bread 0, 1/4, 0; beer 0, 1/4, 0
    assert submissions.popularity(whole, range(1, 4)).tolist() == pytest.approx(
        [1 / 4, 1 / 12, 1 / 12]
    )
    assert found.popularity == pytest.approx(1 / 12)
    assert found.tag_auc == 1.0  # Ada and Di, 55 or older, above Bo


def test_rows_of_scores_and_tags_belong_to_the_households_that_are_named(whole):
    households, judges = torch.tensor([3, 0]), torch.tensor([3, 1])
    judge = submissions.window_judge(whole, window=4, households=households, judges=judges, k=2)
    found = judge(torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), torch.tensor([[0.1], [0.9]]))
    assert found.revenue.tolist() == [3.0, 16.0]  # Di's milk; Ada's beer and milk
    assert found.tag_auc == 0.0


def test_own_spend_is_dollars_a_window_and_knows_no_later_one(whole):
    assert submissions.own_spend(whole, range(1, 3)).tolist() == [
        [3.0, 1.0, 0.0],
        [0.5, 0.0, 0.0],
        [0.0, 0.0, 2.5],
        [0.0, 0.0, 0.0],
    ]


def test_a_gain_is_paired():
    ours, theirs = torch.tensor([101.0, 12.0, 53.0]), torch.tensor([100.0, 10.0, 50.0])
    found = submissions.gain(ours, theirs)
    half = 1.96 * 1.0 / 3**0.5  # the differences 1, 2, 3 have a standard deviation of 1
    assert_close(torch.tensor(found), torch.tensor([2.0, 2 - half, 2 + half]))


def test_a_submission_is_judged_beside_own_spend(whole, sealed):
    ours, more = submissions.judge(sealed, whole, BRIEF)

    assert ours.revenue.tolist() == [9.0, 4.0, 0.0]
    # own spend lists milk for Ada ($7) and for Bo (0), and, of equal scores, for Di ($3)
    assert more.mean == pytest.approx((2 + 4 - 3) / 3)


def test_what_is_sealed_is_fit_and_later_changes_elsewhere_do_not_reach_it(opened):
    scores = torch.rand(4, 3, requires_grad=True)
    how = {"weights": (1, 1, 1), "serving": "x", "budget": Budget(50, {"a": 9}), "shop": opened}
    found = submissions.seal(scores, torch.full((4, 1), 0.5), **how)
    submissions.refuse_unfit(found, opened, BRIEF)
    with torch.no_grad():
        scores.zero_()
    submissions.refuse_unfit(found, opened, BRIEF)
    assert found.steps == 9


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("scores", [[1.0] * 3] * 4, "`scores` must be a tensor of float32 or float64; found list"),
        ("scores", torch.ones(4, 3).long(), "found torch.int64"),
        ("scores", torch.ones(4, 2), r"shape \(4, 3\); found \(4, 2\)"),
        ("scores", torch.ones(3), r"found \(3,\)"),
        ("scores", torch.full((4, 3), float("nan")), "must be finite; 12 of 12 entries"),
        ("scores", torch.full((4, 3), float("inf")), "must be finite"),
        ("tags", torch.full((4, 1), 1.5), "from 0 to 1. Take the sigmoid"),
        ("tags", torch.full((4, 1), -0.5), "from 0 to 1"),
        ("tags", torch.ones(4), r"shape \(4, 1\)"),
        ("tags", None, "found NoneType"),
        ("weights", [1.0, 0.0, 0.0], "`weights` must be a tuple"),
        ("weights", (1.0, -1.0, 0.0), "numbers from 0"),
        ("weights", (1.0, float("nan"), 0.0), "numbers from 0"),
        ("weights", (1.0, 0.0), "must be three"),
        ("weights", (0.0, 0.0, 0.0), "one of them above 0"),
        ("serving", " ", "say in words"),
        ("serving", 3, "say in words"),
        ("steps", 0, "1 or more; found 0. Was the training given"),
        ("steps", 3.0, "1 or more; found 3.0"),
        ("steps", True, "found True"),
        ("data", "abc", "made of other data"),
        ("digest", "abc", "The seal is broken"),
    ],
)
def test_what_is_malformed_is_refused_in_its_own_words(opened, sealed, name, value, says):
    with pytest.raises(ValueError, match=says):
        submissions.refuse_unfit(altered(sealed, **{name: value}), opened, BRIEF)


@pytest.mark.parametrize(
    "changes",
    [
        {"scores": torch.ones(4, 3)},
        {"scores": torch.zeros(4, 3).double()},
        {"tags": torch.ones(4, 1)},
        {"weights": (1.0, 0.5, 1)},
        {"serving": "otherwise"},
        {"steps": 39},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_change_after_sealing_breaks_the_seal(opened, sealed, changes):
    with pytest.raises(ValueError, match="The seal is broken"):
        submissions.refuse_unfit(altered(sealed, **changes), opened, BRIEF)


def test_one_number_changed_in_place_breaks_the_seal(opened, sealed):
    sealed.scores[2, 1] += 1e-3
    with pytest.raises(ValueError, match="The seal is broken"):
        submissions.refuse_unfit(sealed, opened, BRIEF)


@pytest.mark.parametrize("found", [None, 7, "text", torch.ones(4, 3), SimpleNamespace(scores=1)])
def test_what_is_no_submission_is_refused(opened, found):
    with pytest.raises(ValueError, match=r"must be what `submissions\.seal` returns; found"):
        submissions.refuse_unfit(found, opened, BRIEF)


def test_a_submission_over_the_budget_is_refused(opened, sealed):
    submissions.refuse_unfit(sealed, opened, BRIEF._replace(steps=40))
    with pytest.raises(ValueError, match="The budget is 39 steps; the submission took 40"):
        submissions.refuse_unfit(sealed, opened, BRIEF._replace(steps=39))


def test_other_data_are_noticed(whole, opened, sealed):
    other_log = opened.log.assign(spend=opened.log["spend"] + 1)
    for other in (whole, replace(opened, log=other_log), replace(opened, items=opened.items[::-1])):
        assert submissions.data_digest(other) != submissions.data_digest(opened)
        with pytest.raises(ValueError, match="made of other data"):
            submissions.refuse_unfit(sealed, other, BRIEF)
    assert submissions.data_digest(briefs.open_shop(whole, BRIEF)) == sealed.data
