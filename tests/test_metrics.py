"""Metrics against hand-worked numbers, scikit-learn, and what must not change them."""

from dataclasses import replace
from math import isnan, log, sqrt

import pytest
import torch
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score
from torch.testing import assert_close

from mtl_course import metrics
from mtl_course.interactions import Interactions, Scale


@pytest.fixture
def two_lists() -> Interactions:
    """User 0 buys items 0 and 2 of three, user 1 buys item 1; both knew item 0 before."""
    return Interactions(
        user=torch.tensor([0, 0, 0, 1, 1, 1]),
        item=torch.tensor([0, 1, 2, 0, 1, 2]),
        labels=torch.tensor([[1.0], [0.0], [1.0], [0.0], [1.0], [0.0]]),
        observed=torch.ones(6, 1, dtype=torch.bool),
        tasks=("purchase",),
        n_users=2,
        n_items=3,
        novel=torch.tensor([False, True, True, False, True, True]),
    )


@pytest.fixture
def lists(two_lists) -> metrics.RankedLists:
    return metrics.ranked_lists(SCORES, two_lists.labels[:, 0], two_lists.user)


SCORES = torch.tensor([0.9, 0.5, 0.2, 0.8, 0.7, 0.1])


def random_lists(seed: int, n_users: int = 12, n_items: int = 30):
    """Scores with many ties, labels and users of lists of unequal length, rows in any order."""
    generator = torch.Generator().manual_seed(seed)
    n = n_users * n_items
    user = torch.randint(n_users, (n,), generator=generator)
    scores = torch.randint(8, (n,), generator=generator) / 4
    labels = torch.bernoulli(torch.full((n,), 0.3), generator=generator)
    return scores, labels, user


def test_auc_counts_the_pairs_in_the_right_order(two_lists):
    # positives .9 .2 .7 against negatives .5 .8 .1: 3 + 1 + 2 of 9 pairs
    assert metrics.auc(SCORES, two_lists.labels[:, 0]) == pytest.approx(6 / 9)


def test_auc_per_user_counts_pairs_inside_a_list_only(lists):
    found = metrics.auc_per_user(lists)
    assert_close(found, torch.tensor([1 / 2, 1 / 2]))  # .9 > .5 > .2 and .8 > .7 > .1


def test_average_precision_averages_precision_at_each_positive(two_lists):
    # places of the positives, high to low: 1 of .9 .8 .7 .5 .2 .1, then 3, then 5
    found = metrics.average_precision(SCORES, two_lists.labels[:, 0])
    assert found == pytest.approx((1 / 1 + 2 / 3 + 3 / 5) / 3)


def test_average_precision_per_user_restarts_at_each_list(lists):
    found = metrics.average_precision_per_user(lists)
    assert_close(found, torch.tensor([(1 + 2 / 3) / 2, 1 / 2]))


def test_recall_divides_by_what_a_list_of_k_could_hold(lists):
    assert_close(metrics.recall_at_k(lists, k=1), torch.tensor([1.0, 0.0]))
    assert_close(metrics.recall_at_k(lists, k=2), torch.tensor([1 / 2, 1.0]))
    assert_close(metrics.recall_at_k(lists, k=99), torch.tensor([1.0, 1.0]))


def test_ndcg_discounts_by_the_logarithm_of_the_place(lists):
    found = metrics.ndcg_at_k(lists, k=3)
    second, third = 1 / (log(3) / log(2)), 1 / 2
    assert_close(found, torch.tensor([(1 + third) / (1 + second), second]))


@pytest.mark.parametrize("seed", range(3))
def test_figures_per_user_equal_scikit_learn_list_by_list(seed):
    scores, labels, user = random_lists(seed)
    lists = metrics.ranked_lists(scores, labels, user)
    auc = metrics.auc_per_user(lists)
    precision = metrics.average_precision_per_user(lists)

    for u in range(12):
        mine = user == u
        wanted = labels[mine].numpy(), scores[mine].numpy()
        assert auc[u].item() == pytest.approx(roc_auc_score(*wanted), abs=1e-6)
        assert precision[u].item() == pytest.approx(average_precision_score(*wanted), abs=1e-6)


def test_ndcg_equals_scikit_learn_where_no_scores_tie():
    scores, labels, user = random_lists(4)
    scores = torch.rand(len(scores), generator=torch.Generator().manual_seed(5))
    found = metrics.ndcg_at_k(metrics.ranked_lists(scores, labels, user), k=10)

    for u in range(12):
        mine = user == u
        wanted = ndcg_score(labels[mine][None].numpy(), scores[mine][None].numpy(), k=10)
        assert found[u].item() == pytest.approx(wanted, abs=1e-6)


def test_no_ranking_metric_depends_on_the_order_of_the_rows_or_the_scale_of_the_scores():
    scores, labels, user = random_lists(6)
    scores = torch.rand(len(scores), generator=torch.Generator().manual_seed(7))
    shuffled = torch.randperm(len(scores), generator=torch.Generator().manual_seed(8))
    log_of = Interactions(
        user, user, labels[:, None], labels[:, None] > -1, ("purchase",), 12, 12, novel=labels > -1
    )
    moved = replace(
        log_of,
        user=user[shuffled],
        item=user[shuffled],
        labels=labels[shuffled, None],
    )
    found = metrics.ranking_report(scores, log_of, task="purchase")
    again = metrics.ranking_report(3 * scores[shuffled] - 1, moved, task="purchase")
    for one, other in zip(found.all_items, again.all_items, strict=True):
        assert one == pytest.approx(other, abs=1e-6)


