"""Exposure: what was shown more often than its due weighs less, until the bias is gone."""

from dataclasses import replace
from math import inf, nan

import pytest
import torch
from torch.testing import assert_close

from mtl_course import exposure, metrics, simulation
from mtl_course.interactions import Interactions, take


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small_world() -> simulation.World:
    return simulation.random_world(seeded(3), agreement=0.5, n_users=40, n_items=30, cold_share=0.0)


def true_click_rate(world: simulation.World) -> float:
    """Of the shop's visitors, if each was shown an item drawn from all with equal chances."""
    user, item = torch.cartesian_prod(torch.arange(40), torch.arange(30)).T
    click = simulation.true_probabilities(world, user, item)[:, 0]
    return float(world.activity @ click.reshape(40, 30).mean(dim=1))


@pytest.fixture
def six_ratings() -> Interactions:
    """Of 2 users × 10 items 6 were rated: four of them 1, two of them 0."""
    return Interactions(
        user=torch.tensor([0, 0, 0, 1, 1, 1]),
        item=torch.tensor([0, 1, 2, 3, 4, 5]),
        labels=torch.tensor([[1.0], [0.0], [1.0], [1.0], [0.0], [1.0]]),
        observed=torch.ones(6, 1, dtype=torch.bool),
        tasks=("rating",),
        n_users=2,
        n_items=10,
        propensity=torch.tensor([0.5, 0.1, 0.5, 1.0, 0.01, 0.2]),
    )


@pytest.fixture
def four_at_random(six_ratings) -> Interactions:
    """One of four is 1; a fifth one was not observed, and its label means nothing."""
    return replace(
        take(six_ratings, torch.tensor([0, 1, 2, 3, 4])),
        labels=torch.tensor([[1.0], [0.0], [0.0], [0.0], [1.0]]),
        observed=torch.tensor([[True], [True], [True], [True], [False]]),
    )


# --- weights ----------------------------------------------------------------------------------


def test_weights_are_inverse_propensities_up_to_the_clip():
    propensity = torch.tensor([1.0, 0.5, 0.1, 0.01])

    assert_close(exposure.ips_weights(propensity, clip=20.0), torch.tensor([1.0, 2.0, 10.0, 20.0]))
    assert_close(exposure.ips_weights(propensity, clip=inf)[3], torch.tensor(100.0))


def test_a_clipped_log_weighs_as_the_clipped_weights_do_and_is_otherwise_the_same(six_ratings):
    clipped = exposure.with_clipped_propensity(six_ratings, clip=8.0)

    assert_close(1 / clipped.propensity, exposure.ips_weights(six_ratings.propensity, clip=8.0))
    assert torch.equal(clipped.labels, six_ratings.labels)
    unclipped = exposure.with_clipped_propensity(six_ratings, clip=inf)
    assert torch.equal(unclipped.propensity, six_ratings.propensity)


def test_weights_of_equal_size_say_as_much_as_there_are_and_one_of_all_size_says_one():
    assert exposure.effective_sample_size(torch.full((50,), 7.0)) == pytest.approx(50)
    assert exposure.effective_sample_size(torch.tensor([0.0, 3.0, 0.0])) == pytest.approx(1)
    # (2 + 4)^2 / (4 + 16)
    assert exposure.effective_sample_size(torch.tensor([2.0, 4.0])) == pytest.approx(36 / 20)


# --- means ------------------------------------------------------------------------------------


def test_means_worked_by_hand():
    # the first row stands for 2 pairs, the second for 8: (2 * 3 + 8 * .5) / 20 and / 10
    values, weight = torch.tensor([3.0, 0.5]), torch.tensor([2.0, 8.0])

    assert exposure.ips_mean(values, weight, n_pairs=20) == pytest.approx(0.5)
    assert exposure.snips_mean(values, weight) == pytest.approx(1.0)


def test_a_constant_is_found_by_snips_whatever_the_weights_and_by_ips_on_average_only():
    constant, weight = (
        torch.full((9,), 0.3),
        exposure.ips_weights(torch.rand(9, generator=seeded()), clip=inf),
    )

    assert exposure.snips_mean(constant, weight) == pytest.approx(0.3)
    assert abs(exposure.ips_mean(constant, weight, n_pairs=18) - 0.3) > 0.01


def test_nothing_logged_has_no_snips_mean():
    found = exposure.snips_mean(torch.zeros(0), torch.zeros(0))
    assert found != found


