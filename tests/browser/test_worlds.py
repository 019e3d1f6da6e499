"""A world under dials in a real JupyterLab: computed by the kernel, marked while it is not."""

import pytest

pytestmark = pytest.mark.browser

SLIDER = ".mtl-panel input[type=range]"
WORLD = """
import time
from mtl_course import widgets

asked = []
pause = 0.05

def compute(agreement, noise):
    asked.append(agreement)
    time.sleep(pause)
    if agreement > 0.9 and noise == 2:
        raise ValueError("nobody is left")
    return [0.5, 0.7 + 0.2 * agreement], [noise]

panel = widgets.explore_world(
    compute,
    [
        widgets.Axis("agreement", tuple(i / 20 for i in range(-20, 21))),
        widgets.Axis("noise", (0.5, 1.0, 2.0), "sd"),
    ],
    [
        widgets.Bars("AUC of purchase", ("chance", "shared"), (0.4, 1.0), larger_is_better=True),
        widgets.Bars("RMSE (stars)", ("shared",), (0, 2), larger_is_better=False),
    ],
    start=(0.0, 1.0),
    look_for="Which dial matters?",
)
panel
"""


def test_a_dial_moves_a_real_computation_and_the_picture_follows(open_notebook):
    notebook = open_notebook(WORLD)
    notebook.run_all()
    before = notebook.picture(".mtl-panel .pictures")
    assert "agreement 0, noise 1: AUC of purchase: chance 0.500, shared 0.700" in notebook.status()

    notebook.drag(SLIDER, 0.9)

    notebook.wait_until(lambda: "agreement 0.8" in notebook.status(), "the answer")
    assert "shared 0.860" in notebook.status()
    assert "AUC of purchase, shared +" in notebook.status()
    assert notebook.picture(".mtl-panel .pictures") != before
    assert notebook.ask("print(panel.value)") == "(0.8, 1.0)"

    notebook.page.locator(SLIDER).first.focus()
    notebook.page.keyboard.press("Home")
    notebook.wait_until(lambda: "agreement -1" in notebook.status(), "the answer to a key")
    spoken = notebook.page.locator(SLIDER).first.get_attribute("aria-valuetext")
    assert "shared 0.500" in spoken

    notebook.ask("panel.value = (0.5, 2)")
    notebook.wait_until(lambda: "agreement 0.5, noise 2" in notebook.status(), "the move by code")


def test_of_twenty_fast_moves_the_last_one_wins_and_nothing_jumps(open_notebook):
    notebook = open_notebook(WORLD)
    notebook.run_all()
    notebook.ask("pause = 0.25; asked.clear()")

    heights = notebook.heights(".mtl-panel", lambda: notebook.drag(SLIDER, 1.0, steps=20))
    marked = notebook.page.locator(".mtl-panel .busy.shown")
    marked.wait_for()
    assert notebook.page.locator(".mtl-panel .pictures.old").count() == 1

    notebook.wait_until(lambda: "agreement 1," in notebook.status(), "the last answer")
    assert len(heights) == 1
    assert marked.count() == 0
    assert notebook.page.locator(".mtl-panel .pictures.old").count() == 0
    computed = notebook.ask("print(len(asked), asked[-1])").split()
    assert int(computed[0]) < 12  # most of twenty moves were overtaken
    assert computed[1] == "1.0"


def test_a_slow_drag_is_followed_answer_by_answer(open_notebook):
    notebook = open_notebook(WORLD)
    notebook.run_all()
    notebook.ask("pause = 0.15")
    notebook.page.evaluate(
        """() => {
          window.told = [];
          const said = document.querySelector(".mtl-panel [role=status] .line > p:last-child");
          new MutationObserver(() => window.told.push(said.textContent)).observe(
            said, { childList: true, characterData: true, subtree: true });
        }"""
    )
    box = notebook.page.locator(SLIDER).first.bounding_box()
    y = box["y"] + box["height"] / 2
    notebook.page.mouse.move(box["x"] + box["width"] / 2, y)
    notebook.page.mouse.down()
    for step in range(40):  # four seconds, longer than a silent kernel is waited for
        notebook.page.mouse.move(box["x"] + box["width"] * (0.5 + step / 100), y)
        notebook.page.wait_for_timeout(100)
    notebook.page.mouse.up()
    notebook.wait_until(lambda: "agreement 0.8" in notebook.status(), "the last answer")
    told = notebook.page.evaluate("() => [...new Set(window.told)]")
    assert len(told) > 6  # each answer was shown in its own words
    assert not [text for text in told if text.startswith("No answer")]
    assert "Against agreement 0, noise 1" in notebook.status()  # where the drag began


def test_a_world_that_fails_says_so_in_two_views_and_recovers(open_notebook):
    notebook = open_notebook(WORLD, "panel")
    notebook.run_all()

    notebook.ask("panel.value = (1.0, 2)")
    errors = notebook.page.locator(".mtl-panel .error:not([hidden])")
    notebook.wait_until(lambda: errors.count() == 2, "the error in both views")
    assert "ValueError: nobody is left" in errors.first.inner_text()

    notebook.page.locator(SLIDER).nth(1).focus()
    notebook.page.keyboard.press("Home")
    notebook.wait_until(lambda: errors.count() == 0, "no error in either view")
    values = [slider.input_value() for slider in notebook.page.locator(SLIDER).all()]
    assert values[:2] == values[2:] == ["40", "0"]
