"""From logits and labels to one loss per task: a vector, never yet a sum."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from mtl_course.interactions import Interactions


def task_losses(logits: Float[Tensor, "n tasks"], batch: Interactions) -> Float[Tensor, " tasks"]:
    """Mean binary cross-entropy of each task over the rows where its label is observed.

        loss[t] = sum_n observed[n,t] * bce(logits[n,t], labels[n,t]) / sum_n observed[n,t]
        bce(x, y) = -y log(sigmoid(x)) - (1 - y) log(1 - sigmoid(x))

    A label between 0 and 1, such as a rescaled quantity, is met best by a probability equal to it:
    the lowest loss is then not 0 but the label's own entropy.

    Args:
        logits: log-odds, before any sigmoid; column t belongs to `batch.tasks[t]`.

    Returns:
        One loss per task, in nats per observed label. A task without any observed label in the
        batch has loss 0, and so sends no gradient.

    Example:
        >>> import torch
        >>> batch = Interactions(
        ...     user=torch.tensor([0, 1]),
        ...     item=torch.tensor([0, 0]),
        ...     labels=torch.tensor([[1.0, 1.0], [0.0, 0.0]]),
        ...     observed=torch.tensor([[True, True], [True, False]]),
        ...     tasks=("purchase", "quantity"),
        ...     n_users=2,
        ...     n_items=1,
        ... )
        >>> task_losses(torch.zeros(2, 2), batch)  # a coin flip costs log 2 nats
        tensor([0.6931, 0.6931])
    """
    bce = binary_cross_entropy_with_logits(logits, batch.labels, reduction="none")
    return _sum_where(batch.observed, bce) / batch.observed.sum(dim=0).clamp(min=1)


def entire_space_losses(
    logits: Float[Tensor, "n tasks"], batch: Interactions
) -> Float[Tensor, " tasks"]:
    """ESMM: the losses of the click and of click-and-conversion, both over all impressions.

        ctr = sigmoid(logits[n,0]);   cvr = sigmoid(logits[n,1]);   ctcvr = ctr * cvr
        loss[0] = mean over n of -click log(ctr) - (1 - click) log(1 - ctr)
        loss[1] = mean over n of -both log(ctcvr) - (1 - both) log(1 - ctcvr)

    The conversion's own logit is that of a conversion given a click, and no loss compares it with
    clicked rows alone: it learns from every impression, through the product. The two tasks are any
    two stages of a funnel that follow one another, the earlier one first.

    What is not clicked is not converted, so that `both` is known, and 0, without a click, even
    where the conversion is marked as unobserved: a log that observes conversions only after a click
    and one that observes them everywhere have the same losses. An impression whose click was not
    observed counts only if its conversion was.

    Args:
        logits: log-odds of a click, and of a conversion given a click.
        batch: cut from a log that `checked_funnel` has let pass.

    Returns:
        One loss per task, in nats per known label; 0 where none is known.

    Raises:
        ValueError: other than two tasks.

    Example:
        >>> batch = Interactions(
        ...     user=torch.tensor([0, 1]),
        ...     item=torch.tensor([0, 0]),
        ...     labels=torch.tensor([[1.0, 1.0], [0.0, 0.0]]),
        ...     observed=torch.tensor([[True, True], [True, False]]),
        ...     tasks=("click", "purchase"),
        ...     n_users=2,
        ...     n_items=1,
        ... )
        >>> entire_space_losses(torch.zeros(2, 2), batch)  # (log 4 + log 4/3) / 2 for the purchase
        tensor([0.6931, 0.8370])

    Source: Ma et al., Entire Space Multi-Task Model, SIGIR 2018.
    """
    _refuse_another_funnel(batch.tasks)
    click, conversion = batch.labels.T
    clicked, converted = batch.observed.T
    both = torch.stack([click, conversion.where(converted, 0.0)], dim=1)
    known = torch.stack([clicked, converted | (clicked & (click == 0))], dim=1)
    joint = torch.stack([logits[:, 0], ctcvr_logits(logits)], dim=1)
    # PyTorch's own cross-entropy rounds at 1e-7: coarse beside the loss of a rare conversion
    bce = -(both * logsigmoid(joint) + (1 - both) * logsigmoid(-joint))
    return _sum_where(known, bce) / known.sum(dim=0).clamp(min=1)


def ctcvr_logits(logits: Float[Tensor, "n tasks"]) -> Float[Tensor, " n"]:
    """Log-odds of click and conversion together, of a network trained by `entire_space_losses`.

        sigmoid(ctcvr_logits) = sigmoid(logits[n,0]) * sigmoid(logits[n,1])

    Args:
        logits: log-odds of a click, and of a conversion given a click.

    Example:
        >>> ctcvr_logits(torch.tensor([[0.0, 0.0]])).sigmoid()
        tensor([0.2500])
    """
    # 1 / p = (1 + exp(-a)) (1 + exp(-b)), so (1 - p) / p = exp(-a) + exp(-b) + exp(-a - b): a sum
    # of what is above 0 loses no digit, where 1 - p is 0 in float32 once p passes 0.9999999
    against = torch.stack([-logits[:, 0], -logits[:, 1], -logits[:, 0] - logits[:, 1]])
    return -against.logsumexp(dim=0)


def checked_funnel(log: Interactions) -> Interactions:
    """The same log, once it is known to be a funnel of two stages, as `entire_space_losses` needs.

    Raises:
        ValueError: other than two tasks, or a conversion without a click: the stages are not in the
            order in which they happen, or one can be reached without the other.
    """
    _refuse_another_funnel(log.tasks)
    astray = (log.labels[:, 1] > log.labels[:, 0]) & log.observed.all(dim=1)
    if astray.any():
        first, second = log.tasks
        raise ValueError(
            f"Of a funnel's two stages the second happens only after the first; found "
            f"{int(astray.sum())} of {len(log)} rows with '{second}' and without '{first}', the "
            f"first of them row {int(astray.nonzero()[0, 0])}. Is the order of `tasks` right?"
        )
    return log


def ips_losses(logits: Float[Tensor, "n tasks"], batch: Interactions) -> Float[Tensor, " tasks"]:
    """Cross-entropy of each task over all rows, estimated from those whose label was observed.

        loss[t] = 1/n * sum_n observed[n,t] * bce(logits[n,t], labels[n,t]) / propensity[n]

    A row whose label had a chance of 1 in 10 to be observed counts for the ten like it. The
    estimate is unbiased if `propensity` is the chance of being observed, and if the rows where it
    did not come to that are in the batch too. In a log that holds nothing but what was shown they
    are missing, and the loss is out by a factor, the same for all tasks: `snips_losses` is not.

    Where a propensity is small a single row weighs much, and the loss swings from batch to batch.
    `exposure.with_clipped_propensity` bounds that, at the price of a bias.

    Returns:
        One loss per task, in nats per row.

    Raises:
        ValueError: the batch has no propensities.

    Source: Schnabel et al., Recommendations as Treatments, ICML 2016.
    """
    weighted = _weighted_by_propensity(logits, batch)
    return _sum_where(batch.observed, weighted) / len(batch)


def snips_losses(logits: Float[Tensor, "n tasks"], batch: Interactions) -> Float[Tensor, " tasks"]:
    """The weighted mean of each task's cross-entropy, with weights 1 / propensity.

        loss[t] = sum_n w[n,t] * bce(logits[n,t], labels[n,t]) / sum_n w[n,t]
        w[n,t] = observed[n,t] / propensity[n]

    Self-normalised: it divides by the weights that came instead of those that were to be expected,
    which calms it much and biases it little, the less the larger the batch. It also makes a factor
    common to all propensities irrelevant, so a log of nothing but what was shown will do.

    Returns:
        One loss per task, in nats per label. A task without any observed label in the batch has
        loss 0, and so sends no gradient.

    Raises:
        ValueError: the batch has no propensities.

    Source: Swaminathan and Joachims, The Self-Normalized Estimator for Counterfactual Learning,
    NeurIPS 2015.
    """
    weighted = _weighted_by_propensity(logits, batch)
    weights = batch.observed / batch.propensity[:, None]
    # a propensity is 1 at most, so one observed label already has a weight of 1
    return _sum_where(batch.observed, weighted) / weights.sum(dim=0).clamp(min=1)


def _weighted_by_propensity(
    logits: Float[Tensor, "n tasks"], batch: Interactions
) -> Float[Tensor, "n tasks"]:
    if batch.propensity is None:
        raise ValueError(
            "The batch must know each row's chance of being shown; found `propensity` None. Put an "
            "estimate there, by `dataclasses.replace(log, propensity=...)`; `exposure` makes them."
        )
    bce = binary_cross_entropy_with_logits(logits, batch.labels, reduction="none")
    return bce / batch.propensity[:, None]


def _sum_where(
    observed: Bool[Tensor, "n tasks"], values: Float[Tensor, "n tasks"]
) -> Float[Tensor, " tasks"]:
    # where, not a product: 0 * inf would let the logit of an unobserved label turn the loss to NaN
    return values.where(observed, 0.0).sum(dim=0)


def _refuse_another_funnel(tasks: tuple[str, ...]) -> None:
    if len(tasks) != 2:
        raise ValueError(
            f"A funnel needs 2 tasks, the earlier stage first; found {len(tasks)}: {tasks}. Choose "
            f"them by `interactions.only_tasks`."
        )
