"""Gates of a mixture of experts: whose weight goes where, household by household."""

from collections.abc import Sequence
from typing import Any

import anywidget
import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from mtl_course.figures import GROUP_COLORS
from mtl_course.panels import Refused, float32_bytes, page_module, readable, stand_in, style_sheet
from mtl_course.widgets.charts import Axis, label, place_of, title
from mtl_course.widgets.mixtures import differences, refuse_what_no_softmax_gives, sentence


class GatesExplorer(anywidget.AnyWidget):
    """Gates under sliders: `household` is whose they are, `setting` under which they were taken."""

    _esm = page_module("gates")
    _css = style_sheet()
    household = traitlets.Int().tag(sync=True)  # its row number
    setting = traitlets.Any().tag(sync=True)  # a value of the axis; None where there is none
    facts = traitlets.Dict().tag(sync=True)  # names and texts; they never change
    numbers = traitlets.Bytes().tag(
        sync=True
    )  # float32 [settings, mean and chosen, tasks, experts]
    axis = traitlets.Any()

    @traitlets.validate("household")
    def _check_household(self, proposal: Any) -> int:
        rows, wanted = self.facts["rows"], proposal["value"]
        if wanted not in rows:
            raise Refused(f"`household` must be one of the chosen rows {rows}; found {wanted}.")
        return wanted

    @traitlets.validate("setting")
    def _snap(self, proposal: Any) -> float | int | str | None:
        wanted = proposal["value"]
        if self.axis is None:
            if wanted is not None:
                raise Refused(f"`setting` must be None: no settings were given; found {wanted}.")
            return None
        return self.axis.values[place_of(self.axis, wanted)]

    @property
    def gates(self) -> Float[Tensor, "tasks experts"]:
        """The gates on show: one row for each task, summing to 1."""
        facts = self.facts
        shape = (-1, 1 + len(facts["rows"]), len(facts["tasks"]), len(facts["experts"]))
        every = torch.frombuffer(bytearray(self.numbers), dtype=torch.float32).reshape(shape)
        return every[self._place(), 1 + facts["rows"].index(self.household)]

    @property
    def text(self) -> str:
        """The line that the panel shows: which expert each task leans on, and how far they part."""
        return self.facts["sentences"][self._place()][self.facts["rows"].index(self.household)]

    def __repr__(self) -> str:
        return f"GatesExplorer({self.text})"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        table = stand_in(
            self.text,
            ["gate of", *self.facts["experts"]],
            [
                [task, *map(readable, weights)]
                for task, weights in zip(self.facts["tasks"], self.gates.tolist(), strict=True)
            ],
        )
        return data | {"text/html": table}, metadata

    def _place(self) -> int:
        return 0 if self.axis is None else self.axis.values.index(self.setting)


def explore_gates(
    gate_weights: Float[Tensor, "households tasks experts"]
    | Float[Tensor, "settings households tasks experts"],
    tasks: Sequence[str],
    *,
    chosen: Sequence[int],
    households: Sequence[str],
    settings: Axis | None = None,
    setting: float | int | str | None = None,
    experts: Sequence[str] = (),
    look_for: str = "Do the tasks lean on the same experts, and does that change by household?",
) -> GatesExplorer:
    """A panel that looks up the gates of chosen households, beside the mean over all of them.

        difference of two gates = sum_e |g_a[e] - g_b[e]| / 2

    It is 0 where two tasks mix the experts alike, and 1 where they share none.

    Args:
        gate_weights: of all households, each gate summing to 1 over the experts.
        chosen: the row numbers of the households that the slider reaches.
        households: what to call them.
        settings: what the leading axis of `gate_weights` stands for, where it has one: training
            steps, a temperature.
        setting: the one to begin with; the last if there is none given.
        experts: what to call them; numbers from 1 if there are no names given.

    Returns:
        The panel. `household` is the row number of the chosen household and `setting` the chosen
        setting: read them, or set them to move the sliders. `gates` holds what is on show.

    Raises:
        ValueError: gates that are not finite, negative, or do not sum to 1; names, rows or settings
            that do not fit them.
    """
    _refuse_other_names(gate_weights, tasks, experts, settings)
    _refuse_other_rows(gate_weights.shape[-3], chosen, households)
    every = (
        gate_weights if settings else gate_weights[None]
    )  # [settings, households, tasks, experts]
    refuse_what_no_softmax_gives(every)
    names = list(experts) or [f"expert {i + 1}" for i in range(every.shape[-1])]
    shown = torch.cat([every.mean(dim=1, keepdim=True), every[:, list(chosen)]], dim=1)
    apart = differences(every)  # [settings, households, tasks, tasks]
    usual = [
        f"mean of all {every.shape[1]:,} households: {readable(largest)}"
        for largest in apart.flatten(start_dim=2).amax(dim=2).mean(dim=1).tolist()
    ]  # [settings]
    places = range(len(every))
    return GatesExplorer(
        axis=settings,
        facts={
            "tasks": list(tasks),
            "experts": names,
            "colors": [GROUP_COLORS[i % len(GROUP_COLORS)] for i in range(len(names))],
            "rows": list(chosen),
            "households": list(households),
            "nHouseholds": every.shape[1],
            "axis": None
            if settings is None
            else {
                "name": settings.name,
                "title": title(settings),
                "values": list(settings.values),
                "labels": list(map(label, settings.values)),
            },
            "sentences": [
                [
                    sentence(
                        household if settings is None else _named(household, settings, place),
                        tasks,
                        names,
                        every[place, row],
                        apart[place, row],
                        usual[place],
                    )
                    for household, row in zip(households, chosen, strict=True)
                ]
                for place in places
            ],
            "lookFor": look_for,
        },
        numbers=float32_bytes(shown),
        household=chosen[0],
        setting=settings.values[-1] if settings and setting is None else setting,
    )


def _named(household: str, settings: Axis, place: int) -> str:
    return f"{household}, {settings.name} {label(settings.values[place])}"


def _refuse_other_names(
    gate_weights: Tensor, tasks: Sequence[str], experts: Sequence[str], settings: Axis | None
) -> None:
    *_, n_tasks, n_experts = gate_weights.shape
    if len(tasks) != n_tasks:
        raise ValueError(f"`tasks` must name {n_tasks} gates; found {list(tasks)}.")
    if n_experts < 2:
        raise ValueError(f"A gate weighs at least two experts; found {n_experts}.")
    if experts and len(experts) != n_experts:
        raise ValueError(f"`experts` must name {n_experts} experts; found {list(experts)}.")
    n_settings = len(gate_weights) if gate_weights.ndim == 4 else 0
    found = len(settings.values) if settings else 0
    if found != n_settings:
        raise ValueError(
            f"`settings` must have one value for each of {n_settings} on the leading axis of "
            f"`gate_weights`; found {found}."
        )


def _refuse_other_rows(n_households: int, chosen: Sequence[int], households: Sequence[str]) -> None:
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(f"`chosen` must name households, each once; found {list(chosen)}.")
    if not all(0 <= row < n_households for row in chosen):
        raise ValueError(
            f"`chosen` must hold row numbers from 0 to {n_households - 1}; found {list(chosen)}."
        )
    if len(households) != len(chosen):
        raise ValueError(
            f"`households` must name the {len(chosen)} chosen ones; found {list(households)}."
        )
