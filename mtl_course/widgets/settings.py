"""One or two settings looked up in finished results: a chart or more, and a line of text."""

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import anywidget
import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from mtl_course.figures import GROUP_COLORS, MARKERS
from mtl_course.panels import (
    float32_bytes,
    nearest,
    page_module,
    stand_in,
    style_sheet,
    with_spread,
)


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


class SettingsExplorer(anywidget.AnyWidget):
    """Finished results under one or two sliders; `value` holds the chosen setting of each."""

    _esm = page_module("settings")
    _css = style_sheet()
    position = traitlets.List(traitlets.Int()).tag(sync=True)  # place of each chosen setting
    facts = traitlets.Dict().tag(sync=True)  # names and texts; they never change
    numbers = traitlets.Bytes().tag(sync=True)  # float32 [series, value or spread, first, second]
    axes = traitlets.List()

    @traitlets.validate("position")
    def _check(self, proposal: Any) -> list[int]:
        sizes = [len(axis.values) for axis in self.axes]
        wanted = proposal["value"]
        if len(wanted) != len(sizes) or any(
            not 0 <= place < size for place, size in zip(wanted, sizes, strict=True)
        ):
            raise ValueError(f"`position` must index axes of {sizes} settings; found {wanted}.")
        return wanted

    @property
    def value(self) -> tuple[float | int | str, ...]:
        """The chosen setting of each slider, in the order of the axes."""
        return tuple(
            axis.values[place] for axis, place in zip(self.axes, self.position, strict=True)
        )

    @value.setter
    def value(self, wanted: Sequence[float | int | str]) -> None:
        if len(wanted) != len(self.axes):
            names = [axis.name for axis in self.axes]
            raise ValueError(f"`value` must hold one setting for each of {names}; found {wanted}.")
        self.position = [_place(axis, one) for axis, one in zip(self.axes, wanted, strict=True)]

    @property
    def text(self) -> str:
        """The line that the panel shows: the chosen settings and what they bring."""
        return self.facts["sentences"][_flat(self.axes, self.position)]

    def __repr__(self) -> str:
        return f"SettingsExplorer({self.text})"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        columns = [_with_unit(axis) for axis in self.axes] + self.facts["names"]
        return data | {"text/html": stand_in(self.text, columns, self.facts["table"])}, metadata


def explore_settings(
    axes: Sequence[Axis],
    charts: Sequence[Chart],
    *,
    start: Sequence[float | int | str],
    look_for: str,
    notes: Sequence[str] = (),
) -> SettingsExplorer:
    """A panel that looks one or two settings up in finished results; nothing is computed.

    Args:
        axes: the first runs along every chart; the second picks the line that is drawn thick.
        start: the setting of each axis to begin with.
        look_for: one sentence above the panel.
        notes: one more sentence for each setting, those of the second axis changing fastest.

    Returns:
        The panel. Its `value` holds the chosen setting of each axis, e.g. (32, 0.1): read it, or
        set it to move the sliders; a number snaps to the nearest setting.

    Raises:
        ValueError: not one or two axes, a series or notes of another shape than the axes.
    """
    shape = tuple(len(axis.values) for axis in axes)
    every = [series for chart in charts for series in chart.series]
    _refuse_other_shapes(shape, every, notes)
    spreads = [torch.zeros(shape) if series.spread is None else series.spread for series in every]
    texts = [
        [with_spread(*pair) for pair in zip(*map(_listed, pair), strict=True)]
        for pair in zip((series.values for series in every), spreads, strict=True)
    ]  # [series][settings]
    settings = list(product(*([_label(value) for value in axis.values] for axis in axes)))
    first_of_chart = [sum(len(chart.series) for chart in charts[:i]) for i in range(len(charts))]
    explorer = SettingsExplorer(
        axes=list(axes),
        facts={
            "axes": [
                {
                    "name": axis.name,
                    "title": _with_unit(axis),
                    "labels": list(map(_label, axis.values)),
                }
                for axis in axes
            ],
            "charts": [
                _chart_facts(chart, first)
                for chart, first in zip(charts, first_of_chart, strict=True)
            ],
            "names": [series.name for series in every],
            "table": [
                [*setting, *values] for setting, *values in zip(settings, *texts, strict=True)
            ],
            "sentences": [
                _sentence(axes, setting, every, values, note)
                for setting, values, note in zip(
                    settings, zip(*texts, strict=True), notes or [""] * len(settings), strict=True
                )
            ],
            "lookFor": look_for,
        },
        numbers=b"".join(
            float32_bytes(series.values) + float32_bytes(spread)
            for series, spread in zip(every, spreads, strict=True)
        ),
        position=[0 for _ in axes],
    )
    explorer.value = start
    return explorer


def _refuse_other_shapes(
    shape: tuple[int, ...], every: Sequence[Series], notes: Sequence[str]
) -> None:
    if len(shape) not in (1, 2):
        raise ValueError(f"`axes` must be one or two; found {len(shape)}.")
    for series in every:
        if tuple(series.values.shape) != shape:
            raise ValueError(
                f"'{series.name}' must have one value for each setting, shape {shape}; "
                f"found {tuple(series.values.shape)}."
            )
    n_settings = torch.Size(shape).numel()
    if notes and len(notes) != n_settings:
        raise ValueError(
            f"`notes` must be one for each of {n_settings} settings; found {len(notes)}."
        )


def _flat(axes: Sequence[Axis], position: Sequence[int]) -> int:
    return position[0] if len(axes) == 1 else position[0] * len(axes[1].values) + position[1]


def _listed(values: Tensor) -> list[float]:
    return values.flatten().tolist()


def _label(value: float | int | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _with_unit(axis: Axis) -> str:
    return f"{axis.name} ({axis.unit})" if axis.unit else axis.name


def _place(axis: Axis, wanted: float | int | str) -> int:
    if wanted in axis.values:
        return axis.values.index(wanted)
    if any(isinstance(value, str) for value in (wanted, *axis.values)):
        raise ValueError(f"`{axis.name}` must be one of {list(axis.values)}; found {wanted!r}.")
    return nearest(axis.name, wanted, axis.values)


def _chart_facts(chart: Chart, first: int) -> dict[str, Any]:
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


def _sentence(
    axes: Sequence[Axis],
    setting: Sequence[str],
    every: Sequence[Series],
    values: Sequence[str],
    note: str,
) -> str:
    chosen = ", ".join(f"{axis.name} {one}" for axis, one in zip(axes, setting, strict=True))
    found = ", ".join(f"{one.name} {value}" for one, value in zip(every, values, strict=True))
    return f"{chosen}: {found}. {note}".rstrip()
