"""Lesson 08 as a learner meets it: all cells run, gates moved, a number of experts looked up."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
LESSON = Path(__file__).parents[2] / "notebooks" / "08_who_shares_what.ipynb"
GATES = ".mtl-panel:has(.picture.gates)"
NUMBER = ".mtl-panel:has-text('more experts are narrower ones')"


def test_gates_are_cooled_and_a_number_of_experts_is_looked_up(open_notebook):
    notebook = open_notebook(stored=LESSON)
    page = notebook.page
    page.set_default_timeout(120_000)
    notebook.run_all()

    temperature = page.get_by_role("slider", name="temperature")
    temperature.scroll_into_view_if_needed()
    before = notebook.picture(f"{GATES} .pictures")
    temperature.press("Home")
    notebook.wait_until(lambda: ", temperature 0.1: " in notebook.status(GATES), "the coldest")
    assert notebook.picture(f"{GATES} .pictures") != before
    notebook.wait_until(
        lambda: notebook.ask("print(gate_panel.setting)") == "0.1", "the kernel's temperature"
    )
    cold = float(notebook.ask("print(float(gate_panel.gates.max()))"))
    temperature.press("End")
    notebook.wait_until(lambda: ", temperature 10: " in notebook.status(GATES), "the hottest")
    notebook.wait_until(
        lambda: notebook.ask("print(gate_panel.setting)") == "10.0", "the kernel's temperature"
    )
    hot = float(notebook.ask("print(float(gate_panel.gates.max()))"))
    assert hot < 0.2 < cold  # an even gate gives each of eight experts 0.125

    household = page.get_by_role("slider", name="household")
    before = notebook.status(GATES)
    household.press("Home")  # the guard, the last cell, has left it at the end
    notebook.wait_until(lambda: notebook.status(GATES) != before, "another household")
    news = page.locator(f"{GATES} .news").inner_text()
    assert "weight that went to other experts: purchase" in news

    experts = page.locator(f"{NUMBER} input[type=range]").first
    experts.focus()
    page.keyboard.press("Home")
    notebook.wait_until(lambda: notebook.status(NUMBER).startswith("experts 1: AP, all"), "one")
    notebook.wait_until(lambda: notebook.ask("print(number.value)") == "(1,)", "the kernel's value")
