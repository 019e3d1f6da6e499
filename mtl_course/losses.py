"""From logits and labels to one loss per task: a vector, never yet a sum."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

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
    # where, not a product: 0 * inf would let the logit of an unobserved label turn the loss to NaN
    seen = bce.where(batch.observed, 0.0)
    return seen.sum(dim=0) / batch.observed.sum(dim=0).clamp(min=1)
