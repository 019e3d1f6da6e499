"""A hub of this folder's settings with made-up learners, on loopback and for a trial only.

Usage: make hub ARGS="--measure [learners [notebook ...]]"

Opens each notebook, one after another, for that many learners, and says how long a server takes to
start and how much memory a learner holds. Accounts, homes and the view of the disk are those of
namespaces that end with the trial: nobody is added to this system. Needs Linux, and root.
"""

import json
import os
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import nbformat
import websocket

HERE = Path(__file__).resolve().parent
FIRST_UID = 10_000_000  # from here on, a hundred for each trial
SETTINGS = """
load_subconfig({config!r})
c.JupyterHub.bind_url = {address!r}
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allowed_users = set({names!r})
c.JupyterHub.spawner_class = "localprocess"
c.JupyterHub.services.append(dict(name="trial", api_token={token!r}))
culling = c.JupyterHub.load_roles[0]["scopes"]
c.JupyterHub.load_roles.append(
    dict(name="trial", services=["trial"], scopes=["tokens", *culling])
)
"""


@dataclass(frozen=True)
class Learner:
    """One made-up learner of a hub that runs, with the right to the own server and nothing else."""

    name: str
    uid: int
    home: Path
    address: str  # of the own server, up to the last slash
    token: str


@dataclass(frozen=True)
class Hub:
    """A hub that runs on this machine's loopback."""

    address: str  # http://127.0.0.1:PORT
    token: str
    process: int  # outermost of its namespaces
    learners: tuple[Learner, ...]


def obstacle() -> str | None:
    """Why no trial can be made here, in a sentence; None where one can."""
    if not sys.platform.startswith("linux"):
        return "The hub's trial needs Linux."
    if os.geteuid() != 0:
        return "The hub's trial needs root: each learner's server runs under an account of its own."
    if missing := [name for name in ("unshare", "mount", "node") if not shutil.which(name)]:
        return f"The hub's trial needs {' and '.join(missing)}: install what is missing."
    if subprocess.run([*NAMESPACES, "true"], capture_output=True).returncode:
        return "The hub's trial needs namespaces of its own, and this system allows none."
    return None


NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


@contextmanager
def running(n_learners: int) -> Iterator[Hub]:
    """A hub with that many learners, no server started yet; all of it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="mtl-hub-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        names = [f"mtl-test-{number}" for number in range(1, n_learners + 1)]
        port, token = free_port(), secrets.token_hex(16)
        address = f"http://127.0.0.1:{port}"
        first = FIRST_UID + 100 * port  # two trials at once have neither port nor learner in common
        for number, name in enumerate(names):
            home = folder / "homes" / name
            home.mkdir(parents=True)
            os.chown(home, first + number, first + number)
        settings = SETTINGS.format(
            config=str(HERE / "jupyterhub_config.py"),
            address=address,
            hub_port=free_port(),
            proxy_port=free_port(),
            names=names,
            token=token,
        )
        (folder / "trial_config.py").write_text(settings, encoding="utf-8")
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*NAMESPACES, sys.executable, __file__, "--inside", folder],
                cwd=folder,
                env={**os.environ, "MTL_HUB_STATE": str(folder / "state")},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_for(address, process, log)
            learners = []
            for number, name in enumerate(names):
                own = ask(f"{address}/hub/api/users/{name}/tokens", token, "POST")["token"]
                server = f"{address}/user/{name}"
                home = folder / "homes" / name
                learners.append(Learner(name, first + number, home, server, own))
            yield Hub(address, token, process.pid, tuple(learners))
        except BaseException:
            print(log.read_text("utf-8", errors="replace")[-4000:], file=sys.stderr)
            raise
        finally:
            process.kill()  # and with it, all that its namespaces hold
            process.wait()


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            urlopen(f"{address}/hub/api/", timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"The hub does not answer. {log.read_text('utf-8')[-2000:]}")


def ask(url: str, token: str, method: str = "GET", body: object = None) -> Any:
    """The JSON that an address answers with; HTTPError where it refuses."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    with urlopen(Request(url, data, headers, method=method), timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def start_server(hub: Hub, learner: Learner) -> float:
    """Starts the learner's server; the seconds until it answers."""
    begun = time.monotonic()
    ask(f"{hub.address}/hub/api/users/{learner.name}/server", learner.token, "POST")
    while time.monotonic() < begun + 60:
        try:
            ask(f"{learner.address}/api/status", learner.token)
            return time.monotonic() - begun
        except HTTPError as refusal:
            refusal.close()
            time.sleep(0.1)
    raise RuntimeError(f"The server of {learner.name} does not answer.")


@contextmanager
def opened(learner: Learner) -> Iterator[websocket.WebSocket]:
    """A new kernel of the learner's server; it runs on after the block, as behind a closed tab."""
    kernel = ask(f"{learner.address}/api/kernels", learner.token, "POST", {"name": "python3"})["id"]
    channels = f"{learner.address}/api/kernels/{kernel}/channels".replace("http:", "ws:")
    header = [f"Authorization: token {learner.token}"]
    with closing(websocket.create_connection(channels, header=header, timeout=60)) as connection:
        yield connection


