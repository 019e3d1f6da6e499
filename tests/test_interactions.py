from dataclasses import fields, replace
from math import nan

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from mtl_course import interactions
from mtl_course.interactions import PROBABILITY, Interactions, Scale

STARS = Scale(1.0, 5.0, "stars")


@pytest.fixture
def four_purchases():
    """Two users, three items; three bought, and one of those given 3 of 5 stars."""
    return Interactions(
        user=torch.tensor([0, 0, 1, 1]),
        item=torch.tensor([0, 2, 1, 2]),
        labels=torch.tensor([[1.0, 0.5], [1, 0], [0, 0], [1, 0]]),
        observed=torch.tensor([[True, True], [True, False], [True, False], [True, False]]),
        tasks=("purchase", "rating"),
        n_users=2,
        n_items=3,
        scales=(PROBABILITY, STARS),
        history=torch.arange(8.0).view(4, 2),  # [n, features]
        novel=torch.tensor([True, False, True, False]),
        propensity=torch.tensor([0.25, 0.5, 0.75, 1.0]),
    )


def tensor_columns(log):
    names = ("user", "item", "labels", "observed", "history", "novel", "propensity")
    return {name: getattr(log, name) for name in names if getattr(log, name) is not None}


def made_in_a_notebook(log, **changes):
    """`log` with `changes`, made where shape types are not checked before the log checks itself."""
    made = object.__new__(Interactions)
    for field in fields(Interactions):
        value = changes.get(field.name, getattr(log, field.name))
        object.__setattr__(made, field.name, value)
    made.__post_init__()
    return made


