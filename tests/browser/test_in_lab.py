"""The panels in a real JupyterLab: moved by mouse, by keyboard and from code, and looked at."""

import io

import pytest
from PIL import Image, ImageChops

pytestmark = pytest.mark.browser

SLIDER = ".mtl-panel input[type=range]"
TRADEOFF = """
import torch
from mtl_course import widgets
from mtl_course.training import Sweep

weights = torch.linspace(0, 1, 21)
seeds = torch.tensor([-0.01, 0.0, 0.01])[None, :]
purchase, quantity = (weights**0.5)[:, None] * 0.2 + seeds, (1 - weights)[:, None] * 0.2 + seeds
falling = torch.linspace(1, 0, 30)[None, None, :] * 0.3
sweep = Sweep(
    ("purchase", "quantity"),
    torch.stack([weights, 1 - weights], dim=1),
    (0, 1, 2),
    tuple(range(30)),
    torch.stack([0.6 - task[:, :, None] + falling for task in (purchase, quantity)], dim=3),
    {},
)
panel = widgets.explore_tradeoff(
    sweep,
    torch.stack([0.3 + purchase, 0.9 - quantity], dim=2),
    ("AP of purchase", "RMSE of quantity (log units)"),
    larger_is_better=(True, False),
    lists=torch.arange(21)[:, None, None] + torch.arange(15).reshape(3, 5),
    households=("household 12", "household 340", "household 701"),
    item_names=[f"ITEM NUMBER {i}" for i in range(50)],
)
panel
"""
SETTINGS = """
import torch
from mtl_course import widgets

values = torch.tensor([[0.20, 0.25], [0.30, 0.28], [0.33, 0.26], [0.32, 0.22]])
novel = values * 0.4
novel[3, 1] = torch.nan  # a metric may be undefined somewhere
panel = widgets.explore_settings(
    [widgets.Axis("factors", (8, 16, 32, 64)), widgets.Axis("regularisation", (0.1, 1.0))],
    [
        widgets.Chart(
            "AP, all items",
            (widgets.Series("ALS", values, spread=values * 0.02),),
            (widgets.Baseline("own frequency", 0.484),),
            larger_is_better=True,
        ),
        widgets.Chart("AP, novel items", (widgets.Series("ALS, novel", novel),)),
    ],
    start=(8, 0.1),
    look_for="Which number of factors wins?",
)
panel
"""
COUNT_PICTURES = """() => new Promise((resolve) => {
  let count = 0;
  const observer = new MutationObserver(() => { count += 1; });
  observer.observe(document.querySelector(".mtl-panel .picture"), { childList: true });
  setTimeout(() => { observer.disconnect(); resolve(count); }, 1000);
})"""
TRAINING = """
import time
import torch
from mtl_course import steering, widgets
from mtl_course.training import Step

def start(weights):
    for step in range(100_000):
        time.sleep(0.001)
        yield Step(0, step, 1 - 0.5 * weights() * (1 - 0.99**step))

panel = widgets.watch_training(start, ("purchase", "quantity"), 5_000, name="lesson")
panel
"""
RUNS = (
    "import asyncio\n"
    "print(sum('steered' in task.get_name() for task in asyncio.all_tasks(panel._loop)))"
)


def button(notebook, name: str):
    return notebook.page.locator(".mtl-panel").get_by_role("button", name=name, exact=True)


def steps_made(notebook) -> int:
    text = notebook.page.locator(".mtl-panel .counter").inner_text()
    return int(text.removeprefix("step ").split(" of ")[0].replace(",", ""))


def farthest_apart(one: bytes, other: bytes) -> int:
    """The largest difference of two pictures in any pixel's colour: edges are never quite alike."""
    first, second = (Image.open(io.BytesIO(picture)).convert("RGB") for picture in (one, other))
    return max(high for _, high in ImageChops.difference(first, second).getextrema())


