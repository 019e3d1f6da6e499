"""What a learner's server starts with, as the learner: notebooks in the own home, then JupyterLab.

A notebook that is there already is the learner's, and is never touched; one that was renamed or
removed comes anew with the next start.
"""

import os
import resource
import shutil
import sys
from contextlib import suppress
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
IDLE_SECONDS = 3600  # a notebook left open holds a kernel, and the kernel its memory


def bring(source: Path, target: Path) -> list[str]:
    """Copies the notebooks that are not there yet, each whole or not at all; their names."""
    target.mkdir(parents=True, exist_ok=True)
    brought = []
    for notebook in sorted(source.glob("*.ipynb")):
        own, draft = target / notebook.name, target / f".{notebook.name}.partial"
        if not own.exists():
            shutil.copyfile(notebook, draft)
            draft.rename(own)
            brought.append(own.name)
    return brought


def main(arguments: list[str]) -> None:
    """Never returns: this process becomes the learner's server."""
    os.umask(0o077)
    home = Path.home()
    with suppress(PermissionError):  # a volume of the learner's own may belong to the cluster
        home.chmod(0o700)
    bring(COURSE / "notebooks", home / "course")
    if limit := os.environ.get("MEM_LIMIT"):  # bytes, set by the hub
        # one process that asks for more gets a MemoryError in its cell, and the server lives on
        resource.setrlimit(resource.RLIMIT_DATA, (int(limit), int(limit)))
    os.environ["MTL_COURSE_HOME"] = str(home / ".mtl_course")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(home / ".run")  # a socket's path may not be long
    os.environ["OMP_NUM_THREADS"] = "1"
    idle = ["cull_connected=True", "cull_interval=60", f"cull_idle_timeout={IDLE_SECONDS}"]
    options = [f"--MappingKernelManager.{option}" for option in idle]
    # on a TCP port, which is the default, everybody on the machine could listen to a kernel
    options += ["--KernelManager.transport=ipc"]
    command = [sys.executable, "-m", "jupyterhub.singleuser", *options, *arguments]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main(sys.argv[1:])
