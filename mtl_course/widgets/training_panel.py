"""A running training under a slider: start, pause, one step, reset, and its losses as they come."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import anywidget
import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from mtl_course import steering, validity
from mtl_course.panels import (
    Refused,
    float32_bytes,
    nearest,
    page_module,
    readable,
    stand_in,
    style_sheet,
)
from mtl_course.training import Step
from mtl_course.widgets.recording import Recording

READY = "Ready: press Start."
REPLACED = "A newer panel has this name: use that one, or give one of the two another `name`."


class TrainingPanel(anywidget.AnyWidget):
    """A training under a slider: `alpha` weighs the first task, 1 - `alpha` the second.

    What a page does, code can do: set `alpha`, `running` or `speed`; add 1 to `single_steps` for
    one step and to `resets` to begin again.
    """

    _esm = page_module("training")
    _css = style_sheet()
    alpha = traitlets.Float(0.5).tag(sync=True)
    running = traitlets.Bool(False).tag(sync=True)
    speed = traitlets.Int(0).tag(sync=True)  # steps a second at most; 0: as fast as they come
    single_steps = traitlets.Int(0).tag(sync=True)
    resets = traitlets.Int(0).tag(sync=True)
    done = traitlets.Int(0).tag(sync=True)  # steps since the last reset
    status = traitlets.Unicode(READY).tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    marks = traitlets.List().tag(sync=True)  # [step, alpha] wherever alpha was moved
    losses = traitlets.Bytes().tag(sync=True)  # float32 [bins, tasks]
    sent = traitlets.Int(0).tag(sync=True)  # pictures sent by the kernel
    seen = traitlets.Int(0)  # the last of them that a page has drawn
    facts = traitlets.Dict().tag(sync=True)  # names and texts; they never change
    start = traitlets.Callable()

    def __init__(self, **state: Any) -> None:
        self._loop = steering.running_loop()
        super().__init__(**state)
        self._recording = self._fresh_recording()
        self._end = self.facts["maxSteps"]  # earlier where the training gives out by itself
        self._marks: list[list[float]] = []  # `marks` as the next picture has them
        self._asked = 0  # single steps asked for and not yet made
        self._retired = False
        self._read_alpha = self._shown_alpha = self.alpha  # by the last step; in the last picture
        self._steps: Iterator[Step] | None = None
        self._task: asyncio.Task | None = None
        self.observe(self._alpha_moved, "alpha")
        self.observe(self._run_wanted, "running")
        self.observe(self._single_steps_wanted, "single_steps")
        self.observe(self._reset_wanted, "resets")
        self.on_msg(self._hear)

    @traitlets.validate("alpha")
    def _check(self, proposal: Any) -> float:
        nearest("alpha", proposal["value"], [0.0, 1.0])
        return proposal["value"]

    @traitlets.validate("speed")
    def _check_speed(self, proposal: Any) -> int:
        if proposal["value"] < 0:
            raise Refused(
                f"`speed` is in steps a second, or 0 for as fast as they come; found "
                f"{proposal['value']}."
            )
        return proposal["value"]

    @traitlets.validate("single_steps", "resets")
    def _check_counter(self, proposal: Any) -> int:
        self._refuse_if_retired()
        name = proposal["trait"].name
        if proposal["value"] < getattr(self, name):
            raise Refused(
                f"`{name}` counts up: add 1 to the {getattr(self, name)} it stands at; found "
                f"{proposal['value']}."
            )
        return proposal["value"]

    @traitlets.validate("running")
    def _check_loop(self, proposal: Any) -> bool:
        if proposal["value"]:
            self._refuse_if_retired()
        if proposal["value"] and self._loop is None:
            raise Refused(
                "A training runs on the loop of a notebook's kernel; found none here. "
                "Call `advance(n_steps)` instead."
            )
        return proposal["value"]

    @property
    def weights(self) -> Float[Tensor, " tasks"]:
        """What the next step reads: (alpha, 1 - alpha)."""
        return _weighed(self.alpha)

    def _fresh_recording(self) -> Recording:
        return Recording(self.facts["maxSteps"], len(self.facts["tasks"]))

    @property
    def _made(self) -> int:
        return len(self._recording)  # steps

    def _read_weights(self) -> Float[Tensor, " tasks"]:
        alpha = self._read_alpha = self.alpha
        return _weighed(alpha)

    @property
    def recorded(self) -> Float[Tensor, "steps tasks"]:
        """The losses of every step since the last reset, in nats."""
        return self._recording.losses.clone()

    def advance(self, n_steps: int) -> None:
        """Make `n_steps` before returning; fewer where the training ends earlier.

        Raises:
            ValueError: `n_steps` is no count, or a newer panel has this name. What the training
                raises is raised, too.
        """
        self._refuse_if_retired()
        if n_steps != 0 and not validity.is_count(n_steps):
            raise ValueError(f"`n_steps` must be a whole number, 0 or more; found {n_steps!r}.")
        try:
            for _ in range(n_steps):
                if not self._step():
                    break
            self._recording.refuse_what_is_no_number()
        except Exception as failure:
            self._keep(failure)
            raise
        finally:
            self._show()
            self._say_where_it_stands()

    def __repr__(self) -> str:
        return f"TrainingPanel(alpha={self.alpha:.2f}, {self._made} steps)"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        cells = map(readable, self.recorded[-10:].mean(dim=0).tolist())
        columns = [
            "steps",
            *(f"loss of {task} (nats, last 10 steps)" for task in self.facts["tasks"]),
        ]
        table = stand_in(self.status, columns, [[str(self._made), *cells]])
        return data | {"text/html": table}, metadata

    def retire(self) -> None:
        """Lets go of the training, for a newer panel of the same name; what was drawn stays."""
        self.running, self._asked = False, 0
        self._steps, self._task, self.start = None, None, _no_training
        self._retired = True
        self._say(REPLACED)

    def _refuse_if_retired(self) -> None:
        if self._retired:
            raise Refused(REPLACED)

    # What a page or a cell asks for. It may come on another thread: the kernel's loop does it.

    def _alpha_moved(self, change: Any) -> None:
        if self._made > 0:  # a drag is one move, marked where it began; the first mark is no move
            recent = self._made - self._marks[-1][0] <= self._end // 50
            same_move = len(self._marks) > 1 and recent
            step = self._marks[-1][0] if same_move else self._made
            self._mark([*self._marks[: len(self._marks) - same_move], [step, change["new"]]])

    def _mark(self, marks: list) -> None:
        self._marks = marks
        if self._task is None or self._task.done():
            self.marks = marks  # where a training runs, the next picture brings it

    def _hear(self, _panel: Any, said: Any, _buffers: Any) -> None:
        # not a trait that the page sets: the page holds back a move of α until the kernel is done
        # with the last change of a trait, and pictures are drawn ten times a second
        if isinstance(said, dict) and isinstance(said.get("seen"), int):
            self.seen = max(self.seen, said["seen"])

    def _run_wanted(self, change: Any) -> None:
        if change["new"]:
            self._on_loop(self._launch)

    def _single_steps_wanted(self, change: Any) -> None:
        wanted = max(change["new"] - change["old"], 0)
        if self._loop is None:
            self.advance(wanted)
        else:
            self._asked += wanted
            self._on_loop(self._launch)

    def _reset_wanted(self, _change: Any) -> None:
        self._on_loop(self._reset)

    def _on_loop(self, action: Callable[[], None]) -> None:
        if self._loop is None:
            action()
        else:
            self._loop.call_soon_threadsafe(action)

    # What happens on the kernel's loop, one thing after another.

    def _launch(self) -> None:
        if self._task is None or self._task.done():
            if self.error:
                self._begin_again()
            self.seen = self.sent  # what was sent before any page looked is not waited for
            work = steering.run_in_slices(
                self._step_asked_for,
                wanted=lambda: self.running or self._asked > 0,
                drawn=lambda: self.sent - self.seen < steering.IN_FLIGHT,
                show=self._show_running,
                hurried=self._new_weight_unseen,
                wait=lambda: self._say("Waiting: no page shows this panel."),
                rest=self._rest,
            )
            self._task = steering.launch(self._loop, self.facts["name"], work, self._ended)

    def _rest(self) -> float | None:
        if self.speed:
            return 1 / self.speed
        return None if self.running else 0.0  # a single step has a slice of its own

    def _step_asked_for(self) -> bool:
        if self._asked > 0:
            self._asked -= 1
        return self._step()

    def _step(self) -> bool:
        if self._steps is None:
            self._steps = islice(self.start(self._read_weights), self._end)
            self._mark([*self._marks, [self._made, self.alpha]])
        step = next(self._steps, None)
        if step is None:
            self._end = self._made
            return False
        self._recording.append(step.losses)
        return True

    def _ended(self, task: asyncio.Task) -> None:
        if task is not self._task:
            return  # a reset has let go of it
        failure = None if task.cancelled() else task.exception()
        try:
            self._recording.refuse_what_is_no_number()
        except ArithmeticError as no_number:
            failure = failure or no_number
        self._asked = 0
        if task.cancelled() or failure is not None or self._made >= self._end:
            self.running = False
        if failure is not None:
            self._keep(failure)
        self._show()
        self._say_where_it_stands()

    def _keep(self, failure: BaseException) -> None:
        self.error = f"The training failed. {type(failure).__name__}: {failure}"

    def _reset(self) -> None:
        self._task = None  # no longer wanted, it ends by itself
        self.running, self._asked = False, 0
        self._begin_again()
        self._show()
        self._say(READY)

    def _begin_again(self) -> None:
        self._steps, self._end = None, self.facts["maxSteps"]
        self._recording = self._fresh_recording()
        self.error, self.marks, self._marks = "", [], []

    def _new_weight_unseen(self) -> bool:
        return self._read_alpha != self._shown_alpha

    def _show_running(self) -> None:
        self._recording.refuse_what_is_no_number()
        self._show()
        self._say("Running: move α and watch both losses.")

    def _show(self) -> None:
        means = self._recording.means(self.facts["bin"])
        with self.hold_sync():
            self.losses, self.marks = float32_bytes(means), self._marks
            self.done, self.sent = self._made, self.sent + 1
        self._shown_alpha = self._read_alpha

    def _say_where_it_stands(self) -> None:
        if self.error:
            self._say(f"Stopped by an error after step {self._made}. Start begins again.")
        elif self._made >= self._end:
            self._say(f"Finished after step {self._made}. Reset to begin again.")
        else:
            self._say(f"Paused after step {self._made}.")

    def _say(self, text: str) -> None:
        if self.status != text:
            self.status = text


def _no_training(_weights: Any) -> Iterator[Step]:
    return iter(())


def _weighed(alpha: float) -> Float[Tensor, " tasks"]:
    return torch.tensor([alpha, 1 - alpha])
