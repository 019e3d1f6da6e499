"""The simulated world: what it says is true is what its log shows, and each dial does one thing."""

from dataclasses import replace
from math import inf, nan

import pytest
import torch
from torch.testing import assert_close

from mtl_course import datasets, losses, metrics, networks, shop, simulation
from mtl_course.interactions import minibatches, split_at_random
from mtl_course.scalarization import weighted_sum


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tiny_world(**dials) -> simulation.World:
    """Small enough that every pair is shown thousands of times."""
    return simulation.random_world(
        seeded(3), **{"agreement": 0.5, "n_users": 4, "n_items": 3, "cold_share": 0.0, **dials}
    )


def every_pair(world: simulation.World) -> tuple[torch.Tensor, torch.Tensor]:
    pairs = torch.cartesian_prod(torch.arange(len(world.activity)), torch.arange(len(world.appeal)))
    return pairs[:, 0], pairs[:, 1]


def gini(counts: torch.Tensor) -> float:
    """0 where all are equal, 1 where one has everything."""
    ranked = counts.double().sort().values
    places = torch.arange(1, len(ranked) + 1, dtype=torch.float64)
    return float(((2 * places - len(ranked) - 1) @ ranked) / (len(ranked) * ranked.sum()))


def top(share: float, counts: torch.Tensor) -> float:
    """What the largest `share` of the counts have of the total."""
    ranked = counts.sort(descending=True).values
    return float(ranked[: round(share * len(ranked))].sum() / ranked.sum())


# --- what is said to be true ------------------------------------------------------------------


def test_a_pair_without_any_taste_is_clicked_as_often_as_luck_passes_the_cut():
    still = {
        name: torch.zeros_like(getattr(tiny_world(), name))
        for name in ("eagerness", "appeal", "user_taste", "platform_appeal", "value", "leniency")
    }
    world = replace(tiny_world(agreement=1.0), **still)

    found = simulation.true_probabilities(world, torch.tensor([0]), torch.tensor([0]))

    # Phi(-1.4) = .0808; times Phi(-1.1) = .1357; mean of Phi(1.1), Phi(.3), Phi(-.7), Phi(-1.8) =
    # (.8643 + .6179 + .2420 + .0359) / 4 = .4400
    assert_close(found, torch.tensor([[0.0808, 0.0110, 0.4400]]), atol=1e-4, rtol=0.0)


@pytest.mark.parametrize("noise", [0.8, 2.0])
def test_the_true_probabilities_are_the_frequencies_of_the_log(noise):
    world = tiny_world(noise=noise)
    log = simulation.show(world, 300_000, seeded(), tags=("student",))
    user, item = every_pair(world)
    true = simulation.true_probabilities(world, user, item, tags=("student",))

    pair = log.user * 3 + log.item
    for task in range(3):  # a tag is drawn once, so it has no frequency
        seen = log.observed[:, task]
        n = torch.bincount(pair[seen], minlength=12)
        mean = torch.zeros(12).index_add(0, pair[seen], log.labels[seen, task]) / n
        # five standard errors; no label in [0, 1] varies more than a coin
        error = (mean - true[:, task]).abs() * n.sqrt()
        assert (error[n > 100] < 5 * 0.5).all()
        assert (n > 100).sum() >= 6
        assert true[:, task].std() > 0.05


def test_told_the_platform_the_oracle_knows_its_own_click_rate():
    world = tiny_world()
    log = simulation.show(world, 300_000, seeded())
    user, item = every_pair(world)
    pair = log.user * 3 + log.item

    for platform in range(2):
        true = simulation.true_probabilities(world, user, item, torch.full_like(user, platform))
        here = log.platform == platform
        n = torch.bincount(pair[here], minlength=12)
        mean = torch.zeros(12).index_add(0, pair[here], log.labels[here, 1]) / n
        error = (mean - true[:, 1]).abs() * n.sqrt()
        assert (error[n > 100] < 5 * 0.5).all()
        assert (n > 100).sum() >= 6


def test_where_everybody_clicks_and_buys_no_chance_is_above_one():
    world = simulation.random_world(seeded(), agreement=0.0, n_users=300, n_items=4)
    sure = replace(
        world,
        eagerness=torch.full_like(world.eagerness, 99.0),
        value=torch.full_like(world.value, 99.0),
    )
    true = simulation.true_probabilities(sure, *every_pair(sure))
    assert true.max() == 1