def test_a_sweep_is_explored_by_mouse_by_keyboard_and_from_code(open_notebook):
    notebook = open_notebook(TRADEOFF)
    notebook.run_all()
    slider = notebook.page.get_by_role("slider", name="α, weight of purchase")
    slider.wait_for()
    before = notebook.picture(".mtl-panel .pictures"), notebook.picture(".mtl-panel .lists")
    assert notebook.status().startswith("α = 0.5: AP of purchase 0.441 ± 0.010, RMSE")

    notebook.drag(SLIDER, 0.9)
    assert notebook.status().startswith("α = 0.9: ")
    assert "Against α = 0.5" in notebook.status()  # where the drag began, however fast it was
    assert notebook.picture(".mtl-panel .pictures") != before[0]
    assert notebook.picture(".mtl-panel .lists") != before[1]
    assert notebook.ask("print(panel.alpha, panel.point)") == "0.9 18"

    for key, alpha in [("Home", "0"), ("ArrowRight", "0.05"), ("PageUp", "0.15"), ("End", "1")]:
        slider.press(key)
        notebook.wait_until(lambda a=alpha: notebook.status().startswith(f"α = {a}: "), alpha)
        assert slider.get_attribute("aria-valuetext").startswith(f"α = {alpha}: AP of purchase")
    notebook.wait_until(lambda: notebook.ask("print(panel.alpha)") == "1.0", "the kernel's α")

    notebook.ask("panel.alpha = 0.31")  # snaps to 0.3
    notebook.wait_until(lambda: notebook.status().startswith("α = 0.3: "), "the page's α")
    assert slider.input_value() == "6"


def test_twenty_fast_moves_end_where_they_end_and_nothing_jumps(open_notebook):
    notebook = open_notebook(TRADEOFF)
    notebook.run_all()
    slider = notebook.page.get_by_role("slider", name="α, weight of purchase")
    slider.press("End")
    notebook.wait_until(lambda: notebook.status().startswith("α = 1: "), "the end")
    notebook.page.wait_for_timeout(200)
    at_the_end = notebook.picture(".mtl-panel .pictures")
    slider.press("Home")
    notebook.wait_until(lambda: notebook.status().startswith("α = 0: "), "the beginning")

    def moves() -> None:
        for _ in range(20):
            notebook.page.keyboard.press("ArrowRight")

    heights = notebook.heights(".mtl-panel", moves)

    assert len(heights) == 1
    assert notebook.status().startswith("α = 1: ")
    notebook.wait_until(lambda: notebook.ask("print(panel.alpha)") == "1.0", "the kernel's α")
    notebook.page.wait_for_timeout(200)
    assert farthest_apart(notebook.picture(".mtl-panel .pictures"), at_the_end) < 60
    slider.press("ArrowLeft")
    notebook.wait_until(lambda: notebook.status().startswith("α = 0.95: "), "the last but one")
    assert farthest_apart(notebook.picture(".mtl-panel .pictures"), at_the_end) > 120


def test_a_reload_with_a_running_kernel_brings_the_panel_back_where_it_stood(open_notebook):
    notebook = open_notebook(TRADEOFF)
    notebook.run_all()
    slider = notebook.page.get_by_role("slider", name="α, weight of purchase")
    slider.press("End")
    notebook.wait_until(lambda: notebook.ask("print(panel.alpha)") == "1.0", "the kernel's α")
    notebook.save()

    notebook.reopen(notebook.page.url)

    notebook.wait_until(lambda: slider.count() == 1, "the panel", seconds=20)
    assert notebook.status().startswith("α = 1: ")
    slider.press("ArrowLeft")
    notebook.wait_until(lambda: notebook.ask("print(panel.alpha)") == "0.95", "a move after it")


