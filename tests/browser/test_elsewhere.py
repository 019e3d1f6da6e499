"""The same panels outside of JupyterLab: in Notebook 7, and in Voilà, which shows no code."""

import json

import nbformat
import pytest

pytestmark = pytest.mark.browser

# Notebook 7 asks for a setting and, on a busy machine, for a command that only JupyterLab has, with
# or without a panel on the page
NOTEBOOKS_OWN = (
    "Cannot read properties of undefined (reading 'schema')",
    "Command 'filebrowser:open-path' not registered.",
)
SLIDER = ".mtl-panel input[type=range]"
PANELS = """
import torch
from mtl_course import widgets

values = torch.tensor([0.20, 0.30, 0.33])
looked_up = widgets.explore_settings(
    [widgets.Axis("factors", (8, 16, 32))],
    [widgets.Chart("AP", (widgets.Series("ALS", values),), larger_is_better=True)],
    start=(8,),
    look_for="Which number of factors wins?",
)
looked_up
"""
WORLD = """
computed = widgets.explore_world(
    lambda noise: [[noise / 2]],
    [widgets.Axis("noise", (0.5, 1.0, 2.0))],
    [widgets.Bars("RMSE (stars)", ("oracle",), (0, 2), larger_is_better=False)],
    start=(0.5,),
    look_for="What does noise do?",
)
computed
"""


@pytest.fixture
def visit(chromium, lab):
    """A function that opens a page of the server on a notebook with two panels; errors fail."""
    address, root = lab
    context = chromium.new_context(viewport={"width": 1200, "height": 1200})
    page = context.new_page()
    page.set_default_timeout(60_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    def visit_(way: str):
        name = f"elsewhere{len(list(root.iterdir()))}.ipynb"
        cells = [nbformat.v4.new_code_cell(cell) for cell in (PANELS, WORLD)]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), root / name)
        page.goto(f"{address}/{way}/{name}")
        return page

    yield visit_
    context.close()
    assert not [error for error in errors if error not in NOTEBOOKS_OWN], errors


def moves_both_panels(page) -> None:
    looked_up, computed = page.locator(SLIDER).nth(0), page.locator(SLIDER).nth(1)
    status = page.locator(".mtl-panel [role=status]")
    computed.wait_for()

    looked_up.focus()
    page.keyboard.press("End")
    page.wait_for_function(said(0, "factors 32: ALS 0.330"))
    computed.focus()
    page.keyboard.press("End")
    page.wait_for_function(said(1, "noise 2: RMSE (stars): oracle 1.000"))
    assert "+0.750 (worse)" in status.nth(1).inner_text()


def said(panel: int, words: str) -> str:
    return (
        "() => document.querySelectorAll('.mtl-panel [role=status]')"
        f"[{panel}].innerText.includes({json.dumps(words)})"
    )


def test_in_voila_both_kinds_of_panel_answer(visit):
    moves_both_panels(visit("voila/render"))


def test_in_notebook_7_both_kinds_of_panel_answer(visit):
    page = visit("notebooks")
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.locator(".jp-NotebookPanel-toolbar").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    moves_both_panels(page)
