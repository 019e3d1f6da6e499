"""A lesson as a learner meets it: read without a kernel, run, and answered by keyboard."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SLIDER = ".mtl-panel input[type=range]"


def test_the_stored_lesson_shows_its_results_before_anything_is_run(open_notebook):
    page = open_notebook(stored=NOTEBOOKS / "00_start_here.ipynb").page

    page.locator("td", has_text="0.375").first.scroll_into_view_if_needed()
    assert "Error displaying widget" not in page.locator(".jp-Notebook").inner_text()
    assert page.locator(SLIDER).count() == 0


def test_a_lesson_answers_to_the_keyboard(open_notebook):
    notebook = open_notebook(stored=NOTEBOOKS / "00_start_here.ipynb")
    page = notebook.page
    notebook.run_all()

    page.locator(SLIDER).first.focus()
    page.keyboard.press("Home")
    assert "0.05" in page.locator(".mtl-panel [role=status]").first.inner_text()

    option = page.locator("summary", has_text="C. 2.303 nats")
    option.focus()
    for key in ("Space", "Enter"):
        page.keyboard.press(key)
        page.wait_for_function(
            "(fold) => fold.open", arg=option.locator("xpath=..").element_handle()
        )
        page.keyboard.press(key)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText").startswith("A. It compared my code")

    assert notebook.ask("checks.check_share(3 / 8)").startswith("Right (share)")


def test_below_a_picture_stands_its_description(open_notebook):
    notebook = open_notebook(
        "from mtl_course import figures\nfigures.blank_picture('Two empty axes.', columns=2)"
    )
    notebook.run_all()

    picture, words = notebook.page.locator(".jp-OutputArea-child").all()
    assert picture.locator("img").count() == 1
    assert words.inner_text().strip() == "Two empty axes."
