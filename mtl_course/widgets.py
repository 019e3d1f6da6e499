"""Sliders that look up what is finished, and the panel that steers what is running."""

from collections.abc import Sequence
from typing import NamedTuple

import anywidget
import traitlets
from jaxtyping import Float, Int
from torch import Tensor

from mtl_course.figures import BASELINE_COLOR, TASK_COLORS, TASK_MARKERS
from mtl_course.panels import (
    float32_bytes,
    nearest,
    page_module,
    readable,
    stand_in,
    style_sheet,
)
from mtl_course.steering import watch_training

__all__ = [
    "Axis",
    "Baseline",
    "Chart",
    "Series",
    "SettingsExplorer",
    "TradeoffExplorer",
    "explore_settings",
    "explore_tradeoff",
    "watch_training",
]


class Axis(NamedTuple):
    """One slider: what it sets, and the settings it can take, in order."""

    name: str  # e.g. "factors"
    values: tuple[float | str, ...]
    unit: str = ""


class Series(NamedTuple):
    """One line of a chart: a value for each setting."""

    name: str
    values: Float[Tensor, "first second"] | Float[Tensor, " first"]
    spread: Float[Tensor, "first second"] | Float[Tensor, " first"] | None = None  # one deviation
    color: str = TASK_COLORS["purchase"]
    marker: str = "o"  # matplotlib's letter: o s D ^ v P X


class Baseline(NamedTuple):
    """A line to beat, the same at every setting."""

    name: str
    value: float


class Chart(NamedTuple):
    """What is drawn over the first axis, on one scale."""

    name: str  # the quantity with its unit, e.g. "AP on novel items"
    series: tuple[Series, ...]
    baselines: tuple[Baseline, ...] = ()
    larger_is_better: bool | None = None  # None: neither end is better


class TradeoffExplorer(anywidget.AnyWidget):
    """A finished sweep under a slider; `alpha` is the chosen weight of the first task."""

    _esm = page_module("tradeoff")
    _css = style_sheet()
    alpha = traitlets.Float(0.5).tag(sync=True)
    facts = traitlets.Dict().tag(sync=True)
    metrics = traitlets.Bytes().tag(sync=True)  # float32 [points, seeds, tasks]
    curves = traitlets.Bytes().tag(sync=True)  # float32 [points, seeds, checkpoints, tasks]
    lists = traitlets.Bytes().tag(sync=True)  # float32 [points, households, k]: place in itemNames

    @traitlets.validate("alpha")
    def _snap(self, proposal) -> float:
        alphas = self.facts["alphas"]
        return alphas[nearest("alpha", proposal["value"], alphas)]

    @property
    def point(self) -> int:
        """The chosen point of the sweep."""
        return self.facts["alphas"].index(self.alpha)

    @property
    def text(self) -> str:
        """The line that the panel shows: the chosen weight and what it brings."""
        return self.facts["sentences"][self.point]

    def __repr__(self) -> str:
        return f"TradeoffExplorer({self.text})"

    def _repr_mimebundle_(self, **kwargs: dict) -> tuple[dict, dict] | None:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        columns = ["α", *self.facts["metricNames"], "Pareto front"]
        rows = list(zip(*self.facts["table"], strict=True))
        return data | {"text/html": stand_in(self.text, columns, rows)}, metadata


