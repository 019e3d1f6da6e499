"""Lesson 04 as a learner meets it: every cell run, α looked up by mouse, a training steered."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
LESSON = Path(__file__).parents[2] / "notebooks" / "04_weighted_loss.ipynb"
EXPLORER = ".mtl-panel:has(.lists)"
STEERED = ".mtl-panel:has(.counter)"


def steps_made(notebook) -> int:
    text = notebook.page.locator(f"{STEERED} .counter").inner_text()
    return int(text.removeprefix("step ").split(" of ")[0].replace(",", ""))


def test_alpha_is_looked_up_and_steered(open_notebook):
    notebook = open_notebook(stored=LESSON)
    page = notebook.page
    page.set_default_timeout(120_000)
    notebook.run_all()

    # looked up: the picture, the words and a list of five items answer to the mouse
    explorer = page.locator(EXPLORER)
    explorer.scroll_into_view_if_needed()
    lists = explorer.locator(".lists ol")
    names_before = lists.all_inner_texts()
    picture_before = notebook.picture(f"{EXPLORER} .pictures")
    assert notebook.status(EXPLORER).startswith("α = 0.5: AP of purchase 0.")
    assert [len(names.splitlines()) for names in names_before] == [5, 5, 5]

    notebook.drag(f"{EXPLORER} input[type=range]", 0.0)

    notebook.wait_until(lambda: notebook.status(EXPLORER).startswith("α = 0.02: "), "the words")
    assert "Against α = 0." in notebook.status(EXPLORER)
    assert notebook.picture(f"{EXPLORER} .pictures") != picture_before
    assert lists.all_inner_texts() != names_before
    notebook.wait_until(lambda: notebook.ask("print(explorer.alpha)") == "0.02", "the kernel's α")

    # steered: the curves grow, answer to α and stand still
    steered = page.locator(STEERED)
    steered.scroll_into_view_if_needed()
    curve = steered.locator("polyline.thick").first
    assert notebook.status(STEERED) == "Ready: press Start."
    steered.get_by_role("button", name="Start").click()
    notebook.wait_until(lambda: steps_made(notebook) > 200, "200 steps", seconds=20)
    grown = curve.get_attribute("points")
    notebook.wait_until(lambda: curve.get_attribute("points") != grown, "a longer curve")
    notebook.drag(f"{STEERED} input[type=range]", 0.98)
    marks = steered.locator(".picture:first-child .label")
    notebook.wait_until(lambda: marks.count() == 2, "the mark where α moved")

    steered.get_by_role("button", name="Pause").click()
    notebook.wait_until(lambda: notebook.status(STEERED).startswith("Paused after"), "the pause")
    still = notebook.picture(f"{STEERED} .pictures"), steps_made(notebook)
    page.wait_for_timeout(500)
    assert (notebook.picture(f"{STEERED} .pictures"), steps_made(notebook)) == still
    weights = notebook.ask("print(*steered.weights.tolist())").split()
    assert float(weights[0]) > 0.9 > 0.1 > float(weights[1])

    steered.get_by_role("button", name="Reset").click()
    notebook.wait_until(lambda: notebook.status(STEERED) == "Ready: press Start.", "the reset")
