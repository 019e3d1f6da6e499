"""Lesson 10 as a learner meets it: every cell run, and an experiment enlarged by two sliders."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
LESSON = Path(__file__).parents[2] / "notebooks" / "10_did_it_help.ipynb"
PANEL = ".mtl-panel:has-text('narrower than the gain')"


def width_in(text: str) -> float:
    return float(text.partition(": width ")[2].partition(",")[0].split()[0])


def test_more_households_and_more_seeds_make_the_interval_narrower(open_notebook):
    notebook = open_notebook(stored=LESSON)
    page = notebook.page
    page.set_default_timeout(180_000)
    notebook.run_all()

    panel = page.locator(PANEL)
    panel.scroll_into_view_if_needed()
    households, seeds = (panel.locator("input[type=range]").nth(place) for place in (0, 1))
    for slider in (households, seeds):
        slider.focus()
        page.keyboard.press("Home")
    notebook.wait_until(
        lambda: notebook.status(PANEL).startswith("households 50, seeds 1: width "), "the smallest"
    )
    smallest, before = width_in(notebook.status(PANEL)), notebook.picture(f"{PANEL} .pictures")

    households.focus()
    page.keyboard.press("End")
    start = "households 2000, seeds 1: width "
    notebook.wait_until(lambda: notebook.status(PANEL).startswith(start), "many households")
    one_seed = width_in(notebook.status(PANEL))
    assert notebook.picture(f"{PANEL} .pictures") != before
    seeds.focus()
    page.keyboard.press("End")
    start = "households 2000, seeds 10: width "
    notebook.wait_until(lambda: notebook.status(PANEL).startswith(start), "many seeds")
    largest = width_in(notebook.status(PANEL))
    assert smallest > 3 * one_seed > 3 * largest  # and with one seed there is a floor
    notebook.wait_until(
        lambda: notebook.ask("print(size_panel.value)") == "(2000, 10)", "the kernel's value"
    )
