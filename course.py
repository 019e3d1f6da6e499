"""The course's commands, the same on every platform: `make lab` is `python course.py lab`."""

import os
import shutil
import sys

from requirements.environment import (
    PYTHON,
    ROOT,
    fetch_hub,
    fetch_parts,
    hub_places,
    make_environment,
    run,
    stop,
)

NOTEBOOKS = ROOT / "notebooks"
FIRST = "00_start_here.ipynb"
BROWSERS = [
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
]


def lab(arguments):
    """open JupyterLab on the lessons"""
    make_environment("lab")
    command = [PYTHON, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.root_dir={NOTEBOOKS}"]
    command += ["--LabApp.default_url=/lab/tree/" + FIRST] * (NOTEBOOKS / FIRST).exists()
    command += ["--allow-root"] * is_root()
    return run(command + arguments)


def test(arguments):
    """run every test: doctests, browser and both editions of the notebooks included"""
    make_environment("test")
    programs = {"nodejs": shutil.which("node"), "npm": shutil.which("npm")}
    walls = shutil.which("bwrap") or sys.platform != "linux"
    install_missing({"chromium": browser(), **programs, "bubblewrap": walls})
    if shutil.which("npm"):
        fetch_parts()
    found = {"CHROMIUM": browser()} if browser() else {}
    return run([PYTHON, "-m", "pytest", *arguments], **found)


def env(_arguments):
    """make .venv, with what the lessons need"""
    make_environment("lab")
    print(f"{PYTHON.relative_to(ROOT)} is ready.")
    return 0


def doctor(arguments):
    """examine the environment, line by line"""
    make_environment("lab")
    return run([PYTHON, "-m", "mtl_course.doctor", *arguments])


def lint(_arguments):
    """check format, style, and which module may import which"""
    make_environment("test")
    contracts = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return max(
        run([PYTHON, "-m", "ruff", "format", "--check", "."]),
        run([PYTHON, "-m", "ruff", "check", "."]),
        run([PYTHON, "-c", contracts]),
    )


def notebooks(arguments):
    """build both editions of the lessons from notebooks/source"""
    make_environment("test")
    return run([PYTHON, NOTEBOOKS / "build.py", *arguments])


def drift(arguments):
    """fail where a stored notebook is not what its source builds"""
    return notebooks(["--check", *arguments])


def reset(arguments):
    """bring a spoilt notebook back, and keep a copy of it: ARGS=04_weighted_loss"""
    make_environment("lab")
    return run([PYTHON, NOTEBOOKS / "reset.py", *arguments])


def guide(arguments):
    """write the instructor's guide from the lessons; ARGS=--measure runs them for their seconds"""
    make_environment("test")
    return run([PYTHON, NOTEBOOKS / "guide.py", *arguments])


def book(arguments):
    """write all lessons as pages that open from disk, into build/book"""
    make_environment("lab")
    fetch_parts()
    return run([PYTHON, NOTEBOOKS / "book.py", *arguments])


def nbgrader(arguments):
    """hand out, collect and mark the exercises: ARGS="autograde 04_weighted_loss\""""
    make_environment("grade")
    install_missing({"bubblewrap": shutil.which("bwrap") or sys.platform != "linux"})
    return run([PYTHON, ROOT / "grading" / "grade.py", *arguments], PYTHONPATH=str(NOTEBOOKS))


def slides(arguments):
    """write all lessons as slides that open from disk, into build/slides"""
    make_environment("lab")
    fetch_parts()
    return run([PYTHON, NOTEBOOKS / "slides.py", *arguments])


def hub(arguments):
    """serve a class with deploy/, as root; ARGS=--measure tells memory and seconds per learner"""
    make_environment("lab")
    fetch_hub()
    if arguments[:1] == ["--measure"]:
        return run([PYTHON, ROOT / "deploy" / "trial.py", *arguments[1:]], **hub_places())
    config = ROOT / "deploy" / "jupyterhub_config.py"
    return run([PYTHON, "-m", "jupyterhub", "--config", config, *arguments], **hub_places())


def data(arguments):
    """rebuild the shipped tables from the package they come from"""
    make_environment("lab")
    return run([PYTHON, ROOT / "datasets" / "complete-journey" / "rebuild.py", *arguments])


def lock(arguments):
    """pin anew what pyproject.toml asks for"""
    make_environment("test")
    return run([PYTHON, ROOT / "requirements" / "lock.py", *arguments])


def clean(_arguments):
    """remove .venv and whatever else can be made again"""
    names = [
        ".venv",
        ".venv-discarded",
        "build",
        "dist",
        ".pytest_cache",
        ".ruff_cache",
        ".import_linter_cache",
        "requirements/npm/node_modules",
        "requirements/proxy/node_modules",
    ]
    made = [ROOT / name for name in names]
    places = "mtl_course tests notebooks grading deploy datasets requirements benchmarks"
    for place in places.split():
        made += [*(ROOT / place).rglob("__pycache__"), *(ROOT / place).rglob(".ipynb_checkpoints")]
    for folder in made:
        shutil.rmtree(str(folder), ignore_errors=True)
    return 0


def show_help(_arguments):
    """list the commands"""
    print("make COMMAND, or python course.py COMMAND, where COMMAND is one of\n")
    for name, command in COMMANDS.items():
        print(f"  {name:10} {command.__doc__}")
    return 0


COMMANDS = {
    "lab": lab,
    "test": test,
    "env": env,
    "doctor": doctor,
    "lint": lint,
    "notebooks": notebooks,
    "drift": drift,
    "reset": reset,
    "guide": guide,
    "book": book,
    "nbgrader": nbgrader,
    "slides": slides,
    "hub": hub,
    "data": data,
    "lock": lock,
    "clean": clean,
    "help": show_help,
}


def browser():
    """Where the browser tests' Chromium is, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def is_root():
    return hasattr(os, "geteuid") and os.geteuid() == 0


def install_missing(found):
    """Installs the Debian packages not found where that needs no question; else says what to do."""
    missing = [package for package, place in found.items() if not place]
    if missing and is_root() and shutil.which("apt-get"):
        run(["apt-get", "update"])
        run(["apt-get", "install", "--yes", "--no-install-recommends", *missing])
    elif missing:
        print(f"Some tests or commands need {' and '.join(missing)}: install what is missing.")


if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else "help"
    if name not in COMMANDS:
        stop("The command must be one of {}; found {!r}.".format(", ".join(COMMANDS), name))
    raise SystemExit(COMMANDS[name](sys.argv[2:]))
