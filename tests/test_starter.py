"""The capstone's start on a planted shop: it learns, keeps a budget, and knows no later window."""

from dataclasses import replace

import pandas as pd
import pytest
import torch
from torch.testing import assert_close

from mtl_course import factorization, metrics, shop, starter, submissions
from mtl_course.briefs import Budget, steps_left

N_USERS, N_ITEMS = 60, 40
WEIGHTS = torch.tensor([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0]])


@pytest.fixture(scope="module")
def planted():
    """Two kinds of households, each with items that it buys in all windows; the tag is the kind."""
    generator = torch.Generator().manual_seed(0)
    kind = torch.arange(N_USERS) % 2
    likes = torch.where(torch.arange(N_ITEMS)[None] % 2 == kind[:, None], 0.7, 0.1)
    rows = []
    for window in range(1, 4):
        bought = torch.bernoulli(likes, generator=generator)
        for user, item in bought.nonzero().tolist():
            units = 1 + item % 3
            rows.append((user, item, window, 1, units, units * (1.0 + item), 5))
    columns = ["user", "item", "window", "baskets", "units", "spend", "last_week"]
    log = pd.DataFrame(rows, columns=columns).astype({"spend": "float64"})
    users = pd.DataFrame({"user_id": range(N_USERS), "any_kids": kind.tolist()})
    items = pd.DataFrame({"item_id": range(N_ITEMS), "name": [f"item {i}" for i in range(N_ITEMS)]})
    return shop.Shop("planted", log, users.astype({"any_kids": "float64"}), items, ("any_kids",))


def trained(planted, budget=None, told=None, window=2):
    return starter.train(
        planted,
        window,
        WEIGHTS,
        seeds=(0, 1),
        steps=60,
        told=torch.arange(30) if told is None else told,
        budget=budget or Budget(1000, {}),
    )


def test_it_learns_who_buys_what_and_the_tags_of_households_it_was_not_told(planted):
    purse = Budget(300, {})
    found = trained(planted, purse)
    households = torch.arange(30, N_USERS)
    said = starter.ask(found, 0, 1, households)

    assert steps_left(purse) == 300 - 2 * 2 * 60
    assert said.shape == (30, N_ITEMS, 3)
    bought = (shop.baskets(planted, [3]) > 0)[households].float()
    assert metrics.auc(said[..., 0].flatten(), bought.flatten()) > 0.7
    kinds = torch.tensor(planted.users["any_kids"].to_numpy(dtype="float32"))[households]
    assert metrics.auc(said[:, 0, 2], kinds) > 0.9
    assert_close(said[:, :1, 2].expand(-1, N_ITEMS), said[:, :, 2])  # whatever the item


def test_a_seed_and_a_point_are_told_apart_and_rows_belong_to_those_asked_for(planted):
    found = trained(planted)
    some = torch.tensor([7, 3])
    both = starter.ask(found, 0, 0, torch.arange(N_USERS))
    assert_close(starter.ask(found, 0, 0, some), both[some])
    assert not torch.equal(starter.ask(found, 0, 1, some), both[some])
    assert not torch.equal(starter.ask(found, 1, 0, some), both[some])


def test_what_comes_after_the_window_that_is_trained_on_changes_nothing(planted):
    longer = trained(planted)
    shorter = replace(planted, log=planted.log[planted.log["window"] < 3])
    assert torch.equal(
        starter.ask(trained(shorter), 0, 0, torch.arange(5)),
        starter.ask(longer, 0, 0, torch.arange(5)),
    )


def test_it_is_asked_about_households_as_they_are_after_the_window_it_trained_on(planted):
    habits = [(shop.baskets(planted, list(w)) / len(w)).log1p() for w in ([1], [1, 2])]
    start = torch.Generator().manual_seed(0)
    factors = factorization.fit_als(
        habits[0], dim=32, iterations=6, generator=start, **starter.SOLVER
    )
    after = factorization.fold_in(habits[1], factors.item, **starter.SOLVER)
    found = trained(planted)
    assert_close(found.model.user_features, after / factors.user.std())
    assert_close(found.history, starter.history(planted, range(1, 3)))


def test_tags_that_are_not_told_teach_nothing(planted):
    users = planted.users.assign(any_kids=1 - planted.users["any_kids"])
    users.loc[:29] = planted.users.loc[:29]
    lied = replace(planted, users=users)
    some = torch.arange(30, 40)
    assert torch.equal(
        starter.ask(trained(planted), 0, 0, some), starter.ask(trained(lied), 0, 0, some)
    )


def test_the_same_training_is_one_and_another_costs(planted):
    purse = Budget(500, {})
    trained(planted, purse)
    trained(planted, purse)
    assert steps_left(purse) == 260
    with pytest.raises(ValueError, match="need 240 steps; 10 of 250 are left"):
        small = Budget(250, {})
        trained(planted, small)
        trained(planted, small, window=3)


def test_dollars_are_chance_times_units_times_price():
    said = torch.tensor([[[0.5, 0.0], [0.2, 1.0]]])  # one unit, and the cap of 50
    assert_close(starter.dollars(said, torch.tensor([[4.0, 1.0]])), torch.tensor([[2.0, 10.0]]))


def test_a_price_is_the_households_own_the_more_it_has_paid(planted):
    own, units = shop.spend(planted, [1, 2]), shop.units(planted, [1, 2])
    found = starter.unit_price(planted, range(1, 3))
    common = own.sum(dim=0) / units.sum(dim=0)
    assert_close(found[units == 0], common.expand_as(found)[units == 0])
    user, item = (units > 0).nonzero()[0].tolist()
    by_hand = (own[user, item] + 3 * common[item]) / (units[user, item] + 3)
    assert_close(found[user, item], by_hand)


def test_the_history_ends_with_what_was_spent(planted):
    found = starter.history(planted, range(1, 3))
    assert_close(found[..., :-1], shop.history_features(planted, [1, 2]))
    assert_close(found[..., -1], submissions.own_spend(planted, range(1, 3)).log1p())