def assert_same_rows(found, expected):
    assert tensor_columns(found).keys() == tensor_columns(expected).keys()
    for name, column in tensor_columns(expected).items():
        assert_close(getattr(found, name), column, rtol=0, atol=0)
    assert (found.tasks, found.scales) == (expected.tasks, expected.scales)
    assert (found.n_users, found.n_items) == (expected.n_users, expected.n_items)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("user", [0, 0, 1, 2], r"`user` must hold row indices from 0 to 1 .* from 0 to 2"),
        ("user", [-1, 0, 1, 1], r"`user` must .* found values from -1 to 1\. Renumber raw ids"),
        ("item", [0, 3, 1, 2], r"`item` must hold row indices from 0 to 2 \(`n_items` is 3\)"),
        ("item", [0, 2, -5, 2], r"`item` must .* found values from -5 to 2"),
        ("item", [0, 2, 1], r"`item` must have one row per interaction, 4 as in `user`; found 3"),
        ("labels", [[1.0, 0]] * 3, r"`labels` must have one row per interaction, 4 .* found 3"),
        ("labels", [[1.0]] * 4, r"`labels` must have one column per task, 2 .* found 1"),
        (
            "labels",
            [[1, 3.0], [1, 0], [0, 0], [1, 0]],
            r"\[0, 1\]; found 3 for task 'rating' in ro",
        ),
        ("labels", [[1, 0.5], [1, 0], [-1, 0], [1, 0.0]], r"found -1 for task 'purchase' in row 2"),
        ("labels", [[NAN, 0.5], [1, 0], [0, 0], [1, 0]], r"found nan for task 'purchase' in row 0"),
        ("labels", [[1, 0.5], [1, NAN], [0, 0], [NAN, 0]], r"row 1 \(2 such entries\)\. Rescale"),
        ("labels", [[1, 0.5], [1, 0], [0, 0], [1, INF]], r"found inf for task 'rating' in row 3"),
        ("observed", [[True, False]] * 5, r"`observed` must have one row per interaction"),
        ("observed", [[True] * 3] * 4, r"`observed` must have one column per task, 2 .* found 3"),
        ("observed", [[False] * 2] * 4, r"needs an observed label; all 8 entries of `observed`"),
        ("history", [[1.0]] * 3, r"`history` must have one row per interaction"),
        ("history", [[1.0], [NAN], [1], [1]], r"`history` must be finite; found NaN"),
        ("novel", [True] * 3, r"`novel` must have one row per interaction, 4 as in `user`; found"),
        ("propensity", [0.5] * 5, r"`propensity` must have one row per interaction"),
        ("propensity", [0.5, 0, 1, 1], r"`propensity` must lie in \(0, 1\]; found .* from 0 to 1"),
        ("propensity", [0.5, 1, 1, 1.5], r"`propensity` must .* found values from 0.5 to 1.5"),
        ("propensity", [0.5, INF, 1, 1], r"`propensity` must be finite"),
        ("user", [0.0, 0, 1, 1], r"`user` must be a tensor of whole numbers \[n\]; found torch.fl"),
        ("platform", torch.zeros(4, dtype=torch.uint8), r"`platform` must .* torch.uint8"),
        ("user", torch.zeros(4, dtype=torch.uint8), r"found torch.uint8 .* `.long\(\)` makes"),
        ("item", [True, False, True, True], r"`item` must be a tensor of whole .* torch.bool"),
        ("labels", [[1, 0]] * 4, r"`labels` must be a tensor of fractions .* torch.int64"),
        ("labels", [1.0, 0, 0, 1], r"`labels` must be .* of shape \(4,\)"),
        ("observed", [[1.0, 0.0]] * 4, r"`observed` must be a tensor of True and False"),
        ("history", [1.0, 0, 0, 1], r"`history` must be .*\[n, features\]; found .* \(4,\)"),
        ("novel", [1, 0, 0, 1], r"`novel` must be a tensor of True and False \[n\]"),
        ("platform", [1.0, 0, 0, 1], r"`platform` must be a tensor of whole numbers"),
    ],
)
def test_a_spoilt_column_is_refused_by_name(four_purchases, field, value, message):
    with pytest.raises(ValueError, match=message):
        made_in_a_notebook(four_purchases, **{field: torch.as_tensor(value)})


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "tasks",
            ("purchase", "purchase"),
            r"`tasks` must name each task once; found \('purchase'",
        ),
        ("tasks", (), r"`tasks` must name each task once; found \(\)"),
        ("tasks", ("purchase",), r"`labels` must have one column per task, 1 .* found 2"),
        ("scales", (PROBABILITY,), r"`scales` must have one column per task, 2 .* found 1"),
        ("n_users", 1, r"`user` must hold row indices from 0 to 0 \(`n_users` is 1\)"),
        ("n_items", 2, r"`item` must hold row indices from 0 to 1 .* Renumber"),
        ("n_users", 2.5, r"`n_users` must be a Python whole number from 1; found 2.5"),
        ("n_items", 0, r"`n_items` must be a Python whole number from 1; found 0"),
        ("n_items", True, r"`n_items` must be a Python whole number from 1; found True"),
        ("tasks", "pq", r"`tasks` must be a tuple of names, .* found 'pq'"),
        ("tasks", (1, 2), r"`tasks` must be a tuple of names, .* found \(1, 2\)"),
        ("user", [0, 0, 1, 1], r"`user` must be a tensor of .* found list\. `torch.as_tensor`"),
        ("user", None, r"`user` must be a tensor of .* found NoneType"),
        ("scales", (PROBABILITY, Scale(NAN, 1, "")), r"finite `low` and `high`, .*low=nan"),
        ("n_items", np.int64(3), r"found np.int64\(3\)\. `int\(...\)` makes one"),
        ("scales", [PROBABILITY, PROBABILITY], "`scales` must be a tuple of `Scale`s"),
        ("scales", None, "`scales` must be a tuple of `Scale`s; found None"),
        ("scales", ((0, 1, "s"), (0, 1, "s")), r"must hold a `Scale\(low, high, unit\)`"),
        ("scales", (PROBABILITY, Scale(1, 1, "")), r"`low` below `high`; found .*high=1"),
    ],
)
def test_a_log_that_contradicts_itself_is_refused(four_purchases, field, value, message):
    with pytest.raises(ValueError, match=message):
        made_in_a_notebook(four_purchases, **{field: value})


def test_a_log_without_rows_is_refused(four_purchases):
    empty = {name: column[:0] for name, column in tensor_columns(four_purchases).items()}
    with pytest.raises(ValueError, match=r"at least one interaction; found 0 rows. Was it filt"):
        replace(four_purchases, **empty)


