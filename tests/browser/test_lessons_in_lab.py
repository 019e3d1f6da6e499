"""A lesson as a learner meets it: read without a kernel, run, and answered by keyboard."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PANEL = ".mtl-panel"
SLIDER = ".mtl-panel input[type=range]"
PICTURES = ".mtl-panel .pictures"
MOVES = {  # lesson: where its guard leaves the panel, then (slider, key, the words, the value)
    "01_shop_and_log": (
        "k-core: households an item must have 90: density 0.14",
        (0, "End", "k-core: households an item must have 400: density 0.30", "(400,)"),
        (0, "ArrowLeft", "k-core: households an item must have 200: density 0.2", "(200,)"),
    ),
    "02_collaborative_filtering": (
        "factors 16, regularisation 1: AP all 0.400, AP novel 0.140",
        (0, "End", "factors 64, regularisation 1: AP all 0.396, AP novel 0.119", "(64, 1.0)"),
        (1, "ArrowRight", "factors 64, regularisation 10: AP all 0.41", "(64, 10.0)"),
    ),
    "03_deep_embeddings": (
        "embedding width 8, weight decay 0.3: trained rows 0.4",
        (1, "Home", "embedding width 8, weight decay none: trained rows 0.9", "(8, 'none')"),
        (0, "End", "embedding width 32, weight decay none: trained rows ", "(32, 'none')"),
    ),
}


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


@pytest.mark.parametrize("lesson", MOVES)
def test_the_sliders_of_a_lesson_change_its_words_and_its_picture(open_notebook, lesson):
    start, *moves = MOVES[lesson]
    notebook = open_notebook(stored=NOTEBOOKS / f"{lesson}.ipynb")
    page = notebook.page
    page.set_default_timeout(240_000)
    notebook.run_all()

    page.locator(SLIDER).first.scroll_into_view_if_needed()
    status, news = page.locator(f"{PANEL} [role=status] .line > :not(.twin)").all()
    notebook.wait_until(lambda: status.inner_text().startswith(start), start)
    now = start
    for which, key, words, value in moves:
        before = notebook.picture(PICTURES)
        page.locator(SLIDER).nth(which).press(key)
        notebook.wait_until(lambda words=words: status.inner_text().startswith(words), words)
        assert f"Against {now.partition(':')[0]}" in news.inner_text()
        assert notebook.picture(PICTURES) != before
        assert notebook.ask("print(panel.value)") == value
        now = words


def test_below_a_picture_stands_its_description(open_notebook):
    notebook = open_notebook(
        "from mtl_course import figures\nfigures.blank_picture('Two empty axes.', columns=2)"
    )
    notebook.run_all()

    picture, words = notebook.page.locator(".jp-OutputArea-child").all()
    assert picture.locator("img").count() == 1
    assert words.inner_text().strip() == "Two empty axes."
