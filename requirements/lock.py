"""Pins what pyproject.toml asks for: every package, with hashes, for every supported system.

Usage: python requirements/lock.py [--upgrade]

One resolution, cut in two: `lab.txt` holds what the lessons need, `test.txt` what only the tests
need beside it. PyTorch is left out (`torch.txt` pins it); what each of its builds asks for is not.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent / "pyproject.toml"
LAB, TEST = HERE / "lab.txt", HERE / "test.txt"
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
        everything, runtime = Path(folder, "everything.txt"), Path(folder, "runtime.txt")
        if "--upgrade" not in arguments:
            pinned = [path.read_text(encoding="utf-8") for path in (LAB, TEST) if path.exists()]
            pins = [pin[0] for text in pinned for pin in PIN.finditer(text)]
            everything.write_text("".join(pins), encoding="utf-8")
        pins = list(PIN.finditer(resolve(["test"], everything)))
        lessons = {
            pin[1] for pin in PIN.finditer(resolve([], runtime, f"--constraint={everything}"))
        }
    lab = [pin[0] for pin in pins if pin[1] in lessons]
    rest = [pin[0] for pin in pins if pin[1] not in lessons]
    LAB.write_text(HEADER + "".join(lab), encoding="utf-8", newline="\n")
    TEST.write_text(HEADER + "".join(rest), encoding="utf-8", newline="\n")
    print(f"{len(lab)} pins in {LAB.name}, {len(rest)} more in {TEST.name}.")


if __name__ == "__main__":
    main(sys.argv[1:])
