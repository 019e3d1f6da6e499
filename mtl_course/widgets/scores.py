"""Finished scores under weights at serving time: a household's list, sorted anew at every move."""

from collections.abc import Sequence
from typing import Any

import anywidget
import torch
import traitlets
from jaxtyping import Bool, Float
from torch import Tensor

from mtl_course.figures import task_color, task_marker
from mtl_course.panels import (
    Refused,
    float32_bytes,
    one_of,
    page_module,
    stand_in,
    style_sheet,
)
from mtl_course.retrieval import top_k
from mtl_course.widgets.weightings import in_words, shares

IN_WORDS = 3  # items of the list that its sentence names


class ScoresExplorer(anywidget.AnyWidget):
    """Lists sorted by weighted scores; `weights`, `household` and `novel_only` choose, `top` tells.

    A weighted sum ranks:  list score[item] = sum_t weights[t] * scores[household, item, t]
    """

    _esm = page_module("scores")
    _css = style_sheet()
    weights = traitlets.TraitType().tag(sync=True)  # one for each task; they add up to 1
    household = traitlets.TraitType().tag(sync=True)  # its name
    novel_only = traitlets.Bool(False).tag(sync=True)  # leave out what the household has bought
    facts = traitlets.Dict().tag(sync=True)  # names and texts; they never change
    numbers = traitlets.Bytes().tag(sync=True)  # float32 [households, items, tasks]

    @traitlets.validate("weights")
    def _share(self, proposal: Any) -> tuple[float, ...]:
        return shares(proposal["value"], self.facts["tasks"])

    @traitlets.validate("household")
    def _know(self, proposal: Any) -> str:
        return one_of("household", proposal["value"], self.facts["households"])

    @traitlets.validate("novel_only")
    def _can_tell(self, proposal: Any) -> bool:
        if proposal["value"] and self.facts["owned"] is None:
            raise Refused(
                "`novel_only` needs to know what each household has bought; found no `owned`. "
                "Pass it to `explore_scores`."
            )
        return proposal["value"]

    @property
    def top(self) -> tuple[int, ...]:
        """Row numbers of the listed items, best first; of equal scores the lower number first."""
        return self._top(self.household, self.weights)

    @property
    def text(self) -> str:
        """The line that the panel shows: household, weights, and the head of the list."""
        names = self.facts["itemNames"]
        head = ", ".join(f"{i + 1} {names[item]}" for i, item in enumerate(self.top[:IN_WORDS]))
        scope = ", new items only" if self.novel_only else ""
        chosen = in_words(self.facts["tasks"], self.weights)
        return f"{self.household}, {chosen}{scope}: {head}."

    def __repr__(self) -> str:
        return f"ScoresExplorer({self.text})"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        tasks, names = self.facts["tasks"], self.facts["itemNames"]
        corners = [[float(task == one) for task in tasks] for one in tasks]
        columns = ["household", "place", in_words(tasks, self.weights)]
        columns += [f"{task} alone" for task in tasks]
        rows = [
            [household, str(i + 1), *(names[item] for item in items)]
            for household in self.facts["households"]
            for i, items in enumerate(
                zip(*(self._top(household, w) for w in (self.weights, *corners)), strict=True)
            )
        ]
        return data | {"text/html": stand_in(self.text, columns, rows)}, metadata

    def _top(self, household: str, weights: Sequence[float]) -> tuple[int, ...]:
        row = self.facts["households"].index(household)
        shape = (len(self.facts["households"]), -1, len(self.facts["tasks"]))
        scores = torch.frombuffer(bytearray(self.numbers), dtype=torch.float32).reshape(shape)[row]
        left_out = torch.zeros(1, len(scores), dtype=torch.bool)
        if self.novel_only:
            left_out[0, self.facts["owned"][row]] = True
        listed = top_k(list_scores(scores, weights)[None], self.facts["k"], left_out)
        return tuple(listed[0].tolist())


def list_scores(
    scores: Float[Tensor, "items tasks"], weights: Sequence[float]
) -> Float[Tensor, " items"]:
    """The weighted sum of each item's scores.

        list score[item] = sum_t weights[t] * scores[item, t]

    In float64 and task by task, as the page adds them up, so that both sort alike to the last bit.

    Example:
        >>> list_scores(torch.tensor([[0.5, 0.25], [1.0, 0.0]]), (0.25, 0.75))
        tensor([0.3125, 0.2500], dtype=torch.float64)
    """
    total = torch.zeros(len(scores), dtype=torch.float64)
    for weight, column in zip(weights, scores.double().T, strict=True):
        total = total + weight * column
    return total


def explore_scores(
    scores: Float[Tensor, "households items tasks"],
    tasks: Sequence[str],
    households: Sequence[str],
    item_names: Sequence[str],
    *,
    weights: Sequence[float | int],
    k: int = 10,
    owned: Bool[Tensor, "households items"] | None = None,
    look_for: str,
) -> ScoresExplorer:
    """A panel that sorts finished scores by weights chosen at serving time; nothing is trained.

        list score[item] = sum_t weights[t] * scores[household, item, t]

    A weighted sum trades a loss in one task against a gain in another at a fixed rate, so it
    depends on the tasks' scales: a task whose scores lie close together hardly moves the list.

    Args:
        scores: between 0 and 1, e.g. each task's probability, for some households only.
        households: what to call them.
        item_names: the name of every item, by row number.
        weights: one for each task to begin with, in any sum.
        k: the list's length.
        owned: True for what a household has bought before: it is marked in the list, and a box
            leaves it out.
        look_for: one sentence above the panel.

    Returns:
        The panel. Read or set its `weights` (divided by their sum), its `household` (by name) and
        `novel_only`; read its `top`, the row numbers of the list.

    Raises:
        ValueError: fewer than two tasks, names that do not match the scores or come twice, a score
            outside [0, 1], or a household with fewer than `k` items to list.
    """
    _refuse_what_no_list_shows(scores, tasks, households, item_names)
    left_out = 0 if owned is None else int(owned.sum(dim=1).max())
    n_candidates = scores.shape[1] - left_out
    if not 1 <= k <= n_candidates:
        raise ValueError(
            f"`k` must lie between 1 and {n_candidates}, the items that can be listed for every "
            f"household; found {k}."
        )
    return ScoresExplorer(
        facts={
            "tasks": list(tasks),
            "colors": [task_color(task) for task in tasks],
            "markers": [task_marker(task) for task in tasks],
            "households": list(households),
            "itemNames": list(item_names),
            "k": k,
            "inWords": IN_WORDS,
            "owned": None if owned is None else [row.nonzero()[:, 0].tolist() for row in owned],
            "lookFor": look_for,
        },
        numbers=float32_bytes(scores),
        weights=weights,
        household=households[0],
    )


def _refuse_what_no_list_shows(
    scores: Float[Tensor, "households items tasks"],
    tasks: Sequence[str],
    households: Sequence[str],
    item_names: Sequence[str],
) -> None:
    if len(tasks) < 2:
        raise ValueError(f"Weights need at least two tasks to weigh; found {list(tasks)}.")
    named = (len(households), len(item_names), len(tasks))
    if tuple(scores.shape) != named:
        raise ValueError(
            f"`scores` must be [households, items, tasks] as named, {named}; found "
            f"{tuple(scores.shape)}."
        )
    if len(set(households)) < len(households):
        raise ValueError(f"`households` must have different names; found {list(households)}.")
    bad = scores[~((scores >= 0) & (scores <= 1))]  # NaN among them
    if len(bad) > 0:
        raise ValueError(f"`scores` must lie between 0 and 1; found {bad[0].item():g}.")