def test_not_told_the_platform_the_oracle_averages_over_the_users_own():
    world = tiny_world()
    user, item = every_pair(world)

    on_app, on_web = (
        simulation.true_probabilities(world, user, item, torch.full_like(user, platform))
        for platform in range(2)
    )

    share = world.platform_share[user]
    expected = share[:, :1] * on_app + share[:, 1:] * on_web
    assert_close(simulation.true_probabilities(world, user, item), expected)
    assert (on_app[:, 0] - on_web[:, 0]).abs().max() > 0.05


def test_propensity_is_how_often_the_user_is_shown_the_item():
    world = tiny_world()
    log = simulation.show(world, 300_000, seeded())
    propensities = simulation.true_propensities(world)

    shown = torch.bincount(log.user * 3 + log.item, minlength=12).reshape(4, 3)
    n = shown.sum(dim=1, keepdim=True)
    error = (shown / n - propensities).abs() * n.sqrt()

    assert (error < 5 * 0.5).all()
    assert_close(log.propensity, propensities[log.user, log.item])
    assert_close(propensities.sum(dim=1), torch.ones(4))
    share = torch.bincount(log.user, minlength=4) / len(log)
    assert ((share - world.activity).abs() < 5 * 0.5 / len(log) ** 0.5).all()


def test_weighting_by_propensity_recovers_the_rate_that_selection_hides():
    world = tiny_world(selection=1.5)
    log = simulation.show(world, 300_000, seeded())
    truth = simulation.true_probabilities(world, *every_pair(world))[:, 0].reshape(4, 3).mean(dim=1)

    weight = 1 / log.propensity
    total = torch.zeros(4).index_add(0, log.user, weight)
    weighted = torch.zeros(4).index_add(0, log.user, weight * log.labels[:, 0]) / total
    plain = torch.zeros(4).index_add(0, log.user, log.labels[:, 0]) / torch.bincount(log.user)

    assert (weighted - truth).abs().max() < 0.02
    assert (plain - truth).max() > 0.1


# --- the funnel and the record ----------------------------------------------------------------


def test_nothing_is_bought_without_a_click_nor_rated_without_a_purchase():
    log = simulation.show(simulation.random_world(seeded(), agreement=0.0), 20_000, seeded())
    click, purchase, rating = log.labels.T

    assert log.tasks == ("click", "purchase", "rating")
    assert (purchase <= click).all()
    assert log.observed[:, :2].all()
    assert (log.observed[:, 2] == purchase.bool()).all()
    assert (rating[purchase == 0] == 0).all()
    assert log.scales[2] == (1.0, 5.0, "stars")
    assert set((1 + 4 * rating[purchase == 1]).tolist()) == {1.0, 2.0, 3.0, 4.0, 5.0}


def test_a_tag_is_observed_of_tagged_users_only_and_is_one_per_user():
    world = simulation.random_world(seeded(), agreement=0.0, n_users=200, n_items=20)

    log = simulation.show(world, 5_000, seeded(), tags=("gourmet", "parent"))

    assert log.tasks[3:] == ("gourmet", "parent")
    assert (log.observed[:, 3] == world.tagged[log.user]).all()
    seen = log.observed[:, 3]
    assert_close(log.labels[seen, 3:], world.tag_labels[log.user][seen][:, [2, 0]])
    true = simulation.true_probabilities(world, log.user, log.item, tags=("gourmet", "parent"))
    assert_close(true[:, 3:], world.tag_probabilities[log.user][:, [2, 0]])


def test_the_shop_knows_the_tags_of_a_third_and_more_often_of_the_active():
    world = simulation.random_world(seeded(), agreement=0.0, cold_share=0.0)

    assert abs(world.tagged.float().mean() - 0.33) < 0.04
    assert world.activity[world.tagged].median() > 1.5 * world.activity[~world.tagged].median()


def test_a_tag_is_tied_to_taste():
    world = simulation.random_world(seeded(), agreement=0.0)

    found = metrics.auc(world.tag_probabilities[:, 0], world.tag_labels[:, 0])

    assert 0.75 < found < 0.98
    explained = torch.linalg.lstsq(world.user_taste, world.tag_labels - 0.5).solution
    assert (explained.norm(dim=0) > 0.15).all()