class SettingsExplorer(anywidget.AnyWidget):
    """Finished results under one or two sliders; `value` holds the chosen setting of each."""

    _esm = page_module("settings")
    _css = style_sheet()
    position = traitlets.List(traitlets.Int()).tag(sync=True)
    facts = traitlets.Dict().tag(sync=True)
    numbers = traitlets.Bytes().tag(sync=True)  # float32 [series, value or spread, first, second]
    settings = traitlets.List()  # the values of each axis, as given

    @traitlets.validate("position")
    def _check(self, proposal) -> list[int]:
        wanted = proposal["value"]
        sizes = [len(values) for values in self.settings]
        if len(wanted) != len(sizes) or not all(
            0 <= place < size for place, size in zip(wanted, sizes, strict=True)
        ):
            raise ValueError(f"`position` must index {sizes} settings; found {wanted}.")
        return wanted

    @property
    def value(self) -> tuple[float | str, ...]:
        """The chosen setting of each slider, in the order of the axes."""
        return tuple(
            values[place] for values, place in zip(self.settings, self.position, strict=True)
        )

    @value.setter
    def value(self, wanted: Sequence[float | str]) -> None:
        axes = [axis["name"] for axis in self.facts["axes"]]
        if len(wanted) != len(axes):
            raise ValueError(f"`value` must hold one setting for each of {axes}; found {wanted}.")
        self.position = [
            _place(name, one, values)
            for name, one, values in zip(axes, wanted, self.settings, strict=True)
        ]

    @property
    def text(self) -> str:
        """The line that the panel shows: the chosen settings and what they bring."""
        n_second = len(self.settings[1]) if len(self.settings) == 2 else 1
        second = self.position[1] if len(self.position) == 2 else 0
        return self.facts["sentences"][self.position[0] * n_second + second]

    def __repr__(self) -> str:
        return f"SettingsExplorer({self.text})"

    def _repr_mimebundle_(self, **kwargs: dict) -> tuple[dict, dict] | None:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        rows = [[sentence] for sentence in self.facts["sentences"]]
        return data | {"text/html": stand_in(self.text, ["At each setting"], rows)}, metadata


def explore_tradeoff(
    sweep,
    metrics: Float[Tensor, "points seeds 2"],
    metric_names: Sequence[str],
    *,
    larger_is_better: Sequence[bool],
    lists: Int[Tensor, "points households k"] | None = None,
    households: Sequence[str] = (),
    item_names: Sequence[str] = (),
    alpha: float = 0.5,
    look_for: str = "Which weights does no other weight beat on both metrics?",
) -> TradeoffExplorer:
    """A panel that looks a weight up in a finished sweep of two tasks; nothing is trained.

    Args:
        sweep: its points carry weights (α, 1 - α).
        metrics: of the test window, one column for each task, in the metric's own unit.
        metric_names: with unit, as an axis should say it, e.g. "RMSE of quantity (log units)".
        larger_is_better: for each metric.
        lists: row numbers of the best items for some households at each point.
        item_names: the name of each item row.
        look_for: one sentence above the panel.

    Returns:
        The panel. Its `alpha` is the chosen weight: read it, or set it to move the slider; it snaps
        to the nearest point of the sweep.

    Raises:
        ValueError: not two tasks, weights that do not add up to 1, lists without names.
    """
    first, second = sweep.tasks
    order = sweep.weights[:, 0].argsort()
    alphas = [round(weight, 6) for weight in sweep.weights[order, 0].tolist()]
    metrics = metrics[order]
    mean, spread = metrics.mean(dim=1), metrics.std(dim=1, correction=min(1, metrics.shape[1] - 1))
    front = _front(mean, larger_is_better)
    keep = _at_most(60, sweep.curves.shape[2])
    used, places = ([], None) if lists is None else lists[order].unique(return_inverse=True)
    cells = [
        [_with_spread(*pair) for pair in zip(mean[:, t].tolist(), spread[:, t].tolist())]
        for t in range(2)
    ]
    words = ["on it" if on else "beaten" for on in front]
    return TradeoffExplorer(
        facts={
            "alphas": alphas,
            "tasks": [first, second],
            "metricNames": list(metric_names),
            "largerIsBetter": list(larger_is_better),
            "front": front,
            "nSeeds": len(sweep.seeds),
            "steps": [sweep.steps[place] for place in keep],
            "colours": [TASK_COLORS.get(task, BASELINE_COLOR) for task in sweep.tasks],
            "markers": [TASK_MARKERS.get(task, "o") for task in sweep.tasks],
            "households": list(households),
            "itemNames": [item_names[item] for item in used],
            "k": 0 if lists is None else lists.shape[2],
            "table": [[f"{alpha:g}" for alpha in alphas], *cells, words],
            "sentences": [
                f"α = {alpha:g}: {metric_names[0]} {cells[0][i]}, {metric_names[1]} {cells[1][i]}; "
                + ("on the Pareto front." if front[i] else "another weight beats it on both.")
                for i, alpha in enumerate(alphas)
            ],
            "lookFor": look_for,
        },
        metrics=float32_bytes(metrics),
        curves=float32_bytes(sweep.curves[order][:, :, keep]),
        lists=b"" if places is None else float32_bytes(places),
        alpha=alpha,
    )


