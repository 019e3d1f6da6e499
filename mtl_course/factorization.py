"""Factorising users x items: by alternating least squares or by gradient; two tables come out."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class Factors(NamedTuple):
    """Two tables whose product scores every pair: `factors.user @ factors.item.T`."""

    user: Float[Tensor, "users dim"]
    item: Float[Tensor, "items dim"]


def random_factors(n_users: int, n_items: int, *, dim: int, generator: torch.Generator) -> Factors:
    """Small random tables to begin with, normal with standard deviation 0.01."""
    user = torch.randn(n_users, dim, generator=generator)
    item = torch.randn(n_items, dim, generator=generator)
    return Factors(0.01 * user, 0.01 * item)


def als_iterations(
    counts: Float[Tensor, "users items"],
    start: Factors,
    *,
    regularization: float,
    alpha: float,
    iterations: int,
) -> Iterator[Factors]:
    """The factors after each iteration of alternating least squares on implicit feedback.

    Each half of an iteration keeps one table and finds the best other one, exactly:

        loss = sum_ui (1 + alpha * counts[u,i]) * (taken[u,i] - x[u] . y[i])^2
               + regularization * (sum_u |x[u]|^2 + sum_i |y[i]|^2),   taken = counts > 0

    so the loss never rises. Every empty cell counts as evidence against, with confidence 1.
    Nothing happens before this is iterated, so it can be wrapped in a progress bar or left early.

    Args:
        counts: how often, or any other evidence of 0 or more; a logarithm tames the heaviest cells.
        alpha: how much more than an empty cell one unit of `counts` weighs.

    Raises:
        ValueError: `counts` negative or not finite, `regularization` not above 0, `alpha` below 0,
            `iterations` below 1.

    Source: Hu, Koren and Volinsky, ICDM 2008, equations 3 to 5.
    """
    _refuse_unusable(counts, regularization, alpha, iterations)
    factors = start
    for _ in range(iterations):
        user = fold_in(counts, factors.item, regularization=regularization, alpha=alpha)
        item = fold_in(counts.T, user, regularization=regularization, alpha=alpha)
        factors = Factors(user, item)
        yield factors


def fit_als(
    counts: Float[Tensor, "users items"],
    *,
    dim: int,
    regularization: float,
    alpha: float,
    iterations: int,
    generator: torch.Generator,
) -> Factors:
    """The factors after the last of `als_iterations`, begun at `random_factors`.

    Example:
        >>> counts = torch.tensor([[3.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
        >>> generator = torch.Generator().manual_seed(0)
        >>> factors = fit_als(
        ...     counts, dim=2, regularization=0.1, alpha=1.0, iterations=9, generator=generator
        ... )
        >>> scores = factors.user @ factors.item.T
        >>> bool(scores[1, 1] > scores[1, 2])  # user 1 shops like user 0, who takes item 1
        True
    """
    start = random_factors(*counts.shape, dim=dim, generator=generator)
    *_, factors = als_iterations(
        counts, start, regularization=regularization, alpha=alpha, iterations=iterations
    )
    return factors


def fold_in(
    counts: Float[Tensor, "rows columns"],
    fixed: Float[Tensor, "columns dim"],
    *,
    regularization: float,
    alpha: float,
) -> Float[Tensor, "rows dim"]:
    """The best factors for the rows of `counts` while those of its columns stay fixed.

        x[u] = (Y'Y + alpha * sum_i counts[u,i] y[i] y[i]' + regularization * I)^-1
               sum_i taken[u,i] * (1 + alpha * counts[u,i]) * y[i]

    Half an iteration of `als_iterations`, and all that a new user costs: nobody else is refitted.
    A row of zeros gets zero factors.

    Source: Hu, Koren and Volinsky, ICDM 2008, equation 4.
    """
    dim = fixed.shape[1]
    shared = fixed.T @ fixed + regularization * torch.eye(dim, dtype=fixed.dtype)
    solved = []
    for extra in (alpha * counts).split(1024):  # bounds the memory of [rows, dim, dim]
        normal = shared.repeat(len(extra), 1, 1)
        # the Cholesky factorisation reads the lower triangle alone: fill it in bands of 8 rows
        for first in range(0, dim, 8):
            last = min(first + 8, dim)
            products = fixed[:, first:last, None] * fixed[:, None, :last]  # [columns, band, last]
            band = extra @ products.flatten(start_dim=1)
            normal[:, first:last, :last] += band.unflatten(1, products.shape[1:])
        target = ((1 + extra) * (extra > 0)) @ fixed
        solved.append(torch.cholesky_solve(target[:, :, None], torch.linalg.cholesky(normal)))
    return torch.cat(solved)[:, :, 0]


def als_loss(
    counts: Float[Tensor, "users items"], factors: Factors, *, regularization: float, alpha: float
) -> Float[Tensor, ""]:
    """What `als_iterations` makes smaller: the weighted squared error plus the penalty.

    Source: Hu, Koren and Volinsky, ICDM 2008, equation 3.
    """
    errors = (counts > 0).to(counts.dtype) - factors.user @ factors.item.T
    penalty = factors.user.square().sum() + factors.item.square().sum()
    return ((1 + alpha * counts) * errors.square()).sum() + regularization * penalty


class MatrixFactorization(nn.Module):
    """Biased matrix factorisation: how liked the item is, how keen the user, and how they match.

        output = mean + user_bias[u] + item_bias[i] + user_embedding[u] . item_embedding[i]

    A logit where the loss is cross-entropy, a rating where it is the squared error.

    Source: Koren, Bell and Volinsky, IEEE Computer 2009, equation 4.
    """

    def __init__(self, n_users: int, n_items: int, *, dim: int, mean: float = 0.0) -> None:
        super().__init__()
        self.mean = mean
        self.user_bias = nn.Parameter(torch.zeros(n_users))
        self.item_bias = nn.Parameter(torch.zeros(n_items))
        self.user_embedding = nn.Parameter(0.1 * torch.randn(n_users, dim))
        self.item_embedding = nn.Parameter(0.1 * torch.randn(n_items, dim))

    def forward(self, user: Int[Tensor, " n"], item: Int[Tensor, " n"]) -> Float[Tensor, "n 1"]:
        u, v = self.user_embedding[user], self.item_embedding[item]  # [n, dim]
        bias = self.user_bias[user] + self.item_bias[item]
        return (self.mean + bias + (u * v).sum(dim=1))[:, None]


def sgd_epochs(
    model: MatrixFactorization,
    user: Int[Tensor, " n"],
    item: Int[Tensor, " n"],
    rating: Float[Tensor, " n"],
    *,
    learning_rate: float,
    regularization: float,
    epochs: int,
) -> Iterator[float]:
    """Epochs of stochastic gradient descent, one rating at a time; yields the RMSE met on the way.

        error = rating - output
        bias += learning_rate * (error - regularization * bias), the user's and the item's
        u, v += learning_rate * (error * v - regularization * u, error * u - regularization * v)

    The ratings are used in the order given, every epoch, and `model` changes in place.
    Ratings that share neither a user nor an item do not see each other's step, so they are taken
    at once with the same result; see `independent_waves`. Shuffle them first: 80,000 ratings of
    943 users make 685 groups in random order, and 57,583 when sorted by user.

    Source: Koren, Bell and Volinsky, IEEE Computer 2009, "Stochastic gradient descent".
    """
    waves = independent_waves(user, item)
    p, q = model.user_embedding.data, model.item_embedding.data
    b, c = model.user_bias.data, model.item_bias.data
    for _ in range(epochs):
        squared = 0.0
        for rows in waves:
            users, items = user[rows], item[rows]
            u, v = p[users], q[items]
            error = rating[rows] - (model.mean + b[users] + c[items] + (u * v).sum(dim=1))
            b[users] += learning_rate * (error - regularization * b[users])
            c[items] += learning_rate * (error - regularization * c[items])
            p[users] = u + learning_rate * (error[:, None] * v - regularization * u)
            q[items] = v + learning_rate * (error[:, None] * u - regularization * v)
            squared += float(error.square().sum())
        yield (squared / len(rating)) ** 0.5


def independent_waves(
    user: Int[Tensor, " n"], item: Int[Tensor, " n"]
) -> list[Int[Tensor, " rows"]]:
    """Rows in groups, so that within a group no user and no item comes twice.

    Each row stands in the first group after those of every earlier row with its user or its item:
    to take the groups in turn is to take the rows in turn, for anything that a row reads or writes
    at its user and item alone.

    Example:
        >>> independent_waves(torch.tensor([0, 0, 1, 2]), torch.tensor([0, 1, 0, 2]))
        [tensor([0, 3]), tensor([1, 2])]
    """
    next_of_user = [0] * (int(user.max()) + 1)
    next_of_item = [0] * (int(item.max()) + 1)
    waves: list[list[int]] = []
    for row, (u, i) in enumerate(zip(user.tolist(), item.tolist(), strict=True)):
        wave = max(next_of_user[u], next_of_item[i])
        next_of_user[u] = next_of_item[i] = wave + 1
        if wave == len(waves):
            waves.append([])
        waves[wave].append(row)
    return [torch.tensor(rows) for rows in waves]


def _refuse_unusable(
    counts: Float[Tensor, "users items"], regularization: float, alpha: float, iterations: int
) -> None:
    if not (counts.isfinite() & (counts >= 0)).all():
        strange = counts[~(counts.isfinite() & (counts >= 0))][0].item()
        raise ValueError(f"`counts` must be finite and 0 or more; found {strange:g}.")
    if regularization <= 0:
        raise ValueError(f"`regularization` must be above 0; found {regularization}.")
    if alpha < 0:
        raise ValueError(f"`alpha` must be 0 or more; found {alpha}.")
    if iterations < 1:
        raise ValueError(f"`iterations` must be 1 or more; found {iterations}.")