def test_equal_scores_are_worth_a_coin_flip():
    labels = torch.tensor([1.0, 0.0, 1.0, 0.0, 0.0])
    same = torch.full((5,), 0.7)
    lists = metrics.ranked_lists(same, labels, torch.zeros(5, dtype=torch.long))
    assert metrics.auc(same, labels) == 0.5
    assert metrics.auc_per_user(lists).item() == 0.5
    assert metrics.average_precision(same, labels) == pytest.approx(2 / 5)
    assert metrics.average_precision_per_user(lists).item() == pytest.approx(2 / 5)


def test_of_equal_scores_the_earlier_row_is_listed_first():
    labels = torch.tensor([1.0, 0.0]).repeat_interleave(200)
    lists = metrics.ranked_lists(torch.ones(400), labels, torch.zeros(400, dtype=torch.long))
    assert_close(lists.labels, labels[None])


def test_a_user_without_a_positive_row_has_no_figure_and_does_not_count():
    labels, user = torch.tensor([1.0, 0.0, 0.0, 0.0]), torch.tensor([0, 0, 2, 2])
    lists = metrics.ranked_lists(torch.tensor([0.2, 0.1, 0.4, 0.3]), labels, user)
    for values in (
        metrics.auc_per_user(lists),
        metrics.average_precision_per_user(lists),
        metrics.recall_at_k(lists, k=1),
        metrics.ndcg_at_k(lists, k=1),
    ):
        assert isnan(values[1])  # no row at all
        assert isnan(values[2])  # no positive row
        assert metrics.mean_over_users(values) == (1.0, 1)
    assert isnan(metrics.mean_over_users(torch.tensor([torch.nan])).mean)


def test_the_report_ranks_novel_rows_anew(two_lists):
    report = metrics.ranking_report(SCORES, two_lists, task="purchase", k=1)

    # without item 0: user 0 lists items 1, 2 and buys 2; user 1 lists items 1, 2 and buys 1
    assert report.novel_items.n_rows == 4
    assert report.novel_items.n_positives == 2
    assert report.novel_items.recall == (0.5, 2)
    assert report.novel_items.auc == pytest.approx(3 / 4)
    assert report.all_items.n_rows == 6
    assert report.all_items.recall == (0.5, 2)  # user 0's first item is a hit, user 1's is not


def test_the_report_ignores_a_label_nobody_could_observe(two_lists):
    observed = two_lists.observed.clone()
    observed[1] = False
    found = metrics.ranking_report(SCORES, replace(two_lists, observed=observed), task="purchase")
    assert found.all_items.n_rows == 5
    assert found.all_items.auc == pytest.approx((2 + 1 + 1) / 6)


def test_a_log_that_does_not_know_what_was_novel_has_no_novel_figures(two_lists):
    report = metrics.ranking_report(SCORES, replace(two_lists, novel=None), task="purchase")
    assert report.novel_items is None


def test_rmse_answers_in_the_unit_of_the_task():
    predicted, labels = torch.tensor([0.5, 1.0, 0.0]), torch.tensor([0.0, 1.0, 1.0])
    seen = torch.tensor([True, True, False])
    # errors of half the range and of nothing; the third was never observed
    found = metrics.rmse(predicted, labels, seen, Scale(1.0, 5.0, "stars"))
    assert found == pytest.approx(4 * sqrt(0.25 / 2))


def test_log_loss_of_a_coin_flip_is_log_two_nats():
    seen = torch.tensor([True, True, False])
    found = metrics.log_loss(torch.tensor([0.0, 0.0, 99.0]), torch.tensor([1.0, 0.3, 0.0]), seen)
    assert found == pytest.approx(log(2))


def test_a_degenerate_metric_is_refused(lists):
    scores, user = torch.rand(512), torch.zeros(512, dtype=torch.long)
    with pytest.raises(ValueError, match=r"AUC compares positive .*; found 0 and 512\."):
        metrics.auc(scores, torch.zeros(512))
    with pytest.raises(ValueError, match=r"Average precision compares .* found 512 and 0\."):
        metrics.average_precision(scores, torch.ones(512))
    with pytest.raises(ValueError, match=r"AUC needs labels of 0 or 1; found 0\.25\."):
        metrics.auc(scores, torch.full((512,), 0.25))
    with pytest.raises(ValueError, match=r"A ranked list needs finite scores; found nan\."):
        metrics.ranked_lists(scores / 0 * 0, (scores > 0.5).float(), user)
    with pytest.raises(ValueError, match=r"`k` must be 1 or more; found 0\."):
        metrics.recall_at_k(lists, k=0)
    with pytest.raises(ValueError, match=r"`k` must be 1 or more; found -1\."):
        metrics.ndcg_at_k(lists, k=-1)
    with pytest.raises(ValueError, match=r"RMSE needs an observed label; found 0 in 512 rows\."):
        metrics.rmse(scores, scores, scores < 0, Scale(0.0, 1.0, "probability"))
    with pytest.raises(ValueError, match=r"Log loss needs an observed label"):
        metrics.log_loss(scores, scores, scores < 0)
