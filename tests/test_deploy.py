"""A class on one server: its settings agree, and a trial hub keeps its learners apart."""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
import yaml
from packaging.requirements import Requirement
from traitlets.config.loader import PyFileConfigLoader

from requirements import environment, lock

if os.name == "nt":
    pytest.skip("A class's server needs what Windows has not.", allow_module_level=True)

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
VALUES = yaml.safe_load((DEPLOY / "values.yaml").read_text(encoding="utf-8"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
# Every value that is set on Kubernetes, and why the chart's own does not do.
REASONS = {
    "hub.config.JupyterHub.authenticator_class": "the chart's own lets everybody in",
    "hub.concurrentSpawnLimit": "300 do not start in one minute",
    "singleuser.image.name": "the course is in it",
    "singleuser.image.tag": "the release that was tried is the one that runs",
    "singleuser.cmd": "brings the notebooks into the learner's home",
    "singleuser.defaultUrl": "the first lesson is the first page",
    "singleuser.startTimeout": "a new machine has to fetch the image first",
    "singleuser.memory.limit": "the chart sets none",
    "singleuser.memory.guarantee": "decides how many learners share a machine",
    "singleuser.cpu.limit": "the chart sets none",
    "singleuser.cpu.guarantee": "decides how many learners share a machine",
    "singleuser.storage.capacity": "the chart's ten gigabytes a learner stay empty",
    "singleuser.storage.homeMountPath": "the home of the image's own account",
    "cull.enabled": "said, since the sums below rest on it",
    "cull.timeout": "as on one machine",
    "cull.every": "as on one machine",
    "prePuller.continuous.enabled": "a machine has the image before its first learner",
    "scheduling.podPriority.enabled": "placeholders give way to learners",
    "scheduling.userPlaceholder.replicas": "machines are there before the class is",
}


def leaves(tree, above=""):
    """Each value of nested mappings, by the names that lead to it."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """What the hub of one machine is told."""
    monkeypatch.setenv("MTL_HUB_STATE", str(tmp_path / "state"))
    return PyFileConfigLoader("jupyterhub_config.py", str(DEPLOY)).load_config()


def test_each_value_has_its_reason_and_each_reason_its_value():
    assert {name for name, _ in leaves(VALUES)} == set(REASONS)


def test_both_kinds_of_hub_set_the_same_limits(settings):
    user = VALUES["singleuser"]

    assert user["memory"]["limit"] == settings.Spawner.mem_limit
    assert user["cpu"]["limit"] == settings.Spawner.cpu_limit
    for limited in (user["memory"], user["cpu"]):
        guaranteed, limit = (
            float(str(limited[name]).rstrip("G")) for name in ("guarantee", "limit")
        )
        assert 0 < guaranteed <= limit
    assert user["defaultUrl"] == settings.Spawner.default_url
    assert (ROOT / "notebooks" / Path(user["defaultUrl"]).name).exists()


def test_both_kinds_of_hub_stop_what_is_idle_alike(settings, load_script):
    [culler] = settings.JupyterHub.services
    told = dict(re.findall(r"--([\w-]+)=(\d+)", " ".join(culler["command"])))

    assert VALUES["cull"] == {
        "enabled": True,
        "timeout": int(told["timeout"]),
        "every": int(told["cull-every"]),
    }
    start = load_script(DEPLOY / "start.py")
    assert int(told["timeout"]) == start.IDLE_SECONDS


def test_a_server_is_started_by_the_same_file(settings):
    python, start = settings.Spawner.cmd
    inside = [Path(word).relative_to("/opt/mtl_course") for word in VALUES["singleuser"]["cmd"]]

    assert Path(python) == Path(sys.executable)
    assert Path(start) == ROOT / inside[1]
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert f"CMD {json.dumps(VALUES['singleuser']['cmd'])}" in dockerfile
    assert f"WORKDIR {VALUES['singleuser']['storage']['homeMountPath']}\n" in dockerfile


def test_every_image_and_the_chart_are_named_at_one_version():
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    image = VALUES["singleuser"]["image"]
    [chart] = re.findall(r"chart, version (\S+)\.\n", (DEPLOY / "values.yaml").read_text("utf-8"))

    assert re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) == ["python:3.12.8-slim-bookworm"]
    assert isinstance(image["tag"], str) and re.fullmatch(r"\d+\.\d+\.\d+", image["tag"])
    assert image["tag"] == PYPROJECT["project"]["version"]
    assert set(re.findall(r"--version[ =](\S+)", README)) == {chart}


def test_the_largest_lesson_that_was_measured_fits_into_what_a_learner_is_granted():
    most = [int(value.replace(",", "")) for value in re.findall(r"\| ([\d,]+) \|$", README, re.M)]
    memory = VALUES["singleuser"]["memory"]

    assert len(most) >= 4
    assert max(most) < 1000 * float(memory["guarantee"].removesuffix("G"))
    assert f"granted {memory['guarantee'].removesuffix('G')} GB" in README
    assert f"may take {memory['limit'].removesuffix('G')} GB" in README


def test_a_lone_machine_serves_itself_alone_and_lets_in_whom_it_knows(settings):
    assert settings.JupyterHub.bind_url.startswith("http://127.0.0.1:")
    assert settings.JupyterHub.authenticator_class == "pam"
    assert settings.PAMAuthenticator.allowed_groups == {"learners"}
    assert "allow_all" not in settings.Authenticator


def test_what_the_server_needs_is_pinned_with_hashes():
    text = (ROOT / "requirements" / "hub.txt").read_text(encoding="utf-8")
    pins = list(lock.PIN.finditer(text))
    lessons = lock.PIN.finditer((ROOT / "requirements" / "lab.txt").read_text(encoding="utf-8"))
    parts = json.loads((environment.PROXY / "package-lock.json").read_text(encoding="utf-8"))

    assert text == lock.HEADER + "".join(pin[0] for pin in pins)
    versions = dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE))
    asked = PYPROJECT["project"]["optional-dependencies"]["hub"]
    for one in map(Requirement, asked):
        assert one.specifier.contains(versions[one.name])
    assert not {pin[1] for pin in pins} & {pin[1] for pin in lessons}
    found = {name: part for name, part in parts["packages"].items() if name}
    assert "node_modules/configurable-http-proxy" in found
    assert all(part["integrity"].startswith("sha512-") for part in found.values())


def test_notebooks_are_brought_once_and_the_learners_own_stay(tmp_path, load_script):
    start = load_script(DEPLOY / "start.py")
    shipped, own = tmp_path / "shipped", tmp_path / "home" / "course"
    shipped.mkdir()
    for name in ("00_one.ipynb", "01_two.ipynb", "build.py"):
        (shipped / name).write_text("as shipped", encoding="utf-8")

    assert start.bring(shipped, own) == ["00_one.ipynb", "01_two.ipynb"]
    (own / "00_one.ipynb").write_text("worked on", encoding="utf-8")
    (own / "01_two.ipynb").rename(own / "mine.ipynb")
    (own / ".01_two.ipynb.partial").write_text("cut o", encoding="utf-8")  # an interruption

    assert start.bring(shipped, own) == ["01_two.ipynb"]
    texts = {path.name: path.read_text(encoding="utf-8") for path in own.iterdir()}
    assert texts == {
        "00_one.ipynb": "worked on",
        "01_two.ipynb": "as shipped",
        "mine.ipynb": "as shipped",
    }


@pytest.fixture(scope="module")
def trial(load_script):
    return load_script(DEPLOY / "trial.py")


def test_what_stands_in_the_way_of_a_trial_is_said(trial, monkeypatch):
    monkeypatch.setattr(trial.sys, "platform", "linux")
    monkeypatch.setattr(trial.os, "geteuid", lambda: 1000, raising=False)
    assert trial.obstacle().startswith("The hub's trial needs root: each learner's server runs")
    monkeypatch.setattr(trial.os, "geteuid", lambda: 0)
    monkeypatch.setattr(trial.shutil, "which", lambda _: None)
    assert trial.obstacle().startswith("The hub's trial needs unshare and mount and node: install")
    monkeypatch.setattr(trial.sys, "platform", "win32")
    assert trial.obstacle() == "The hub's trial needs Linux."


@pytest.fixture(scope="module")
def hub(trial):
    """A hub of these settings with two learners, whose servers run."""
    if why := trial.obstacle():
        pytest.skip(why)
    environment.fetch_hub()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.hub_places().items():
            patch.setenv(name, value)
        with trial.running(2) as hub:
            with ThreadPoolExecutor() as both:
                list(both.map(lambda learner: trial.start_server(hub, learner), hub.learners))
            yield hub


@pytest.fixture(scope="module")
def kernels(trial, hub):
    """A kernel of each learner's, each with a function that says how an attempt ended."""
    with trial.opened(hub.learners[0]) as one, trial.opened(hub.learners[1]) as two:
        for kernel in (one, two):
            trial.run_cell(kernel, ATTEMPT)
        yield one, two


ATTEMPT = """
import os, pathlib

def attempt(action, *arguments):
    try:
        action(*arguments)
        return "done"
    except Exception as refusal:
        return type(refusal).__name__
"""


def test_two_learners_each_run_the_first_lesson_on_their_own_server(trial, hub):
    with ThreadPoolExecutor() as both:
        ran = list(both.map(lambda one: trial.run_notebook(one, "00_start_here"), hub.learners))

    for learner, written in zip(hub.learners, ran, strict=True):
        assert len(written) > 10
        trial.close_notebooks(learner)


def test_each_learners_progress_is_kept_in_the_own_home(trial, hub, kernels):
    keep = 'from mtl_course import locker; locker.write("progress", {}); print(os.getuid())'
    for learner, kernel in zip(hub.learners, kernels, strict=True):
        assert trial.run_cell(kernel, keep) == f"{learner.uid}\n"
        record = learner.home / ".mtl_course" / "progress.json"
        assert record.stat().st_uid == learner.uid
        assert record.stat().st_mode & 0o077 == 0


def test_neither_learner_can_read_the_others_files(trial, hub, kernels):
    for kernel, other in zip(kernels, hub.learners[::-1], strict=True):
        notebook = other.home / "course" / "00_start_here.ipynb"
        record = other.home / ".mtl_course" / "progress.json"
        assert notebook.exists()
        assert record.exists()
        code = f"""
print(attempt(open, {str(notebook)!r}))
print(attempt(open, {str(record)!r}))
print(attempt(os.listdir, {str(other.home)!r}))
print(attempt(open, {str(other.home / "planted")!r}, "w"))
print(attempt(open, "course/00_start_here.ipynb"))
"""
        assert trial.run_cell(kernel, code).split() == ["PermissionError"] * 4 + ["done"]


def test_neither_learner_can_look_into_the_others_processes(trial, hub, kernels):
    for kernel, other in zip(kernels, hub.learners[::-1], strict=True):
        code = f"""
processes = pathlib.Path("/proc").glob("[0-9]*")
theirs = [one for one in processes if one.stat().st_uid == {other.uid}]
print(len(theirs) > 1, {{attempt((one / "environ").read_bytes) for one in theirs}})
"""
        assert trial.run_cell(kernel, code) == "True {'PermissionError'}\n"


def test_nobody_can_listen_to_a_learners_kernel(trial, hub, kernels):
    spoken, listener = kernels
    # whoever finds the port of a kernel's announcements hears every cell and its output there
    listen = f"""
import zmq
rows = [line.split() for line in open("/proc/net/tcp")][1:]
ears = []
for row in rows:
    if int(row[7]) == {hub.learners[0].uid} and row[3] == "0A":
        ears.append(zmq.Context.instance().socket(zmq.SUB))
        ears[-1].subscribe(b"")
        ears[-1].connect("tcp://127.0.0.1:%d" % int(row[1].split(":")[1], 16))
print(len(ears) > 0, end="")
"""
    heard = """
print([ear.poll(300) for ear in ears])
for ear in ears:
    ear.close(0)
"""

    assert trial.run_cell(listener, listen) == "True"
    time.sleep(0.3)  # until the ears are connected
    trial.run_cell(spoken, "print('my own')")
    assert set(json.loads(trial.run_cell(listener, heard))) == {0}


def test_neither_learner_is_let_into_the_others_server(trial, hub):
    for learner, other in (hub.learners, hub.learners[::-1]):
        for path in ("api/contents/course", "api/kernels"):
            with pytest.raises(HTTPError) as refusal:
                trial.ask(f"{other.address}/{path}", learner.token)
            refusal.value.close()
            assert refusal.value.code == 403


def test_the_course_and_its_data_are_there_to_read_and_not_to_write(trial, kernels):
    for place in (
        "mtl_course/__init__.py",
        "datasets/complete-journey/purchases.parquet",
        "notebooks/00_start_here.ipynb",
    ):
        code = f"print(*[attempt(open, {str(ROOT / place)!r}, mode) for mode in ('rb', 'ab')])"
        assert trial.run_cell(kernels[0], code) == "done PermissionError\n"


def test_a_cell_that_asks_for_too_much_memory_fails_and_the_kernel_lives(trial, kernels):
    with pytest.raises(RuntimeError, match="MemoryError"):
        trial.run_cell(kernels[0], "import numpy; numpy.empty(8_000_000_000 // 8)")
    assert trial.run_cell(kernels[0], "print(1 + 1)") == "2\n"


def test_a_link_brings_a_repository_into_the_learners_home(trial, hub, kernels):
    learner = hub.learners[0]
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    steps = (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "First"])
    code = ["import subprocess; os.mkdir('handout'); pathlib.Path('handout/a.txt').touch()"]
    git = ["git", *who]
    code += [f"subprocess.run({[*git, *step]}, check=True, cwd='handout')" for step in steps]
    trial.run_cell(kernels[0], "\n".join(code))
    asked = {"repo": f"file://{learner.home}/handout", "branch": "main", "targetpath": "brought"}
    request = Request(f"{learner.address}/git-pull/api?{urlencode(asked)}")
    request.add_header("Authorization", f"token {learner.token}")

    with urlopen(request, timeout=30) as answer:
        told = answer.read().decode()

    assert '"finished"' in told, told
    assert (learner.home / "brought" / "a.txt").exists()


def test_idle_servers_are_stopped(hub, settings):
    """The last test here: it stops both servers."""
    [culler] = settings.JupyterHub.services
    command = [re.sub(r"--(timeout|cull-every)=\d+", r"--\1=1", word) for word in culler["command"]]
    command += [f"--url={hub.address}/hub/api"]
    variables = os.environ | {"JUPYTERHUB_API_TOKEN": hub.token}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=variables, **quiet) as process:
        try:
            end = time.monotonic() + 20
            while time.monotonic() < end and any(map(running, hub.learners)):
                time.sleep(0.2)
        finally:
            process.kill()
    assert not any(map(running, hub.learners))


def running(learner):
    """Does any process of this learner's run?"""
    owners = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            owners.add(process.stat().st_uid)
        except FileNotFoundError:
            continue
    return learner.uid in owners
