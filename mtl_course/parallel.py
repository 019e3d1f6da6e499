"""Layers side by side, each with its own parameters and all in one product; and gates over them."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

# A narrow tower of plain ReLUs can fall silent for all pairs above a score: they get one and the
# same logit, and the top of every list is a tie. A small slope below 0 keeps them apart.
LEAK = 0.1


class Towers(nn.Module):
    """A tower and a head for each task, all side by side: one logit per task."""

    def __init__(self, n_tasks: int, width: int) -> None:
        super().__init__()
        self.n_tasks = n_tasks
        self.layer = ParallelLinear(n_tasks, width, width // 2)
        self.heads = ParallelLinear(n_tasks, width // 2, 1)

    def forward(self, mixed: Float[Tensor, "n tasks width"]) -> Float[Tensor, "n tasks"]:
        return self.heads(leaky_relu(self.layer(mixed), LEAK))[:, :, 0]


class ParallelLinear(nn.Module):
    """Linear layers side by side, each with its own parameters, which start as `nn.Linear`'s do."""

    def __init__(self, count: int, n_in: int, n_out: int, *, bias: bool = True) -> None:
        super().__init__()
        bound = n_in**-0.5
        self.weight = nn.Parameter(torch.empty(count, n_in, n_out).uniform_(-bound, bound))
        start = torch.empty(count, n_out).uniform_(-bound, bound) if bias else None
        self.bias = None if start is None else nn.Parameter(start)

    def forward(self, x: Float[Tensor, "n *count n_in"]) -> Float[Tensor, "n count n_out"]:
        return parallel_linear(x, self.weight, self.bias)


def parallel_linear(
    x: Float[Tensor, "n *count n_in"],
    weight: Float[Tensor, "count n_in n_out"],
    bias: Float[Tensor, "count n_out"] | None,
) -> Float[Tensor, "n count n_out"]:
    """What `count` linear layers say, in one product: of one and the same row, or each of its own.

    y[n,c] = x[n] W[c] + b[c]      or      y[n,c] = x[n,c] W[c] + b[c]
    """
    product = torch.einsum("ni,cio->nco" if x.dim() == 2 else "nci,cio->nco", x, weight)
    return product if bias is None else product + bias


def gate(
    logits: Float[Tensor, "n *tasks experts"], temperature: float
) -> Float[Tensor, "n *tasks experts"]:
    """Weights that sum to 1 over the experts: softmax of logits / temperature.

    Raises:
        ValueError: the temperature is not above 0.

    Example:
        >>> logits = torch.tensor([[0.0, 1.0]])
        >>> gate(logits, 1.0), gate(logits, 0.1)
        (tensor([[0.2689, 0.7311]]), tensor([[4.5398e-05, 9.9995e-01]]))
    """
    if temperature <= 0:
        raise ValueError(
            f"`temperature` of a gate must be above 0; found {temperature}. Near 0 the gate picks "
            f"one expert, far above 1 it takes their mean."
        )
    return (logits / temperature).softmax(dim=-1)
