"""The gates' panel in JupyterLab: moved by mouse, by keyboard and from code, and looked at."""

import pytest

pytestmark = pytest.mark.browser
SLIDER = ".mtl-panel input[type=range]"
GATES = """
import torch
from mtl_course import widgets

logits = torch.randn(40, 2, 4, generator=torch.Generator().manual_seed(0))
scale = torch.linspace(0, 3, 5)[:, None, None, None]
panel = widgets.explore_gates(
    (logits * scale).softmax(dim=-1),
    ("purchase", "quantity"),
    chosen=(3, 17, 30),
    households=("household 3", "household 17", "household 30"),
    settings=widgets.Axis("training step", (0, 250, 500, 1000, 2000)),
)
panel
"""


def test_gates_are_explored_by_mouse_by_keyboard_and_from_code(open_notebook):
    notebook = open_notebook(GATES)
    notebook.run_all()
    household = notebook.page.get_by_role("slider", name="household")
    setting = notebook.page.get_by_role("slider", name="training step")
    household.wait_for()
    before = notebook.picture(".mtl-panel .pictures")
    assert notebook.status().startswith("household 3, training step 2000: purchase leans on expert")

    def move() -> None:
        notebook.drag(SLIDER, 1.0)
        for key in ("Home", "ArrowRight"):
            setting.press(key)

    heights = notebook.heights(".mtl-panel", move)

    assert len(heights) == 1
    assert notebook.status().startswith("household 30, training step 250: ")
    spoken = setting.get_attribute("aria-valuetext")
    assert spoken.startswith("household 30, training step 250: purchase leans on")
    assert "Against household 30, training step 0, weight that went" in notebook.status()
    assert notebook.picture(".mtl-panel .pictures") != before
    notebook.wait_until(
        lambda: notebook.ask("print(panel.household, panel.setting)") == "30 250", "the kernel's"
    )

    notebook.ask("panel.setting = 0")
    notebook.wait_until(
        lambda: "purchase weighs all experts alike" in notebook.status(), "the page"
    )
    captions = notebook.page.locator(".mtl-panel .picture:first-child tspan:not(.strong)")
    assert captions.all_text_contents() == ["all experts alike"] * 2
    notebook.ask("panel.household = 17")
    notebook.wait_until(lambda: household.input_value() == "1", "the page's slider")


def test_a_gate_is_drawn_as_wide_as_it_weighs_and_told_apart_without_colour(open_notebook):
    notebook = open_notebook(GATES)
    notebook.run_all()
    notebook.page.locator(".mtl-panel .segment").first.wait_for()
    parts = notebook.page.locator(".mtl-panel .picture:first-child .segment")
    widths = [float(part.get_attribute("width")) for part in parts.all()]
    gates = notebook.ask("print(*panel.gates.flatten().tolist())").split()
    assert widths == pytest.approx([424 * float(gate) for gate in gates], abs=0.01)

    textures = notebook.page.locator(".mtl-panel pattern path")
    outlines = [texture.get_attribute("d") for texture in textures.all()]
    assert len(set(outlines)) == 4
    assert notebook.page.locator(".mtl-panel .legend li").all_inner_texts() == [
        "expert 1",
        "expert 2",
        "expert 3",
        "expert 4",
    ]