def test_settings_are_explored_with_two_sliders(open_notebook):
    notebook = open_notebook(SETTINGS)
    notebook.run_all()
    factors = notebook.page.get_by_role("slider", name="factors")
    factors.wait_for()
    before = notebook.picture(".mtl-panel .pictures")

    notebook.drag(SLIDER, 2 / 3)
    notebook.page.get_by_role("slider", name="regularisation").press("ArrowRight")

    notebook.wait_until(
        lambda: notebook.status().startswith(
            "factors 32, regularisation 1: ALS 0.260 ± 0.005, ALS, novel 0.104."
        ),
        "the text",
    )
    assert (
        "Against factors 32, regularisation 0.1: ALS -0.070 (worse)"
        in notebook.status().replace("\u2212", "-")
    )
    assert notebook.picture(".mtl-panel .pictures") != before
    assert notebook.ask("print(panel.value)") == "(32, 1.0)"
    notebook.ask("panel.value = (64, 0.1)")
    notebook.wait_until(lambda: factors.input_value() == "3", "the page's slider")
    notebook.ask("panel.value = (64, 1.0)")
    notebook.wait_until(lambda: "ALS, novel not defined" in notebook.status(), "the gap")


def test_panels_follow_the_theme_and_fit_a_phone_and_a_zoomed_page(open_notebook):
    notebook = open_notebook(TRADEOFF, SETTINGS, TRAINING)
    notebook.run_all()
    page = notebook.page
    look = """() => [...document.querySelectorAll('.mtl-panel')].map((panel) => {
      const style = getComputedStyle(panel);
      return [style.color, style.backgroundColor];
    })"""
    light = page.evaluate(look)
    notebook.theme("JupyterLab Dark")
    dark = page.evaluate(look)
    notebook.theme("JupyterLab Light")
    assert len(light) == 3
    assert all(one != other for one, other in zip(light, dark, strict=True))

    page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")
    for width in (375, 650):  # a phone; 1,300 pixels at 200 %
        page.set_viewport_size({"width": width, "height": 1500})
        page.wait_for_timeout(300)
        beyond = page.evaluate(
            """() => [...document.querySelectorAll('.mtl-panel')].map((panel) => {
              const right = panel.getBoundingClientRect().right + 1;
              const inside = [...panel.querySelectorAll('*')].filter(
                (part) => part.getBoundingClientRect().right > right);
              return inside.map((part) => part.outerHTML.slice(0, 80));
            })"""
        )
        assert beyond == [[], [], []]


def test_a_training_streams_and_is_steered_paused_stepped_and_reset(open_notebook):
    notebook = open_notebook(TRAINING)
    notebook.run_all()
    curve = notebook.page.locator(".mtl-panel polyline.thick").first
    assert notebook.status() == "Ready: press Start."

    button(notebook, "Start").click()
    notebook.wait_until(lambda: steps_made(notebook) > 200, "200 steps")
    first = curve.get_attribute("points")
    notebook.wait_until(lambda: curve.get_attribute("points") != first, "a longer curve")
    assert notebook.status() == "Running: move α and watch both losses."
    assert notebook.ask("1 + 1\nprint('the notebook answers')") == "the notebook answers"

    assert notebook.page.evaluate(COUNT_PICTURES) >= 9  # ten a second, as drawn

    notebook.page.get_by_role("slider", name="α, weight of purchase").press("End")
    marks = notebook.page.locator(".mtl-panel .picture:first-child .label")
    notebook.wait_until(lambda: marks.all_text_contents() == ["α 0.50", "α 1.00"], "the mark")

    button(notebook, "Pause").click()
    notebook.wait_until(lambda: notebook.status().startswith("Paused after"), "the pause")
    paused = steps_made(notebook)
    button(notebook, "One step").click()
    notebook.wait_until(lambda: steps_made(notebook) == paused + 1, "one step")
    losses = notebook.ask("print(panel.recorded[-1].tolist())")
    assert losses.endswith("1.0]")  # quantity weighs nothing any more

    notebook.page.get_by_label("speed").select_option("5 steps/s")
    button(notebook, "Start").click()
    notebook.page.wait_for_timeout(1000)
    assert 1 <= steps_made(notebook) - paused <= 9
    assert notebook.ask("print(panel.speed)") == "5"
    notebook.ask("panel.speed = 7")
    speed = notebook.page.get_by_label("speed")
    notebook.wait_until(lambda: speed.input_value() == "7", "a speed from code")

    heights = notebook.heights(".mtl-panel", button(notebook, "Reset").click)
    notebook.wait_until(lambda: notebook.status() == "Ready: press Start.", "the reset")
    notebook.ask("panel.speed = 0")
    assert len(heights) == 1
    assert steps_made(notebook) == 0
    notebook.ask("panel.running = True")
    notebook.wait_until(lambda: steps_made(notebook) > 10, "a start from code")
    notebook.ask("panel.running = False")


