"""A long computation in slices of the kernel's own loop, so that the notebook stays alive."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Coroutine

TURNS = 6  # of the loop after each slice: what a message takes from the socket to its trait
SLICE = 0.01  # seconds of work before the kernel looks at its messages again
FRAME = 0.095  # seconds between two pictures, so that at least ten a second arrive
IN_FLIGHT = 20  # pictures sent of which no page has said that it drew them; a page draws the last
AWAY = 5.0  # seconds without a sign from any page, after which the work waits
_PREFIX = "steered: "


async def run_in_slices(
    step: Callable[[], bool],
    *,
    wanted: Callable[[], bool],
    drawn: Callable[[], bool],
    show: Callable[[], None],
    wait: Callable[[], None],
    hurried: Callable[[], bool] = lambda: False,
    rest: Callable[[], float | None] = lambda: None,
) -> None:
    """Call `step` until it has nothing left or is no longer `wanted`, and `show` on the way.

    Between slices other cells and sliders are answered. The next picture is sent when those before
    are `drawn`, so that the kernel cannot run far ahead of the screen; if no page draws for `AWAY`
    seconds, the work stands still, calling `wait`, until one does.

    Args:
        step: does a little work; False when there was none left to do.
        drawn: whether a page has said that it drew what was shown, but for the last few pictures.
        hurried: whether there is something to be shown before the next picture is due.
        rest: seconds to leave free after each step; None fills whole slices with steps. Within a
            slice nothing else runs, so all of this is asked for after its first step alone.
    """
    shown = answered = time.monotonic()
    while wanted():
        _hear_interrupts()
        now = time.monotonic()
        if drawn():
            answered = now
        elif now - answered > AWAY:
            wait()
            await asyncio.sleep(FRAME)
            continue
        if not step():
            return
        pause, hurry = rest(), hurried() and drawn()
        if pause is None and not hurry:
            while time.monotonic() - now < SLICE:
                if not step():
                    return
        if hurry or (drawn() and now - shown >= FRAME):
            shown = now
            show()
        await asyncio.sleep(pause or 0)
        for _ in range(TURNS):
            await asyncio.sleep(0)


def launch(
    loop: asyncio.AbstractEventLoop,
    name: str,
    work: Coroutine[None, None, None],
    ended: Callable[[asyncio.Task], None],
) -> asyncio.Task:
    """Start `work` beside the notebook, in place of whatever runs under the same `name`.

    Args:
        ended: called when the work is over, was cancelled or failed; the task says which.
    """
    cancel(loop, name)
    task = loop.create_task(work, name=_PREFIX + name)
    task.add_done_callback(ended)
    task.add_done_callback(_leave_interrupts_alone)
    return task


def cancel(loop: asyncio.AbstractEventLoop, name: str | None = None) -> None:
    """End what runs under `name`; under any name if there is none given."""
    for task in asyncio.all_tasks(loop):
        title = task.get_name()
        if title.startswith(_PREFIX) and name in (None, title.removeprefix(_PREFIX)):
            task.cancel()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop of the notebook's kernel, or None in a plain program."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _hear_interrupts() -> None:
    # between cells a kernel ignores the interrupt; while something runs, it is meant for that
    here = threading.current_thread() is threading.main_thread()
    if here and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupted)


def _interrupted(_signal: int, _frame: object) -> None:
    cancel(asyncio.get_running_loop())


def _leave_interrupts_alone(_task: asyncio.Task) -> None:
    if signal.getsignal(signal.SIGINT) is _interrupted:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