def test_a_sound_log_is_accepted_in_a_notebook_too(four_purchases):
    assert_same_rows(made_in_a_notebook(four_purchases), four_purchases)


def test_a_label_of_exactly_0_or_1_and_a_propensity_of_1_are_fine(four_purchases):
    assert len(four_purchases) == 4
    assert four_purchases.labels.max() == 1
    assert four_purchases.propensity.max() == 1


def test_inputs_are_what_a_network_may_look_at(four_purchases):
    user, item, history = four_purchases.inputs
    assert user is four_purchases.user
    assert item is four_purchases.item
    assert history is four_purchases.history
    assert len(interactions.without_history(four_purchases).inputs) == 2
    assert interactions.without_history(four_purchases).n_history == 0
    assert four_purchases.n_history == four_purchases.history.shape[1] > 0


def test_take_gives_the_rows_in_the_order_asked_for(four_purchases):
    found = interactions.take(four_purchases, torch.tensor([3, 0, 3]))
    assert found.user.tolist() == [1, 0, 1]
    assert found.item.tolist() == [2, 0, 2]
    assert found.labels.tolist() == [[1, 0], [1, 0.5], [1, 0]]
    assert found.history.tolist() == [[6, 7], [0, 1], [6, 7]]
    assert found.novel.tolist() == [False, True, False]
    assert found.propensity.tolist() == [1, 0.25, 1]
    assert (found.tasks, found.n_users, found.n_items) == (("purchase", "rating"), 2, 3)


def test_take_by_a_mask_is_take_by_row_numbers(four_purchases):
    mask = torch.tensor([True, False, False, True])
    assert_same_rows(
        interactions.take(four_purchases, mask),
        interactions.take(four_purchases, torch.tensor([0, 3])),
    )


def test_take_works_under_vmap(four_purchases):
    rows = torch.tensor([[3, 0], [1, 2], [2, 2]])  # [points, rows]

    def seen_stars(rows):
        batch = interactions.take(four_purchases, rows)
        return (batch.labels * batch.observed).sum(dim=0) + batch.user.sum()

    found = torch.vmap(seen_stars)(rows)
    assert_close(found, torch.stack([seen_stars(one) for one in rows]))


def test_minibatches_show_every_row_once_an_epoch():
    n = 103
    log = _numbered_log(n)
    batches = list(interactions.minibatches(log, 10, torch.Generator().manual_seed(0)))
    assert [len(batch) for batch in batches] == [10] * 10 + [3]
    shown = torch.cat([batch.item for batch in batches])
    assert shown.tolist() != list(range(n))  # in random order
    assert sorted(shown.tolist()) == list(range(n))
    for batch in batches:  # labels travel with their rows
        assert_close(batch.labels[:, 0], batch.item / n)


def test_minibatches_of_one_seed_come_in_one_order_and_each_epoch_in_its_own():
    log = _numbered_log(20)

    def epochs(seed):
        generator = torch.Generator().manual_seed(seed)
        return [
            torch.cat([b.item for b in interactions.minibatches(log, 7, generator)]).tolist()
            for _ in range(2)
        ]

    assert epochs(1) == epochs(1)
    assert epochs(1)[0] != epochs(1)[1]
    assert epochs(1) != epochs(2)


def test_a_batch_larger_than_the_log_is_the_log():
    batches = list(interactions.minibatches(_numbered_log(5), 100, torch.Generator()))
    assert [len(batch) for batch in batches] == [5]


def test_a_batch_needs_a_row(four_purchases):
    with pytest.raises(ValueError, match=r"`batch_size` must be 1 or more; found 0"):
        next(interactions.minibatches(four_purchases, 0, torch.Generator()))


def test_a_random_split_deals_every_row_to_one_part():
    log = _numbered_log(100)
    split = interactions.split_at_random(log, (0.7, 0.2, 0.1), torch.Generator().manual_seed(0))
    assert [len(part) for part in split] == [70, 20, 10]
    dealt = torch.cat([part.item for part in split]).tolist()
    assert sorted(dealt) == list(range(100))
    assert dealt != list(range(100))


