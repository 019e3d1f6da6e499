"""A JupyterLab for the benchmark, a browser, and notebooks of this folder's cells in it."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent


def browser_tests() -> ModuleType:
    """What the browser's tests know of JupyterLab: how to start Chromium, when a page is ready."""
    spec = importlib.util.spec_from_file_location(
        "browser_tests", HERE.parents[1] / "tests/browser/conftest.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def chromium(testing: ModuleType) -> Iterator[Browser]:
    """A headless Chromium, started as for the tests."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, testing.NAMES)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=testing.FLAGS)
        yield browser
        browser.close()


@contextmanager
def laboratory(home: Path, testing: ModuleType) -> Iterator[str]:
    """The address of a JupyterLab that keeps everything in `home`."""
    (home / "notebooks").mkdir()
    places = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    folders = {f"JUPYTER_{place}": str(home / place.lower()) for place in places}
    folders |= {"IPYTHONDIR": str(home / "ipython"), "HOME": str(home)}
    environment = os.environ | folders | {"OMP_NUM_THREADS": "1"}
    environment.pop("COURSE_HEADLESS", None)
    log = home / "lab.log"
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0"),
                *("--allow-root", "--IdentityProvider.token=", "--ServerApp.password="),
                f"--ServerApp.root_dir={home / 'notebooks'}",
                f"--LabApp.app_settings_dir={testing.SETTINGS}",
                "--LabApp.expose_app_in_browser=True",
            ],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + 60
        address = None
        while address is None:
            if time.monotonic() > end or server.poll() is not None:
                raise RuntimeError(f"JupyterLab gave no address:\n{log.read_text('utf-8')}")
            time.sleep(0.1)
            address = re.search(r"http://127\.0\.0\.1:\d+(?=/lab)", log.read_text("utf-8"))
        yield address[0]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


@contextmanager
def notebook(
    browser: Browser, address: str, root: Path, testing: ModuleType, cells: tuple[str, ...]
) -> Iterator[Any]:
    """A notebook of the named cells, open in a page of its own."""
    name = f"{cells[-1]}{len(list(root.iterdir()))}.ipynb"
    sources = [(HERE / f"{cell}.py").read_text("utf-8") for cell in cells]
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(made, root / name)
    page = browser.new_page(viewport={"width": 1300, "height": 1500})
    page.set_default_timeout(60_000)
    opened = testing.Notebook(page, [])
    opened.reopen(f"{address}/lab/tree/{name}?reset")
    try:
        yield opened
    finally:
        page.evaluate("() => jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")
        page.close()
