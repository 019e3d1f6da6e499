"""A finished sweep of three tasks under a point on a triangle: three metrics at every weighting."""

from collections.abc import Sequence
from math import dist
from typing import Any

import anywidget
import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from mtl_course.figures import task_color, task_marker
from mtl_course.panels import (
    float32_bytes,
    page_module,
    refuse_other_metrics,
    stand_in,
    style_sheet,
    with_spread,
)
from mtl_course.pareto import non_dominated
from mtl_course.training import Sweep
from mtl_course.widgets.weightings import ROUNDING, in_words, shares

LEVEL = 1e-6  # weightings whose distances differ by less are equally near, here and on the page


class SimplexExplorer(anywidget.AnyWidget):
    """A finished sweep of three tasks; `weights` holds the chosen weighting, one for each task."""

    _esm = page_module("simplex")
    _css = style_sheet()
    weights = traitlets.TraitType().tag(sync=True)  # three that add up to 1
    facts = traitlets.Dict().tag(sync=True)  # names and texts; they never change
    numbers = traitlets.Bytes().tag(sync=True)  # float32 [points, mean, spread and seeds, 3]

    @traitlets.validate("weights")
    def _snap(self, proposal: Any) -> tuple[float, ...]:
        wanted = shares(proposal["value"], self.facts["tasks"])
        distances = [dist(trained, wanted) for trained in self.facts["weights"]]
        level = min(distances) + LEVEL
        return tuple(self.facts["weights"][[one <= level for one in distances].index(True)])

    @property
    def point(self) -> int:
        """The place of the chosen weighting among the points of the sweep."""
        return self.facts["weights"].index(list(self.weights))

    @property
    def text(self) -> str:
        """The line that the panel shows: the chosen weights and what they bring."""
        return self.facts["sentences"][self.point]

    def __repr__(self) -> str:
        return f"SimplexExplorer({self.text})"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        columns = [f"weight of {task}" for task in self.facts["tasks"]]
        columns += [*self.facts["metricNames"], "Pareto front"]
        rows = [
            [*(f"{weight:.3g}" for weight in weights), *cells, "on it" if on else "beaten"]
            for weights, cells, on in zip(
                *(self.facts[key] for key in ("weights", "cells", "front")), strict=True
            )
        ]
        return data | {"text/html": stand_in(self.text, columns, rows)}, metadata


def explore_simplex(
    sweep: Sweep,
    metrics: Float[Tensor, "points seeds 3"],
    metric_names: Sequence[str],
    *,
    larger_is_better: Sequence[bool],
    start: Sequence[float | int],
    look_for: str,
) -> SimplexExplorer:
    """A panel that looks three weights up in a finished sweep of three tasks; nothing is trained.

    Args:
        sweep: its points carry three weights that add up to 1, in any order.
        metrics: on the test window, one column for each task, in the metric's own unit.
        metric_names: as an axis should say it, with unit: "RMSE of quantity (log units)".
        larger_is_better: for each metric.
        start: the weights to begin with, e.g. (1, 1, 1) for equal ones.
        look_for: one sentence above the panel.

    Returns:
        The panel. Its `weights` are the chosen ones: read them, or set them to move the point.
        They are divided by their sum and snap to the nearest weighting of the sweep, the first
        of two that are equally near.

    Raises:
        ValueError: a sweep of another number of tasks, of fewer than three points, with weights
            that do not add up to 1 or a weighting that comes twice; metrics of another shape, or
            one that is not a number.
    """
    weights = [
        [round(weight, ROUNDING) for weight in weighting] for weighting in sweep.weights.tolist()
    ]
    _refuse_what_no_triangle_shows(sweep, weights)
    expected = (len(weights), len(sweep.seeds), 3)
    refuse_other_metrics(metrics, expected, metric_names, larger_is_better)
    means = metrics.mean(dim=1)  # [points, 3]
    spreads = metrics.std(dim=1, correction=min(1, len(sweep.seeds) - 1))
    signs = means.new_tensor([-1.0 if larger else 1.0 for larger in larger_is_better])
    on_front = non_dominated(means * signs).tolist()
    cells = [
        [with_spread(*pair) for pair in zip(*point, strict=True)]
        for point in zip(means.tolist(), spreads.tolist(), strict=True)
    ]  # [points][3]
    return SimplexExplorer(
        facts={
            "tasks": list(sweep.tasks),
            "colors": [task_color(task) for task in sweep.tasks],
            "markers": [task_marker(task) for task in sweep.tasks],
            "weights": weights,
            "metricNames": list(metric_names),
            "largerIsBetter": list(larger_is_better),
            "front": on_front,
            "nSeeds": len(sweep.seeds),
            "cells": cells,
            "sentences": [
                _sentence(in_words(sweep.tasks, weighting), metric_names, values, on)
                for weighting, values, on in zip(weights, cells, on_front, strict=True)
            ],
            "lookFor": look_for,
        },
        numbers=float32_bytes(torch.cat([means[:, None], spreads[:, None], metrics], dim=1)),
        weights=start,
    )


def _refuse_what_no_triangle_shows(sweep: Sweep, weights: list[list[float]]) -> None:
    if len(sweep.tasks) != 3:
        raise ValueError(f"A triangle weighs three tasks; found {len(sweep.tasks)}: {sweep.tasks}.")
    if len(weights) < 3:
        raise ValueError(f"A triangle needs at least three points; found {len(weights)}.")
    for weighting in weights:
        if min(weighting) < 0 or abs(sum(weighting) - 1) > 1e-4:
            raise ValueError(
                f"The weights of each point must be 0 or more and add up to 1; found {weighting}."
            )
        if weights.count(weighting) > 1:
            raise ValueError(f"Each weighting must come once; found {weighting} twice.")


def _sentence(weights: str, metric_names: Sequence[str], values: list[str], on_front: bool) -> str:
    found = ", ".join(f"{name} {value}" for name, value in zip(metric_names, values, strict=True))
    front = "on the Pareto front" if on_front else "another weighting beats it"
    return f"{weights}: {found}; {front}."
