"""A start for the capstone: the earlier lessons' network, from an open shop to what it says."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mtl_course import factorization, losses, networks, training
from mtl_course import shop as shops
from mtl_course.briefs import Budget, counted
from mtl_course.interactions import Interactions, take, with_scores
from mtl_course.shop import Shop
from mtl_course.submissions import own_spend

SOLVER = {"regularization": 30.0, "alpha": 1.0}  # of ALS, as in lesson 02
OWN_UNITS = 3.0  # a household's own price counts as much as the shop's after so many units


class Trained(NamedTuple):
    """Networks trained on one window, ready to be asked about the next."""

    sweep: training.Sweep
    model: networks.SharedBottom  # knows the households as they were when the next window began
    history: Float[Tensor, "users items features"]  # of every pair, before the next window


def train(
    shop: Shop,
    window: int,
    weights: Float[Tensor, "points 3"],
    *,
    seeds: Sequence[int],
    steps: int,
    told: Int[Tensor, " told"],
    budget: Budget,
) -> Trained:
    """Shared bottoms trained to say what happens in `window` from the windows before it.

    Inputs: embeddings; the pair's history, with what the household spent; and the household's
    vector by ALS on the earlier baskets, folded in anew when the next window is asked about.

    Args:
        weights: of purchase, quantity and all tags together, one row for each point.
        steps: of 1,024 rows, for each network.
        told: the households whose tags may teach.

    Raises:
        ValueError: more steps than the budget has left.
    """
    past = range(1, window)
    log = _told_only(shops.panel(shop, window, past), told)
    log = with_scores(log, own_spend(shop, past).log1p())
    items, before = _vectors(shop, past)
    after = factorization.fold_in(_habits(shop, range(1, window + 1)), items, **SOLVER)
    sizes = (log.n_users, log.n_items, len(log.tasks))
    widths = {"dim": 8, "hidden": 32, "n_history": log.n_history, "n_tags": len(shop.tags)}

    def new_network(vectors: Tensor) -> networks.SharedBottom:
        return networks.SharedBottom(*sizes, **widths, user_features=vectors / before.std())

    trained = f"window {window}, weights {weights.tolist()}, seeds {list(seeds)}, {steps} steps"
    n_tags = len(shop.tags)
    sweep = training.sweep_weights(
        lambda: new_network(before),
        log,
        take(log, torch.arange(500)),  # for curves that are not looked at
        weights=torch.cat([weights[:, :2], weights[:, 2:].expand(-1, n_tags) / n_tags], dim=1),
        seeds=seeds,
        task_losses=losses.task_losses,
        checkpoints=[steps],
        batch_size=1024,
        learning_rate=0.01,
        parameter_groups=lambda model: model.parameter_groups(embedding_decay=0.3),
        progress=counted(budget, len(weights) * len(seeds), trained),
    )
    return Trained(sweep, new_network(after), history(shop, range(1, window + 1)))


def ask(
    trained: Trained, point: int, seed: int, households: Int[Tensor, " some"]
) -> Float[Tensor, "some items tasks"]:
    """What one network says of every item and the next window: probabilities, and tags.

    Args:
        point: row of the weights that it was trained with.
        seed: place among the seeds, from 0.
    """
    stored = {name: value[point, seed] for name, value in trained.sweep.parameters.items()}
    trained.model.load_state_dict(stored, strict=False)
    n_items, said = trained.history.shape[1], []
    for some in households.split(100):  # what a core's cache holds
        user, item = some.repeat_interleave(n_items), torch.arange(n_items).repeat(len(some))
        with torch.no_grad():
            logits = trained.model(user, item, trained.history[some].flatten(0, 1))
        said.append(logits.sigmoid().unflatten(0, (len(some), n_items)))
    return torch.cat(said)


def history(shop: Shop, windows: range) -> Float[Tensor, "users items features"]:
    """`shop.HISTORY_FEATURES`, then log1p of the dollars that were spent in a window."""
    own = own_spend(shop, windows).log1p()
    return torch.cat([shops.history_features(shop, windows), own[:, :, None]], dim=2)


def dollars(
    said: Float[Tensor, "some items tasks"], price: Float[Tensor, "some items"]
) -> Float[Tensor, "some items"]:
    """What a place on the list is worth: the dollars that the network expects there.

    worth = P(purchase) * UNITS_CAP ** quantity * price
    """
    return said[..., 0] * shops.UNITS_CAP ** said[..., 1] * price


def unit_price(shop: Shop, windows: range) -> Float[Tensor, "users items"]:
    """What a unit costs each household: its own mean, shrunk towards the shop's.

    price[u, i] = (dollars[u, i] + 3 * price[i]) / (units[u, i] + 3)
    """
    paid, units = shops.spend(shop, windows), shops.units(shop, windows)
    common = paid.sum(dim=0) / units.sum(dim=0).clamp(min=1)  # [items]
    return (paid + OWN_UNITS * common) / (units + OWN_UNITS)


def _habits(shop: Shop, windows: range) -> Float[Tensor, "users items"]:
    return (shops.baskets(shop, windows) / len(windows)).log1p()


def _vectors(
    shop: Shop, windows: range
) -> tuple[Float[Tensor, "items dim"], Float[Tensor, "users dim"]]:
    start = torch.Generator().manual_seed(0)
    how = {"dim": 32, "iterations": 6, "generator": start}
    factors = factorization.fit_als(_habits(shop, windows), **how, **SOLVER)
    return factors.item, factors.user


def _told_only(log: Interactions, told: Int[Tensor, " told"]) -> Interactions:
    """The same log, with the tags observed for the households of `told` alone."""
    teaches = torch.zeros(log.n_users, dtype=torch.bool)
    teaches[told] = True
    n_pairs = log.tasks.index("quantity") + 1
    tags = log.observed[:, n_pairs:] & teaches[log.user][:, None]
    return replace(log, observed=torch.cat([log.observed[:, :n_pairs], tags], dim=1))
