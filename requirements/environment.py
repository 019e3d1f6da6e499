"""From the pins beside this file to a `.venv` that holds just them, whole or made anew.

Any Python from 3.8 on can run it, to say which one it needs; only `.venv` itself is of that one.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
RECORD = VENV / "course.json"  # where .venv was made, and the fingerprint of each finished part
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
SETTINGS = "share/jupyter/lab/settings/overrides.d/course.json"
DECIDES = {  # the files that decide what each part holds
    "lab": ["requirements/lab.txt", "requirements/torch.txt", "pyproject.toml", SETTINGS],
    "grade": ["requirements/grade.txt"],
    "test": ["requirements/test.txt"],
    "hub": ["requirements/hub.txt"],
}
ADDED = {
    "grade": "the grader needs",
    "test": "the tests need",
}  # in this order, each beside the last
# a `.venv` that has lost its pyvenv.cfg is the Python it was made of, and nothing may go in there
SAFE = ["--disable-pip-version-check", "--require-virtualenv"]
PIP = [PYTHON, "-m", "pip", *SAFE, "install"]
PINNED = [*PIP, "--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement"]
NPM = ROOT / "requirements" / "npm"
PARTS = NPM / "node_modules"  # what exported pages and slides are made of
PROXY = ROOT / "requirements" / "proxy"  # what stands in front of a class's server
HUB = ROOT / "build" / "hub"
OLDEST, NEWEST = (3, 11), (3, 13)
RANGE = "3.11 to 3.13"


def make_environment(wanted):
    """Makes `.venv` hold what "lab", "grade" or "test" needs; touches no network where it does.

    The record says `installing` from before a part's first file until after its last, so what an
    interruption leaves is made anew and never built upon.
    """
    if read_record().get("lab") != fingerprint("lab"):
        install_lab(read_record())
    parts = list(ADDED)
    for part in parts[: parts.index(wanted) + 1] if wanted in parts else []:
        if read_record().get(part) != fingerprint(part):
            install_more(part, read_record())


def install_lab(record):
    """Makes `.venv` with what the lessons need, or brings one that is whole to today's pins."""
    pins = ROOT / "requirements" / "lab.txt"
    if record.get("installing") or record.get("place", str(VENV)) != str(VENV):
        discard(VENV)  # half-made, or moved: its scripts name their old place
    if "lab" in record and VENV.exists():
        step("Fetching what has changed", [*PINNED, pins, "--dry-run"])  # before touching anything
    if not VENV.exists():
        python = fitting_python()
        VENV.mkdir()
        write_record({"installing": "lab"})
        step("Making .venv", [*python, "-m", "venv", VENV])
    if not fits([PYTHON]):
        stop(f"{VENV} holds no Python {RANGE}. Remove it (make clean), then try again.")
    write_record({"place": str(VENV), "installing": "lab"})
    step("Installing the pinned packages", [*PINNED, pins])
    index = os.environ.get("TORCH_INDEX")
    torch = ["--requirement", ROOT / "requirements" / "torch.txt"]
    step("Installing PyTorch", [*PIP, *torch, *(["--index-url", index] if index else [])])
    step("Installing the course", [*PIP, "--no-deps", "--no-build-isolation", "--editable", ROOT])
    write_record({"place": str(VENV), "lab": fingerprint("lab")})


def install_more(part, record):
    """Adds to a `.venv` with the lessons' packages, which it leaves alone, those of a part."""
    again = ["--force-reinstall"] if record.get("installing") == part else []
    done = {name: value for name, value in record.items() if name != "installing"}
    write_record(dict(done, installing=part))
    pins = ROOT / "requirements" / (part + ".txt")
    step("Installing what " + ADDED[part], [*PINNED, pins, *again])
    write_record(dict(done, **{part: fingerprint(part)}))