def explore_settings(
    axes: Sequence[Axis],
    charts: Sequence[Chart],
    *,
    start: Sequence[float | str],
    look_for: str,
    notes: Sequence[str] = (),
) -> SettingsExplorer:
    """A panel that looks one or two settings up in finished results; nothing is computed.

    Args:
        axes: the first runs along every chart, the second picks which line is drawn thick.
        start: the setting of each axis to begin with.
        look_for: one sentence above the panel.
        notes: one sentence more for each setting, those of the second axis changing fastest.

    Returns:
        The panel. Its `value` holds the chosen setting of each axis: read it, or set it to move
        the sliders.

    Raises:
        ValueError: more than two axes, or a series whose shape is not that of the axes.
    """
    shape = tuple(len(axis.values) for axis in axes)
    labels = [[_label(value) for value in axis.values] for axis in axes]
    every = [series for chart in charts for series in chart.series]
    for series in every:
        if tuple(series.values.shape) != shape:
            raise ValueError(
                f"`{series.name}` must have one value per setting, shape {shape}; "
                f"found {tuple(series.values.shape)}."
            )
    planes = [plane for series in every for plane in (series.values, _spread(series))]
    explorer = SettingsExplorer(
        settings=[list(axis.values) for axis in axes],
        facts={
            "axes": [
                {"name": axis.name, "unit": axis.unit, "labels": names}
                for axis, names in zip(axes, labels, strict=True)
            ],
            "charts": [_chart_facts(chart, every) for chart in charts],
            "sentences": _sentences(axes, labels, every, notes),
            "lookFor": look_for,
        },
        numbers=b"".join(float32_bytes(plane) for plane in planes),
        position=[0 for _ in axes],
    )
    explorer.value = start
    return explorer


def _front(mean: Float[Tensor, "points 2"], larger_is_better: Sequence[bool]) -> list[bool]:
    losses = mean * mean.new_tensor([-1.0 if larger else 1.0 for larger in larger_is_better])
    no_worse = (losses[:, None] <= losses[None]).all(dim=2)
    better = (losses[:, None] < losses[None]).any(dim=2)
    return (~(no_worse & better).any(dim=0)).tolist()


def _at_most(most: int, n: int) -> list[int]:
    return sorted({round(i * (n - 1) / max(min(n, most) - 1, 1)) for i in range(min(n, most))})


def _with_spread(value: float, spread: float) -> str:
    return f"{readable(value)} ± {readable(spread)}" if spread > 0 else readable(value)


def _label(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _spread(series: Series) -> Tensor:
    return series.values.new_zeros(series.values.shape) if series.spread is None else series.spread


def _place(name: str, wanted: float | str, values: Sequence[float | str]) -> int:
    if wanted in values:
        return list(values).index(wanted)
    if isinstance(wanted, str) or any(isinstance(value, str) for value in values):
        raise ValueError(f"`{name}` must be one of {list(values)}; found {wanted!r}.")
    return nearest(name, wanted, values)


def _chart_facts(chart: Chart, every: Sequence[Series]) -> dict:
    return {
        "name": chart.name,
        "largerIsBetter": chart.larger_is_better,
        "baselines": [baseline._asdict() for baseline in chart.baselines],
        "series": [
            {
                "name": series.name,
                "colour": series.color,
                "marker": series.marker,
                "index": next(i for i, other in enumerate(every) if other is series),
            }
            for series in chart.series
        ],
    }


def _sentences(
    axes: Sequence[Axis],
    labels: Sequence[Sequence[str]],
    every: Sequence[Series],
    notes: Sequence[str],
) -> list[str]:
    settings = [
        f"{axes[0].name} {one}" + (f", {axes[1].name} {two}" if two else "")
        for one in labels[0]
        for two in (labels[1] if len(axes) == 2 else [""])
    ]
    values = [
        [
            f"{series.name} {_with_spread(*pair)}"
            for pair in zip(
                series.values.flatten().tolist(), _spread(series).flatten().tolist(), strict=True
            )
        ]
        for series in every
    ]
    return [
        f"{setting}: {', '.join(parts)}." + (f" {notes[i]}" if notes else "")
        for i, (setting, *parts) in enumerate(zip(settings, *values, strict=True))
    ]
