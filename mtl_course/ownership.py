"""Which parameters of a network are whose: its tables of embeddings, one task's, or everybody's."""

from collections.abc import Sequence

from torch import nn


def all_but(model: nn.Module, own: Sequence[nn.Module | None]) -> list[nn.Parameter]:
    """The parameters of `model` that are in none of the modules `own`; None stands for no module.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
        >>> [tuple(parameter.shape) for parameter in all_but(model, [model[1], None])]
        [(3, 2), (3,)]
    """
    known = {parameter for module in own if module is not None for parameter in module.parameters()}
    return [parameter for parameter in model.parameters() if parameter not in known]


def decaying(
    model: nn.Module, tables: Sequence[nn.Parameter], embedding_decay: float
) -> list[dict[str, object]]:
    """Two groups for an optimiser: the tables of embeddings with weight decay, the rest without.

    Args:
        embedding_decay: `weight_decay` of the optimiser for `tables`; 0 or more.

    Example:
        >>> model = nn.Sequential(nn.Embedding(5, 2), nn.Linear(2, 1))
        >>> groups = decaying(model, [model[0].weight], embedding_decay=0.1)
        >>> [(len(group["params"]), group["weight_decay"]) for group in groups]
        [(1, 0.1), (2, 0.0)]
    """
    known = {*tables}
    return [
        {"params": list(tables), "weight_decay": embedding_decay},
        {"params": [p for p in model.parameters() if p not in known], "weight_decay": 0.0},
    ]
