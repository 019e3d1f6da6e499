"""Every command and every map in the README is true."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml

import course
from requirements import environment

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUICK = "--collect-only -q tests/test_doctor.py"
SERVE = "--no-browser --ServerApp.port=0"
COMMANDS = [
    command
    for block in re.findall(r"```(?:sh|powershell)\n(.*?)```", README, re.DOTALL)
    for command in block.splitlines()
]
# How each command is run here: without opening a browser, and without running these tests again.
# `py -3` is how Windows spells python; conda's own two commands have no conda here to run them.
SERVING = {
    "make lab": f"make lab ARGS='{SERVE}'",
    "make lab TORCH_INDEX=https://download.pytorch.org/whl/cpu": (
        f"make lab TORCH_INDEX=https://download.pytorch.org/whl/cpu ARGS='{SERVE}'"
    ),
    "py -3 course.py lab": f"python course.py lab {SERVE}",
    "jupyter lab notebooks": f"jupyter lab notebooks {SERVE} --allow-root",
}
ENDING = {
    "make test": f"make test ARGS='{QUICK}'",
    "py -3 course.py test": f"python course.py test {QUICK}",
    "make doctor": "make doctor",
    'python -m pip install -e ".[test]"': (
        'python -m pip install -e ".[test]" --dry-run --no-index --no-build-isolation'
    ),
    "python -m pytest": f"python -m pytest {QUICK}",
}
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has neither make nor bash.")
ELSEWHERE = {
    "conda env create -f environment.yml",
    "conda activate mtl-course",
    "git checkout -- notebooks",
}


def outside_make():
    """The variables of this process, without those by which one make talks to the next."""
    return {name: value for name, value in os.environ.items() if not re.match("MAKE|MFLAGS", name)}


def start(command, folder, **options):
    """Starts a command line in the project's root, as a group of processes of its own."""
    if "make" in command or "course.py" in command:
        parts = ("lab", "test")
        record = environment.read_record()
        if [record.get(part) for part in parts] != [*map(environment.fingerprint, parts)]:
            pytest.skip("This .venv is not what `make` makes now: run `make test`.")
    # as in an activated environment: its own programs, before those of the same name elsewhere
    own = {"python": sys.executable, "jupyter": str(Path(sys.executable).with_name("jupyter"))}
    words = [own.get(word, word) for word in shlex.split(command)]
    variables = outside_make() | {
        f"JUPYTER_{name}_DIR": str(folder) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    return subprocess.Popen(
        words,
        cwd=ROOT,
        env=variables,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        encoding="utf-8",
        **options,
    )


def first_page(process, log):
    """What the server that writes this log shows first, once it answers."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text("utf-8")
        time.sleep(0.1)
        address = re.search(r"http://127\.0\.0\.1:\d+/\S+\n", log.read_text("utf-8"))
        with suppress(URLError):  # the address is in the log a moment before anybody listens
            if address:
                return urlopen(address[0].strip()).read().decode()
    raise AssertionError(log.read_text("utf-8"))


def test_every_command_of_the_readme_is_tried():
    assert len(COMMANDS) == len(set(COMMANDS))
    assert set(COMMANDS) == {*SERVING, *ENDING, *ELSEWHERE}


@posix
@pytest.mark.parametrize("command", SERVING)
def test_jupyterlab_is_served(command, tmp_path):
    log = tmp_path / "log"
    with log.open("w", encoding="utf-8") as output:
        process = start(SERVING[command], tmp_path, stdout=output)
    try:
        assert "JupyterLab" in first_page(process, log)
    finally:
        with suppress(ProcessLookupError):  # it ended by itself, and its log says why
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(15)
    assert "==" not in log.read_text("utf-8")  # nothing was installed


@posix
@pytest.mark.parametrize("command", ENDING)
def test_the_command_succeeds(command, tmp_path):
    process = start(ENDING[command], tmp_path, stdout=subprocess.PIPE)
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 0, text


def test_condas_commands_name_what_there_is():
    recipe = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert f"conda activate {recipe['name']}" in COMMANDS


def test_a_spoilt_notebook_is_restored(tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("This is no checkout.")
    subprocess.run(["git", "clone", "-q", "--shared", ROOT, tmp_path / "clone"], check=True)
    notebooks = sorted((tmp_path / "clone" / "notebooks").glob("*.ipynb"))
    before = [path.read_bytes() for path in notebooks]
    assert before
    for path in notebooks:
        path.write_text("spoilt", encoding="utf-8")

    [command] = [command for command in COMMANDS if command.startswith("git checkout")]
    subprocess.run(shlex.split(command), cwd=tmp_path / "clone", check=True)

    assert [path.read_bytes() for path in notebooks] == before


@posix
def test_make_has_every_command_of_course_py():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^COMMANDS := (.*)$", makefile, re.MULTILINE)[1].split()

    assert sorted(targets) == sorted(course.COMMANDS)
    assert targets[0] == "help"
    for command in targets:
        printed = subprocess.run(
            ["make", "-n", command, "ARGS=-x"],
            cwd=ROOT,
            env=outside_make(),
            capture_output=True,
            encoding="utf-8",
        ).stdout
        assert printed.endswith(f"course.py {command} -x\n")


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md"])
def test_every_target_and_file_that_is_mentioned_exists(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    targets = set(re.findall(r"`make (\w+)", text))
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", text)
    paths = re.findall(r"`((?:\.ci|notebooks|datasets|requirements|tests)/[\w./-]*)`", text)

    assert targets
    assert targets <= set(course.COMMANDS)
    missing = [path for path in links + paths if not (ROOT / path).exists() and "NN" not in path]
    assert not missing


def test_the_map_of_lessons_is_that_of_the_notebooks():
    found = {
        name: (title, minutes)
        for title, name, minutes in re.findall(
            r"^\| \[(.+?)\]\(notebooks/(\w+)\.ipynb\) \| (\d+) \|", README, re.MULTILINE
        )
    }
    stated = {}
    for path in sorted((ROOT / "notebooks" / "source").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        number, title = re.search(r"^# # (\d+|Case)\. (.+)$", text, re.MULTILINE).groups()
        minutes = re.search(r"^# \*\*(\d+) minutes", text, re.MULTILINE)[1]
        stated[path.stem] = (f"{number.zfill(2)} {title}", minutes)

    assert stated
    assert found == stated
    route = [minutes for title, minutes in stated.values() if not title.startswith("Case ")]
    total = sum(map(int, route))
    assert f" {total} minutes with the exercises" in README


def test_the_map_of_rooms_is_that_of_the_package():
    modules = {
        path.stem
        for path in (ROOT / "mtl_course").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    section = README.partition("## Rooms")[2].partition("## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == modules - {"__init__"}


def test_no_term_stands_twice_in_the_glossary():
    terms = re.findall(r"\*\*(.+?)\*\*", README.partition("## Glossary")[2].partition("## ")[0])

    assert len(terms) > 60
    assert len(set(terms)) == len(terms)


@posix
def test_ci_runs_the_readmes_test_command_then_lint_and_drift():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    ran = re.findall(r"^(make \w+) \|\| failed=1$", script, re.MULTILINE)

    assert ran == ["make test", "make lint", "make drift"]
    assert ran[0] in COMMANDS
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@posix
@pytest.mark.parametrize("broken", ["test", "lint", "drift", None])
def test_ci_fails_where_any_of_them_fails_and_still_runs_the_rest(tmp_path, broken):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    (tmp_path / "Makefile").write_text(
        "".join(
            f"{name}:\n\t@echo ran {name}; exit {int(name == broken)}\n"
            for name in ("test", "lint", "drift")
        ),
        encoding="utf-8",
    )
    done = subprocess.run(
        ["bash", tmp_path / ".ci" / "run"],
        env=outside_make(),
        capture_output=True,
        encoding="utf-8",
    )

    assert re.findall(r"^ran (\w+)$", done.stdout, re.MULTILINE) == ["test", "lint", "drift"]
    assert done.returncode == int(broken is not None)
