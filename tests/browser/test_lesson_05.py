"""Lesson 05 as a learner meets it: every cell run, then the triangle moved, and moved back."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
LESSON = Path(__file__).parents[2] / "notebooks" / "05_three_tasks.ipynb"


def test_the_triangle_answers_in_the_lesson(open_notebook):
    notebook = open_notebook(stored=LESSON)
    page = notebook.page
    page.set_default_timeout(120_000)
    notebook.run_all()

    handle = page.get_by_role("slider", name="weights of purchase, quantity, tags")
    handle.scroll_into_view_if_needed()
    # the guard, the last cell, has left the point there
    assert notebook.status().startswith(
        "purchase 0.13, quantity 0.13, tags 0.75: AP of purchase 0.4"
    )

    handle.press("End")
    notebook.wait_until(
        lambda: notebook.status().startswith("purchase 1.00, "), "purchase's corner"
    )
    assert "Against purchase 0.13, quantity 0.13, tags 0.75: " in notebook.status()
    assert notebook.ask("print(triangle.weights)") == "(1.0, 0.0, 0.0)"

    share = page.get_by_role("slider", name="weight of tags")
    share.press("ArrowRight")
    notebook.wait_until(lambda: "tags 0.13: AP of purchase 0.4" in notebook.status(), "an eighth")
