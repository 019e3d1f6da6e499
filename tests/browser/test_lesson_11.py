"""Lesson 11 as a learner meets it: every cell run, a weight moved, and a household that shops."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
LESSON = Path(__file__).parents[2] / "notebooks" / "11_the_shop_window.ipynb"
WINDOW = ".mtl-panel:has(.ranking)"
SESSION = ".mtl-panel:has(.session)"


def listed(notebook, panel: str, rows: str) -> list[str]:
    return notebook.page.locator(f"{panel} {rows} .item > span").all_inner_texts()


def test_a_weight_sorts_the_window_and_a_purchase_makes_the_list_anew(open_notebook):
    notebook = open_notebook(stored=LESSON)
    page = notebook.page
    page.set_default_timeout(180_000)
    notebook.run_all()

    window = page.locator(WINDOW)
    window.scroll_into_view_if_needed()
    # the guard, the last cell, has left the weights there
    start = "household 7, purchase 0.50, quantity 0.50: 1 "
    notebook.wait_until(lambda: notebook.status(WINDOW).startswith(start), "the first list")
    before = notebook.picture(f"{WINDOW} .pictures"), listed(notebook, WINDOW, ".ranking")
    slider = window.get_by_role("slider", name="weight of quantity")
    slider.press("End")
    notebook.wait_until(
        lambda: notebook.status(WINDOW).startswith("household 7, purchase 0.00, quantity 1.00: "),
        "all weight on quantity",
    )
    assert notebook.picture(f"{WINDOW} .pictures") != before[0]
    assert listed(notebook, WINDOW, ".ranking") != before[1]
    notebook.wait_until(
        lambda: notebook.ask("print(window.weights)") == "(0.0, 1.0)", "the kernel's weights"
    )

    session = page.locator(SESSION)
    session.scroll_into_view_if_needed()
    start = "a newcomer, nothing yet: 1 Fluid Milk White Only"
    notebook.wait_until(lambda: notebook.status(SESSION).startswith(start), "the popular list")
    popular = listed(notebook, SESSION, ".session")
    place = popular.index("Soft Drinks 12/18&15pk Can Car")
    session.locator(".place").nth(place).get_by_role("button").nth(1).click()
    notebook.wait_until(
        lambda: notebook.status(SESSION).startswith("a newcomer, bought Soft Drinks"), "the list"
    )
    now = listed(notebook, SESSION, ".session")
    assert "Soft Drinks 12/18&15pk Can Car" not in now
    # what the lesson says in words
    assert "Beeralemalt Liquors" in set(now) - set(popular)
    assert now[1] == "Potato Chips"
    kernel = "print(*(names[item] for item in session.top), sep='|')"
    assert notebook.ask(kernel).split("|") == now