def test_two_platforms_show_the_same_items_and_some_users_keep_to_one():
    world = simulation.random_world(seeded(), agreement=0.0)
    log = simulation.show(world, 20_000, seeded())

    assert world.platforms == ("app", "web")
    assert 0.3 < log.platform.float().mean() < 0.7
    share = torch.zeros(2400).index_add(0, log.user, log.platform.float())
    share = (share / torch.bincount(log.user, minlength=2400))[
        torch.bincount(log.user, minlength=2400) > 10
    ]
    assert ((share < 0.1) | (share > 0.9)).float().mean() > 0.1


# --- dials ------------------------------------------------------------------------------------


@pytest.mark.parametrize("agreement", [-0.9, 0.0, 0.6, 1.0])
def test_agreement_is_the_correlation_of_both_tastes(agreement):
    # without user and platform effects what is left is taste and appeal, in which they agree
    world = simulation.random_world(seeded(), agreement=agreement, n_users=600, n_items=400, dim=8)
    alone = {
        name: torch.zeros_like(getattr(world, name))
        for name in ("eagerness", "leniency", "platform_appeal", "value")
    }
    world = replace(world, **alone)

    true = simulation.true_probabilities(world, *every_pair(world))
    latent = torch.special.ndtri(true[:, [0, 2]].double().clamp(1e-6, 1 - 1e-6))
    found = torch.corrcoef(latent.T)[0, 1]

    assert abs(found - agreement) < 0.1


def test_agreement_turned_later_leaves_the_purchases_alone():
    world = simulation.random_world(seeded(), agreement=0.9)

    friends = simulation.show(world, 5_000, seeded())
    foes = simulation.show(replace(world, agreement=-0.9), 5_000, seeded())

    assert_close(friends.labels[:, :2], foes.labels[:, :2])
    bought = friends.observed[:, 2]
    assert friends.labels[bought, 2].mean() > foes.labels[bought, 2].mean() + 0.3


def test_without_selection_every_item_is_shown_alike_and_with_more_of_it_less_so():
    world = simulation.random_world(seeded(), agreement=0.0)

    at_random = simulation.true_propensities(replace(world, selection=0.0))
    assert_close(at_random, torch.full_like(at_random, 1 / 700))

    shown = [
        simulation.show(replace(world, selection=selection), 50_000, seeded())
        for selection in (0.0, 1.0, 2.0)
    ]
    tails = [gini(torch.bincount(log.item, minlength=700)) for log in shown]
    clicks = [float(log.labels[:, 0].mean()) for log in shown]
    assert tails[0] < 0.1 and tails[1] > tails[0] + 0.2 and tails[2] > tails[1] + 0.15
    assert clicks[1] > clicks[0] + 0.03 and clicks[2] > clicks[1] + 0.03


def test_more_noise_leaves_even_the_oracle_less_to_say():
    world = simulation.random_world(seeded(), agreement=0.0)
    found = []
    for noise in (0.3, 1.0, 3.0):
        noisy = replace(world, noise=noise)
        log = simulation.show(noisy, 20_000, seeded())
        true = simulation.true_probabilities(noisy, log.user, log.item)
        found.append(metrics.auc(true[:, 1], log.labels[:, 1]))

    assert found[0] > found[1] + 0.02 and found[1] > found[2] + 0.1


def test_cold_users_have_almost_no_log():
    world = simulation.random_world(seeded(), agreement=0.0, cold_share=0.25)
    log = simulation.show(world, 200_000, seeded())
    impressions = torch.bincount(log.user, minlength=2400)

    assert abs(world.cold.float().mean() - 0.25) < 0.03
    assert impressions[world.cold].float().quantile(0.95) <= 6
    assert impressions[~world.cold].median() > 50
    assert not simulation.random_world(seeded(), agreement=0.0, cold_share=0.0).cold.any()


def test_the_same_seed_gives_the_same_world_and_the_same_log():
    first, again, other = (
        simulation.random_world(seeded(seed), agreement=0.3, n_users=50, n_items=20)
        for seed in (7, 7, 8)
    )

    assert torch.equal(first.user_taste, again.user_taste)
    assert torch.equal(first.tag_labels, again.tag_labels)
    assert not torch.equal(first.user_taste, other.user_taste)
    one, two = (simulation.show(world, 500, seeded(1)) for world in (first, again))
    assert torch.equal(one.labels, two.labels)
    assert torch.equal(one.item, two.item)


def test_the_global_seed_is_neither_read_nor_moved():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)

    world = simulation.random_world(seeded(), agreement=0.3, n_users=50, n_items=20)
    simulation.show(world, 500, seeded())

    assert torch.equal(torch.rand(3), expected)


# --- likeness and learnability ----------------------------------------------------------------


