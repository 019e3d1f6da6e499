"""One JupyterLab and one Chromium for all browser tests; each has its own page and kernel."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

OVERRIDES = Path(__file__).parents[2] / "share/jupyter/lab/settings/overrides.d/course.json"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
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
HARMLESS = re.compile(r"favicon|net::ERR_FAILED|ResizeObserver loop|Error displaying widget")


class Notebook:
    """An open notebook, and a reader's hands on it."""

    def __init__(self, page, errors: list[str]) -> None:
        self.page = page
        self.errors = errors  # what the page's console has called an error

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

    def theme(self, name: str) -> None:
        """Switch JupyterLab to "JupyterLab Light" or "JupyterLab Dark"."""
        self.page.evaluate(
            "(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })", name
        )
        light = "true" if name.endswith("Light") else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab that nothing outside the test can influence, and its folder."""
    home = tmp_path_factory.mktemp("lab")
    root = home / "notebooks"
    root.mkdir()
    config = home / "config"
    (config / "labconfig").mkdir(parents=True)
    settings = home / "app-settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(OVERRIDES.read_text("utf-8"), "utf-8")
    folders = {
        name: str(home / name.lower())
        for name in (
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "IPYTHONDIR",
            "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTERLAB_WORKSPACES_DIR",
            "HOME",
        )
    }
    environment = os.environ | folders | {"JUPYTER_CONFIG_DIR": str(config), "OMP_NUM_THREADS": "1"}
    environment.pop("COURSE_HEADLESS", None)
    log = home / "lab.log"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0"]
    options = [
        "--allow-root",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        f"--ServerApp.root_dir={root}",
        f"--LabServerApp.app_settings_dir={settings}",
        f"--LabApp.app_settings_dir={settings}",
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
    if os.environ.get("MTL_COURSE_NO_BROWSER") == "1":
        pytest.skip("MTL_COURSE_NO_BROWSER=1 leaves out what needs a browser.")
    if not Path(CHROMIUM).exists():
        pytest.fail(
            f"The browser tests need Chromium; found nothing at {CHROMIUM}. Install it, point "
            f"CHROMIUM to it, or set MTL_COURSE_NO_BROWSER=1 to leave these tests out."
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, headless=True)
        yield browser
        browser.close()


@pytest.fixture
def open_notebook(chromium, lab) -> Iterator[Callable[..., Notebook]]:
    """A function that writes a notebook with the given code cells and opens it."""
    address, root = lab
    context = chromium.new_context(viewport={"width": 1300, "height": 1500})
    page = context.new_page()
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
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

    def open_(*cells: str, width: int = 1300) -> Notebook:
        page.set_viewport_size({"width": width, "height": 1500})
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        name = f"notebook{len(list(root.iterdir()))}.ipynb"
        nbformat.write(notebook, root / name)
        page.goto(f"{address}/lab/tree/{name}?reset")
        page.wait_for_function(READY)
        return Notebook(page, errors)

    yield open_
    page.evaluate(
        "async () => { await jupyterapp.shell.currentWidget?.context?.sessionContext.shutdown(); }"
    )
    context.close()
    assert not errors, errors
    assert not outside, f"the page asked for {outside}"
