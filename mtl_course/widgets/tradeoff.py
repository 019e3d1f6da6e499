"""A finished sweep of two tasks under a slider: metrics, curves and lists at every weight."""

from collections.abc import Sequence
from typing import Any

import anywidget
import torch
import traitlets
from jaxtyping import Float, Int
from torch import Tensor

from mtl_course.figures import task_color, task_marker
from mtl_course.panels import (
    float32_bytes,
    nearest,
    page_module,
    refuse_other_metrics,
    stand_in,
    style_sheet,
    with_spread,
)
from mtl_course.pareto import non_dominated
from mtl_course.training import Sweep

MOST_CHECKPOINTS = 60  # of a curve: more are not told apart at the width of the picture


class TradeoffExplorer(anywidget.AnyWidget):
    """A finished sweep under a slider; `alpha` is the chosen weight of the first task."""

    _esm = page_module("tradeoff")
    _css = style_sheet()
    alpha = traitlets.Float(0.5).tag(sync=True)
    facts = traitlets.Dict().tag(sync=True)  # names and texts; they never change
    metrics = traitlets.Bytes().tag(sync=True)  # float32 [points, seeds, 2]
    curves = traitlets.Bytes().tag(sync=True)  # float32 [points, seeds, checkpoints, 2]
    lists = traitlets.Bytes().tag(sync=True)  # float32 [points, households, k], place in itemNames

    @traitlets.validate("alpha")
    def _snap(self, proposal: Any) -> float:
        alphas = self.facts["alphas"]
        return alphas[nearest("alpha", proposal["value"], alphas)]

    @property
    def point(self) -> int:
        """The place of the chosen weight among the sweep's points, these ordered by α."""
        return self.facts["alphas"].index(self.alpha)

    @property
    def text(self) -> str:
        """The line that the panel shows: the chosen weight and what it brings."""
        return self.facts["sentences"][self.point]

    def __repr__(self) -> str:
        return f"TradeoffExplorer({self.text})"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        columns = ["α", *self.facts["metricNames"], "Pareto front"]
        rows = list(zip(*self.facts["table"], strict=True))
        return data | {"text/html": stand_in(self.text, columns, rows)}, metadata


def explore_tradeoff(
    sweep: Sweep,
    metrics: Float[Tensor, "points seeds 2"],
    metric_names: Sequence[str],
    *,
    larger_is_better: Sequence[bool],
    lists: Int[Tensor, "points households k"] | None = None,
    households: Sequence[str] = (),
    item_names: Sequence[str] = (),
    alpha: float | int = 0.5,
    look_for: str = "Which weights does no other weight beat on both metrics?",
) -> TradeoffExplorer:
    """A panel that looks a weight up in a finished sweep of two tasks; nothing is trained.

    Args:
        sweep: its points carry the weights (α, 1 - α), in any order of α.
        metrics: on the test window, one column for each task, in the metric's own unit.
        metric_names: as an axis should say it, with unit: "RMSE of quantity (log units)".
        larger_is_better: for each metric.
        lists: row numbers of the best items, best first, for some households at each point.
        households: what to call them.
        item_names: the name of every item, by row number.
        look_for: one sentence above the panel.

    Returns:
        The panel. Its `alpha` is the chosen weight: read it, or set it to move the slider; it
        snaps to the nearest point of the sweep.

    Raises:
        ValueError: a sweep of another number of tasks, of one point, with weights below 0 or that
            do not add up to 1, or with an α that comes twice; metrics of another shape, or not
            finite; not two names and directions; lists that do not fit the sweep or lack a name.
    """
    _refuse_what_no_slider_shows(sweep)
    expected = (len(sweep.weights), len(sweep.seeds), 2)
    refuse_other_metrics(metrics, expected, metric_names, larger_is_better)
    if lists is not None:
        _refuse_other_lists(lists, len(sweep.weights), households, item_names)
    order = sweep.weights[:, 0].argsort()
    alphas = [round(weight, 6) for weight in sweep.weights[order, 0].tolist()]
    means = metrics[order].mean(dim=1)  # [points, 2]
    spreads = metrics[order].std(dim=1, correction=min(1, len(sweep.seeds) - 1))
    signs = means.new_tensor([-1.0 if larger else 1.0 for larger in larger_is_better])
    on_front = non_dominated(means * signs).tolist()
    cells = [_cells(means[:, task], spreads[:, task]) for task in range(2)]
    keep = _evenly(sweep.curves.shape[2], MOST_CHECKPOINTS)
    used, places = ([], None) if lists is None else lists[order].unique(return_inverse=True)
    return TradeoffExplorer(
        facts={
            "tasks": list(sweep.tasks),
            "colors": [task_color(task) for task in sweep.tasks],
            "markers": [task_marker(task) for task in sweep.tasks],
            "alphas": alphas,
            "metricNames": list(metric_names),
            "largerIsBetter": list(larger_is_better),
            "front": on_front,
            "nSeeds": len(sweep.seeds),
            "steps": [sweep.steps[place] for place in keep],
            "households": list(households),
            "itemNames": [item_names[item] for item in used],
            "k": 0 if lists is None else lists.shape[2],
            "table": [
                [f"{weight:g}" for weight in alphas],
                *cells,
                ["on it" if on else "beaten" for on in on_front],
            ],
            "sentences": [
                f"α = {weight:g}: {metric_names[0]} {first}, {metric_names[1]} {second}; "
                + ("on the Pareto front." if on else "another weight beats it.")
                for weight, first, second, on in zip(alphas, *cells, on_front, strict=True)
            ],
            "lookFor": look_for,
        },
        metrics=float32_bytes(metrics[order]),
        curves=float32_bytes(sweep.curves[order][:, :, keep]),
        lists=b"" if places is None else float32_bytes(places.float()),
        alpha=alpha,
    )


