"""From what a machine has to one finding each: does it hold, and what to do if it does not."""

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SHARE = Path(sys.prefix) / "share" / "jupyter"
SETTINGS = SHARE / "lab" / "settings" / "overrides.d" / "course.json"
PAGES = ("@jupyter-widgets/jupyterlab-manager", "anywidget")  # what draws a slider in JupyterLab
FREE_BYTES = 500_000_000  # what a full disk leaves too little of: notebooks save, pip unpacks
ANEW = "Run `make clean`, then `make lab` (under conda: make the environment anew)."


@dataclass(frozen=True)
class Finding:
    """One thing that the lessons rely on, and whether it holds here."""

    subject: str
    expected: str  # in words that are the same on every machine
    found: str  # what is so here
    passed: bool
    remedy: str  # what to do if it is not as expected


def attempted(subject: str, examination: Callable[[], Finding]) -> Finding:
    """What the examination finds or, if it breaks off, what stopped it: a package that is missing.

    Any exception counts. An import that has failed halfway once may fail in another way next time.
    """
    try:
        return examination()
    except Exception as problem:
        return Finding(
            subject=subject,
            expected="can be examined",
            found=f"{type(problem).__name__}: {problem}",
            passed=False,
            remedy=ANEW,
        )


def examine_python(version: tuple[int, int, int]) -> Finding:
    return Finding(
        subject="Python",
        expected="is 3.11, 3.12 or 3.13",
        found=".".join(map(str, version)),
        passed=(3, 11) <= version[:2] <= (3, 13),
        remedy="Install one of these (python.org), then `make clean` and `make lab`.",
    )


def wanted_packages() -> list[str]:
    """The pins, in the `.venv` of `make`; elsewhere, as under conda, the ranges of the course.

    Each is one requirement, e.g. `numpy<3,>=2.0`, with its marker if it has one.
    """
    if Path(sys.prefix).resolve() == CHECKOUT / ".venv":
        files = [CHECKOUT / "requirements" / name for name in ("lab.txt", "torch.txt")]
        text = "".join(path.read_text(encoding="utf-8") for path in files)
        return re.findall(r"^[a-z][^\\\n]*", text, re.MULTILINE)
    return metadata.requires("mtl_course") or []


def examine_packages(wanted: Sequence[str], version: Callable[[str], str]) -> Finding:
    """Compares what is installed, as `version` of a name tells, with what is wanted here."""
    from packaging.requirements import Requirement

    needed = [
        one
        for one in map(Requirement, wanted)
        if one.marker is None or one.marker.evaluate({"extra": ""})
    ]
    wrong = []
    for one in needed:
        try:
            found = version(one.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"no {one.name}")
        else:
            if not one.specifier.contains(found, prereleases=True):
                wrong.append(f"{one.name} {found} instead of {one.specifier}")
    return Finding(
        subject="packages",
        expected="have the versions that the course pins",
        found=", ".join(wrong) or f"all {len(needed)} as they should be",
        passed=not wrong,
        remedy=ANEW,
    )


def examine_data(problems: Sequence[str]) -> Finding:
    return Finding(
        subject="data",
        expected="are there and unspoilt (SHA-256)",
        found=" ".join(problems) or "every file as shipped",
        passed=not problems,
        remedy="Run `git checkout -- datasets`, or `make data` to build the tables again.",
    )


def examine_slider(make_slider: Callable[[], object]) -> Finding:
    """Moves a slider from code and listens for its answer."""
    heard = []
    slider = make_slider()
    slider.observe(lambda change: heard.append(change["new"]), names="value")
    slider.value = 0.75
    slider.close()
    return Finding(
        subject="slider",
        expected="answers when it is moved",
        found=f"moved to 0.75, heard {heard}",
        passed=heard == [0.75],
        remedy=ANEW,
    )


def examine_pages(folder: Path) -> Finding:
    missing = [name for name in PAGES if not (folder / name / "package.json").is_file()]
    return Finding(
        subject="pages",
        expected="can draw a slider",
        found=f"no {' and no '.join(missing)} in {folder}" if missing else f"all in {folder}",
        passed=not missing,
        remedy=f"Start JupyterLab from the environment of this Python ({sys.prefix}). Else: {ANEW}",
    )


def examine_settings(path: Path) -> Finding:
    """Looks for the setting without which a slider may answer while a cell draws, to its harm."""
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        value = settings["@jupyterlab/apputils-extension:kernels-settings"]["commsOverSubshells"]
    except (OSError, ValueError, KeyError) as problem:
        value = problem
    return Finding(
        subject="settings",
        expected="of JupyterLab send a slider's messages to the main thread",
        found=f"commsOverSubshells is {value!r} in {path}",
        passed=value == "disabled",
        remedy=ANEW,
    )


def usable_cores(quota_file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """How many cores this process may keep busy: a container may grant fewer than there are."""
    allowed = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    try:
        quota, period = map(int, quota_file.read_text(encoding="utf-8").split())
    except (OSError, ValueError):  # not Linux, or no quota ("max")
        return len(allowed)
    return max(1, min(quota // period, len(allowed)))


def examine_threads(n_threads: int, n_cores: int) -> Finding:
    return Finding(
        subject="threads",
        expected="of PyTorch are no more than the cores it may use",
        found=f"{n_threads} threads, {n_cores} cores",
        passed=n_threads <= n_cores,
        remedy="Run `torch.set_num_threads(1)` first, as every lesson does.",
    )


def examine_disk(free_bytes: int) -> Finding:
    return Finding(
        subject="disk",
        expected=f"has {FREE_BYTES / 1e6:.0f} MB free",
        found=f"{free_bytes / 1e6:.0f} MB free",
        passed=free_bytes >= FREE_BYTES,
        remedy="Free some space, then restart the kernel.",
    )