def test_a_training_leaves_nothing_behind(open_notebook):
    notebook = open_notebook(
        TRAINING,
        """
        def broken(weights):
            yield Step(0, 0, weights())
            raise ArithmeticError("the loss is no number any more")

        failing = widgets.watch_training(broken, ("purchase", "quantity"), 50, name="other")
        failing
        """.replace("\n        ", "\n"),
    )
    notebook.run_all()
    for _ in range(2):
        button(notebook, "Start").first.click()
        notebook.wait_until(lambda: notebook.ask(RUNS) == "1", "a run")
        notebook.run_cell(0)  # while it runs
        notebook.wait_until(lambda: notebook.ask(RUNS) == "0", "the end of the old run")

    button(notebook, "Start").last.click()
    error = notebook.page.get_by_role("alert")
    notebook.wait_until(lambda: error.is_visible(), "the error in the panel")
    assert error.inner_text() == (
        "The training failed. ArithmeticError: the loss is no number any more"
    )

    button(notebook, "Start").first.click()
    notebook.wait_until(lambda: notebook.ask(RUNS) == "1", "a run")
    notebook.page.evaluate(
        "() => jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.interrupt()"
    )
    notebook.wait_until(lambda: notebook.status().startswith("Paused after"), "the interrupt")
    assert notebook.ask(RUNS) == "0"
    assert notebook.ask("import threading\nprint(panel.running)") == "False"


def test_a_training_waits_while_its_tab_is_closed(open_notebook):
    notebook = open_notebook(TRAINING, "steering.AWAY = 0.5")
    notebook.run_all()
    button(notebook, "Start").click()
    notebook.wait_until(lambda: steps_made(notebook) > 50, "50 steps")
    notebook.ask(
        "import asyncio\n"
        "noted = []\n"
        "async def note():\n"
        "    for _ in range(8):\n"
        "        noted.append(panel._made)\n"
        "        await asyncio.sleep(0.4)\n"
        "notes = panel._loop.create_task(note())"
    )
    notebook.save()
    address = notebook.page.url
    notebook.page.goto("about:blank")
    notebook.page.wait_for_timeout(3500)

    notebook.reopen(address)
    *_, before, last = map(int, notebook.ask("print(*noted)").split())

    assert before == last
    notebook.page.locator(".mtl-panel").wait_for()
    notebook.wait_until(lambda: steps_made(notebook) > last + 50, "going on by itself")


def test_sliders_speak_with_the_kernels_main_thread(open_notebook):
    notebook = open_notebook(
        SETTINGS,
        "import threading\n"
        "heard = []\n"
        "panel.observe(lambda _: heard.append(threading.current_thread().name), 'position')",
    )
    notebook.run_all()
    slider = notebook.page.get_by_role("slider", name="factors")
    for _ in range(3):
        slider.press("ArrowRight")
    notebook.wait_until(lambda: len(notebook.ask("print(*heard)").split()) == 3, "three moves")
    assert set(notebook.ask("print(*heard)").split()) == {"MainThread"}


@pytest.mark.parametrize("cell", ["1 / 0", "import sys; print('a warning', file=sys.stderr)"])
def test_a_cell_that_fails_or_warns_is_noticed(open_notebook, cell):
    notebook = open_notebook(cell)
    with pytest.raises(AssertionError, match=r"ZeroDivisionError|a warning"):
        notebook.run_all()
