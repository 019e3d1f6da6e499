"""The case MovieLens as a learner meets it: every cell run, then the split and weights moved."""

from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.published]  # it runs where its data are
LESSON = Path(__file__).parents[2] / "notebooks" / "case_movielens.ipynb"


def test_the_split_and_the_triangle_answer_in_the_case(open_notebook):
    notebook = open_notebook(stored=LESSON)
    page = notebook.page
    page.set_default_timeout(180_000)
    notebook.run_all()

    split = page.get_by_role("slider", name="split")
    split.scroll_into_view_if_needed()
    # the guard, the last cell, has left the panels there
    start = "split random folds: BaselineOnly 0.944, SVD 0.937"
    notebook.wait_until(lambda: notebook.status().startswith(start), start)
    before = notebook.picture(".mtl-panel .pictures")
    split.press("End")
    words = "split one date: BaselineOnly 1.030, SVD 1.038, KNNBaseline 1.030"
    notebook.wait_until(lambda: notebook.status().startswith(words), words)
    assert notebook.picture(".mtl-panel .pictures") != before
    notebook.wait_until(
        lambda: notebook.ask("print(split_panel.value)") == "('one date',)", "the kernel's split"
    )

    triangle = ".mtl-panel:has([aria-label*='weights of rating'])"
    handle = page.get_by_role("slider", name="weights of rating, watched, tags")
    handle.scroll_into_view_if_needed()
    start = "rating 0.50, watched 0.50, tags 0.00: RMSE of the rating (stars) 0.954"
    notebook.wait_until(lambda: notebook.status(triangle).startswith(start), start)
    handle.press("End")
    notebook.wait_until(
        lambda: notebook.status(triangle).startswith("rating 1.00, "), "rating's corner"
    )
    assert "Against rating 0.50, watched 0.50, tags 0.00: " in notebook.status(triangle)
    assert notebook.ask("print(triangle.weights)") == "(1.0, 0.0, 0.0)"
