"""Starts the process that runs a submission, inside walls, and talks to it under limits.

The walls are bubblewrap's (namespaces of the Linux kernel): no network, no process but its own, and
of all files only Python, the course without its solutions, its data, and a small folder in memory.
"""

import json
import os
import select
import selectors
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from limits import Limits

import mtl_course

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PACKAGE = Path(mtl_course.__file__).resolve().parent
SECRET = "verdicts.py"  # of the judges; if it can be seen, so can the solutions
STUB = "def __getattr__(name):\n    return lambda *_, **__: None\n"  # stands for a lesson's judge
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime")
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "COURSE_HEADLESS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
    "MPLCONFIGDIR": "/tmp",
    "MTL_COURSE_HOME": "/tmp/learner",
    "IPYTHONDIR": "/tmp/ipython",
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TQDM_DISABLE": "1",
}
# each processor's name to the kernel; its numbers of fork, vfork and unshare, of clone, of clone3
CALLS = {"x86_64": (0xC000003E, (57, 58, 272), 56, 435), "aarch64": (0xC00000B7, (97,), 220, 435)}
SHARED_BYTES = str(2**20)  # of memory between processes, of which there is one

Ask = Callable[[dict, float], dict]  # (request, seconds) -> reply


class Gone(Exception):
    """The process is no more, or had to be ended; says why."""


def missing() -> str | None:
    """What this machine lacks to grade, and the remedy; None where nothing is missing."""
    if sys.platform != "linux" or os.uname().machine not in CALLS:
        return (
            "Grading runs what learners wrote, behind walls that only Linux on x86-64 or ARM has. "
            "Grade in a virtual machine with Linux, or in WSL."
        )
    if shutil.which("bwrap") is None:
        return "Grading needs `bwrap`: install your system's package bubblewrap."
    return None


