"""Lesson 06 as a learner meets it: every cell run, a dial dragged fast, a price looked up."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
LESSON = Path(__file__).parents[2] / "notebooks" / "06_when_tasks_fight.ipynb"
WORLD = ".mtl-panel:has(.busy)"
BUDGET = ".mtl-panel:has-text('network and shop')"


def test_a_dragged_dial_trains_anew_and_the_last_move_wins(open_notebook):
    notebook = open_notebook(stored=LESSON)
    page = notebook.page
    page.set_default_timeout(120_000)
    notebook.run_all()

    world = page.locator(WORLD)
    world.scroll_into_view_if_needed()
    before = notebook.picture(f"{WORLD} .pictures"), notebook.status(WORLD)
    # the guard, the last cell, has brought the dials back there
    assert before[1].startswith("agreement ρ 0, selection 1, noise 1, cold share 0.1: AP of")
    assert notebook.ask("print(len(dials.results), [len(row) for row in dials.results])") == (
        "2 [4, 4]"
    )
    notebook.ask(
        "trained, slow = [], dials.compute\n"
        "def counted(*settings):\n"
        "    trained.append(settings)\n"
        "    return slow(*settings)\n"
        "dials.compute = counted"
    )

    heights = notebook.heights(
        WORLD, lambda: notebook.drag(f"{WORLD} input[type=range]", 1.0, steps=20)
    )

    marked = page.locator(f"{WORLD} .busy.shown")
    marked.wait_for(timeout=5_000)  # "computing", while a small shop is trained
    notebook.wait_until(
        lambda: notebook.status(WORLD).startswith("agreement ρ 1, "), "the last move", seconds=20
    )
    notebook.wait_until(lambda: marked.count() == 0, "no mark any more")
    assert len(heights) == 1
    assert notebook.picture(f"{WORLD} .pictures") != before[0]
    assert page.locator(f"{WORLD} .pictures.old").count() == 0
    how_many, last = notebook.ask("print(len(trained), trained[-1][0])").split()
    assert 1 <= int(how_many) < 10  # moves that were overtaken are not trained
    assert float(last) == 1
    chance, alone, shared, oracle = map(float, notebook.ask("print(*dials.results[1])").split())
    assert oracle < min(alone, shared) < chance
    assert f"chance {chance:.3f}, alone {alone:.3f}, shared {shared:.3f}" in notebook.status(WORLD)

    # looked up: the price of sharing at another number of steps
    steps = page.locator(f"{BUDGET} input[type=range]").first
    before = notebook.picture(f"{BUDGET} .pictures")
    steps.focus()  # by key: the page above may still be laid out anew, and a mouse would miss
    page.keyboard.press("End")
    notebook.wait_until(
        lambda: notebook.status(BUDGET).startswith("steps 500, network and shop wide, ρ = 0"),
        "the price after the last step",
    )
    notebook.wait_until(
        lambda: notebook.ask("print(budget.value)") == "(500, 'wide, ρ = 0')", "the kernel's value"
    )
    assert notebook.picture(f"{BUDGET} .pictures") != before
