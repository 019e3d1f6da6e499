"""From scores and held-out labels to figures of quality: pooled, and one for each user."""

from math import inf, nan
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from mtl_course.interactions import Interactions, Scale, only_tasks


class RankedLists(NamedTuple):
    """One list per user, indexed by user number; a user without rows has an empty one."""

    scores: Float[Tensor, "users longest"]  # best first; -inf after the last row of a user
    labels: Float[Tensor, "users longest"]  # in the same order; 0 after the last row
    lengths: Int[Tensor, " users"]


class UserMean(NamedTuple):
    """A figure averaged over the users that have one."""

    mean: float
    n_users: int  # users for whom the figure is defined


class Ranking(NamedTuple):
    """How well one set of rows is ranked; the per-user figures are means over users."""

    auc: float  # pooled; .5 is chance
    average_precision: float  # pooled; chance is n_positives / n_rows
    user_auc: UserMean  # over users with both classes
    user_average_precision: UserMean  # over users with a positive row
    recall: UserMean  # Recall@k, over users with a positive row
    ndcg: UserMean  # NDCG@k, over users with a positive row
    n_rows: int
    n_positives: int


class RankingReport(NamedTuple):
    """A ranking judged on every item, and on those alone that the user had never taken before."""

    all_items: Ranking
    novel_items: Ranking | None  # None where the log does not say what was novel


def ranking_report(
    scores: Float[Tensor, " n"], log: Interactions, *, task: str, k: int = 10
) -> RankingReport:
    """Every ranking metric of one task, over all rows of `log` and over its novel rows.

    On novel rows a user's list is ranked anew: the items already known are gone from it.

    Args:
        scores: any number to rank by, higher first; one per row of `log`.
        task: which of `log.tasks` is ranked; rows where it was not observed are left out.
        k: length of the list behind Recall@k and NDCG@k.

    Raises:
        ValueError: `log` has no such task; the rows judged lack a class; a score is not finite.
    """
    judged = only_tasks(log, (task,))
    seen = judged.observed[:, 0]

    def rank(rows: Bool[Tensor, " n"]) -> Ranking:
        return _ranking(scores[rows], judged.labels[rows, 0], judged.user[rows], k)

    return RankingReport(
        all_items=rank(seen),
        novel_items=None if log.novel is None else rank(seen & log.novel),
    )


def auc(scores: Float[Tensor, " n"], labels: Float[Tensor, " n"]) -> float:
    """Chance that a positive row, drawn at random, scores above a negative one; a tie counts half.

    Pooled over all rows, so it also pays for knowing which users are active.

    Raises:
        ValueError: one class only, a label other than 0 or 1, a score that is not finite.

    Example:
        >>> auc(torch.tensor([0.9, 0.4, 0.5, 0.1]), torch.tensor([1.0, 1.0, 0.0, 0.0]))
        0.75
    """
    _refuse_unusable("AUC", scores, labels)
    return float(roc_auc_score(labels.bool().numpy(), scores.detach().numpy()))


def average_precision(scores: Float[Tensor, " n"], labels: Float[Tensor, " n"]) -> float:
    """Mean, over the positive rows, of the share of positives at or above the row's score.

        ap = sum_j (recall[j] - recall[j-1]) * precision[j], j over the distinct scores, high to low

    Random scores reach the share of positive rows. Rows of equal score enter together.

    Raises:
        ValueError: one class only, a label other than 0 or 1, a score that is not finite.

    Example:
        >>> average_precision(torch.tensor([0.9, 0.4, 0.5, 0.1]), torch.tensor([1.0, 1.0, 0, 0]))
        0.8333333333333333
    """
    _refuse_unusable("Average precision", scores, labels)
    return float(average_precision_score(labels.bool().numpy(), scores.detach().numpy()))


def log_loss(
    logits: Float[Tensor, " n"], labels: Float[Tensor, " n"], observed: Bool[Tensor, " n"]
) -> float:
    """Mean binary cross-entropy of one task, in nats per observed label.

    Args:
        labels: 0 to 1; a fraction counts as that share of a positive label.

    Raises:
        ValueError: no label was observed.
    """
    _refuse_unobserved("Log loss", observed)
    return float(binary_cross_entropy_with_logits(logits[observed], labels[observed]))


def rmse(
    predicted: Float[Tensor, " n"],
    labels: Float[Tensor, " n"],
    observed: Bool[Tensor, " n"],
    scale: Scale,
) -> float:
    """Root mean squared error over the observed labels, in the unit of `scale`.

        rmse = (high - low) * sqrt(mean((predicted - label)^2))

    Args:
        predicted: on the scale of the labels, 0 to 1: after the sigmoid, not log-odds.

    Raises:
        ValueError: no label was observed.

    Example:
        >>> seen = torch.tensor([True, True])
        >>> predicted, labels = torch.tensor([0.5, 1.0]), torch.tensor([0.0, 1.0])
        >>> round(rmse(predicted, labels, seen, Scale(1.0, 5.0, "stars")), 4)
        1.4142
    """
    _refuse_unobserved("RMSE", observed)
    errors = predicted[observed] - labels[observed]
    return (scale.high - scale.low) * float(errors.square().mean().sqrt())


def ranked_lists(
    scores: Float[Tensor, " n"], labels: Float[Tensor, " n"], user: Int[Tensor, " n"]
) -> RankedLists:
    """Each user's rows, best score first; of equal scores the earlier row goes first.

    Raises:
        ValueError: one class only, a label other than 0 or 1, a score that is not finite.
    """
    _refuse_unusable("A ranked list", scores, labels)
    lengths = user.bincount()
    order = user.argsort(stable=True)
    row = user[order]
    column = torch.arange(len(user)) - (lengths.cumsum(dim=0) - lengths)[row]
    shape = (len(lengths), int(lengths.max()))
    padded_scores = torch.full(shape, -inf, dtype=scores.dtype)
    padded_scores[row, column] = scores.detach()[order]
    padded_labels = torch.zeros(shape)
    padded_labels[row, column] = labels[order]
    ranked = padded_scores.sort(dim=1, descending=True, stable=True)
    return RankedLists(ranked.values, padded_labels.gather(1, ranked.indices), lengths)


