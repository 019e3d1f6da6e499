"""What a panel of settings is made of: axes, series, baselines, charts, and their words."""

from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

from mtl_course.figures import GROUP_COLORS, MARKERS
from mtl_course.panels import nearest, one_of


class Axis(NamedTuple):
    """One slider: what it sets, and the settings it can take, in order."""

    name: str  # e.g. "factors"
    values: tuple[float | int | str, ...]
    unit: str = ""


class Series(NamedTuple):
    """One line of a chart: a value for each setting."""

    name: str
    values: Float[Tensor, " first"] | Float[Tensor, "first second"]
    spread: Float[Tensor, " first"] | Float[Tensor, "first second"] | None = None  # over seeds
    color: str | None = None  # a task keeps its own; None: by place in the chart
    marker: str | None = None  # Matplotlib's letter, one of o s D ^ v P X; None: by place


class Baseline(NamedTuple):
    """A line to beat, the same at every setting."""

    name: str
    value: float | int


class Chart(NamedTuple):
    """What is drawn on one scale over the first axis."""

    name: str  # the quantity with its unit, e.g. "AP on novel items"
    series: tuple[Series, ...]
    baselines: tuple[Baseline, ...] = ()
    larger_is_better: bool | None = None  # None: neither end is better


def label(value: float | int | str) -> str:
    """A setting as a slider shows it."""
    return value if isinstance(value, str) else f"{value:g}"


def title(axis: Axis) -> str:
    """What an axis sets, with its unit."""
    return f"{axis.name} ({axis.unit})" if axis.unit else axis.name


def place_of(axis: Axis, wanted: float | int | str) -> int:
    """Where `wanted` stands among the settings of `axis`; a number snaps to the nearest.

    Raises:
        Refused: a `ValueError`; a word that is no setting, a number outside the settings, or NaN.
    """
    if any(isinstance(value, str) for value in (wanted, *axis.values)):
        return axis.values.index(one_of(axis.name, wanted, axis.values))
    return nearest(axis.name, wanted, axis.values)


def chart_facts(chart: Chart, first: int) -> dict[str, Any]:
    """What the page needs to know of a chart whose first series is number `first` of all."""
    return {
        "name": chart.name,
        "largerIsBetter": chart.larger_is_better,
        "baselines": [baseline._asdict() for baseline in chart.baselines],
        "series": [
            {
                "name": one.name,
                "color": one.color or GROUP_COLORS[i % len(GROUP_COLORS)],
                "marker": one.marker or MARKERS[i % len(MARKERS)],
                "index": first + i,
            }
            for i, one in enumerate(chart.series)
        ],
    }
