"""Runs a submission's cells and hands over its answers, inside the walls that the grader has built.

It is started by `confinement`, reads requests from its standard input and answers each with one
line. Nothing that it says is a verdict: the grader asks for values, and judges them itself.
"""

import json
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class OutOfTime(BaseException):
    """A step took too long; not an Exception, which a cell might catch by habit."""


@contextmanager
def seconds(limit: float) -> Iterator[None]:
    """Interrupts what takes longer. A cell may undo this; the grader has a clock of its own."""

    def late(*_: object) -> None:
        raise OutOfTime(f"no end after {limit:g} seconds")

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def restrict(limits: dict) -> None:
    """Sets the limits of this process, which can only be lowered from here on."""
    with open("/proc/self/statm", encoding="ascii") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    for kind, most in (
        (resource.RLIMIT_AS, mapped + limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_FSIZE, limits["scratch_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def run_cell(shell, source: str, limits: dict) -> dict:
    """What a cell printed, and how it failed; None where it did not."""
    from IPython.utils.capture import capture_output

    problem = None
    with capture_output() as captured:
        try:
            with seconds(limits["step_seconds"]):
                result = shell.run_cell(source, store_history=False)
            problem = result.error_before_exec or result.error_in_exec
        except BaseException as found:
            problem = found
    return {
        "printed": captured.stdout[: limits["printed_characters"]],
        "problem": None if problem is None else described(problem),
    }


def described(problem: BaseException) -> list[str]:
    """The kind of an exception and what it says."""
    with suppress(Exception):
        return [type(problem).__name__, str(problem)[:500]]
    return [type(problem).__name__, "it cannot be printed"]


def value_of(shell, expression: str) -> object:
    """What an answer's name stands for now; ... where it stands for nothing."""
    return shell.user_ns.get(expression, ...)


def call(encoded: Callable, function: Callable, inputs: list, limits: dict) -> dict:
    """What a function of the submission returns, or how it fails."""
    try:
        with seconds(limits["step_seconds"]):
            return {"value": encoded(function(*inputs))}
    except BaseException as problem:
        return {"problem": described(problem)}


def main() -> None:
    """Answers requests until there are no more."""
    requests, replies = os.fdopen(os.dup(0), encoding="utf-8"), os.dup(1)
    limits = json.loads(requests.readline())

    def reply(message: dict) -> None:
        try:
            text = json.dumps(message) + "\n"
        except ValueError:  # a number of more digits than are ever written out
            text = json.dumps({"value": {"foreign": "a number too long to write"}}) + "\n"
        if len(text) > limits["answer_bytes"]:
            text = json.dumps({"value": {"foreign": f"an answer of {len(text):,} bytes"}}) + "\n"
        data = text.encode("ascii")
        while data:
            data = data[os.write(replies, data) :]

    visible = [path for path in limits["hidden"] if os.path.exists(path)]
    if visible:
        reply({"refused": f"{visible[0]} can be seen from inside"})
        return

    import torch
    from IPython.core.interactiveshell import InteractiveShell
    from wire import decoded, encoded

    torch.set_num_threads(1)
    shell = InteractiveShell.instance()
    shell._showtraceback = lambda *_: None  # a cell's problem is told once, by `run_cell`
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    restrict(limits)
    reply({"ready": True})
    for line in requests:
        request = json.loads(line)
        if "cell" in request:
            reply(run_cell(shell, request["cell"], limits))
        elif "value" in request:
            reply({"value": encoded(value_of(shell, request["value"]))})
        else:
            inputs = [decoded(one) for one in request["inputs"]]
            reply(call(encoded, value_of(shell, request["call"]), inputs, limits))


if __name__ == "__main__":
    main()