def _refuse_what_no_slider_shows(sweep: Sweep) -> None:
    if len(sweep.tasks) != 2:
        raise ValueError(f"One α weighs two tasks; found {len(sweep.tasks)}: {sweep.tasks}.")
    if len(sweep.weights) < 2:
        raise ValueError("A slider needs at least two points; found a sweep of 1.")
    alphas = sweep.weights[:, 0].tolist()
    if len(set(alphas)) < len(alphas):
        raise ValueError(f"Each α must come once; found {sorted(alphas)}.")
    sums = sweep.weights.sum(dim=1)
    if sweep.weights.min() < 0:
        raise ValueError(f"Weights must be 0 or more; found {sweep.weights.min().item():g}.")
    if not ((sums - 1).abs() < 1e-4).all():
        raise ValueError(
            f"The weights of each point must be (α, 1 - α); found weights that add up to "
            f"{sums.min().item():g} to {sums.max().item():g}."
        )


def _refuse_other_lists(
    lists: Int[Tensor, "points households k"],
    n_points: int,
    households: Sequence[str],
    item_names: Sequence[str],
) -> None:
    if lists.is_floating_point() or lists.dtype == torch.bool:
        raise ValueError(f"`lists` must hold row numbers; found {lists.dtype}. Use `.long()`.")
    fits = lists.ndim == 3 and lists.shape[:2] == (n_points, len(households))
    if not fits or lists.numel() == 0:
        raise ValueError(
            f"`lists` must be [points, households, k], {n_points} points and one household for "
            f"each name in `households` ({len(households)}); found {tuple(lists.shape)}."
        )
    low, high = int(lists.min()), int(lists.max())
    if low < 0 or high >= len(item_names):
        raise ValueError(
            f"`lists` must hold row numbers of `item_names`, which has {len(item_names)}; found "
            f"values from {low} to {high}."
        )


def _cells(means: Float[Tensor, " points"], spreads: Float[Tensor, " points"]) -> list[str]:
    return [
        with_spread(mean, spread)
        for mean, spread in zip(means.tolist(), spreads.tolist(), strict=True)
    ]


def _evenly(n: int, most: int) -> list[int]:
    """At most `most` of the places 0 .. n - 1, the first and the last among them."""
    count = min(n, most)
    return [round(place * (n - 1) / max(count - 1, 1)) for place in range(count)]