def fetch_parts():
    """Makes `requirements/npm/node_modules` hold what exported pages and slides are made of."""
    fetch_npm(NPM, "what pages are made of", "Pages and slides are made of packages")


def fetch_hub():
    """Makes `build/hub` and `requirements/proxy/node_modules` hold what a class's server needs.

    `.venv` stays that of the lessons alone: the server finds the rest by PYTHONPATH.
    """
    fetch_npm(PROXY, "the server's proxy", "The class's server has a proxy")
    pins = ROOT / "requirements" / "hub.txt"
    wanted = fingerprint("hub") + (VENV / "pyvenv.cfg").read_text(encoding="utf-8")
    record = HUB / "course.json"
    if record.exists() and record.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(str(HUB), ignore_errors=True)
    step("Installing the class's server", [*PINNED, pins, "--target", HUB])
    record.write_text(wanted, encoding="utf-8")


def hub_places():
    """The variables by which Python and Jupyter find what `fetch_hub` fetched."""
    return {"PYTHONPATH": str(HUB), "JUPYTER_CONFIG_PATH": str(HUB / "etc" / "jupyter")}


def fetch_npm(folder, what, reason):
    """Makes `node_modules` in a folder hold what its package-lock.json pins, with hashes.

    npm removes what is there before it begins, and the record is written last: what an
    interruption leaves is fetched anew.
    """
    record = folder / "node_modules" / "course.json"
    pins = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if record.exists() and record.read_text(encoding="utf-8") == pins:
        return
    npm = shutil.which("npm")
    if npm is None:
        stop(f"{reason} that npm fetches: install Node.js with npm.")
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    step(f"Fetching {what}", [npm, "ci", "--prefix", folder, *quiet])
    record.write_text(pins, encoding="utf-8")


def discard(folder):
    """Removes a folder that is there; it is gone at once, whatever interrupts the removal."""
    discarded = folder.with_name(folder.name + "-discarded")
    shutil.rmtree(str(discarded), ignore_errors=True)
    folder.rename(discarded)
    shutil.rmtree(str(discarded), ignore_errors=True)


def fingerprint(part):
    """Of all that decides what a finished part of `.venv` holds: some files, and where it is."""
    digest = hashlib.sha256(str(VENV).encode())
    for name in DECIDES[part]:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def read_record():
    """What is known of `.venv`; nothing where there is none, or where it is somebody's own."""
    if VENV.exists() and not PYTHON.exists():
        return {"installing": "lab"}  # it was interrupted early, or its Python is gone
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}


def write_record(record):
    partial = RECORD.with_suffix(".partial")
    partial.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    os.replace(str(partial), str(RECORD))


def fitting_python():
    """The command of a Python the pins are for: the one that runs this, else one by its name."""
    names = [f"3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    candidates = [[sys.executable], *(["python" + name] for name in names)]
    candidates += [["py", "-" + name] for name in names]
    for candidate in candidates:
        if fits(candidate):
            return candidate
    return stop(
        f"The course needs Python {RANGE}; found {sys.version.split()[0]} and no other. Install "
        f"one (python.org, or your system's packages), then name it: make lab PYTHON=python3.12"
    )


def fits(python):
    """Does this command start a Python that the pins are for?"""
    code = f"import sys; raise SystemExit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
    command = [*map(str, python), "-c", code]
    try:
        return subprocess.call(command, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def step(title, command):
    """Runs one step of the installation under its title; ends the program when it fails."""
    print(f"\n== {title} ==", flush=True)
    if run(command):
        stop(
            f"This step did not finish: {title.lower()}. The same command tries again, and builds "
            f"upon nothing half-made; it needs a network."
        )


def run(command, **variables):
    """The exit status of a command, run from the project's root with these variables set."""
    environment = dict(os.environ, **variables)
    process = subprocess.Popen([str(a) for a in command], cwd=str(ROOT), env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # the command has had it too, and decides


def stop(message):
    raise SystemExit("\n" + message)