def no_processes(machine: str) -> bytes:
    """A filter of system calls, in the kernel's own format: no new process, and no new namespace.

    Threads are let through. Without it the limit of memory, which is each process's own, would be
    none: a submission could take it as often as it forks.

    Source: Linux, Documentation/userspace-api/seccomp_filter.rst; include/uapi/linux/seccomp.h.
    """
    name, refused, clone, clone3 = CALLS[machine]
    load, equal, any_bit, at_least, answer = 0x20, 0x15, 0x45, 0x35, 0x06
    allow, kill, refuse, unknown = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
    steps = [  # operation, steps to skip if true, if false, value
        (load, 0, 0, 4),  # the processor's kind
        (equal, 1, 0, name),
        (answer, 0, 0, kill),
        (load, 0, 0, 0),  # the number of the call
        (at_least, 0, 1, 0x40000000),  # the same calls by their x32 numbers
        (answer, 0, 0, refuse),
        *(step for one in refused for step in ((equal, 0, 1, one), (answer, 0, 0, refuse))),
        (equal, 0, 1, clone3),  # its flags are out of sight; without it libraries use clone
        (answer, 0, 0, unknown),
        (equal, 0, 3, clone),
        (load, 0, 0, 16),  # its flags
        (any_bit, 1, 0, 0x10000),  # CLONE_THREAD
        (answer, 0, 0, refuse),
        (answer, 0, 0, allow),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def command(stubs: Path, filter_number: int, limits: Limits) -> list[str]:
    """The command line that starts the examinee inside the walls."""
    line = ["bwrap", "--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534"]
    line += ["--cap-drop", "ALL", "--die-with-parent", "--new-session", "--hostname", "examination"]
    line += ["--clearenv", *(word for item in ENVIRONMENT.items() for word in ("--setenv", *item))]
    line += ["--proc", "/proc", "--dev", "/dev", "--size", SHARED_BYTES, "--tmpfs", "/dev/shm"]
    line += ["--size", str(limits.scratch_bytes), "--tmpfs", "/tmp"]
    seen = [*SYSTEM, sys.base_prefix, sys.prefix, PACKAGE, ROOT / "datasets", ROOT / "benchmarks"]
    line += [word for path in seen for word in ("--ro-bind-try", str(path), str(path))]
    line += ["--ro-bind", str(stubs), str(PACKAGE / "checks")]  # the solutions are covered up
    for name in ("examinee.py", "wire.py"):
        line += ["--ro-bind", str(HERE / name), f"/examination/{name}"]
    line += ["--remount-ro", "/dev", "--remount-ro", "/"]  # both are memory, of no limited size
    line += ["--chdir", "/tmp", "--seccomp", str(filter_number)]
    return [*line, sys.executable, "-s", "/examination/examinee.py"]


@contextmanager
def confined(limits: Limits, hidden: tuple[Path, ...] = ()) -> Iterator[Ask]:
    """A fresh process behind walls, and the way to ask it; it is no more when the block ends.

    Args:
        hidden: what must not be seen from inside, beside the solutions; all are looked for first.

    Raises:
        ValueError: the walls cannot be built here, and so nothing was run.
    """
    if missing():
        raise ValueError(missing())
    with tempfile.TemporaryDirectory() as name:
        stubs, walls = Path(name, "checks"), Path(name, "filter")
        _write_stubs(stubs)
        walls.write_bytes(no_processes(os.uname().machine))
        with open(walls, "rb") as rules, open(Path(name, "errors"), "w+b") as errors:
            process = subprocess.Popen(
                command(stubs, rules.fileno(), limits),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={"PATH": os.environ.get("PATH", os.defpath)},  # bwrap's is seen from inside
                pass_fds=[rules.fileno()],
                start_new_session=True,
                bufsize=0,
            )
            ask = _asker(process, limits)
            try:
                secrets = (PACKAGE / "checks" / SECRET, ROOT / "notebooks", *hidden)
                first = asdict(limits) | {"hidden": [str(path) for path in secrets]}
                _expect_ready(ask, first, limits, errors)
                yield ask
            finally:
                process.kill()  # of bwrap; whatever runs inside goes with it
                process.wait()
                process.stdin.close()
                process.stdout.close()


def _write_stubs(folder: Path) -> None:
    """What stands in place of the judges, so that a sheet's imports of them do no harm."""
    folder.mkdir()
    (folder / "__init__.py").touch()
    for judge in (PACKAGE / "checks").glob("*.py"):
        if judge.name not in ("__init__.py", SECRET):
            (folder / judge.name).write_text(STUB, encoding="utf-8")


def _expect_ready(ask: Ask, first: dict, limits: Limits, errors: IO[bytes]) -> None:
    try:
        reply = ask(first, limits.start_seconds)
    except Gone as problem:
        errors.seek(0)
        said = errors.read(2000).decode("utf-8", "replace").strip()
        raise ValueError(f"No submission can be run here: {problem}. {said}") from None
    if not reply.get("ready"):
        raise ValueError(f"The walls do not hold: {reply.get('refused')}. Nothing was run.")


def _asker(process: subprocess.Popen, limits: Limits) -> Ask:
    """How a process is asked: one line to it, one line back, in time and of bounded length."""
    rest = bytearray()

    def ask(request: dict, seconds: float) -> dict:
        end = time.monotonic() + seconds
        try:
            _write(process, json.dumps(request).encode("ascii") + b"\n", end)
            while b"\n" not in rest:
                rest.extend(_read(process, end))
                if len(rest) > limits.answer_bytes + 1:
                    raise Gone("what it answered has no end")
        except BrokenPipeError:
            raise Gone(_ending(process)) from None
        line, _, later = bytes(rest).partition(b"\n")
        rest[:] = later
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            raise Gone("what it answered is no answer")
        return reply

    return ask


def _write(process: subprocess.Popen, data: bytes, end: float) -> None:
    """Sends all of it; one that does not listen cannot keep the grader waiting."""
    while data:
        _await(process.stdin, selectors.EVENT_WRITE, end)
        data = data[os.write(process.stdin.fileno(), data[: select.PIPE_BUF]) :]


def _read(process: subprocess.Popen, end: float) -> bytes:
    _await(process.stdout, selectors.EVENT_READ, end)
    found = os.read(process.stdout.fileno(), 2**16)
    if not found:
        raise Gone(_ending(process))
    return found


def _await(pipe: IO[bytes], event: int, end: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        if not selector.select(max(0.0, end - time.monotonic())):
            raise Gone("it did not answer in time")


def _ending(process: subprocess.Popen) -> str:
    """How a process came to its end, which it has."""
    try:
        status = process.wait(5)
    except subprocess.TimeoutExpired:
        return "it closed its way of answering"
    return f"its process ended with status {status}"
