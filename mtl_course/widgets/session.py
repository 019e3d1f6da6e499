"""A session: each click and each purchase goes to the kernel, which makes the list anew."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import anywidget
import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from mtl_course.panels import Refused, one_of, page_module, readable, stand_in, style_sheet
from mtl_course.retrieval import top_k

KINDS = ("clicked", "bought")
IN_WORDS = 3  # items of the list that its sentence names
Update = Callable[[Tensor], Tensor]  # a household's evidence [items] -> its scores [items]


class SessionExplorer(anywidget.AnyWidget):
    """A household's list while it shops; `events` holds what it has done, `top` what is listed."""

    _esm = page_module("session")
    _css = style_sheet()
    household = traitlets.TraitType().tag(sync=True)  # its name; another one begins a new session
    events = traitlets.List().tag(sync=True)  # of [kind, item], in the order of time
    answered = traitlets.List().tag(sync=True)  # the household and the events of `listed`
    listed = traitlets.List(traitlets.Int()).tag(sync=True)  # row numbers of items, best first
    text = traitlets.Unicode().tag(sync=True)  # the line that the panel shows
    speed = traitlets.Unicode().tag(sync=True)  # how long the updates took
    error = traitlets.Unicode().tag(sync=True)  # why there is no answer
    facts = traitlets.Dict().tag(sync=True)  # names; they never change
    counts = traitlets.Any()  # [households, items]
    update = traitlets.Callable()

    def __init__(self, **state: Any) -> None:
        self.milliseconds: list[float] = []  # of each update so far, from event to list
        super().__init__(**state)
        self._answer(None)
        self.observe(self._answer, ["household", "events"])

    @traitlets.validate("household")
    def _know(self, proposal: Any) -> str:
        return one_of("household", proposal["value"], self.facts["households"])

    @traitlets.validate("events")
    def _check(self, proposal: Any) -> list[list[Any]]:
        n_items, k = len(self.facts["itemNames"]), self.facts["k"]
        for event in proposal["value"]:
            if not _is_event(event, n_items):
                raise Refused(
                    f"`events` must hold pairs of {' or '.join(KINDS)} and an item from 0 to "
                    f"{n_items - 1}; found {event!r}."
                )
        events = [list(event) for event in proposal["value"]]
        if len({item for kind, item in events if kind == "bought"}) > n_items - k:
            raise Refused(f"A list of {k} needs {k} items that are not bought; too many are.")
        return events

    @property
    def top(self) -> tuple[int, ...]:
        """Row numbers of the listed items, best first."""
        return tuple(self.listed)

    def do(self, kind: str, item_name: str) -> None:
        """One more event, as if a button had been pressed; the list is there when it returns."""
        if item_name not in self.facts["itemNames"]:
            raise ValueError(f"`item_name` must be an item's name; found {item_name!r}.")
        self.events = [*self.events, [kind, self.facts["itemNames"].index(item_name)]]

    def __repr__(self) -> str:
        return f"SessionExplorer({self.text})"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        names = self.facts["itemNames"]
        rows = [[str(place), names[item]] for place, item in enumerate(self.listed, 1)]
        return data | {"text/html": stand_in(self.text, ["place", "item"], rows)}, metadata

    def _answer(self, change: Any) -> None:
        if change is not None and change["name"] == "household" and self.events:
            self.events = []  # which answers
            return
        events, household = [list(event) for event in self.events], self.household
        began = time.perf_counter()
        try:
            found, error = self._list(household, events), ""
        except Exception as failure:  # whatever the update does: the reader sees it in the panel
            found, error = [], f"No list could be made. {type(failure).__name__}: {failure}"
        self.milliseconds.append(1000 * (time.perf_counter() - began))
        with self.hold_sync():  # one message: the page never mixes two answers
            self.listed, self.error = found, error
            self.text = self._words(household, events)
            self.speed = _speed(self.milliseconds)
            self.answered = [household, events]

    def _list(self, household: str, events: list[list[Any]]) -> list[int]:
        row = self.counts[self.facts["households"].index(household)].clone()
        in_basket = torch.zeros(1, len(row), dtype=torch.bool)
        for kind, item in events:
            row[item] += 1.0 if kind == "bought" else self.facts["click"]
            in_basket[0, item] |= kind == "bought"
        return top_k(self.update(row)[None], self.facts["k"], in_basket)[0].tolist()

    def _words(self, household: str, events: list[list[Any]]) -> str:
        names = self.facts["itemNames"]
        done = ", ".join(f"{kind} {names[item]}" for kind, item in events[-IN_WORDS:])
        earlier = f"{len(events) - IN_WORDS} more, then " if len(events) > IN_WORDS else ""
        head = ", ".join(f"{i} {names[item]}" for i, item in enumerate(self.listed[:IN_WORDS], 1))
        return f"{household}, {earlier}{done or 'nothing yet'}: {self.error or head}."


def explore_session(
    update: Update,
    counts: Float[Tensor, "households items"],
    households: Sequence[str],
    item_names: Sequence[str],
    *,
    click: float,
    k: int = 10,
    look_for: str,
) -> SessionExplorer:
    """A panel in which a household clicks and buys, and its list is made anew at every event.

    A purchase adds 1 to the household's count of the item, a click adds `click`. What is bought in
    the session leaves the list, what is clicked may stay. While the kernel makes one list, the
    events that follow wait together, and one more list answers all of them.

    Args:
        update: a household's counts, the session's among them, to a score for every item, e.g. by
            `factorization.fold_in`. 20 ms or less are not felt.
        counts: what the households had bought before, for some households only.
        households: what to call them.
        click: what a click counts, in purchases; 0 or more.
        k: the list's length.
        look_for: one sentence above the panel.

    Returns:
        The panel. Read or set its `household` and its `events`, pairs of "clicked" or "bought" and
        an item's row number, or add one by `do`; read `top`, and `milliseconds`, what each update
        took.

    Raises:
        ValueError: names that do not match the counts or come twice, `click` below 0, or a list
            longer than there are items.
    """
    named = (len(households), len(item_names))
    if tuple(counts.shape) != named:
        raise ValueError(
            f"`counts` must be [households, items] as named, {named}; found {tuple(counts.shape)}."
        )
    for what, names in (("households", households), ("item_names", item_names)):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"`{what}` must have different names; found {twice} twice.")
    if not click >= 0:
        raise ValueError(f"`click` must be 0 or more purchases; found {click}.")
    if not 1 <= k <= len(item_names):
        raise ValueError(f"`k` must lie between 1 and {len(item_names)}; found {k}.")
    return SessionExplorer(
        facts={
            "households": list(households),
            "itemNames": list(item_names),
            "k": k,
            "click": click,
            "inWords": IN_WORDS,
            "lookFor": look_for,
        },
        counts=counts,
        update=update,
        household=households[0],
    )


def _is_event(event: Any, n_items: int) -> bool:
    if not isinstance(event, list | tuple) or len(event) != 2:
        return False
    kind, item = event
    return kind in KINDS and type(item) is int and 0 <= item < n_items


def _speed(milliseconds: Sequence[float]) -> str:
    ordered = sorted(milliseconds)
    # the smallest time that 99 % of the updates do not exceed
    half, most = (ordered[-(-len(ordered) * share // 100) - 1] for share in (50, 99))
    plural = "s" if len(ordered) > 1 else ""
    return (
        f"{len(ordered)} update{plural} in the kernel: median {readable(half)} ms, 99 % within "
        f"{readable(most)} ms"
    )
