"""The cell of the steered notebook: a real training, and a note of when each α was first read."""

# ruff: noqa: B018

import asyncio
import itertools
import time

import torch

from mtl_course import losses, networks, scalarization, simulation, steering, training, widgets
from mtl_course.interactions import only_tasks

torch.set_num_threads(1)
world = simulation.random_world(torch.Generator().manual_seed(0), agreement=0.0)
log = simulation.show(world, 100_000, torch.Generator().manual_seed(1))
log = only_tasks(log, ("click", "purchase"))
first_read = {}  # α in hundredths: the first step that was trained with it


def start(weights):
    torch.manual_seed(0)
    model = networks.SharedBottom(log.n_users, log.n_items, n_tasks=2, dim=8, hidden=32)
    steps_made = itertools.count()

    def backward(task_losses):
        now = weights()
        first_read.setdefault(round(100 * now[0].item()), next(steps_made))
        scalarization.weighted_sum(task_losses, now).backward()

    return training.training_steps(
        model,
        log,
        losses.task_losses,
        backward,
        torch.optim.SGD(model.parameters(), lr=0.1),
        epochs=1000,
        batch_size=128,
        generator=torch.Generator().manual_seed(0),
    )


class Rate:
    """Steps a second of the wall clock and of this process's CPU, between two moments."""

    def __init__(self, steps: int) -> None:
        self.steps, self.wall, self.cpu = steps, time.perf_counter(), time.process_time()

    def until(self, later: "Rate") -> tuple[float, float]:
        steps = later.steps - self.steps
        return steps / (later.wall - self.wall), steps / (later.cpu - self.cpu)


def print_rate_in_a_plain_loop(seconds: float) -> None:
    steps = start(lambda: torch.tensor([0.5, 0.5]))
    for _ in range(100):
        next(steps)
    before = Rate(0)
    made = 0
    while time.perf_counter() - before.wall < seconds:
        next(steps)
        made += 1
    print(*before.until(Rate(made)))


async def print_rate_in_slices(seconds: float) -> None:
    """The same slices of the kernel's loop that the panel uses, with nothing shown."""
    steps = start(lambda: torch.tensor([0.5, 0.5]))
    made = itertools.count()
    end = time.perf_counter() + seconds
    before = Rate(0)
    await steering.run_in_slices(
        lambda: next(made) >= 0 and next(steps) is not None,
        wanted=lambda: time.perf_counter() < end,
        drawn=lambda: True,
        show=lambda: None,
        wait=lambda: None,
    )
    print(*before.until(Rate(next(made))))


async def rate_of_the_panel(seconds: float) -> tuple[float, float, float]:
    before, pictures = Rate(len(panel.recorded)), panel.seen
    await asyncio.sleep(seconds)
    after = Rate(len(panel.recorded))
    return *before.until(after), (panel.seen - pictures) / (after.wall - before.wall)


panel = widgets.watch_training(start, log.tasks, 100_000, name="benchmark", alpha=1.0)
panel
