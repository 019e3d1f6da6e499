"""One or two settings looked up in finished results: a chart or more, and a line of text."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import anywidget
import torch
import traitlets
from torch import Tensor

from mtl_course.panels import (
    float32_bytes,
    page_module,
    stand_in,
    style_sheet,
    with_spread,
)
from mtl_course.widgets.charts import (
    Axis,
    Chart,
    Series,
    chart_facts,
    label,
    places_of,
    refuse_no_place,
    settings_at,
    title,
)


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
        refuse_no_place(self.axes, proposal["value"])
        return proposal["value"]

    @property
    def value(self) -> tuple[float | int | str, ...]:
        """The chosen setting of each slider, in the order of the axes."""
        return settings_at(self.axes, self.position)

    @value.setter
    def value(self, wanted: Any) -> None:
        self.position = places_of(self.axes, wanted)

    @property
    def text(self) -> str:
        """The line that the panel shows: the chosen settings and what they bring."""
        return self.facts["sentences"][_flat(self.axes, self.position)]

    def __repr__(self) -> str:
        return f"SettingsExplorer({self.text})"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        columns = [title(axis) for axis in self.axes] + self.facts["names"]
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
    settings = list(product(*([label(value) for value in axis.values] for axis in axes)))
    first_of_chart = [sum(len(chart.series) for chart in charts[:i]) for i in range(len(charts))]
    explorer = SettingsExplorer(
        axes=list(axes),
        facts={
            "axes": [
                {
                    "name": axis.name,
                    "title": title(axis),
                    "labels": list(map(label, axis.values)),
                }
                for axis in axes
            ],
            "charts": [
                chart_facts(chart, first)
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
