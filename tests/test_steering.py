import asyncio
import signal
import time
from itertools import pairwise

import pytest

from mtl_course import steering

NAME = "work"


def never() -> None:
    raise AssertionError("nobody should have called this")


def work(
    steps: list,
    n: int,
    *,
    wanted=lambda: True,
    drawn=lambda: True,
    show=list,
    wait=never,
    hurried=lambda: False,
    rest=lambda: None,
):
    """A run of `n` steps that notes each of them in `steps`."""

    def step() -> bool:
        if len(steps) == n:
            return False
        steps.append(time.monotonic())
        return True

    return steering.run_in_slices(
        step, wanted=wanted, drawn=drawn, show=show, wait=wait, hurried=hurried, rest=rest
    )


def ended(_task: asyncio.Task) -> None:
    pass


def runs(loop: asyncio.AbstractEventLoop) -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks(loop) if "steered" in task.get_name()]


def test_every_step_is_made_and_then_nothing_is_left():
    async def notebook() -> tuple[int, list[str]]:
        steps = []
        loop = asyncio.get_running_loop()
        await steering.launch(loop, NAME, work(steps, 1000), ended)
        return len(steps), runs(loop)

    assert asyncio.run(notebook()) == (1000, [])


def test_other_cells_are_answered_while_the_work_goes_on():
    async def notebook() -> list[float]:
        steps, waits = [], []
        loop = asyncio.get_running_loop()
        task = steering.launch(loop, NAME, work(steps, 10**9), ended)
        for _ in range(10):
            asked = time.monotonic()
            await asyncio.sleep(0.002)
            waits.append(time.monotonic() - asked)
        task.cancel()
        return waits

    # a slice and the turns after it; the rest is the machine's own unrest
    assert sorted(asyncio.run(notebook()))[5] < 6 * steering.SLICE


def test_a_picture_is_sent_only_when_the_last_one_was_drawn(monkeypatch):
    monkeypatch.setattr(steering, "FRAME", 0.0)
    monkeypatch.setattr(steering, "SLICE", 0.0)
    state = {"sent": 0, "seen": 0}

    def show() -> None:
        assert state["sent"] == state["seen"]
        state["sent"] += 1

    async def notebook() -> None:
        drawn = lambda: state["sent"] == state["seen"]  # noqa: E731
        loop = asyncio.get_running_loop()
        task = steering.launch(loop, NAME, work([], 10**9, drawn=drawn, show=show), ended)
        for _ in range(3):
            await asyncio.sleep(0.05)
            assert state["sent"] == state["seen"] + 1  # one picture under way, never more
            state["seen"] += 1
        task.cancel()

    asyncio.run(notebook())


def test_work_that_no_page_looks_at_stands_still_and_goes_on_when_one_does(monkeypatch):
    monkeypatch.setattr(steering, "AWAY", 0.1)
    steps, waits, seen = [], [], []

    async def notebook() -> tuple[int, int, int]:
        loop = asyncio.get_running_loop()
        run = work(
            steps, 10**9, drawn=lambda: bool(seen), wait=lambda: waits.append(1), show=lambda: None
        )
        task = steering.launch(loop, NAME, run, ended)
        await asyncio.sleep(0.3)
        stopped = len(steps)
        await asyncio.sleep(0.2)
        still = len(steps)
        seen.append(True)
        await asyncio.sleep(0.2)
        task.cancel()
        return stopped, still, len(steps)

    stopped, still, later = asyncio.run(notebook())
    assert 0 < stopped == still < later
    assert waits


def test_a_page_that_has_drawn_lately_is_not_taken_for_closed(monkeypatch):
    monkeypatch.setattr(steering, "AWAY", 0.2)
    steps, hidden = [], []

    async def notebook() -> bool:
        loop = asyncio.get_running_loop()
        run = work(steps, 10**9, drawn=lambda: not hidden, wait=lambda: None)
        task = steering.launch(loop, NAME, run, ended)
        await asyncio.sleep(0.3)  # longer than a page may be away
        hidden.append(True)
        before = len(steps)
        await asyncio.sleep(0.1)
        task.cancel()
        return len(steps) > before

    assert asyncio.run(notebook())


def test_what_is_no_longer_wanted_stops_after_the_slice():
    steps = []
    started = time.monotonic()
    asyncio.run(work(steps, 10**9, wanted=lambda: len(steps) < 7))
    assert len(steps) >= 7
    assert steps[-1] - started < 2 * steering.SLICE


def test_a_rest_of_nothing_gives_each_step_a_slice_of_its_own(monkeypatch):
    monkeypatch.setattr(steering, "SLICE", 10.0)
    steps = []
    asyncio.run(work(steps, 10**9, wanted=lambda: len(steps) < 7, rest=lambda: 0.0))
    assert len(steps) == 7


def test_what_is_hurried_is_shown_after_the_first_step_of_the_slice(monkeypatch):
    monkeypatch.setattr(steering, "SLICE", 10.0)
    monkeypatch.setattr(steering, "FRAME", 10.0)
    steps, shown_after = [], []
    run = work(
        steps,
        10**9,
        wanted=lambda: len(steps) < 3,
        hurried=lambda: True,
        show=lambda: shown_after.append(len(steps)),
    )
    asyncio.run(run)
    assert shown_after == [1, 2, 3]


def test_a_rest_after_each_step_is_kept():
    steps = []
    run = steering.run_in_slices(
        lambda: steps.append(time.monotonic()) is None,
        wanted=lambda: len(steps) < 4,
        drawn=lambda: True,
        show=list,
        wait=never,
        rest=lambda: 0.05,
    )
    asyncio.run(run)
    apart = [later - earlier for earlier, later in pairwise(steps)]
    assert len(steps) == 4
    assert min(apart) >= 0.049


def test_a_second_run_of_the_same_name_ends_the_first_and_leaves_others_alone():
    async def notebook() -> tuple[list[bool], int]:
        loop = asyncio.get_running_loop()
        tasks = [
            steering.launch(loop, name, work([], 10**9), ended) for name in ("a", "b", "a", "a")
        ]
        await asyncio.sleep(0.05)
        found = [task.cancelled() for task in tasks], len(runs(loop))
        steering.cancel(loop)
        return found

    assert asyncio.run(notebook()) == ([True, False, True, False], 2)


def test_a_failure_reaches_whoever_asked_for_the_end():
    async def broken() -> None:
        raise ArithmeticError("diverged")

    failures = []

    async def notebook() -> None:
        loop = asyncio.get_running_loop()
        steering.launch(loop, NAME, broken(), lambda task: failures.append(task.exception()))
        await asyncio.sleep(0.02)

    asyncio.run(notebook())
    assert [str(failure) for failure in failures] == ["diverged"]


@pytest.fixture
def idle_kernel():
    """A kernel between two cells: it ignores the interrupt."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("idle_kernel")
def test_an_interrupt_between_cells_ends_all_work_and_is_ignored_again_afterwards():
    async def notebook() -> tuple[bool, list[str]]:
        loop = asyncio.get_running_loop()
        tasks = [steering.launch(loop, name, work([], 10**9), ended) for name in "ab"]
        await asyncio.sleep(0.05)
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0.05)
        return all(task.cancelled() for task in tasks), runs(loop)

    loop = asyncio.new_event_loop()  # `asyncio.run` would take the interrupt for itself
    try:
        assert loop.run_until_complete(notebook()) == (True, [])
    finally:
        loop.close()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_without_a_notebook_there_is_no_loop():
    assert steering.running_loop() is None
