from dataclasses import replace
from math import inf, log

import pandas as pd
import pytest
import torch
from sklearn.metrics import average_precision_score
from torch.testing import assert_close

from mtl_course import datasets, shop

COLUMNS = ["user", "item", "window", "baskets", "units", "spend", "last_week"]


@pytest.fixture
def corner_shop():
    """Ada (55 or older) and Bo (nobody asked) and Cy (younger); milk, bread, beer; four windows."""
    rows = [
        (0, 0, 1, 4, 6, 6.0, 13),
        (0, 1, 1, 1, 1, 2.0, 3),
        (1, 0, 1, 1, 1, 1.0, 1),
        (0, 0, 2, 2, 3, 3.0, 13),
        (2, 2, 2, 1, 1, 5.0, 4),
        (0, 2, 3, 1, 1, 5.0, 13),
        (1, 0, 3, 3, 4, 4.0, 10),
        (0, 0, 4, 1, 2, 2.0, 2),
        (1, 1, 4, 1, 100, 200.0, 9),
    ]
    return shop.Shop(
        "corner shop",
        pd.DataFrame(rows, columns=COLUMNS),
        pd.DataFrame({"user_id": ["Ada", "Bo", "Cy"], "age_55_plus": [1.0, float("nan"), 0.0]}),
        pd.DataFrame({"item_id": ["m", "br", "be"], "name": ["Milk", "Bread", "Beer"]}),
        ("age_55_plus",),
    )


@pytest.fixture(scope="module")
def journey():
    return datasets.load_complete_journey()


@pytest.fixture(scope="module")
def core(journey):
    return shop.k_core(journey, windows=(1, 2), min_items=5, min_users=90)


