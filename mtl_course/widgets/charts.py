"""What a panel of settings is made of: axes, series, baselines, charts, and their words."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

from mtl_course.figures import GROUP_COLORS, MARKERS
from mtl_course.panels import Refused, nearest, one_of


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


def place_of(axis: Axis, wanted: Any) -> int:
    """Where `wanted` stands among the settings of `axis`; a number snaps to the nearest.

    Raises:
        Refused: a `ValueError`; neither number nor word, a word that is no setting, a number
            outside the settings, or NaN.
    """
    if isinstance(wanted, bool) or not isinstance(wanted, Real | str):
        raise Refused(f"`{axis.name}` must be one of its settings; found {wanted!r}.")
    if any(isinstance(value, str) for value in (wanted, *axis.values)):
        return axis.values.index(one_of(axis.name, wanted, axis.values))
    return nearest(axis.name, wanted, axis.values)


def places_of(axes: Sequence[Axis], wanted: Any) -> list[int]:
    """Where each of `wanted` stands among the settings of its axis, whatever a cell has set.

    Raises:
        Refused: a `ValueError`; not a list or tuple of one setting for each axis, or one that its
            axis does not have.
    """
    if not isinstance(wanted, list | tuple) or len(wanted) != len(axes):
        names = ", ".join(axis.name for axis in axes)
        raise Refused(
            f"`value` must be a list or tuple, one setting for each of: {names}; found {wanted!r}."
        )
    return [place_of(axis, one) for axis, one in zip(axes, wanted, strict=True)]


def settings_at(axes: Sequence[Axis], places: Sequence[int]) -> tuple[float | int | str, ...]:
    """The setting of each axis at its place."""
    return tuple(axis.values[place] for axis, place in zip(axes, places, strict=True))


def refuse_no_place(axes: Sequence[Axis], places: Sequence[int]) -> None:
    """Raises Refused unless `places` holds, for each axis, the place of one of its settings."""
    sizes = [len(axis.values) for axis in axes]
    if len(places) != len(sizes) or any(
        not 0 <= place < size for place, size in zip(places, sizes, strict=True)
    ):
        raise Refused(f"`position` must index axes of {sizes} settings; found {places}.")


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
