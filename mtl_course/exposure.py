"""The chance of being shown, estimated, clipped, and corrected for by its inverse."""

from dataclasses import replace
from math import inf

import torch
from jaxtyping import Bool, Float
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from mtl_course.interactions import Interactions, only_tasks


def ips_weights(propensity: Float[Tensor, " n"], *, clip: float) -> Float[Tensor, " n"]:
    """How many pairs like it a logged row stands for: 1 / propensity, `clip` at most.

        weight[n] = min(1 / propensity[n], clip)

    A row that had a chance of 1 in 10 to be shown stands for ten, nine of which were not. Clipping
    keeps a few rows from deciding everything; what it takes away is missing, which is a bias.

    Args:
        clip: the largest weight; infinity clips nothing.

    Raises:
        ValueError: a propensity outside (0, 1], or a clip below 1.

    Example:
        >>> ips_weights(torch.tensor([1.0, 0.25, 0.001]), clip=100.0)
        tensor([  1.,   4., 100.])

    Source: Schnabel et al., Recommendations as Treatments, ICML 2016 (inverse propensity scoring).
    """
    _refuse_clip(clip)
    if not ((propensity > 0) & (propensity <= 1)).all():  # a NaN fails both comparisons
        raise ValueError(
            f"`propensity` must lie in (0, 1]; found values from {propensity.min().item():g} to "
            f"{propensity.max().item():g}. What can never be shown, no weight makes up for."
        )
    return (1 / propensity).clamp(max=clip)


def with_clipped_propensity(log: Interactions, *, clip: float) -> Interactions:
    """The same log, in which no row had a chance of being shown below 1 / clip.

    For `losses.ips_losses` and `losses.snips_losses`, which weigh by 1 / propensity as they find
    it.

    Args:
        clip: the largest weight; infinity clips nothing.

    Raises:
        ValueError: a clip below 1, or a log without propensities.
    """
    _refuse_clip(clip)
    if log.propensity is None:
        raise ValueError(
            "There is no chance of being shown to clip; found `propensity` None. Estimate it, then "
            "`dataclasses.replace(log, propensity=...)`."
        )
    return replace(log, propensity=log.propensity.clamp(min=1 / clip))


def ips_mean(
    values: Float[Tensor, " n"], ips_weight: Float[Tensor, " n"], *, n_pairs: int
) -> float:
    """Mean of a value over all pairs, shown or not, from those that were: unbiased unless clipped.

        mean = sum_n weight[n] * values[n] / n_pairs

    It swings widely where weights are large, and may leave the range of the values.

    Args:
        values: of the rows logged, in any unit: a label, a loss, an error.
        ips_weight: of the same rows.
        n_pairs: how many pairs the rows stand for: users × items, if each pair had its own chance
            of being logged; rows × items, if every row is one item drawn from all.

    Raises:
        ValueError: fewer pairs than rows.

    Source: Schnabel et al., Recommendations as Treatments, ICML 2016.
    """
    if n_pairs < len(values):
        raise ValueError(
            f"`n_pairs` counts all pairs, shown or not, {len(values)} or more for as many rows; "
            f"found {n_pairs}."
        )
    return float((ips_weight.double() * values).sum() / n_pairs)


def snips_mean(values: Float[Tensor, " n"], ips_weight: Float[Tensor, " n"]) -> float:
    """Mean of a value over all pairs, self-normalised: the weighted mean of the rows logged.

        mean = sum_n weight[n] * values[n] / sum_n weight[n]

    It calms what `ips_mean` swings by, never leaves the range of the values, and need not be told
    the number of pairs. In a small log it is slightly biased. NaN without rows.

    Args:
        values: of the rows logged, in any unit.
        ips_weight: of the same rows; a factor common to all does not matter.

    Example:
        >>> clicked, shown_one_in = torch.tensor([1.0, 1.0, 0.0]), torch.tensor([2.0, 2.0, 12.0])
        >>> snips_mean(clicked, shown_one_in)  # the plain mean is 2/3
        0.25

    Source: Swaminathan and Joachims, The Self-Normalized Estimator for Counterfactual Learning,
    NeurIPS 2015.
    """
    return float((ips_weight.double() * values).sum() / ips_weight.double().sum())