def run_cell(kernel: websocket.WebSocket, code: str) -> str:
    """What one cell wrote or returned, as text; RuntimeError where it fails."""
    asked = uuid.uuid4().hex
    header = {"msg_id": asked, "msg_type": "execute_request", "version": "5.3"}
    header |= {"session": asked, "username": "", "date": ""}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}}
    kernel.send(json.dumps(message | {"content": content, "buffers": []}))
    text, failed, replied, idle = [], None, False, False
    while not (replied and idle):
        received = kernel.recv()
        if isinstance(received, bytes):  # buffers of a widget
            continue
        heard = json.loads(received)
        kind, content = heard["header"]["msg_type"], heard["content"]
        if heard["parent_header"].get("msg_id") != asked:
            continue
        if kind == "stream":
            text.append(content["text"])
        elif kind in ("execute_result", "display_data"):
            text.append(content["data"].get("text/plain", ""))
        elif kind == "error":
            failed = f"{content['ename']}: {content['evalue']}"
        replied |= kind == "execute_reply"
        idle |= kind == "status" and content["execution_state"] == "idle"
    if failed:
        raise RuntimeError(failed)
    return "".join(text)


def run_notebook(learner: Learner, name: str) -> list[str]:
    """What each code cell of the learner's own copy wrote, run in the order of the notebook.

    Raises:
        RuntimeError: a cell fails; the message is the kernel's own.
    """
    model = ask(f"{learner.address}/api/contents/course/{name}.ipynb", learner.token)
    cells = nbformat.from_dict(model["content"]).cells
    with opened(learner) as kernel:
        return [run_cell(kernel, cell.source) for cell in cells if cell.cell_type == "code"]


def close_notebooks(learner: Learner) -> None:
    """Ends every kernel of the learner's server."""
    for kernel in ask(f"{learner.address}/api/kernels", learner.token):
        ask(f"{learner.address}/api/kernels/{kernel['id']}", learner.token, "DELETE")


class Memory(NamedTuple):
    """What all processes of one learner hold, in MB."""

    now: float  # pages that several processes share count by share (PSS)
    most: float  # the sum of each process's own peak, shared pages counted in full (VmHWM)


def memory(learner: Learner) -> Memory:
    """What the learner's server and kernels hold now, and at most held since they began."""
    now = most = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == learner.uid:
                now += kilobytes(process / "smaps_rollup", "Pss:")
                most += kilobytes(process / "status", "VmHWM:")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    return Memory(now * 1024 / 1e6, most * 1024 / 1e6)


def kilobytes(file: Path, name: str) -> int:
    lines = file.read_text(encoding="utf-8").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(name))


def enter(folder: Path) -> int:
    """Inside the namespaces: makes the learners, lets them reach the course, and serves them.

    This is the first process in there, whom all orphans fall to: it waits for them and for the hub.
    """
    passwd, group = folder / "passwd", folder / "group"
    names = sorted(path.name for path in (folder / "homes").iterdir())
    accounts, groups = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
    taken = {line.split(":")[2] for line in (accounts + groups).splitlines() if ":" in line}
    for name in names:
        uid = (folder / "homes" / name).stat().st_uid
        assert str(uid) not in taken, f"{uid} is somebody's already"
        accounts += f"{name}:x:{uid}:{uid}::{folder / 'homes' / name}:/bin/bash\n"
        groups += f"{name}:x:{uid}:\n"
    passwd.write_text(accounts)
    group.write_text(groups)
    for file, place in ((passwd, "/etc/passwd"), (group, "/etc/group")):
        mount("--bind", file, place)
    let_in([HERE.parent, Path(sys.base_prefix), folder])
    command = [sys.executable, "-m", "jupyterhub", "--config", folder / "trial_config.py"]
    served = subprocess.Popen(command, cwd=folder).pid
    while True:
        ended, status = os.wait()
        if ended == served:
            return os.waitstatus_to_exitcode(status)


def let_in(wanted: list[Path]) -> None:
    """Lets everybody reach these folders, and nothing else of what closes the way to them.

    A folder on the way that is not everybody's to pass, such as root's home, gives way to an empty
    one with the wanted folders alone in it.
    """
    held = {}
    for place in wanted:
        closed = [above for above in place.parents if not above.stat().st_mode & stat.S_IXOTH]
        if closed:
            held.setdefault(closed[-1], []).append(place)
    for closed, places in held.items():
        stashed = []
        for place in places:
            stash = Path(tempfile.mkdtemp(dir="/run"))
            mount("--bind", place, stash)
            stashed.append(stash)
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", closed)
        for place, stash in zip(places, stashed, strict=True):
            place.mkdir(parents=True, exist_ok=True)
            mount("--bind", stash, place)
            subprocess.run(["umount", stash], check=True)
            stash.rmdir()


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def report(n_learners: int, notebooks: list[str]) -> None:
    """Measures, and prints line by line what it found."""
    with running(n_learners) as hub:
        seconds = [start_server(hub, learner) for learner in hub.learners]
        print(f"{n_learners} servers, one after another")
        print(f"start-up          {min(seconds):4.1f} to {max(seconds):.1f} s")
        print(f"no notebook open  {in_words(hub)}", flush=True)
        for name in notebooks:
            begun = time.monotonic()
            for learner in hub.learners:
                run_notebook(learner, name)
            took = (time.monotonic() - begun) / n_learners
            print(f"{name:17} {in_words(hub)}; {took:.1f} s to run every cell", flush=True)
            for learner in hub.learners:
                close_notebooks(learner)


def in_words(hub: Hub) -> str:
    found = [memory(learner) for learner in hub.learners]
    now, most = (max(values) for values in zip(*found, strict=True))
    return f"{now:4.0f} MB a learner, at most {most:.0f}"


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--inside"]:
        raise SystemExit(enter(Path(arguments[1])))
    if why := obstacle():
        raise SystemExit(why)
    n_learners = int(arguments[0]) if arguments else 2
    report(n_learners, arguments[1:] or ["00_start_here", "04_weighted_loss"])


if __name__ == "__main__":
    main(sys.argv[1:])
