"""One JupyterLab and one Chromium for all browser tests; each has its own page and kernel."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "share/jupyter/lab/settings"  # what the course ships for JupyterLab
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Run All before the kernel is connected *and* idle hangs without a word
READY = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  const kernel = panel?.context?.sessionContext?.session?.kernel;
  return !!(panel?.context?.isReady && kernel
    && kernel.connectionStatus === 'connected' && kernel.status === 'idle');
}"""
FAILED = (
    ".jp-OutputArea [data-mime-type='application/vnd.jupyter.stderr'], "
    ".jp-OutputArea [data-mime-type='application/vnd.jupyter.error']"
)
HARMLESS = re.compile(r"favicon|ResizeObserver loop|Could not restore the debugger state")


class Notebook:
    """An open notebook, and a reader's hands on it."""

    def __init__(self, page, errors: list[str]) -> None:
        self.page = page
        self.errors = errors  # what the page's console has called an error

    def reopen(self, address: str) -> None:
        """Come back to the notebook, whose kernel has run on in the meantime."""
        self.page.goto(address)
        self.page.wait_for_function(READY)

    def save(self) -> None:
        """Store the notebook with its outputs."""
        self.page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")

    def run_all(self) -> None:
        """Every cell has answered, none with an error or a warning."""
        done = self.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        bad = self.page.locator(FAILED)
        assert bad.count() == 0, bad.first.inner_text()
        assert done is not False

    def run_cell(self, place: int) -> None:
        """Run the cell at `place` (from 0) again and wait for its answer."""
        self.page.evaluate(
            """async (place) => {
              const content = jupyterapp.shell.currentWidget.content;
              content.activeCellIndex = place;
              content.deselectAll();
              await jupyterapp.commands.execute('notebook:run-cell');
            }""",
            place,
        )

    def ask(self, code: str) -> str:
        """What the kernel prints when it runs `code` behind the notebook's back."""
        return self.page.evaluate(
            """async (code) => {
              const kernel = jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
              const future = kernel.requestExecute({ code, store_history: false });
              let said = '';
              future.onIOPub = (message) => {
                said += message.content.text ?? message.content.evalue ?? '';
              };
              await future.done;
              return said;
            }""",
            code,
        ).strip()

    def picture(self, selector: str) -> bytes:
        """The pixels of the first element that `selector` finds."""
        return self.page.locator(selector).first.screenshot(animations="disabled")

    def status(self, panel: str = ".mtl-panel", view: int = 0) -> str:
        """The line in which a panel says how it stands: the first that `panel` finds, or another.

        Args:
            panel: a selector.
            view: which of the elements that it finds, from 0.
        """
        return self.page.locator(panel).nth(view).locator("[role=status]").inner_text()

    def wait_until(self, true: Callable[[], bool], what: str, seconds: float = 5) -> None:
        """Come back as soon as `true()`; fail, naming `what`, if it does not become true."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"{what}: not within {seconds} s"
            self.page.wait_for_timeout(50)

    def drag(self, selector: str, share: float, steps: int = 8) -> None:
        """Drag the handle of a range input to `share` (0 to 1) of its way, by mouse."""
        box = self.page.locator(selector).first.bounding_box()
        where = self.page.locator(selector).first.evaluate(
            "(input) => (input.value - input.min) / (input.max - input.min)"
        )
        handle = 16  # the handle's centre stays half its width inside the track
        way = box["width"] - handle
        y = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + handle / 2 + way * where, y)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + handle / 2 + way * share, y, steps=steps)
        self.page.mouse.up()

    def heights(self, selector: str, action: Callable[[], None]) -> set[float]:
        """Every height that the first `selector` has had, frame by frame, during `action`."""
        self.page.evaluate(
            """(selector) => {
              const element = document.querySelector(selector);
              window.heights = new Set();
              const look = () => {
                window.heights.add(element.getBoundingClientRect().height);
                window.looking = requestAnimationFrame(look);
              };
              look();
            }""",
            selector,
        )
        action()
        self.page.wait_for_timeout(100)
        self.page.evaluate("() => cancelAnimationFrame(window.looking)")
        return set(self.page.evaluate("() => [...window.heights]"))

    def theme(self, name: str) -> None:
        """Switch JupyterLab to "JupyterLab Light" or "JupyterLab Dark"."""
        self.page.evaluate(
            "(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })", name
        )
        light = "true" if name.endswith("Light") else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
        # JupyterLab fades its splash; a second switch before that ends makes it stumble
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab that nothing outside the test can influence, and its folder."""
    home = tmp_path_factory.mktemp("lab")
    root = home / "notebooks"
    root.mkdir()
    folders = {
        name: str(home / name.lower())
        for name in (
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "IPYTHONDIR",
            "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTERLAB_WORKSPACES_DIR",
            "HOME",
        )
    }
    environment = os.environ | folders | {"OMP_NUM_THREADS": "1"}
    environment.pop("COURSE_HEADLESS", None)
    log = home / "lab.log"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0"]
    options = [
        "--allow-root",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.app_settings_dir={SETTINGS}",
        "--LabApp.expose_app_in_browser=True",
    ]
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            command + options, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield _address(server, log), root
    finally:
        server.send_signal(signal.SIGTERM)  # the server shuts its kernels down
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _address(server: subprocess.Popen, log: Path) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = re.search(r"http://127\.0\.0\.1:(\d+)/lab", log.read_text("utf-8"))
        if found:
            return f"http://127.0.0.1:{found[1]}"
        assert server.poll() is None, log.read_text("utf-8")
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab gave no address within 60 s:\n{log.read_text('utf-8')}")


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium, whoever installed it."""
    if os.environ.get("MTL_COURSE_NO_BROWSER") == "1":
        pytest.skip("MTL_COURSE_NO_BROWSER=1 leaves out what needs a browser.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path  # where `playwright install chromium` puts it
        installed = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), own]
        path = next((path for path in installed if path and Path(path).exists()), None)
        if path is None:
            pytest.fail(
                f"The browser tests need Chromium; found none of {NAMES} and none in CHROMIUM. Run "
                f"`python -m playwright install chromium`, or set MTL_COURSE_NO_BROWSER=1 to leave "
                f"these tests out."
            )
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, headless=True)
        yield browser
        browser.close()


@pytest.fixture
def open_notebook(chromium, lab) -> Iterator[Callable[..., Notebook]]:
    """A function that opens a notebook: made of the given code cells, or a copy of a `stored` one.

    At the end of the test the page must not have called anything an error in its console, nor have
    asked for anything from another address.
    """
    address, root = lab
    context = chromium.new_context(viewport={"width": 1300, "height": 1500})
    page = context.new_page()
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
    page.on(
        "console",
        lambda message: (
            errors.append(message.text)
            if message.type == "error" and not HARMLESS.search(message.text)
            else None
        ),
    )
    outside = []
    context.route(  # nothing may be fetched from anywhere else
        lambda url: not url.startswith((address, "data:", "blob:", "ws://127.0.0.1")),
        lambda route: (outside.append(route.request.url), route.abort()),
    )

    def open_(*cells: str, stored: Path | None = None) -> Notebook:
        name = f"notebook{len(list(root.iterdir()))}.ipynb"
        if stored is None:
            made = nbformat.v4.new_notebook(
                cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
                metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            )
            nbformat.write(made, root / name)
        else:
            shutil.copy(stored, root / name)
        notebook = Notebook(page, errors)
        notebook.reopen(f"{address}/lab/tree/{name}?reset")
        return notebook

    yield open_
    page.evaluate(
        "async () => { await jupyterapp.shell.currentWidget?.context?.sessionContext.shutdown(); }"
    )
    context.close()
    assert not errors, errors
    assert not outside, f"the page asked for {outside}"
