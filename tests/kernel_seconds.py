"""A plugin for nbval's runs: the CPU seconds that each cell cost its kernel, a JSON line each.

CPU seconds, because the wall clock of a machine with other work says little about a lesson.
"""

import json
import os
from pathlib import Path

import psutil
import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    kernel = psutil.Process(item.parent.kernel.km.provisioner.pid)
    before = _spent(kernel)
    try:
        return (yield)
    finally:
        line = json.dumps([str(item.path), _spent(kernel) - before, item.cell.source])
        path = Path(os.environ["KERNEL_SECONDS"]) / f"{os.getpid()}.jsonl"  # one per worker
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def _spent(kernel: psutil.Process) -> float:
    """Of all threads, and of the processes that the kernel has started."""
    total = 0.0
    try:
        for process in [kernel, *kernel.children(recursive=True)]:
            times = process.cpu_times()
            total += times.user + times.system
        times = kernel.cpu_times()
        return total + times.children_user + times.children_system  # of those that have ended
    except psutil.NoSuchProcess:  # a cell may end it
        return total
