"""A world under dials: every move is computed anew in the kernel, and the last move wins."""

import time
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any, NamedTuple

import anywidget
import torch
import traitlets

from mtl_course.figures import GROUP_COLORS
from mtl_course.panels import float32_bytes, page_module, readable, stand_in, style_sheet
from mtl_course.widgets.charts import (
    Axis,
    label,
    places_of,
    refuse_no_place,
    settings_at,
    title,
)

Compute = Callable[..., Sequence[Sequence[float]]]  # one setting per dial -> [charts][bars]


class Bars(NamedTuple):
    """One chart: a bar for each quantity, on a scale that stays when the world changes."""

    name: str  # the metric with its unit, e.g. "AUC of purchase"
    bars: tuple[str, ...]  # e.g. ("chance", "alone", "shared", "oracle")
    limits: tuple[float, float]  # of the scale; a bar beyond them is drawn to the edge
    larger_is_better: bool | None = None  # None: neither end is better


class WorldExplorer(anywidget.AnyWidget):
    """A computation under dials; `value` holds the setting of each, `results` what came of it."""

    _esm = page_module("worlds")
    _css = style_sheet()
    position = traitlets.List(traitlets.Int()).tag(sync=True)  # place of each dial's setting
    answered = traitlets.List(traitlets.Int()).tag(sync=True)  # the position of `numbers`
    numbers = traitlets.Bytes().tag(sync=True)  # float32, the bars of every chart in one row
    text = traitlets.Unicode().tag(sync=True)  # the line that the panel shows
    error = traitlets.Unicode().tag(sync=True)  # why there is no answer
    facts = traitlets.Dict().tag(sync=True)  # names; they never change
    dials = traitlets.List()
    compute = traitlets.Callable()

    def __init__(self, **state: Any) -> None:
        self.results: list[list[float]] = []  # [charts][bars], of the last answer
        self.seconds = 0.0  # that the last answer took
        super().__init__(**state)
        self._answer(None)
        self.observe(self._answer, "position")

    @traitlets.validate("position")
    def _check(self, proposal: Any) -> list[int]:
        refuse_no_place(self.dials, proposal["value"])
        return proposal["value"]

    @property
    def value(self) -> tuple[float | int | str, ...]:
        """The setting of each dial, in the order of the dials."""
        return settings_at(self.dials, self.position)

    @value.setter
    def value(self, wanted: Any) -> None:
        self.position = places_of(self.dials, wanted)

    def __repr__(self) -> str:
        return f"WorldExplorer({self._told()})"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        rows = [
            [chart["name"], bar, readable(value)]
            for chart, values in zip(self.facts["charts"], self.results, strict=False)
            for bar, value in zip(chart["bars"], values, strict=True)
        ]
        table = stand_in(self._told(), ["metric", "of", "value"], rows)
        return data | {"text/html": table}, metadata

    def _told(self) -> str:
        return f"{self.text} {self.error}".strip()

    def _answer(self, _change: Any) -> None:
        position = list(self.position)
        settings = settings_at(self.dials, position)
        chosen = ", ".join(
            f"{dial.name} {label(one)}" for dial, one in zip(self.dials, settings, strict=True)
        )
        began = time.perf_counter()
        try:
            found = [list(map(float, values)) for values in self.compute(*settings)]
            _refuse_other_bars(self.facts["charts"], found)
            error = ""
        except Exception as failure:  # whatever the world does: the reader sees it in the panel
            found = [[float("nan")] * len(chart["bars"]) for chart in self.facts["charts"]]
            error = f"This world could not be computed. {type(failure).__name__}: {failure}"
        self.seconds = time.perf_counter() - began
        self.results = found
        with self.hold_sync():  # one message: the page never mixes two answers
            self.numbers = b"".join(float32_bytes(torch.tensor(values)) for values in found)
            said = "not computed." if error else _in_words(self.facts["charts"], found)
            self.text = f"{chosen}: {said}"  # the page shows `error` below it
            self.error = error
            self.answered = position


def explore_world(
    compute: Compute,
    dials: Sequence[Axis],
    charts: Sequence[Bars],
    *,
    start: Sequence[float | int | str],
    look_for: str,
) -> WorldExplorer:
    """A panel whose every move is a real computation in the kernel.

    While one is computed the moves that follow wait, and all but the last are forgotten. A picture
    that no longer fits its dials is marked after 100 ms. What `compute` raises is shown in the
    panel.

    Args:
        compute: called with one setting for each dial; returns the values of every chart's bars.
            Let it draw from a generator of its own with a fixed seed, so that two visits to one
            setting show the same. 300 ms or less keeps the dials alive.
        start: the setting of each dial to begin with.
        look_for: one sentence above the panel.

    Returns:
        The panel. Its `value` holds the settings: read it, or set it to move the dials, and the
        answer is there when that returns; `results` holds the bars of each chart, `seconds` how
        long they took.

    Raises:
        ValueError: no dial or no chart, a start that a dial does not have, limits out of order.
    """
    if not dials or not charts:
        raise ValueError(
            f"A world needs a dial and a chart; found {len(dials)} dials and {len(charts)} charts."
        )
    for chart in charts:
        if not chart.limits[0] < chart.limits[1]:
            raise ValueError(f"`limits` of '{chart.name}' must ascend; found {chart.limits}.")
    names = dict.fromkeys(bar for chart in charts for bar in chart.bars)
    return WorldExplorer(
        dials=list(dials),
        compute=compute,
        facts={
            "dials": [
                {
                    "name": dial.name,
                    "title": title(dial),
                    "labels": list(map(label, dial.values)),
                }
                for dial in dials
            ],
            "charts": [
                {
                    "name": chart.name,
                    "bars": list(chart.bars),
                    "limits": list(chart.limits),
                    "largerIsBetter": chart.larger_is_better,
                }
                for chart in charts
            ],
            "colors": dict(
                zip(names, cycle(GROUP_COLORS), strict=False)
            ),  # one each, in all charts
            "lookFor": look_for,
        },
        position=places_of(dials, start),
    )


def _refuse_other_bars(charts: Sequence[dict[str, Any]], found: Sequence[Sequence[float]]) -> None:
    wanted = [len(chart["bars"]) for chart in charts]
    if [len(values) for values in found] != wanted:
        raise ValueError(
            f"`compute` must return a value for every bar of every chart, {wanted} of them; found "
            f"{[len(values) for values in found]}."
        )


def _in_words(charts: Sequence[dict[str, Any]], found: Sequence[Sequence[float]]) -> str:
    return "; ".join(
        f"{chart['name']}: "
        + ", ".join(
            f"{bar} {readable(value)}" for bar, value in zip(chart["bars"], values, strict=True)
        )
        for chart, values in zip(charts, found, strict=True)
    )