def test_shown_what_they_like_people_click_more_and_both_estimates_see_through_it():
    world = small_world()
    log = simulation.show(world, 40_000, seeded())
    click, truth = log.labels[:, 0], true_click_rate(world)

    weight = exposure.ips_weights(log.propensity, clip=inf)

    assert click.mean() > truth + 0.1
    # 3 standard errors; the rows say as much as a third of them would at equal weight
    error = 3 * (truth * (1 - truth) / exposure.effective_sample_size(weight)) ** 0.5
    assert error < 0.02
    assert abs(exposure.ips_mean(click, weight, n_pairs=40_000 * 30) - truth) < error
    assert abs(exposure.snips_mean(click, weight) - truth) < error


def test_at_random_no_correction_is_needed_and_none_is_made():
    log = simulation.show(replace(small_world(), selection=0.0), 5_000, seeded())

    weight = exposure.ips_weights(log.propensity, clip=inf)

    click = log.labels[:, 0]
    assert exposure.ips_mean(click, weight, n_pairs=5_000 * 30) == pytest.approx(
        float(click.mean()), abs=1e-5
    )
    assert exposure.effective_sample_size(weight) == pytest.approx(5_000)


def test_a_lower_clip_has_less_variance_and_more_bias():
    world = small_world()
    truth, found = true_click_rate(world), {inf: [], 60.0: [], 20.0: []}
    generator = seeded()

    for _ in range(100):
        log = simulation.show(world, 400, generator)
        for clip, means in found.items():
            weight = exposure.ips_weights(log.propensity, clip=clip)
            means.append(exposure.ips_mean(log.labels[:, 0], weight, n_pairs=400 * 30))

    unclipped, clipped, hard = (torch.tensor(means) for means in found.values())
    assert unclipped.std() > 1.1 * clipped.std() > 1.1 * 1.5 * hard.std()
    bias = [float((means.mean() - truth).abs()) for means in (unclipped, clipped, hard)]
    assert bias[0] < 3 * unclipped.std() / 100**0.5  # three standard errors of none
    assert bias[0] + 0.01 < bias[1] < bias[2] - 0.01


def test_self_normalised_swings_less():
    world, ips, snips = small_world(), [], []
    generator = seeded()

    for _ in range(100):
        log = simulation.show(world, 400, generator)
        weight = exposure.ips_weights(log.propensity, clip=inf)
        dislike = 1 - log.labels[:, 0]
        ips.append(exposure.ips_mean(dislike, weight, n_pairs=400 * 30))
        snips.append(exposure.snips_mean(dislike, weight))

    assert torch.tensor(snips).std() < 0.7 * torch.tensor(ips).std()
    assert abs(torch.tensor(snips).mean() - (1 - true_click_rate(world))) < 0.01


# --- estimates --------------------------------------------------------------------------------


def test_propensities_by_label_worked_by_hand(six_ratings, four_at_random):
    found = exposure.estimate_propensity_by_label(six_ratings, four_at_random, task="rating")

    # of 20 pairs 4 are logged with a 1, and a quarter of all are 1: 4 of 5, or .8.
    # 2 are logged with a 0, and three quarters of all are 0: 2 of 15.
    high, low = 0.8, 2 / 15
    assert_close(found, torch.tensor([high, low, high, high, low, high]))


def test_an_estimate_above_one_is_one(six_ratings, four_at_random):
    crowded = replace(six_ratings, n_items=6, propensity=None)  # 12 pairs, 3 of them 1, 4 logged
    found = exposure.estimate_propensity_by_label(crowded, four_at_random, task="rating")
    assert found[0] == 1.0


def test_planted_chances_by_rating_are_found_and_correct_the_mean_rating():
    generator = seeded()
    ratings = torch.randint(5, (300, 200), generator=generator) / 4  # [users, items]
    chance = torch.tensor([0.02, 0.02, 0.05, 0.1, 0.3])[(4 * ratings).long()]
    log = rated(ratings, torch.rand(300, 200, generator=generator) < chance)
    at_random = rated(ratings, torch.rand(300, 200, generator=generator) < 0.05)

    found = exposure.estimate_propensity_by_label(log, at_random, task="rating")

    assert_close(found, chance[log.user, log.item], rtol=0.15, atol=0.0)
    # the mean of another value that goes with the rating: what a model that says .5 is wrong by
    error = (log.labels[:, 0] - 0.5).square()
    truth = (ratings - 0.5).square().mean()
    weight = exposure.ips_weights(found, clip=inf)
    assert abs(error.mean() - truth) > 0.03
    assert abs(exposure.snips_mean(error, weight) - truth) < 0.005
    assert abs(exposure.ips_mean(error, weight, n_pairs=60_000) - truth) < 0.005


