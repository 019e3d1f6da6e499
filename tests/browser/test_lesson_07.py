"""Lesson 07 as a learner meets it: every cell run, the weights' pace and one network's α moved."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
LESSON = Path(__file__).parents[2] / "notebooks" / "07_weights_that_choose.ipynb"
PACE = ".mtl-panel:has-text('learning rate of s')"
FRONT = ".mtl-panel:has-text('α = ')"


def test_the_weights_pace_and_the_one_network_for_every_weight_answer(open_notebook):
    notebook = open_notebook(stored=LESSON)
    page = notebook.page
    page.set_default_timeout(120_000)
    notebook.run_all()

    # the guard, the last cell, has left both sliders there
    page.locator(PACE).scroll_into_view_if_needed()
    notebook.wait_until(
        lambda: notebook.status(PACE).startswith("step 300, learning rate of s 0.01: click 1."),
        "where the guard left the pace",
    )
    before = notebook.picture(f"{PACE} .pictures")
    page.locator(f"{PACE} input[type=range]").nth(1).focus()
    page.keyboard.press("Home")
    notebook.wait_until(
        lambda: notebook.status(PACE).startswith("step 300, learning rate of s 0.001: click 0."),
        "the slowest pace",
    )
    assert notebook.picture(f"{PACE} .pictures") != before
    notebook.wait_until(lambda: notebook.ask("print(pace.value)") == "(300, 0.001)", "the kernel")

    page.locator(FRONT).scroll_into_view_if_needed()
    notebook.wait_until(
        lambda: notebook.status(FRONT).startswith("α = 0.5: AP of purchase 0."),
        "where the guard left α",
    )
    before = notebook.picture(f"{FRONT} .pictures")
    page.locator(f"{FRONT} input[type=range]").first.focus()
    page.keyboard.press("Home")
    notebook.wait_until(
        lambda: notebook.status(FRONT).startswith("α = 0.02: AP of purchase 0."),
        "the rating's end",
    )
    assert "Against α = 0.5" in notebook.status(FRONT)
    assert notebook.picture(f"{FRONT} .pictures") != before
    notebook.wait_until(lambda: notebook.ask("print(one_for_all.alpha)") == "0.02", "the kernel")
