"""A training that the reader steers while it runs beside the notebook."""

import os
from collections.abc import Callable, Iterator, Sequence
from weakref import WeakValueDictionary

from torch import Tensor

from mtl_course import steering
from mtl_course.figures import task_color, task_marker
from mtl_course.training import Step
from mtl_course.widgets.training_panel import TrainingPanel

MOST_BINS = 400  # points of a curve: with more steps than that, a point is the mean of several

_panels: WeakValueDictionary[str, TrainingPanel] = WeakValueDictionary()  # by name

Start = Callable[[Callable[[], Tensor]], Iterator[Step]]  # given the weights of the moment


def watch_training(
    start: Start,
    tasks: Sequence[str],
    max_steps: int,
    *,
    name: str = "training",
    alpha: float | int = 0.5,
    headless_steps: int = 50,
    look_for: str = "Move α while the training runs: which loss answers, and how fast?",
) -> TrainingPanel:
    """A panel that starts, pauses and steers a training; nothing runs before Start is pressed.

    The training runs beside the notebook: other cells answer while it does. It ends by itself after
    `max_steps`, waits while no page shows it, and pauses when the kernel is interrupted. There is
    one training of a `name`: running the cell again retires the old panel. With COURSE_HEADLESS=1
    in the environment, `headless_steps` are made at once, and nothing runs afterwards.

    Args:
        start: makes a fresh training. It is given a function that returns the weights of the
            moment, (α, 1 - α), to be called in every step.
        tasks: the two tasks, in the order of the losses.
        look_for: one sentence above the panel.

    Returns:
        The panel. Set its `alpha`, `running` or `speed` (steps a second), or call `advance`, to do
        from code what the page does; `recorded` holds the losses so far.

    Raises:
        ValueError: not two tasks, or `max_steps` below 1.
    """
    if len(tasks) != 2:
        raise ValueError(f"One α weighs two tasks; found {len(tasks)}: {list(tasks)}.")
    if max_steps < 1:
        raise ValueError(f"`max_steps` must be 1 or more; found {max_steps}.")
    size = -(-max_steps // MOST_BINS)
    panel = TrainingPanel(
        start=start,
        alpha=alpha,
        facts={
            "name": name,
            "tasks": list(tasks),
            "colors": [task_color(task) for task in tasks],
            "markers": [task_marker(task) for task in tasks],
            "maxSteps": max_steps,
            "bin": size,  # steps
            "nBins": -(-max_steps // size),
            "inFlight": steering.IN_FLIGHT,
            "lookFor": look_for,
        },
    )
    loop = steering.running_loop()
    if os.environ.get("COURSE_HEADLESS") == "1":
        panel.advance(headless_steps)
    elif loop is not None:
        steering.cancel(loop, name)
        if name in _panels:
            _panels[name].retire()  # ipywidgets keeps the panel for ever: not its network and log
        _panels[name] = panel
    return panel
