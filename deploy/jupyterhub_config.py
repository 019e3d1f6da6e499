"""A class's hub on one machine, started as root by `make hub`."""

import os
import shutil
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
STATE = Path(os.environ.get("MTL_HUB_STATE", "/var/lib/mtl_course_hub"))  # the hub's, not learners'
IDLE_SECONDS = 3600
LOOK_EVERY_SECONDS = 300

STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
c = get_config()

# Plain HTTP for this machine alone; a web server with a certificate stands in front (README.md).
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.db_url = f"sqlite:///{STATE / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
proxy = COURSE / "requirements/proxy/node_modules/configurable-http-proxy/bin"
c.ConfigurableHTTPProxy.command = [
    shutil.which("node") or "node",
    str(proxy / "configurable-http-proxy"),
]

# The machine's own accounts: whoever is in the group `learners` may come in.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {"learners"}
c.PAMAuthenticator.admin_groups = {"instructors"}

# Each learner's server runs under the learner's own account. Memory and CPU are limited by systemd,
# for all of a learner's processes together; start.py limits the memory of each of them besides.
# Where no systemd runs, as in many containers, the limit of each process is all there is.
systemd = Path("/run/systemd/system").is_dir()
c.JupyterHub.spawner_class = "systemdspawner.SystemdSpawner" if systemd else "localprocess"
c.Spawner.mem_limit = "4G"
c.Spawner.cpu_limit = 1.0
c.SystemdSpawner.isolate_tmp = True
c.SystemdSpawner.isolate_devices = True
c.SystemdSpawner.disable_user_sudo = True
c.SystemdSpawner.readonly_paths = [str(COURSE)]
c.SystemdSpawner.unit_extra_properties = {"TasksMax": "512"}

c.Spawner.cmd = [sys.executable, str(COURSE / "deploy/start.py")]
c.Spawner.default_url = "/lab/tree/course/00_start_here.ipynb"
c.Spawner.environment = {
    name: os.environ[name]
    for name in ("PYTHONPATH", "JUPYTER_CONFIG_PATH", "MTL_COURSE_DATA")
    if name in os.environ
}
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 60
c.JupyterHub.concurrent_spawn_limit = 10

# A server that nobody uses for an hour is stopped; what is in its files stays.
culling = [f"--timeout={IDLE_SECONDS}", f"--cull-every={LOOK_EVERY_SECONDS}"]
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", *culling],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]
