"""A training that runs beside the notebook, in slices of the kernel's loop, under a slider."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence

import anywidget
import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from mtl_course.figures import BASELINE_COLOR, TASK_COLORS
from mtl_course.panels import float32_bytes, nearest, page_module, style_sheet
from mtl_course.training import Step

SLICE = 0.02  # seconds of training before the kernel looks at its messages again
FRAME = 0.08  # seconds between two pictures, so that at least ten a second arrive
AWAY = 5.0  # seconds without a sign from any page, after which the training waits
MOST_BINS = 400  # points of a curve; with more steps, a point is the mean of several
_TASK_NAME = "steered training: "


class TrainingPanel(anywidget.AnyWidget):
    """A training under a slider: `alpha` weighs the first task, 1 - `alpha` the second.

    Everything may be set from code as from the page: `alpha`, `running`; one more in
    `single_steps` makes one step, one more in `resets` starts over.
    """

    _esm = page_module("training")
    _css = style_sheet()
    alpha = traitlets.Float(0.5).tag(sync=True)
    running = traitlets.Bool(False).tag(sync=True)
    single_steps = traitlets.Int(0).tag(sync=True)
    resets = traitlets.Int(0).tag(sync=True)
    done = traitlets.Int(0).tag(sync=True)  # steps since the last reset
    status = traitlets.Unicode("Ready. Press Start.").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    marks = traitlets.List().tag(sync=True)  # [step, alpha] wherever alpha was moved
    losses = traitlets.Bytes().tag(sync=True)  # float32 [bins, tasks]
    sent = traitlets.Int(0).tag(sync=True)  # pictures sent by the kernel
    seen = traitlets.Int(0).tag(sync=True)  # the last of them that a page has drawn
    facts = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        name: str,
        start: Callable[[Callable[[], Tensor]], Iterator[Step]],
        tasks: Sequence[str],
        max_steps: int,
        alpha: float,
        look_for: str,
    ) -> None:
        bin_ = -(-max_steps // MOST_BINS)
        super().__init__(
            alpha=alpha,
            facts={
                "tasks": list(tasks),
                "colours": [TASK_COLORS.get(task, BASELINE_COLOR) for task in tasks],
                "maxSteps": max_steps,
                "bin": bin_,
                "nBins": -(-max_steps // bin_),
                "lookFor": look_for,
            },
        )
        self._name, self._start, self._max_steps, self._bin = name, start, max_steps, bin_
        self._recorded = torch.zeros(max_steps, len(tasks))
        self._steps: Iterator[Step] | None = None
        self._n = self._asked = 0  # steps made; single steps asked for and not yet made
        self._task: asyncio.Task | None = None
        self._loop = _running_loop()
        self.observe(self._alpha_moved, "alpha")
        self.observe(self._run_wanted, "running")
        self.observe(self._single_wanted, "single_steps")
        self.observe(lambda _: self._soon(self._reset), "resets")

    @traitlets.validate("alpha")
    def _check(self, proposal) -> float:
        nearest("alpha", proposal["value"], [0.0, 1.0])
        return proposal["value"]

    @property
    def weights(self) -> Float[Tensor, " tasks"]:
        """What the next step reads: (alpha, 1 - alpha)."""
        return torch.tensor([self.alpha, 1 - self.alpha])

    @property
    def recorded(self) -> Float[Tensor, "steps tasks"]:
        """The losses of every step since the last reset, in nats."""
        return self._recorded[: self._n].clone()

    def advance(self, n_steps: int) -> "TrainingPanel":
        """Make `n_steps` now, before returning; fewer where the training ends earlier."""
        for _ in range(n_steps):
            if not self._step():
                break
        self._show()
        self._tell("Paused" if self._n < self._max_steps else "Finished")
        return self

    def __repr__(self) -> str:
        return f"TrainingPanel(alpha={self.alpha:.2f}, {self._n} of {self._max_steps} steps)"

    # From here on: what happens on the kernel's main loop, one thing after another.

    def _step(self) -> bool:
        if self._n >= self._max_steps:
            return False
        if self._steps is None:
            self._steps = self._start(lambda: self.weights)
        step = next(self._steps, None)
        if step is None:
            self._max_steps = self._n  # the training gave out before its steps did
            return False
        self._recorded[self._n] = step.losses
        self._n += 1
        return True

    async def _go(self) -> None:
        shown = answered = time.monotonic()
        while (self.running or self._asked) and self._n < self._max_steps:
            _hear_interrupts()
            now = time.monotonic()
            if self.seen == self.sent:
                answered = now
            if now - answered > AWAY and not self._asked:
                self._tell("Waiting for a page that shows this panel")
                await asyncio.sleep(0.2)
                continue
            while self._step():
                self._asked = max(self._asked - 1, 0)
                if time.monotonic() - now > SLICE or not (self.running or self._asked):
                    break
            if self.seen == self.sent and now - shown >= FRAME:
                shown = now
                self._show()
                self._tell("Running")
            await asyncio.sleep(0.001)

    def _launch(self) -> None:
        if self._task is None or self._task.done():
            _cancel_runs(self._loop, self._name)
            self.error = ""
            self._task = self._loop.create_task(self._go(), name=_TASK_NAME + self._name)
            self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task) -> None:
        _ignore_interrupts_again()
        self._asked = 0
        self.running = False
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self._steps = None  # a generator that raised is spent
            self.error = f"The training stopped: {type(failure).__name__}: {failure}"
        self._show()
        if task.cancelled() or failure is not None:
            self._tell("Stopped")
        else:
            self._tell("Finished" if self._n >= self._max_steps else "Paused")

    def _reset(self) -> None:
        if self._task is not None:
            self._task.remove_done_callback(self._ended)
            self._task.cancel()
            self._task = None
            _ignore_interrupts_again()
        self.running = False
        self._steps, self._n, self._max_steps = None, 0, len(self._recorded)
        self.marks, self.error = [], ""
        self._show()
        self.status = "Ready. Press Start."

    def _show(self) -> None:
        whole = self._recorded[: self._n - self._n % self._bin]
        bins = whole.unflatten(0, (-1, self._bin)).mean(dim=1) if len(whole) else whole
        with self.hold_sync():
            self.losses = float32_bytes(bins)
            self.done = self._n
            self.sent += 1

    def _tell(self, state: str) -> None:
        text = {
            "Running": "Running: move α and watch both losses.",
            "Paused": f"Paused at step {self._n}.",
            "Stopped": f"Stopped at step {self._n}.",
            "Finished": f"Finished: {self._n} steps. Reset to begin again.",
        }.get(state, f"{state}.")
        if self.status != text:
            self.status = text

    # What a page or a cell asks for; it may arrive on another thread, so it is only passed on.

    def _soon(self, action: Callable[[], None]) -> None:
        if self._loop is None:
            action()
        else:
            self._loop.call_soon_threadsafe(action)

    def _alpha_moved(self, change) -> None:
        if self._n:
            close = self.marks and self._n - self.marks[-1][0] <= self._max_steps // 50
            step = self.marks[-1][0] if close else self._n
            kept = self.marks[:-1] if close else self.marks
            self.marks = [*kept, [step, change["new"]]]

    def _run_wanted(self, change) -> None:
        if change["new"] and self._loop is None:
            raise ValueError(
                "A training runs on the loop of a notebook's kernel; found none. "
                "Call `advance(n_steps)` instead."
            )
        if change["new"]:
            self._soon(self._launch)

    def _single_wanted(self, change) -> None:
        self._asked += max(change["new"] - change["old"], 0)
        self._soon(self._launch if self._loop is not None else lambda: self.advance(1))


def watch_training(
    start: Callable[[Callable[[], Tensor]], Iterator[Step]],
    tasks: Sequence[str],
    max_steps: int,
    *,
    name: str = "training",
    alpha: float = 0.5,
    look_for: str = "Move α while the training runs: which loss answers, and how fast?",
    headless_steps: int = 50,
) -> TrainingPanel:
    """A panel that starts, pauses and steers a training; nothing runs before Start is pressed.

    The training runs beside the notebook: other cells answer while it does. It ends by itself after
    `max_steps`, waits while no page shows it, and stops when the kernel is interrupted. Only one
    training of a `name` runs: running the cell again replaces the old one. With COURSE_HEADLESS=1
    in the environment, `headless_steps` are made at once and nothing runs afterwards.

    Args:
        start: makes a fresh training; it is given a function that returns the weights of the
            moment, (alpha, 1 - alpha), to be called in every step.
        tasks: the two tasks, in the order of the losses.
        look_for: one sentence above the panel.

    Returns:
        The panel. Set its `alpha` or `running`, or call `advance`, to do from code what the page
        does; `recorded` holds the losses so far.

    Raises:
        ValueError: not two tasks, or `max_steps` below 1.
    """
    if len(tasks) != 2:
        raise ValueError(f"One α weighs two tasks; found {len(tasks)}: {list(tasks)}.")
    if max_steps < 1:
        raise ValueError(f"`max_steps` must be 1 or more; found {max_steps}.")
    panel = TrainingPanel(name, start, tasks, max_steps, alpha, look_for)
    if os.environ.get("COURSE_HEADLESS") == "1":
        return panel.advance(headless_steps)
    _cancel_runs(_running_loop(), name)
    return panel


def _running_loop() -> asyncio.AbstractEventLoop | None:
    return asyncio._get_running_loop()


def _cancel_runs(loop: asyncio.AbstractEventLoop | None, name: str | None) -> None:
    for task in asyncio.all_tasks(loop) if loop else ():
        if task.get_name().startswith(_TASK_NAME) and name in (None, task.get_name()[18:]):
            task.cancel()


def _stop_all(_signal, _frame) -> None:
    _cancel_runs(_running_loop(), None)


def _hear_interrupts() -> None:
    # between cells a kernel ignores the interrupt; while a training runs, it is meant for that
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, _stop_all)


def _ignore_interrupts_again() -> None:
    if signal.getsignal(signal.SIGINT) is _stop_all:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
