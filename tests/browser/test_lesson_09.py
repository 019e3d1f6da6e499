"""Lesson 09 as a learner meets it: every cell run, then both panels moved by key."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
LESSON = Path(__file__).parents[2] / "notebooks" / "09_the_funnel.ipynb"
STRENGTH = ".mtl-panel:has-text('nearest to the truth')"
CLIPPING = ".mtl-panel:has-text('Lower the clip')"


def test_strength_and_clip_answer_in_the_lesson(open_notebook):
    notebook = open_notebook(stored=LESSON)
    page = notebook.page
    page.set_default_timeout(120_000)
    notebook.run_all()

    strength = page.locator(f"{STRENGTH} input[type=range]").first
    strength.scroll_into_view_if_needed()
    # the guard, the last cell, has left it there
    notebook.wait_until(
        lambda: notebook.status(STRENGTH).startswith("strength 0.5: RMSE of chance 0.3"),
        "where the guard has left the strength",
    )
    before = notebook.picture(f"{STRENGTH} .pictures")
    strength.focus()  # by key: the page above may still be laid out anew, and a mouse would miss
    page.keyboard.press("End")
    notebook.wait_until(
        lambda: notebook.status(STRENGTH).startswith("strength 1: RMSE of chance 0.41"),
        "the strongest selection",
    )
    notebook.wait_until(
        lambda: notebook.ask("print(strength_panel.value)") == "(1.0,)", "the kernel's value"
    )
    assert notebook.picture(f"{STRENGTH} .pictures") != before

    clip = page.locator(f"{CLIPPING} input[type=range]").first
    clip.scroll_into_view_if_needed()
    shop = "strength of the shop's selection"
    notebook.wait_until(
        lambda: notebook.status(CLIPPING).startswith(f"clip 240, {shop} 2: plain mean 0.5"),
        "where the guard has left the clip",
    )
    before = notebook.picture(f"{CLIPPING} .pictures")
    clip.focus()
    page.keyboard.press("Home")
    notebook.wait_until(
        lambda: notebook.status(CLIPPING).startswith(f"clip 30, {shop} 2: plain mean 0.5"),
        "the lowest clip",
    )
    page.locator(f"{CLIPPING} input[type=range]").nth(1).focus()
    page.keyboard.press("Home")
    notebook.wait_until(
        lambda: notebook.status(CLIPPING).startswith(f"clip 30, {shop} 0: plain mean 0.24"),
        "no selection",
    )
    assert notebook.ask("print(clipping.value)") == "(30, 0.0)"
    assert notebook.picture(f"{CLIPPING} .pictures") != before