def auc_per_user(lists: RankedLists) -> Float[Tensor, " users"]:
    """AUC of each user's own list; NaN for a user who lacks positive or negative rows."""
    better, as_good = _better_and_as_good(lists.scores)
    ranks = (better + as_good + 1) / 2  # from 1, best first; tied rows share their mean rank
    n_positives = lists.labels.sum(dim=1)
    n_negatives = lists.lengths - n_positives
    above = (ranks * lists.labels).sum(dim=1) - n_positives * (n_positives + 1) / 2
    return 1 - above / (n_positives * n_negatives)  # 0 / 0 is NaN


def average_precision_per_user(lists: RankedLists) -> Float[Tensor, " users"]:
    """Average precision of each user's own list; NaN for a user without a positive row."""
    as_good = _better_and_as_good(lists.scores)[1]
    hits = lists.labels.cumsum(dim=1).gather(1, as_good - 1)
    return (hits / as_good * lists.labels).sum(dim=1) / lists.labels.sum(dim=1)


def recall_at_k(lists: RankedLists, *, k: int) -> Float[Tensor, " users"]:
    """Share of what could be found among each user's k best rows; NaN without a positive row.

        recall[u] = hits among the k best of u / min(k, positives of u)

    The denominator lets a perfect list reach 1 even for a user with more than k positives. A user
    with fewer than k rows has them all in the list.

    Raises:
        ValueError: `k` is below 1.

    Example:
        >>> scores, labels = torch.tensor([0.9, 0.8, 0.1, 0.3]), torch.tensor([0.0, 1.0, 1.0, 0.0])
        >>> recall_at_k(ranked_lists(scores, labels, torch.tensor([0, 0, 0, 1])), k=2)
        tensor([0.5000,    nan])
    """
    _refuse_no_place(k)
    return lists.labels[:, :k].sum(dim=1) / lists.labels.sum(dim=1).clamp(max=k)


def ndcg_at_k(lists: RankedLists, *, k: int) -> Float[Tensor, " users"]:
    """Gain of each user's k best rows, discounted by place, over the best gain attainable.

        dcg[u] = sum_{r=1..k} label of the row in place r / log2(r + 1);   ndcg = dcg / ideal dcg

    NaN for a user without a positive row.

    Raises:
        ValueError: `k` is below 1.

    Source: Järvelin and Kekäläinen, ACM TOIS 2002; they discount by log2(r) from the third place
    on, here by log2(r + 1) from the first, as scikit-learn does.
    """
    _refuse_no_place(k)
    found = lists.labels[:, :k]
    discount = 1 / torch.arange(2, found.shape[1] + 2).log2()
    n_findable = lists.labels.sum(dim=1).clamp(max=found.shape[1]).long()
    ideal = torch.cat([torch.zeros(1), discount.cumsum(dim=0)])[n_findable]
    return (found @ discount) / ideal


def mean_over_users(values: Float[Tensor, " users"]) -> UserMean:
    """Mean of a figure per user, over the users where it is defined, and how many those are.

    With nobody left the mean is NaN.
    """
    defined = values[~values.isnan()]
    return UserMean(float(defined.mean()) if len(defined) else nan, len(defined))


def _better_and_as_good(
    ranked: Float[Tensor, "users longest"],
) -> tuple[Int[Tensor, "users longest"], Int[Tensor, "users longest"]]:
    """How many rows of the list score higher than each row, and how many at least as high."""
    ascending = -ranked
    return (
        torch.searchsorted(ascending, ascending),
        torch.searchsorted(ascending, ascending, right=True),
    )


def _ranking(
    scores: Float[Tensor, " n"], labels: Float[Tensor, " n"], user: Int[Tensor, " n"], k: int
) -> Ranking:
    lists = ranked_lists(scores, labels, user)
    return Ranking(
        auc=auc(scores, labels),
        average_precision=average_precision(scores, labels),
        user_auc=mean_over_users(auc_per_user(lists)),
        user_average_precision=mean_over_users(average_precision_per_user(lists)),
        recall=mean_over_users(recall_at_k(lists, k=k)),
        ndcg=mean_over_users(ndcg_at_k(lists, k=k)),
        n_rows=len(labels),
        n_positives=int(labels.sum()),
    )


def _refuse_unusable(metric: str, scores: Float[Tensor, " n"], labels: Float[Tensor, " n"]) -> None:
    n_positives, n_negatives = int((labels == 1).sum()), int((labels == 0).sum())
    if n_positives + n_negatives < len(labels):
        strange = labels[(labels != 0) & (labels != 1)][0].item()
        raise ValueError(f"{metric} needs labels of 0 or 1; found {strange:g}.")
    if n_positives == 0 or n_negatives == 0:
        raise ValueError(
            f"{metric} compares positive with negative rows; found {n_positives} and {n_negatives}."
        )
    if not scores.isfinite().all():
        strange = scores[~scores.isfinite()][0].item()
        raise ValueError(f"{metric} needs finite scores; found {strange}.")


def _refuse_no_place(k: int) -> None:
    if k < 1:
        raise ValueError(f"`k` must be 1 or more; found {k}.")


def _refuse_unobserved(metric: str, observed: Bool[Tensor, " n"]) -> None:
    if not observed.any():
        raise ValueError(f"{metric} needs an observed label; found 0 in {len(observed)} rows.")
