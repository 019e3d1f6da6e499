from math import sqrt

import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score
from torch.testing import assert_close

from mtl_course import intervals, metrics


@pytest.fixture
def ranking():
    """400 rows of 20 users, with many equal scores."""
    generator = torch.Generator().manual_seed(3)
    user = torch.arange(20).repeat_interleave(20)
    labels = torch.bernoulli(torch.full((400,), 0.3), generator=generator)
    scores = (5 * torch.rand(400, generator=generator) + 2 * labels).round()
    return scores, labels, user


def test_each_draw_is_as_large_as_what_it_is_drawn_from():
    times = intervals.draw_times(7, draws=500, generator=torch.Generator().manual_seed(0))

    assert times.shape == (500, 7)
    assert (times.sum(dim=1) == 7).all()
    assert_close(times.float().mean(dim=0), torch.ones(7), rtol=0, atol=0.15)
    # a share of (1 - 1/7)^7 = 0.34 is not drawn at all
    assert (times == 0).float().mean() == pytest.approx((6 / 7) ** 7, abs=0.03)


def test_the_middle_of_numbers_that_lie_evenly():
    assert intervals.middle(torch.arange(101.0)) == (2.5, 97.5)
    assert intervals.middle(torch.arange(101.0), share=0.5) == (25.0, 75.0)
    with pytest.raises(ValueError, match="between 0 and 1; found 95"):
        intervals.middle(torch.arange(101.0), share=95.0)


def test_means_of_redrawn_users_spread_as_the_theorem_says():
    values = torch.tensor([[1.0, 2.0, 4.0, 5.0]])  # a mean of 3, a variance of 2.5 (over 4)
    found = intervals.redrawn_means(
        values, n_seeds=1, n_users=10, draws=4000, generator=torch.Generator().manual_seed(0)
    )
    assert float(found.mean()) == pytest.approx(3.0, abs=0.03)
    assert float(found.std()) == pytest.approx(sqrt(2.5 / 10), rel=0.05)


def test_seeds_that_agree_do_not_narrow_the_interval_and_seeds_that_do_not_widen_it():
    users = torch.tensor([[1.0, 2.0, 4.0, 5.0]])

    def spread(values, n_seeds):
        generator = torch.Generator().manual_seed(0)
        settings = {"n_users": 10, "draws": 2000, "generator": generator}
        return float(intervals.redrawn_means(values, n_seeds=n_seeds, **settings).std())

    agreeing, differing = users.expand(3, -1), users + torch.tensor([[-3.0], [0.0], [3.0]])
    assert spread(agreeing, 100) == pytest.approx(spread(agreeing, 1), rel=0.1)
    # one seed: the variance of users / 10 + that of seeds, 6
    assert spread(differing, 1) == pytest.approx(sqrt(0.25 + 6), rel=0.05)
    assert spread(differing, 24) == pytest.approx(sqrt(0.25 + 6 / 24), rel=0.05)


def test_rivals_that_differ_by_a_constant_differ_by_it_in_every_draw():
    theirs = torch.rand(3, 30, generator=torch.Generator().manual_seed(0))
    found = intervals.redrawn_means(
        (theirs + 0.25) - theirs,
        n_seeds=2,
        n_users=5,
        draws=50,
        generator=torch.Generator().manual_seed(1),
    )
    assert_close(found, torch.full((50,), 0.25))


def test_figures_that_are_not_defined_and_draws_of_nothing_are_refused():
    generator = torch.Generator().manual_seed(0)
    values = torch.tensor([[1.0, torch.nan]])
    with pytest.raises(ValueError, match=r"found 1 of 2 that are not. Leave out"):
        intervals.redrawn_means(values, n_seeds=1, n_users=1, draws=1, generator=generator)
    with pytest.raises(ValueError, match="found 1, 0 and 5"):
        intervals.redrawn_means(
            torch.ones(1, 2), n_seeds=1, n_users=0, draws=5, generator=generator
        )


def test_everybody_drawn_once_has_the_plain_figures(ranking):
    scores, labels, user = ranking
    found = intervals.redrawn_ranking(scores, labels, user, torch.ones(1, 20).long())
    assert float(found.auc) == pytest.approx(metrics.auc(scores, labels), abs=1e-6)
    ap = metrics.average_precision(scores, labels)
    assert float(found.average_precision) == pytest.approx(ap, abs=1e-6)


def test_redrawn_figures_are_scikit_learns_with_weights(ranking):
    scores, labels, user = ranking
    times = intervals.draw_times(20, draws=8, generator=torch.Generator().manual_seed(0))

    found = intervals.redrawn_ranking(scores, labels, user, times)

    for one, auc, ap in zip(times, *found, strict=True):
        weights = {"sample_weight": one[user].numpy()}
        given = labels.numpy(), scores.numpy()
        assert float(auc) == pytest.approx(roc_auc_score(*given, **weights), abs=1e-6)
        assert float(ap) == pytest.approx(average_precision_score(*given, **weights), abs=1e-6)


def test_few_edges_come_near_what_many_find_exactly():
    generator = torch.Generator().manual_seed(1)
    user, n = torch.arange(20_000) // 100, 20_000
    labels = torch.bernoulli(torch.full((n,), 0.1), generator=generator)
    scores = torch.randn(n, generator=generator) + labels  # all distinct
    times = intervals.draw_times(200, draws=4, generator=generator)

    exact = intervals.redrawn_ranking(scores, labels, user, times, n_edges=n)
    near = intervals.redrawn_ranking(scores, labels, user, times, n_edges=500)

    for one, auc, ap in zip(times, *exact, strict=True):
        weights = {"sample_weight": one[user].numpy()}
        given = labels.numpy(), scores.numpy()
        assert float(auc) == pytest.approx(roc_auc_score(*given, **weights), abs=1e-6)
        assert float(ap) == pytest.approx(average_precision_score(*given, **weights), abs=1e-6)
    assert_close(near.auc, exact.auc, rtol=0, atol=1e-4)
    assert_close(near.average_precision, exact.average_precision, rtol=0, atol=2e-3)


def test_a_user_who_is_drawn_twice_counts_as_two(ranking):
    scores, labels, user = ranking
    times = torch.ones(1, 20).long()
    times[0, 3] = 2
    twice = torch.cat([torch.arange(400), (user == 3).nonzero()[:, 0]])

    found = intervals.redrawn_ranking(scores, labels, user, times)

    assert float(found.auc) == pytest.approx(metrics.auc(scores[twice], labels[twice]), abs=1e-6)


def test_a_draw_without_a_class_has_no_figure():
    scores, labels = torch.tensor([0.2, 0.8]), torch.tensor([0.0, 1.0])
    times = torch.tensor([[1, 1], [2, 0]])
    found = intervals.redrawn_ranking(scores, labels, torch.arange(2), times)
    assert found.auc[0] == 1
    assert found.auc.isnan().tolist() == [False, True]
    assert found.average_precision.isnan().tolist() == [False, True]