@pytest.mark.parametrize(
    "fractions", [(0.5, 0.5, 0.5), (0.8, 0.1, 0.05), (1.0, 0.0, 0.0), (1.2, -0.1, -0.1)]
)
def test_fractions_must_add_up_to_one(four_purchases, fractions):
    with pytest.raises(ValueError, match=r"`fractions` must be above 0 and add up to 1; found \("):
        interactions.split_at_random(four_purchases, fractions, torch.Generator())


def test_a_split_without_a_row_is_refused(four_purchases):
    with pytest.raises(ValueError, match=r"4 rows dealt as .* give \[4, 0, 0\]\. Use more rows"):
        interactions.split_at_random(four_purchases, (0.98, 0.01, 0.01), torch.Generator())


def test_a_platform_below_0_is_refused(four_purchases):
    with pytest.raises(ValueError, match=r"`platform` must number .* from 0; found -1"):
        replace(four_purchases, platform=torch.tensor([0, 1, -1, 0]))


def test_scores_become_one_more_column_of_the_history(four_purchases):
    bare = interactions.without_history(four_purchases)
    scores = torch.arange(float(bare.n_users * bare.n_items)).view(bare.n_users, bare.n_items)

    once = interactions.with_scores(bare, scores)
    twice = interactions.with_scores(once, -scores)

    by_hand = (bare.user * bare.n_items + bare.item).float()
    assert once.history.tolist() == by_hand[:, None].tolist()
    assert twice.history.tolist() == torch.stack([by_hand, -by_hand], dim=1).tolist()
    assert_same_rows(interactions.without_history(twice), bare)


def test_scores_for_another_shop_are_refused(four_purchases):
    with pytest.raises(ValueError, match=r"`scores` needs a number per user and item"):
        interactions.with_scores(four_purchases, torch.zeros(1, 1))


def test_scores_that_are_not_finite_are_refused(four_purchases):
    scores = torch.full((four_purchases.n_users, four_purchases.n_items), nan)
    with pytest.raises(ValueError, match=r"`history` must be finite"):
        interactions.with_scores(four_purchases, scores)


def test_only_tasks_takes_columns_in_the_order_given(four_purchases):
    found = interactions.only_tasks(four_purchases, ("rating", "purchase"))
    assert found.tasks == ("rating", "purchase")
    assert found.scales == (STARS, PROBABILITY)
    assert torch.equal(found.labels, four_purchases.labels.flip(1))
    assert torch.equal(found.observed, four_purchases.observed.flip(1))
    assert_same_rows(interactions.only_tasks(found, four_purchases.tasks), four_purchases)


def test_only_tasks_needs_no_scales(four_purchases):
    plain = replace(four_purchases, scales=())
    assert interactions.only_tasks(plain, ("rating",)).scales == ()


def test_an_unknown_task_is_refused_by_name(four_purchases):
    with pytest.raises(ValueError, match=r"must be among \('purchase', 'rating'\); found \['clic"):
        interactions.only_tasks(four_purchases, ("purchase", "click"))


def test_a_task_that_nobody_observed_cannot_stand_alone(four_purchases):
    blind = replace(four_purchases, observed=four_purchases.observed & torch.tensor([True, False]))
    with pytest.raises(ValueError, match="needs an observed label; all 4 entries"):
        interactions.only_tasks(blind, ("rating",))


def _numbered_log(n):
    """Row i is item i with label i / n, so that a row can be recognised."""
    return Interactions(
        user=torch.zeros(n, dtype=torch.long),
        item=torch.arange(n),
        labels=torch.arange(n)[:, None] / n,
        observed=torch.ones(n, 1, dtype=torch.bool),
        tasks=("purchase",),
        n_users=1,
        n_items=n,
    )


def test_no_rows_are_no_log(four_purchases):
    with pytest.raises(ValueError, match="at least one of the log's 4 rows; found none"):
        interactions.take(four_purchases, torch.zeros(4, dtype=torch.bool))


def test_a_share_that_is_no_number_is_refused(four_purchases):
    with pytest.raises(ValueError, match="add up to 1; found"):
        interactions.split_at_random(four_purchases, (NAN, 0.5, 0.5), torch.Generator())
