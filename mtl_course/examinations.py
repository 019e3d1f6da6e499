"""From what a machine has to one finding each: does it hold, and what to do if it does not."""

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import ipywidgets
from packaging.requirements import Requirement

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


def examine_python(version: tuple[int, int, int]) -> Finding:
    return Finding(
        subject="Python",
        expected="is 3.11, 3.12 or 3.13",
        found=".".join(map(str, version)),
        passed=(3, 11) <= version[:2] <= (3, 13),
        remedy="Install one of these (python.org), then `make clean` and `make lab`.",
    )


def wanted_packages() -> list[Requirement]:
    """The pins, in the `.venv` of `make`; elsewhere, as under conda, the ranges of the course."""
    if Path(sys.prefix).resolve() == CHECKOUT / ".venv":
        files = [CHECKOUT / "requirements" / name for name in ("lab.txt", "torch.txt")]
        text = "".join(path.read_text(encoding="utf-8") for path in files)
        lines = re.findall(r"^[a-z][^\\\n]*", text, re.MULTILINE)
    else:
        lines = metadata.requires("mtl_course") or []
    wanted = map(Requirement, lines)
    return [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]


def examine_packages(wanted: Sequence[Requirement], version: Callable[[str], str]) -> Finding:
    """Compares what is installed, as `version` of a name tells, with what is wanted."""
    wrong = []
    for one in wanted:
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
        found=", ".join(wrong) or f"all {len(wanted)} as they should be",
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


def examine_slider(make_slider: Callable[[], ipywidgets.FloatSlider]) -> Finding:
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