def test_baskets_units_and_spend_are_summed_over_the_windows(corner_shop):
    found = shop.baskets(corner_shop, [1, 2])
    assert found.tolist() == [[6, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert shop.units(corner_shop, [1, 3]).tolist() == [[6, 1, 1], [5, 0, 0], [0, 0, 0]]
    assert shop.spend(corner_shop, [1, 3]).tolist() == [[6, 2, 5], [5, 0, 0], [0, 0, 0]]
    assert shop.n_windows(corner_shop) == 4


def test_habits_say_what_is_bought_and_not_how_much(corner_shop):
    items = corner_shop.items.assign(category=["drinks", "food", "drinks"])
    found = shop.habits(replace(corner_shop, items=items), [1, 2])

    # baskets by category, drinks then food: Ada 6 and 1, Bo 1 and 0, Cy 1 and 0
    ada = torch.tensor([log(7), log(2)])
    assert_close(found[0], ada / ada.square().sum().sqrt())
    assert found[1:].tolist() == [[1.0, 0.0], [1.0, 0.0]]
    nothing = shop.habits(replace(corner_shop, items=items), [4])
    assert nothing[2].tolist() == [0.0, 0.0]  # Cy bought nothing there


def test_a_panel_has_every_active_user_against_every_item(corner_shop):
    found = shop.panel(corner_shop, target=4, history=(1, 2, 3))
    # Cy is silent in window 4, but keeps the row number 2 for other windows
    assert found.user.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.item.tolist() == [0, 1, 2, 0, 1, 2]
    assert (found.n_users, found.n_items) == (3, 3)


def test_labels_of_a_panel_by_hand(corner_shop):
    found = shop.panel(corner_shop, target=4, history=(1, 2, 3))
    assert found.tasks == ("purchase", "quantity", "age_55_plus")
    assert found.labels[:, 0].tolist() == [1, 0, 0, 0, 1, 0]
    assert found.observed[:, 0].all()
    # 2 units of milk; 100 of bread are above the cap and count as 1
    assert_close(found.labels[:, 1], torch.tensor([log(2) / log(50), 0, 0, 0, 1.0, 0]))
    assert found.observed[:, 1].tolist() == [True, False, False, False, True, False]
    # Ada is tagged, Bo is not, whatever the item
    assert found.labels[:, 2].tolist() == [1, 1, 1, 0, 0, 0]
    assert found.observed[:, 2].tolist() == [True, True, True, False, False, False]


def test_stars_are_a_task_where_the_log_has_them_and_seen_only_where_given(corner_shop):
    stars = [5.0, 1.0, 2.0, 4.0, 3.0, 2.5, float("nan"), 4.5, float("nan")]
    rated = replace(corner_shop, log=corner_shop.log.assign(rating=stars))

    found = shop.panel(rated, target=4, history=(1, 2, 3))

    assert found.tasks == ("purchase", "quantity", "rating", "age_55_plus")
    # in window 4 Ada gave her milk 4.5 stars, and Bo his bread none
    assert found.labels[:, 2].tolist() == [(4.5 - 1) / 4, 0, 0, 0, 0, 0]
    assert found.observed[:, 2].tolist() == [True, False, False, False, False, False]
    assert found.scales[2] == (1.0, 5.0, "stars")
    plain = shop.panel(corner_shop, target=4, history=(1, 2, 3))
    assert_close(found.labels[:, [0, 1, 3]], plain.labels)
    assert_close(found.history, plain.history)


def test_a_split_of_rated_windows_keeps_the_stars_of_each(corner_shop):
    stars = [5.0, 1.0, 2.0, 4.0, 3.0, 2.5, float("nan"), 4.5, float("nan")]
    split = shop.split_by_time(replace(corner_shop, log=corner_shop.log.assign(rating=stars)))

    given = [log.labels[log.observed[:, 2], 2].tolist() for log in split]

    assert given == [[0.75, 0.5], [0.375], [0.875]]


def test_a_quantity_label_leads_back_to_units(corner_shop):
    found = shop.panel(corner_shop, target=3, history=(1, 2))
    low, high, unit = found.scales[1]
    bought = found.observed[:, 1]
    log_units = low + (high - low) * found.labels[bought, 1]
    assert_close(log_units.exp(), torch.tensor([1.0, 4.0]))  # Ada's beer, Bo's milk
    assert unit == "log units"
    assert [scale.unit for scale in found.scales] == ["probability", "log units", "probability"]


def test_novel_is_what_the_user_never_had_in_the_history(corner_shop):
    found = shop.panel(corner_shop, target=4, history=(1, 2, 3))
    assert found.novel.tolist() == [False, False, False, False, True, True]
    recent = shop.panel(corner_shop, target=4, history=(3,))
    assert recent.novel.tolist() == [True, True, False, False, True, True]


def test_history_features_by_hand(corner_shop):
    found = shop.panel(corner_shop, target=4, history=(1, 2, 3)).history
    named = dict(zip(shop.HISTORY_FEATURES, found.T, strict=True))
    log1p = torch.log1p
    assert_close(  # Ada had milk in 4 + 2 + 0 baskets of three windows
        named["log1p baskets per window"],
        log1p(torch.tensor([6.0, 1, 1, 4, 0, 0]) / 3),
    )
    assert_close(named["log1p units per window"], log1p(torch.tensor([9.0, 1, 1, 5, 0, 0]) / 3))
    # the history ends with week 39: Ada's milk 13 weeks before, bread 36, beer 0; Bo's milk 3
    weeks_ago = torch.tensor([13.0, 36, 0, 3, inf, inf])
    assert_close(named["recency"], torch.exp(-weeks_ago / 13))
    # items per window: Ada (2 + 1 + 1) / 3, Bo (1 + 0 + 1) / 3, Cy 1 / 3; their mean is 7 / 9
    assert_close(
        named["log household's items per window, against the mean household's"],
        torch.tensor([(4 / 3 + 1) / (7 / 9 + 1)] * 3 + [(2 / 3 + 1) / (7 / 9 + 1)] * 3).log(),
    )
    # households per window: milk (2 + 1 + 1) / 3, bread 1 / 3, beer (0 + 1 + 1) / 3
    assert_close(
        named["log item's households per window, against the mean item's"],
        torch.tensor([(share + 1) / (7 / 9 + 1) for share in (4 / 3, 1 / 3, 2 / 3)] * 2).log(),
    )


def test_a_second_like_window_of_history_changes_no_feature(corner_shop):
    first = corner_shop.log[corner_shop.log["window"] == 1]
    twice = pd.concat([first, first.assign(window=2)], ignore_index=True)
    same_again = replace(corner_shop, log=twice)
    assert_close(shop.history_features(same_again, [1]), shop.history_features(same_again, [1, 2]))


def test_the_features_do_not_depend_on_the_order_of_rows_or_windows(corner_shop):
    shuffled = replace(corner_shop, log=corner_shop.log.sample(frac=1, random_state=0))
    assert_close(
        shop.history_features(shuffled, (3, 1, 2)), shop.history_features(corner_shop, (1, 2, 3))
    )


@pytest.mark.parametrize("target", [2, 3, 4])
def test_nothing_of_the_target_window_or_later_reaches_the_history(corner_shop, target):
    history = range(1, target)
    past = corner_shop.log[corner_shop.log["window"] < target]
    everything = pd.DataFrame(
        [(user, item, target, 9, 9, 9.0, 13) for user in range(3) for item in range(3)],
        columns=COLUMNS,
    )
    other = replace(corner_shop, log=pd.concat([past, everything], ignore_index=True))
    found, rewritten = (shop.panel(s, target, history) for s in (corner_shop, other))
    same = torch.isin(rewritten.user, found.user)
    assert_close(found.history, rewritten.history[same])
    assert torch.equal(found.novel, rewritten.novel[same])
    assert rewritten.labels[:, 0].all()


@pytest.mark.parametrize("history", [(), (4,), (1, 5), (0, 1)])
def test_history_must_come_before_the_target(corner_shop, history):
    with pytest.raises(ValueError, match=r"`history` must hold windows before the target window 4"):
        shop.panel(corner_shop, target=4, history=history)


def test_a_window_without_purchases_is_refused(corner_shop):
    with pytest.raises(ValueError, match=r"Nobody bought anything in window 5; .* windows 1 to 4"):
        shop.panel(corner_shop, target=5, history=(4,))


def test_four_windows_split_into_train_validation_and_test(corner_shop):
    train, validation, test = shop.split_by_time(corner_shop)
    for found, target, history in ((train, 2, [1]), (validation, 3, [1, 2]), (test, 4, [1, 2, 3])):
        expected = shop.panel(corner_shop, target, history)
        assert_close(found.labels, expected.labels)
        assert_close(found.history, expected.history)
        assert torch.equal(found.user, expected.user)


def test_of_five_windows_two_train(corner_shop):
    more = corner_shop.log[corner_shop.log["window"] == 4].assign(window=5)
    longer = replace(corner_shop, log=pd.concat([corner_shop.log, more], ignore_index=True))
    train = shop.split_by_time(longer).train
    panels = [shop.panel(longer, 2, [1]), shop.panel(longer, 3, [1, 2])]
    for column in ("user", "item", "labels", "observed", "history", "novel"):
        joined = torch.cat([getattr(part, column) for part in panels])
        assert torch.equal(getattr(train, column), joined)


def test_three_windows_are_too_few_to_split(corner_shop):
    short = replace(corner_shop, log=corner_shop.log[corner_shop.log["window"] < 4])
    with pytest.raises(ValueError, match=r"needs 4 windows or more .* 'corner shop' has 3"):
        shop.split_by_time(short)


def test_a_k_core_falls_like_dominoes():
    # item 2 has one user; without it user 1 has one item; without that item 1 has one user, ...
    pairs = [(0, 0), (0, 1), (1, 1), (1, 2)]
    chain = _shop_of(pairs, 2, 3)
    with pytest.raises(
        ValueError, match=r"No user with 2 items is left .* 2 users in windows \[1\]"
    ):
        shop.k_core(chain, [1], min_items=2, min_users=2)

    square = _shop_of([*pairs, (2, 1), (2, 2), (1, 0)], 3, 3)
    found = shop.k_core(square, [1], min_items=2, min_users=2)
    assert len(found.users) == 3
    assert len(found.items) == 3


def test_a_k_core_renumbers_and_keeps_what_belongs_together():
    # user 0 and item 0 fall; 1 and 2 keep two items each, and every window of theirs
    pairs = [(0, 0), (1, 1), (1, 2), (2, 1), (2, 2), (2, 0)]
    before = _shop_of(pairs, 3, 3)
    later = before.log.iloc[[1, 0]].assign(window=2, units=7)
    before = replace(before, log=pd.concat([before.log, later], ignore_index=True))

    found = shop.k_core(before, [1], min_items=2, min_users=2)

    assert found.users["user_id"].tolist() == ["u1", "u2"]
    assert found.items["item_id"].tolist() == ["i1", "i2"]
    assert shop.baskets(found, [1]).tolist() == [[1, 1], [1, 1]]
    assert shop.units(found, [2]).tolist() == [[7, 0], [0, 0]]
    assert found.log.index.tolist() == list(range(len(found.log)))


def test_a_k_core_knows_nothing_of_later_windows(journey, core):
    rich = journey.log.assign(user=journey.log["user"].where(journey.log["window"] < 3, 0))
    found = shop.k_core(replace(journey, log=rich), (1, 2), min_items=5, min_users=90)
    assert found.users.equals(core.users)
    assert found.items.equals(core.items)


def test_every_survivor_of_a_k_core_meets_both_thresholds(core):
    bought = shop.baskets(core, (1, 2)) > 0
    assert bought.sum(dim=1).min() >= 5
    assert bought.sum(dim=0).min() >= 90


def test_the_default_shop_has_the_size_and_rates_that_the_lessons_state(core):
    assert (len(core.users), len(core.items)) == (2_314, 705)
    test = shop.panel(core, target=4, history=(1, 2, 3))
    purchase = test.labels[:, 0]
    assert len(test) == 2_193 * 705
    assert purchase.mean().item() == pytest.approx(0.101, abs=0.001)
    assert purchase[test.novel].mean().item() == pytest.approx(0.0447, abs=0.001)
    assert (test.labels[test.observed[:, 1], 1] == 1).float().mean() < 0.002  # at the cap
    # own frequency, ties by popularity: the line to beat over all items
    before = shop.baskets(core, (1, 2, 3))
    popularity = (before > 0).sum(dim=0)[test.item]
    scores = before[test.user, test.item] + 1e-6 * popularity
    assert average_precision_score(purchase, scores) == pytest.approx(0.484, abs=0.001)


def test_few_purchases_are_above_the_cap_of_units(journey):
    above = (journey.log["units"] > shop.UNITS_CAP).mean()
    assert above == pytest.approx(0.0012, abs=0.0001)


def _shop_of(pairs, n_users, n_items):
    rows = [(user, item, 1, 1, 1, 1.0, 1) for user, item in pairs]
    return shop.Shop(
        "pairs",
        pd.DataFrame(rows, columns=COLUMNS),
        pd.DataFrame({"user_id": [f"u{user}" for user in range(n_users)]}),
        pd.DataFrame({"item_id": [f"i{item}" for item in range(n_items)]}),
        (),
    )
