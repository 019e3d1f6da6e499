"""Lesson 13 as a learner meets it: every cell run, the triangle and the serving moved by key."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
LESSON = Path(__file__).parents[2] / "notebooks" / "13_capstone.ipynb"
TRIANGLE = ".mtl-panel:has-text('Which corners lose revenue')"
SERVING = ".mtl-panel:has-text('Come under the cap twice')"


def test_three_weights_and_two_ways_to_serve_answer_in_the_lesson(open_notebook):
    notebook = open_notebook(stored=LESSON)
    page = notebook.page
    page.set_default_timeout(180_000)
    notebook.run_all()
    assert "Not attempted yet (submission)" in page.locator(".jp-Notebook").inner_text()

    triangle = page.locator(TRIANGLE)
    triangle.scroll_into_view_if_needed()
    # the guard, the last cell, has left the weights there
    start = "purchase 0.33, quantity 0.33, tags 0.33: revenue (dollars a household) 104"
    notebook.wait_until(lambda: notebook.status(TRIANGLE).startswith(start), "equal weights")
    before = notebook.picture(f"{TRIANGLE} .pictures")
    triangle.get_by_role("slider", name="weight of tags").press("End")
    notebook.wait_until(
        lambda: notebook.status(TRIANGLE).startswith("purchase 0.00, quantity 0.00, tags 1.00: "),
        "all weight on the tags",
    )
    notebook.wait_until(
        lambda: notebook.ask("print(triangle.weights)") == "(0.0, 0.0, 1.0)", "the kernel's weights"
    )
    assert notebook.picture(f"{TRIANGLE} .pictures") != before

    start = "discount 0, own spend 0: revenue (dollars a household) 104"
    notebook.wait_until(lambda: notebook.status(SERVING).startswith(start), "by dollars alone")
    before = notebook.picture(f"{SERVING} .pictures")
    factor = page.locator(f"{SERVING} input[type=range]").nth(1)
    factor.scroll_into_view_if_needed()
    factor.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    notebook.wait_until(
        lambda: notebook.status(SERVING).startswith("discount 0, own spend 0.6: revenue"),
        "own spend on top",
    )
    notebook.wait_until(
        lambda: notebook.ask("print(serving.value)") == "(0.0, 0.6)", "the kernel's value"
    )
    assert notebook.picture(f"{SERVING} .pictures") != before
