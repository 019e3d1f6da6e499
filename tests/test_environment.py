"""How `make` makes .venv: its steps are listed, not taken; but one small one is really made."""

import ast
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
SETTINGS = "share/jupyter/lab/settings/overrides.d/course.json"
MAKING, FETCHING = "Making .venv", "Fetching what has changed"
LAB = ["Installing the pinned packages", "Installing PyTorch", "Installing the course"]
GRADER, TESTS = "Installing what the grader needs", "Installing what the tests need"
BACKEND = """
import shutil

def build_editable(wheels, config_settings=None, metadata_directory=None):
    shutil.copy("wheels/mtl_course-0.1.0-py3-none-any.whl", wheels)
    return "mtl_course-0.1.0-py3-none-any.whl"
"""


def a_checkout(folder):
    """As much of the course as start-up reads, with pins of its own."""
    for name in ("requirements/__init__.py", "requirements/environment.py", "course.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name in ("lab.txt", "grade.txt", "test.txt", "torch.txt"):
        (folder / "requirements" / name).write_text(f"{name} 1\n", encoding="utf-8")
    (folder / SETTINGS).parent.mkdir(parents=True)
    (folder / SETTINGS).write_text("{}\n", encoding="utf-8")
    (folder / "pyproject.toml").write_text("", encoding="utf-8")
    return folder


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start-up in a checkout of its own; `done` lists its steps, and those in `fails` fail."""
    path = a_checkout(tmp_path) / "requirements" / "environment.py"
    spec = importlib.util.spec_from_file_location("environment", path)
    environment = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(environment)
    done, fails = [], set()

    def step(title, command):
        done.append(title + " again" * ("--force-reinstall" in command))
        if title in fails:
            raise SystemExit(title)
        if title == MAKING:
            environment.PYTHON.parent.mkdir()
            environment.PYTHON.touch()

    monkeypatch.setattr(environment, "step", step)
    monkeypatch.setattr(environment, "fits", lambda _: True)
    return SimpleNamespace(at=environment, done=done, fails=fails, root=tmp_path)


def make(start, wanted):
    """What one run of make did, in a process of its own: its steps, and whether it came through."""
    start.done.clear()
    try:
        start.at.make_environment(wanted)
    except SystemExit:
        return [*start.done, "failed"]
    return list(start.done)


def test_a_fresh_checkout_gets_everything_and_a_second_run_does_nothing(start):
    assert make(start, "lab") == [MAKING, *LAB]
    assert make(start, "lab") == []


def test_the_tests_come_first_as_well_as_after_the_lessons(start):
    assert make(start, "test") == [MAKING, *LAB, GRADER, TESTS]
    assert make(start, "test") == make(start, "lab") == []


def test_the_tests_packages_are_added_to_those_of_the_lessons(start):
    make(start, "lab")
    assert make(start, "test") == [GRADER, TESTS]
    assert make(start, "lab") == []


def test_offline_the_lessons_still_start_after_the_tests_could_not_be_installed(start):
    make(start, "lab")
    start.fails.add(TESTS)

    assert make(start, "test") == [GRADER, TESTS, "failed"]
    assert make(start, "lab") == []
    assert make(start, "test") == [TESTS + " again", "failed"]  # half-made: not believed
    start.fails.clear()
    assert make(start, "test") == [TESTS + " again"]
    assert make(start, "test") == []


def test_the_grader_needs_nothing_of_the_tests(start):
    assert make(start, "grade") == [MAKING, *LAB, GRADER]
    assert make(start, "grade") == []
    start.fails.add(TESTS)
    assert make(start, "test") == [TESTS, "failed"]
    assert make(start, "grade") == []


@pytest.mark.parametrize("broken", ["Making .venv", "Installing PyTorch", "Installing the course"])
def test_what_an_interruption_left_is_made_anew(start, broken):
    start.fails.add(broken)
    assert make(start, "lab")[-1] == "failed"
    leftover = start.at.VENV / "leftover"
    leftover.touch()
    start.fails.clear()

    assert make(start, "lab") == [MAKING, *LAB]
    assert not leftover.exists()


def test_a_removal_that_was_interrupted_leaves_nothing_to_build_upon(start, monkeypatch):
    start.fails.add("Installing PyTorch")
    make(start, "lab")
    monkeypatch.setattr(start.at.shutil, "rmtree", lambda *_, **__: None)  # never got to it

    start.at.discard(start.at.VENV)
    assert not start.at.VENV.exists()


@pytest.mark.skipif(os.name == "nt", reason="On Windows a venv's Python is a copy, no link.")
def test_nothing_is_installed_into_the_python_that_venv_was_made_of(start):
    start.at.PYTHON.parent.mkdir(parents=True)
    start.at.PYTHON.symlink_to(Path(sys.base_prefix) / "bin" / "python3")  # and no pyvenv.cfg

    command = [*start.at.PIP, "--no-index", "--dry-run", "pip"]
    found = subprocess.run(list(map(str, command)), capture_output=True, encoding="utf-8")
    assert found.returncode != 0
    assert "virtualenv" in found.stderr


def test_an_update_that_was_interrupted_is_made_anew(start):
    make(start, "lab")
    (start.root / "requirements" / "lab.txt").write_text("lab.txt 2\n", encoding="utf-8")
    start.fails.add("Installing PyTorch")

    assert make(start, "lab") == [FETCHING, *LAB[:2], "failed"]
    start.fails.clear()
    assert make(start, "lab") == [MAKING, *LAB]


def test_a_venv_without_a_python_is_made_anew(start):
    start.at.VENV.mkdir()  # interrupted before anything was in it

    assert make(start, "lab") == [MAKING, *LAB]
    start.at.PYTHON.unlink()  # what it links to was upgraded away
    assert make(start, "lab") == [MAKING, *LAB]


def test_new_pins_are_fetched_before_anything_is_touched(start):
    make(start, "test")
    (start.root / "requirements" / "lab.txt").write_text("lab.txt 2\n", encoding="utf-8")
    start.fails.add(FETCHING)
    before = start.at.RECORD.read_text(encoding="utf-8")

    assert make(start, "lab") == [FETCHING, "failed"]
    assert start.at.RECORD.read_text(encoding="utf-8") == before
    start.fails.clear()
    assert make(start, "test") == [FETCHING, *LAB, GRADER, TESTS]


@pytest.mark.parametrize(
    "name", ["requirements/torch.txt", "requirements/lab.txt", "pyproject.toml", SETTINGS]
)
def test_whatever_decides_what_is_installed_is_noticed(start, name):
    make(start, "lab")
    (start.root / name).write_text("changed\n", encoding="utf-8")
    assert make(start, "lab") == [FETCHING, *LAB]


def test_a_checkout_that_was_moved_gets_a_venv_of_its_own(start, monkeypatch):
    make(start, "lab")
    moved = start.at.VENV.rename(start.root / "moved")
    for name in ("RECORD", "PYTHON", "VENV"):
        inside = getattr(start.at, name).relative_to(start.root / ".venv")
        monkeypatch.setattr(start.at, name, moved / inside)

    assert make(start, "lab") == [MAKING, *LAB]


def test_somebodys_own_venv_is_built_upon_and_not_deleted(start):
    start.at.PYTHON.parent.mkdir(parents=True)
    start.at.PYTHON.touch()
    theirs = start.at.VENV / "theirs"
    theirs.touch()

    assert make(start, "lab") == LAB
    assert theirs.exists()


def test_a_venv_of_another_python_is_refused_with_the_remedy(start, monkeypatch):
    start.at.PYTHON.parent.mkdir(parents=True)
    start.at.PYTHON.touch()
    monkeypatch.setattr(start.at, "fits", lambda _: False)

    with pytest.raises(SystemExit, match=r"holds no Python 3.11 to 3.13. Remove it \(make clean\)"):
        start.at.make_environment("lab")


def test_another_python_is_looked_for_by_its_name(start, monkeypatch):
    monkeypatch.setattr(start.at, "fits", lambda command: command == ["python3.12"])
    assert start.at.fitting_python() == ["python3.12"]


def test_without_a_fitting_python_the_message_says_which_to_install(start, monkeypatch):
    monkeypatch.setattr(start.at, "fits", lambda _: False)
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 to 3\.13; found 3"):
        start.at.fitting_python()


def test_torch_comes_from_the_index_that_is_asked_for(start, monkeypatch):
    commands = {}
    monkeypatch.setattr(start.at, "step", commands.__setitem__)
    monkeypatch.setenv("TORCH_INDEX", "https://example.org/cpu")
    start.at.PYTHON.parent.mkdir(parents=True)
    start.at.PYTHON.touch()

    start.at.make_environment("test")

    asking = [title for title, words in commands.items() if "--index-url" in words]
    assert asking == ["Installing PyTorch"]
    assert commands["Installing PyTorch"][-1] == "https://example.org/cpu"


def test_start_up_can_be_read_by_a_python_that_is_too_old():
    for name in ("course.py", "requirements/environment.py"):
        ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 8))


def a_wheel(folder, name, version):
    """The smallest package that pip installs; returns how a pin names it."""
    about = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in files) + f"{about}/RECORD,,\n"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def test_a_real_environment_is_made_once_and_then_needs_no_network(tmp_path):
    checkout = a_checkout(tmp_path)
    wheels = checkout / "wheels"
    wheels.mkdir()
    a_wheel(wheels, "torch", "2.13.0")
    a_wheel(wheels, "mtl_course", "0.1.0")
    pins = checkout / "requirements"
    (pins / "lab.txt").write_text(a_wheel(wheels, "alpha", "1.0"), encoding="utf-8")
    (pins / "torch.txt").write_text("torch==2.13.0\n", encoding="utf-8")
    (checkout / "backend.py").write_text(BACKEND, encoding="utf-8")
    (checkout / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "mtl_course"\nversion = "0.1.0"\n',
        encoding="utf-8",
    )
    only_here = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    python = checkout / ".venv" / ("Scripts" if os.name == "nt" else "bin") / "python"

    def env():
        command = [sys.executable, "course.py", "env"]
        return subprocess.run(
            command, cwd=checkout, env={**os.environ, **only_here}, capture_output=True, text=True
        )

    first = env()
    assert first.returncode == 0, first.stdout + first.stderr
    for name, version in (("alpha", "1.0"), ("torch", "2.13.0"), ("mtl_course", "0.1.0")):
        command = [python, "-c", f"import {name}; print({name}.version)"]
        found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert found.stdout == version + "\n"

    shutil.rmtree(wheels)  # as good as no network
    again = env()
    assert again.returncode == 0
    assert "==" not in again.stdout

    with (pins / "lab.txt").open("a", encoding="utf-8") as file:
        file.write("beta==1.0 --hash=sha256:" + "0" * 64 + "\n")
    offline = env()
    assert offline.returncode == 1
    assert "This step did not finish: fetching what has changed." in offline.stderr


@pytest.fixture
def npm(start, monkeypatch):
    """Start-up whose npm puts a package where it belongs; `done` lists its command lines."""
    folder = start.root / "requirements" / "npm"
    folder.mkdir()
    (folder / "package-lock.json").write_text("{}", encoding="utf-8")

    def step(title, command):
        start.done.append(" ".join(map(str, command)))
        if title in start.fails:
            raise SystemExit(title)
        shutil.rmtree(start.at.PARTS, ignore_errors=True)
        (start.at.PARTS / "package").mkdir(parents=True)

    monkeypatch.setattr(start.at, "step", step)
    monkeypatch.setattr(start.at.shutil, "which", lambda name: f"/usr/bin/{name}")
    return start


def test_what_pages_are_made_of_is_fetched_once_and_again_when_its_pins_change(npm):
    for _ in range(2):
        npm.at.fetch_parts()
    assert len(npm.done) == 1
    assert npm.done[0].startswith(f"/usr/bin/npm ci --prefix {npm.at.NPM} --ignore-scripts")

    (npm.at.NPM / "package-lock.json").write_text("{ }", encoding="utf-8")
    npm.at.fetch_parts()
    assert len(npm.done) == 2


def test_parts_half_fetched_are_fetched_anew(npm):
    npm.fails.add("Fetching what pages are made of")
    npm.at.PARTS.mkdir()
    with pytest.raises(SystemExit):
        npm.at.fetch_parts()
    npm.fails.clear()
    npm.at.fetch_parts()
    assert len(npm.done) == 2


def test_without_npm_it_is_said_what_to_install(npm, monkeypatch):
    monkeypatch.setattr(npm.at.shutil, "which", lambda _: None)
    with pytest.raises(SystemExit, match=r"npm fetches: install Node\.js with npm"):
        npm.at.fetch_parts()


@pytest.fixture
def fetch_hub(npm):
    """Fetches a class's server; `done` lists the steps."""
    proxy = npm.root / "requirements" / "proxy"
    proxy.mkdir()
    (proxy / "package-lock.json").write_text("{}", encoding="utf-8")
    (npm.root / "requirements" / "hub.txt").write_text("hub.txt 1\n", encoding="utf-8")
    npm.at.VENV.mkdir()
    (npm.at.VENV / "pyvenv.cfg").write_text("version = 3.11.7\n", encoding="utf-8")

    def step(title, _command):
        npm.done.append(title)
        if title in npm.fails:
            raise SystemExit(title)
        made = npm.at.HUB if title == SERVER else proxy / "node_modules"
        made.mkdir(parents=True)

    npm.at.step = step

    def fetch():
        npm.done.clear()
        try:
            npm.at.fetch_hub()
        except SystemExit:
            return [*npm.done, "failed"]
        return list(npm.done)

    return fetch


PROXY, SERVER = "Fetching the server's proxy", "Installing the class's server"


def test_a_class_s_server_is_fetched_once_and_again_when_its_pins_change(fetch_hub, npm):
    assert fetch_hub() == [PROXY, SERVER]
    assert fetch_hub() == []
    (npm.root / "requirements" / "hub.txt").write_text("hub.txt 2\n", encoding="utf-8")
    assert fetch_hub() == [SERVER]


def test_a_server_half_fetched_or_for_another_python_is_fetched_anew(fetch_hub, npm):
    npm.fails.add(SERVER)
    assert fetch_hub() == [PROXY, SERVER, "failed"]
    npm.fails.clear()
    assert fetch_hub() == [SERVER]
    (npm.at.VENV / "pyvenv.cfg").write_text("version = 3.12.8\n", encoding="utf-8")
    assert fetch_hub() == [SERVER]


def test_every_part_is_pinned_with_a_hash():
    folder = ROOT / "requirements" / "npm"
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    asked = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    parts = {name.removeprefix("node_modules/"): part for name, part in lock.items() if name}

    assert set(parts) >= {"axe-core", "minisearch"}
    assert all(part["integrity"].startswith("sha512-") for part in parts.values())
    assert asked["dependencies"] | asked["devDependencies"] == {
        name: part["version"] for name, part in parts.items()
    }