def test_it_has_the_size_and_the_long_tails_of_the_real_shop():
    real = shop.k_core(datasets.load_complete_journey(), [1, 2], min_items=20, min_users=100)
    baskets = shop.baskets(real, [1, 2])  # [users, items]
    log = simulation.show(
        simulation.random_world(seeded(), agreement=0.5, cold_share=0.0), 200_000, seeded()
    )

    bought = torch.zeros(log.n_items).index_add(0, log.item, log.labels[:, 1])
    shown = torch.bincount(log.user, minlength=log.n_users)

    assert 0.8 < log.n_users / baskets.shape[0] < 1.25
    assert 0.8 < log.n_items / baskets.shape[1] < 1.25
    assert abs(gini(bought) - gini(baskets.sum(dim=0))) < 0.1
    assert abs(gini(shown) - gini(baskets.sum(dim=1))) < 0.05
    for share in (0.1, 0.2):
        assert abs(top(share, bought) - top(share, baskets.sum(dim=0))) < 0.08


@pytest.mark.parametrize("agreement", [-0.9, 0.0, 0.9])
def test_a_small_network_lands_between_chance_and_the_oracle(agreement):
    world = simulation.random_world(
        seeded(), agreement=agreement, n_users=150, n_items=60, cold_share=0.0
    )
    log = simulation.show(world, 40_000, seeded())
    train, _, test = split_at_random(log, (0.7, 0.1, 0.2), seeded())
    torch.manual_seed(0)
    model = networks.SharedBottom(150, 60, 3, dim=8, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, fused=True)
    generator = seeded()
    for _ in range(3):
        for batch in minibatches(train, 512, generator):
            loss = weighted_sum(losses.task_losses(model(*batch.inputs), batch), torch.ones(3))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    with torch.no_grad():
        learned = model(*test.inputs).sigmoid()
    oracle = simulation.true_probabilities(world, test.user, test.item)
    bought, rated = test.labels[:, 1], test.observed[:, 2]
    auc = [metrics.auc(said[:, 1], bought) for said in (learned, oracle)]
    mean_rating = train.labels[train.observed[:, 2], 2].mean()
    rmse = [
        4 * (said - test.labels[rated, 2]).square().mean().sqrt()  # in stars
        for said in (mean_rating.expand(int(rated.sum())), learned[rated, 2], oracle[rated, 2])
    ]

    assert 0.8 < auc[0] < auc[1] - 0.002
    assert rmse[0] - 0.05 > rmse[1] > rmse[2] + 0.01


# --- messages ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dial", "value", "message"),
    [
        ("agreement", 1.5, r"`agreement` is a correlation, from -1 to 1; found 1\.5\."),
        ("agreement", -1.01, r"`agreement` is a correlation, from -1 to 1; found -1\.01\."),
        ("agreement", nan, r"`agreement` is a correlation, from -1 to 1; found nan\."),
        ("selection", -0.1, r"`selection` is a strength, 0 or more; found -0\.1\."),
        ("selection", inf, r"`selection` is a strength, 0 or more; found inf\."),
        ("noise", 0.0, r"`noise` is a standard deviation, above 0; found 0\.0\."),
        ("noise", nan, r"`noise` is a standard deviation, above 0; found nan\."),
        ("cold_share", 1.0, r"`cold_share` is a share of the users, .* found 1\.0\."),
        ("cold_share", -0.1, r"`cold_share` is a share of the users, .* found -0\.1\."),
        ("n_users", 0, r"`n_users` must be 1 or more; found 0\."),
        ("n_items", -3, r"`n_items` must be 1 or more; found -3\."),
        ("dim", 0, r"`dim` must be 1 or more; found 0\."),
    ],
)
def test_a_dial_outside_of_its_range_is_named_with_what_was_found(dial, value, message):
    with pytest.raises(ValueError, match=message):
        tiny_world(**{dial: value})


def test_a_dial_turned_later_is_checked_too():
    with pytest.raises(ValueError, match=r"`noise` is a standard deviation, above 0; found -1\.0"):
        replace(tiny_world(), noise=-1.0)


def test_no_impressions_and_unknown_tags_are_refused():
    world = tiny_world()

    with pytest.raises(ValueError, match=r"`n` must be 1 or more impressions; found 0\."):
        simulation.show(world, 0, seeded())
    with pytest.raises(ValueError, match=r"`tags` must be among .*'parent'.*; found \['kids'\]"):
        simulation.show(world, 10, seeded(), tags=("kids",))