def effective_sample_size(ips_weight: Float[Tensor, " n"]) -> float:
    """How many rows of equal weight would say as much as these: from 1 to n.

        size = (sum_n weight[n])^2 / sum_n weight[n]^2

    Example:
        >>> effective_sample_size(torch.tensor([1.0, 1.0, 1.0, 7.0]))  # 100 / 52
        1.9230769230769231

    Source: Kish, Survey Sampling, 1965.
    """
    weight = ips_weight.double()
    return float(weight.sum().square() / weight.square().sum())


def estimate_propensity_by_label(
    log: Interactions, at_random: Interactions, *, task: str
) -> Float[Tensor, " n"]:
    """Chance of each logged row to be in the log, if that hangs on its label alone.

        P(logged | label) = P(label | logged) * P(logged) / P(label)

    By Bayes, with shares for probabilities: the first two are read off the log, the last one off a
    small sample of pairs that were shown at random. An estimate above 1 is returned as 1.

    Args:
        log: holds a pair once at most. Every label of the task is observed.
        at_random: the sample, of the same users and items; its unobserved labels are left out.
        task: the one whose label decides, e.g. a rating that people give to what they like.

    Raises:
        ValueError: no such task; a label of the log that was not observed, or that the sample does
            not contain.

    Source: Schnabel et al., Recommendations as Treatments, ICML 2016 (estimation by naive Bayes).
    """
    judged, sample = only_tasks(log, (task,)), only_tasks(at_random, (task,))
    if not judged.observed.all():
        raise ValueError(
            f"Every label of '{task}' in the log must be observed; found "
            f"{int((~judged.observed).sum())} that are not. Take the rows where it is."
        )
    labels, drawn = judged.labels[:, 0], sample.labels[sample.observed[:, 0], 0]
    values, which, counts = labels.unique(return_inverse=True, return_counts=True)
    share = (drawn[:, None] == values).double().mean(dim=0)  # [values], of all pairs
    if (share == 0).any():
        raise ValueError(
            f"Every label of '{task}' in the log must occur in the sample shown at random; found "
            f"none of {values[share == 0][0].item():g} among its {len(drawn)}. Draw a larger "
            f"sample."
        )
    shown = counts / (log.n_users * log.n_items)  # P(label and logged)
    return (shown / share).clamp(max=1.0)[which].to(labels.dtype)


def estimate_propensity_by_features(
    shown: Bool[Tensor, "users items"],
    user_features: Float[Tensor, "users user_features"],
    item_features: Float[Tensor, "items item_features"],
    *,
    inverse_penalty: float = 1.0,
) -> Float[Tensor, "users items"]:
    """Chance of each pair to be shown, by logistic regression on what is known of both sides.

        P(shown) = sigmoid(w . [u, v, u v^T] + c), u the user's features and v the item's

    The products let a group of users be shown a group of items; without them every user would be
    shown the same items first. What decided and is not among the features stays uncorrected.

    Args:
        shown: which pairs are in the log.
        user_features: of about unit size, e.g. one-hot: the penalty weighs them alike.
        inverse_penalty: scikit-learn's `C`: larger fits the log more closely.

    Raises:
        ValueError: no pair was shown, or all were.

    Source: Schnabel et al., Recommendations as Treatments, ICML 2016 (estimation by logistic
    regression); the products are ours.
    """
    if shown.all() or not shown.any():
        raise ValueError(
            f"The chance of being shown is learned from pairs that were and pairs that were not; "
            f"found {int(shown.sum())} and {int((~shown).sum())}."
        )
    n_users, n_items = shown.shape
    u = user_features[:, None].expand(-1, n_items, -1)  # [users, items, user_features]
    v = item_features.expand(n_users, -1, -1)
    both = (u[..., None] * v[..., None, :]).flatten(start_dim=2)
    pairs = torch.cat([u, v, both], dim=2).flatten(end_dim=1).numpy()  # [users * items, features]
    regression = LogisticRegression(C=inverse_penalty, max_iter=1000)
    regression.fit(pairs, shown.flatten().numpy())
    found = torch.from_numpy(regression.predict_proba(pairs)[:, 1])
    return found.reshape(n_users, n_items).to(user_features.dtype)


def _refuse_clip(clip: float) -> None:
    if not 1 <= clip <= inf:
        raise ValueError(
            f"`clip` is the largest weight that is allowed, 1 or more, as 1 / propensity is; found "
            f"{clip:g}."
        )