def test_planted_chances_by_features_are_found():
    generator = seeded()
    group = torch.eye(2)[torch.randint(2, (150,), generator=generator)]  # [users, 2]
    kind = torch.eye(3)[torch.randint(3, (120,), generator=generator)]  # [items, 3]
    # the first group is shown the first kind, the second group all the others
    table = torch.tensor([[0.5, 0.05, 0.05], [0.02, 0.2, 0.4]])
    chance = group @ table @ kind.T
    shown = torch.rand(150, 120, generator=generator) < chance

    found = exposure.estimate_propensity_by_features(shown, group, kind)

    assert_close(found, chance, rtol=0.15, atol=0.0)
    oracle, learned = (
        metrics.auc(chances.flatten(), shown.flatten().float()) for chances in (chance, found)
    )
    assert learned == pytest.approx(oracle, abs=1e-3)
    assert found.mean() == pytest.approx(float(shown.float().mean()), abs=1e-3)


def test_a_stronger_penalty_keeps_the_estimates_together():
    generator = seeded()
    users, items = torch.randn(40, 2, generator=generator), torch.randn(30, 2, generator=generator)
    shown = torch.rand(40, 30, generator=generator) < (users @ items.T).sigmoid()

    loose, tight = (
        exposure.estimate_propensity_by_features(shown, users, items, inverse_penalty=penalty)
        for penalty in (1.0, 1e-3)
    )

    assert tight.std() < 0.5 * loose.std()
    assert loose.min() > 0 and loose.max() < 1


def rated(ratings: torch.Tensor, logged: torch.Tensor) -> Interactions:
    user, item = logged.nonzero().T
    return Interactions(
        user=user,
        item=item,
        labels=ratings[user, item][:, None],
        observed=torch.ones(len(user), 1, dtype=torch.bool),
        tasks=("rating",),
        n_users=ratings.shape[0],
        n_items=ratings.shape[1],
    )


# --- messages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [0.0, -0.5, 1.5, nan])
def test_a_propensity_that_is_no_chance_is_refused(bad):
    with pytest.raises(ValueError, match=r"`propensity` must lie in \(0, 1\]; found values from"):
        exposure.ips_weights(torch.tensor([0.5, bad]), clip=10.0)


@pytest.mark.parametrize("clip", [0.5, 0.0, -3.0, nan])
def test_a_clip_below_the_smallest_weight_is_refused(six_ratings, clip):
    message = rf"`clip` is the largest weight .*; found {clip:g}\."
    with pytest.raises(ValueError, match=message):
        exposure.ips_weights(torch.tensor([0.5]), clip=clip)
    with pytest.raises(ValueError, match=message):
        exposure.with_clipped_propensity(six_ratings, clip=clip)


def test_a_log_without_propensities_has_none_to_clip(six_ratings):
    with pytest.raises(ValueError, match=r"found `propensity` None\. Estimate it"):
        exposure.with_clipped_propensity(replace(six_ratings, propensity=None), clip=10.0)


def test_fewer_pairs_than_rows_are_refused():
    with pytest.raises(ValueError, match=r"`n_pairs` counts all pairs, .* 3 or more .*found 2\."):
        exposure.ips_mean(torch.ones(3), torch.ones(3), n_pairs=2)


def test_a_label_that_was_not_observed_or_not_sampled_is_refused(six_ratings, four_at_random):
    unseen = six_ratings.observed.clone()
    unseen[2:4] = False
    with pytest.raises(ValueError, match=r"Every label of 'rating' .*; found 2 that are not\."):
        exposure.estimate_propensity_by_label(
            replace(six_ratings, observed=unseen), four_at_random, task="rating"
        )

    zeros = replace(four_at_random, labels=torch.zeros(5, 1))
    with pytest.raises(ValueError, match=r"found none of 1 among its 4\. Draw a larger sample\."):
        exposure.estimate_propensity_by_label(six_ratings, zeros, task="rating")


@pytest.mark.parametrize(("value", "found"), [(True, "6 and 0"), (False, "0 and 6")])
def test_what_was_always_or_never_shown_teaches_no_chance(value, found):
    shown = torch.full((2, 3), value)
    with pytest.raises(
        ValueError, match=rf"pairs that were and pairs that were not; found {found}"
    ):
        exposure.estimate_propensity_by_features(shown, torch.ones(2, 1), torch.ones(3, 1))
