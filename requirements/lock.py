"""Pins what pyproject.toml asks for: every package, with hashes, for every supported system.

Usage: python requirements/lock.py [--upgrade]

One resolution, cut in three: `lab.txt` holds what the lessons need, `grade.txt` what the grader
needs beside it, `test.txt` what only the tests need beside both. A second one keeps to its pins:
`hub.txt` holds what a class's server needs beside the lessons. PyTorch is left out (`torch.txt`
pins it); what each of its builds asks for is not.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent / "pyproject.toml"
LAB, GRADE, TEST = HERE / "lab.txt", HERE / "grade.txt", HERE / "test.txt"
HUB = HERE / "hub.txt"
HEADER = "# Made by `make lock` from pyproject.toml, and never by hand.\n"
PIN = re.compile(r"^([a-z0-9.-]+)==.*\n(?: +--hash=.*\n)+", re.MULTILINE)


def resolve(extras: list[str], output: Path, *arguments: str) -> str:
    """The pins of the course with these extras; those `output` already has stay where they fit."""
    without_torch = output.with_suffix(".overrides")
    without_torch.write_text("torch; python_version < '0'\n", encoding="utf-8")
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--quiet"]
    command += [*(f"--extra={extra}" for extra in extras), "--group=build", "--group=torch"]
    command += ["--universal", "--python-version=3.11", "--generate-hashes", "--no-annotate"]
    command += ["--no-header", f"--override={without_torch}", f"--output-file={output}", *arguments]
    subprocess.run(command, cwd=PROJECT.parent, stdout=subprocess.DEVNULL, check=True)
    return output.read_text(encoding="utf-8")


def pins_in(*files: Path) -> str:
    """All the pins of these files; of one that is not there yet, none."""
    texts = [path.read_text(encoding="utf-8") for path in files if path.exists()]
    return "".join(pin[0] for text in texts for pin in PIN.finditer(text))


def install_uv() -> None:
    """Installs uv, in the range of the `dev` extra, where it is missing."""
    if subprocess.run([sys.executable, "-m", "uv", "--version"], capture_output=True).returncode:
        project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
        dev = project["optional-dependencies"]["dev"]
        wanted = [requirement for requirement in dev if requirement.startswith("uv")]
        subprocess.run([sys.executable, "-m", "pip", "install", *wanted], check=True)


def main(arguments: list[str]) -> None:
    install_uv()
    with tempfile.TemporaryDirectory() as folder:
        everything, graders, runtime, served = (Path(folder, f"{name}.txt") for name in "abcd")
        if "--upgrade" not in arguments:
            everything.write_text(pins_in(LAB, GRADE, TEST), encoding="utf-8")
            served.write_text(pins_in(LAB, HUB), encoding="utf-8")
        pins = list(PIN.finditer(resolve(["test"], everything)))
        only = f"--constraint={everything}"
        lessons = {pin[1] for pin in PIN.finditer(resolve([], runtime, only))}
        grader = {pin[1] for pin in PIN.finditer(resolve(["grade"], graders, only))}
        for_hub = list(PIN.finditer(resolve(["hub"], served, only)))
    parts = {LAB: lessons, GRADE: grader - lessons, TEST: {pin[1] for pin in pins} - grader}
    for path, names in parts.items():
        write_pins(path, [pin for pin in pins if pin[1] in names])
    write_pins(HUB, [pin for pin in for_hub if pin[1] not in lessons])


def write_pins(path: Path, pins: list[re.Match]) -> None:
    text = HEADER + "".join(pin[0] for pin in pins)
    path.write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(pins)} pins in {path.name}.")


if __name__ == "__main__":
    main(sys.argv[1:])
