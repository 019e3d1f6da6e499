"""The triangle of weights and the list sorted at serving time, moved in a real JupyterLab."""

import re

import pytest

pytestmark = pytest.mark.browser

SIMPLEX = """
import torch
from mtl_course import widgets
from mtl_course.training import Sweep

tenths = torch.tensor([[i, j, 10 - i - j] for i in range(11) for j in range(11 - i)])
weights = tenths / 10
seeds = torch.tensor([-0.01, 0.0, 0.01])[None, :, None]
purchase, quantity, any_kids = (weights**0.5).T * 0.2
means = torch.stack([0.3 + purchase, 0.9 - quantity, 0.5 + any_kids], dim=1)
means[(tenths == torch.tensor([2, 3, 5])).all(dim=1)] -= torch.tensor([0.1, -0.1, 0.1])  # beaten
sweep = Sweep(
    ("purchase", "quantity", "any_kids"), weights, (0, 1, 2), (0,), torch.zeros(66, 3, 1, 3), {}
)
panel = widgets.explore_simplex(
    sweep,
    means[:, None] + seeds,
    ("AP of purchase", "RMSE of quantity (log units)", "AUC of any_kids"),
    larger_is_better=(True, False, True),
    start=(1, 1, 1),
    look_for="Which weights does no other beat on all three metrics?",
)
panel
"""
SCORES = """
import torch
from mtl_course import widgets

generator = torch.Generator().manual_seed(0)
# tenths, so that many items are level whatever the weights
scores = torch.randint(11, (3, 300, 3), generator=generator) / 10
panel = widgets.explore_scores(
    scores,
    ("purchase", "quantity", "any_kids"),
    ("household 12", "household 340", "household 701"),
    [f"ITEM NUMBER {i}" for i in range(300)],
    weights=(0.5, 0.3, 0.2),
    owned=torch.rand(3, 300, generator=generator) < 0.3,
    look_for="Which items hold their place whatever the weights?",
)
panel
"""
TRIANGLE = ".mtl-panel svg.triangle"


def pixel(notebook, weights: tuple[float, float, float]) -> tuple[float, float]:
    """Where the page draws these weights: its top corner is at (220, 72), its sides are 300."""
    box = notebook.page.locator(TRIANGLE).first.bounding_box()
    first, _, third = weights
    x, y = 220 + (third + first / 2 - 0.5) * 300, 72 + 300 * 0.75**0.5 * (1 - first)
    return box["x"] + x * box["width"] / 440, box["y"] + y * box["width"] / 440


def listed(notebook, view: int = 0) -> list[int]:
    names = notebook.page.locator(".mtl-panel .ranking").nth(view).locator(".item > span")
    return [int(name.removeprefix("ITEM NUMBER ")) for name in names.all_inner_texts()]


def test_weights_are_explored_by_mouse_by_keyboard_and_from_code(open_notebook):
    notebook = open_notebook(SIMPLEX)
    notebook.run_all()
    page = notebook.page
    handle = page.get_by_role("slider", name="weights of purchase, quantity, any_kids")
    handle.wait_for()
    before = notebook.picture(TRIANGLE), notebook.picture(".mtl-panel .metrics")
    # the nearest to equal weights: (.3, .3, .4), (.3, .4, .3) and (.4, .3, .3) are level
    assert notebook.status().startswith("purchase 0.30, quantity 0.30, any_kids 0.40: AP of purch")

    page.mouse.move(*pixel(notebook, (0.1, 0.8, 0.1)))  # beside the point, which comes at once
    page.mouse.down()
    page.mouse.move(*pixel(notebook, (0.71, 0.19, 0.1)), steps=8)
    page.mouse.up()
    page.mouse.move(*pixel(notebook, (0, 0, 1)))  # not pressed any more: nothing follows
    assert handle.evaluate("(handle) => handle === document.activeElement")

    found = notebook.status()
    assert found.startswith("purchase 0.70, quantity 0.20, any_kids 0.10: AP of purchase 0.467 ±")
    # with what stood there when the drag began, not with the last weights on the way
    assert "Against purchase 0.30, quantity 0.30, any_kids 0.40: AP of purchase +0.058" in found
    assert notebook.picture(TRIANGLE) != before[0]
    assert notebook.picture(".mtl-panel .metrics") != before[1]
    number = page.locator(".mtl-panel .metric .number").first
    assert number.inner_text() == "0.467 ± 0.010"
    notebook.wait_until(
        lambda: notebook.ask("print(panel.weights)") == "(0.7, 0.2, 0.1)", "the kernel's weights"
    )

    for key, weights in [
        ("ArrowDown", (0.6, 0.2, 0.2)),  # of two below, the one nearer to the middle
        ("ArrowRight", (0.6, 0.1, 0.3)),
        ("Home", (0.3, 0.3, 0.4)),
        ("End", (1, 0, 0)),
        ("End", (0, 1, 0)),
        ("PageDown", (0, 0.9, 0.1)),
    ]:
        handle.press(key)
        words = "purchase {:.2f}, quantity {:.2f}, any_kids {:.2f}: ".format(*weights)
        notebook.wait_until(lambda w=words: notebook.status().startswith(w), f"{key}: {words}")
        assert handle.get_attribute("aria-valuetext").startswith(words + "AP of purchase 0.")

    share = page.get_by_role("slider", name="weight of any_kids")
    share.press("ArrowRight")  # (0, .9, .1) to (0, .8, .2)
    notebook.wait_until(
        lambda: notebook.status().startswith("purchase 0.00, quantity 0.80, any_kids 0.20"), "0.2"
    )
    assert share.get_attribute("aria-valuetext").startswith("purchase 0.00, quantity 0.80, any_k")
    notebook.ask("panel.weights = (2, 3, 5)")
    notebook.wait_until(lambda: "another weighting beats it" in notebook.status(), "the page's")
    assert share.input_value() == "5"


def test_a_click_on_a_map_chooses_what_lies_there(open_notebook):
    notebook = open_notebook(SIMPLEX)
    notebook.run_all()
    picture = notebook.page.locator(".mtl-panel svg.map").nth(2)
    picture.wait_for()
    box = picture.bounding_box()
    notebook.page.mouse.click(box["x"] + box["width"] * 150 / 160, box["y"] + box["height"] * 0.87)
    notebook.wait_until(
        lambda: notebook.status().startswith("purchase 0.00, quantity 0.00, any_kids 1.00"), "it"
    )
    colors = picture.locator(".cell").evaluate_all("(cells) => cells.map((one) => one.style.fill)")
    assert len(colors) == 66
    # the first weighting is (0, 0, 1), the last (1, 0, 0): best and worst for the tag
    assert (colors[0], colors[-1]) == ("rgb(254, 232, 56)", "rgb(0, 34, 78)")
    assert picture.locator(".front-dot").count() == 65
    assert picture.locator("title").first.text_content() == (
        "AUC of any_kids: 0.700 ± 0.010 at purchase 0.00, quantity 0.00, any_kids 1.00"
    )


def test_twenty_fast_moves_of_the_point_end_where_they_end_in_both_views(open_notebook):
    notebook = open_notebook(SIMPLEX, "panel")
    notebook.run_all()
    handles = notebook.page.get_by_role("slider", name="weights of purchase, quantity, any_kids")
    handles.nth(1).wait_for()
    handles.first.press("End")
    cells = "() => jupyterapp.shell.currentWidget.content.widgets.length"
    n_cells = notebook.page.evaluate(cells)
    notebook.page.keyboard.press("b")  # adds a cell, where JupyterLab hears it

    def moves() -> None:
        for i in range(20):
            notebook.page.keyboard.press(["ArrowDown", "ArrowRight"][i % 2])

    heights = notebook.heights(".mtl-panel", moves)

    assert len(heights) == 1
    assert notebook.page.evaluate(cells) == n_cells
    words = "purchase 0.00, quantity 0.00, any_kids 1.00: "
    assert notebook.status().startswith(words)
    notebook.wait_until(lambda: notebook.status(view=1).startswith(words), "the other view")
    assert handles.nth(1).get_attribute("aria-valuetext").startswith(words)
    notebook.wait_until(
        lambda: notebook.ask("print(panel.weights)") == "(0.0, 0.0, 1.0)", "the kernel's weights"
    )
    here = notebook.picture(".mtl-panel .pictures")
    notebook.page.wait_for_timeout(200)
    assert notebook.picture(".mtl-panel .pictures") == here


def test_a_list_is_sorted_by_mouse_by_keyboard_and_from_code(open_notebook):
    notebook = open_notebook(SCORES)
    notebook.run_all()
    page = notebook.page
    purchase = page.get_by_role("slider", name="weight of purchase")
    purchase.wait_for()
    kernel = "print(*panel.top)"
    first = listed(notebook)
    assert first == [*map(int, notebook.ask(kernel).split())]

    notebook.drag(".mtl-panel input[type=range]", 1.0)

    assert notebook.status().startswith("household 12, purchase 1.00, quantity 0.00, any_kids 0.00")
    now = listed(notebook)
    # level items by their row numbers; the words compare with the list before the drag
    assert now == sorted(now)
    entered = [item for item in now if item not in first]
    news = notebook.status().splitlines()[-1]
    assert news.startswith("Against purchase 0.50, quantity 0.30, any_kids 0.20: in: ")
    assert f"in: ITEM NUMBER {entered[0]}, " in news
    marks = page.locator(".mtl-panel .ranking .climb").all_inner_texts()
    assert [i for i, mark in enumerate(marks) if mark == "new"] == [
        now.index(item) for item in entered
    ]
    notebook.wait_until(
        lambda: notebook.ask("print(panel.weights)") == "(1.0, 0.0, 0.0)", "the kernel's weights"
    )
    assert now == [*map(int, notebook.ask(kernel).split())]

    page.get_by_label("household").select_option("household 340")
    page.get_by_label("leave out what it has bought before").check()
    page.get_by_role("slider", name="weight of quantity").press("PageUp")
    notebook.wait_until(
        lambda: (
            notebook.ask("print(panel.household, panel.novel_only, panel.weights)")
            == "household 340 True (0.9, 0.1, 0.0)"
        ),
        "the kernel's choice",
    )
    assert notebook.status().startswith(
        "household 340, purchase 0.90, quantity 0.10, any_kids 0.00, new items only: 1 ITEM"
    )
    assert page.locator(".mtl-panel .ranking em").all_inner_texts() == [""] * 10
    assert purchase.input_value() == "90"
    assert purchase.get_attribute("aria-valuetext") == notebook.status().splitlines()[0]

    notebook.ask("panel.novel_only = False")
    notebook.wait_until(lambda: "new items" not in notebook.status().splitlines()[0], "all items")
    assert "bought" in page.locator(".mtl-panel .ranking em").all_inner_texts()


def test_page_and_python_sort_alike_to_the_last_bit(open_notebook):
    notebook = open_notebook(SCORES)
    notebook.run_all()
    notebook.page.locator(".mtl-panel .ranking").wait_for()
    generator = "import random; rng = random.Random(0); weigh = lambda: [rng.random() ** 4] * 3"
    notebook.ask(generator)
    thirds = ["(1, 1, 1)", "(1, 2, 4)", "(0, 0.1, 0.7)", "(0.2, 0, 0.3)", "(0, 0, 1)"]
    drawn = [f"[rng.random() for _ in range(3)]  # {i}" for i in range(10)]
    for household in ("household 12", "household 701"):
        notebook.ask(f"panel.household = '{household}'")
        for weights in thirds + drawn:
            notebook.ask(f"panel.weights = {weights}")
            text = notebook.ask("print(panel.text)")
            notebook.wait_until(lambda t=text: notebook.status().splitlines()[0] == t, text)
            assert listed(notebook) == [*map(int, notebook.ask("print(*panel.top)").split())]


def test_twenty_fast_moves_of_a_weight_end_where_they_end_in_both_views(open_notebook):
    notebook = open_notebook(SCORES, "panel")
    notebook.run_all()
    sliders = notebook.page.get_by_role("slider", name="weight of purchase")
    sliders.nth(1).wait_for()
    sliders.first.press("Home")

    def moves() -> None:
        for _ in range(20):
            notebook.page.keyboard.press("ArrowRight")

    heights = notebook.heights(".mtl-panel", moves)

    assert len(heights) == 1
    assert notebook.status().startswith("household 12, purchase 0.20, quantity 0.48, any_kids 0.32")
    notebook.wait_until(
        lambda: notebook.ask("print(panel.weights)") == "(0.2, 0.48, 0.32)", "the kernel's weights"
    )
    top = [*map(int, notebook.ask("print(*panel.top)").split())]
    assert listed(notebook) == top
    notebook.wait_until(lambda: listed(notebook, 1) == top, "the other view")
    assert sliders.nth(1).input_value() == "20"


def test_rows_glide_to_their_places_unless_the_reader_wants_no_motion(open_notebook):
    notebook = open_notebook(SCORES)
    notebook.run_all()
    slider = notebook.page.get_by_role("slider", name="weight of purchase")
    slider.wait_for()
    press = """(slider) => new Promise((answer) => {
      slider.value = slider.value === "100" ? 0 : 100;
      slider.dispatchEvent(new Event("input"));
      requestAnimationFrame(() => requestAnimationFrame(() =>
        answer(slider.closest(".mtl-panel").getAnimations({ subtree: true }).length)));
    })"""
    moved = """(slider) => new Promise((answer) => {
      const tops = () => new Map([...document.querySelectorAll(".mtl-panel .ranking .row")].map(
        (row) => [row.querySelector(".item").title, row.getBoundingClientRect().top]));
      const before = tops();
      slider.value = 60;
      slider.dispatchEvent(new Event("input"));
      requestAnimationFrame(() => {  // the rows have their new places; none has begun to move
        const now = [...tops()].filter(([name]) => before.has(name));
        const jumps = now.map(([name, top]) => Math.abs(top - before.get(name)));
        answer([now.length, Math.max(...jumps)]);
      });
    })"""
    before = listed(notebook)
    stayed, jump = slider.evaluate(moved)
    assert listed(notebook) != before
    assert (stayed > 2, jump < 2) == (True, True)
    assert slider.evaluate(press) > 0
    notebook.page.emulate_media(reduced_motion="reduce")
    notebook.page.wait_for_timeout(400)
    before = listed(notebook)
    assert slider.evaluate(press) == 0
    assert listed(notebook) != before


def test_both_follow_the_theme_fit_a_phone_and_show_where_the_keys_go(open_notebook):
    notebook = open_notebook(SIMPLEX, SCORES)
    notebook.run_all()
    page = notebook.page
    page.locator(".mtl-panel").nth(1).wait_for()
    look = """() => [...document.querySelectorAll(
        '.mtl-panel, .mtl-panel .handle .grip, .mtl-panel .pull, .mtl-panel .share b')
      ].map((part) => {
        const style = getComputedStyle(part);
        return [style.color, style.backgroundColor, style.stroke].join();
      })"""
    light = page.evaluate(look)
    notebook.theme("JupyterLab Dark")
    dark = page.evaluate(look)
    notebook.theme("JupyterLab Light")
    assert len(light) == 2 + 1 + 3 + 10 * 3
    assert all(one != other for one, other in zip(light, dark, strict=True))

    handle = page.locator(".mtl-panel .handle")
    stroke = "() => getComputedStyle(document.querySelector('.mtl-panel .halo')).stroke"
    assert page.evaluate(stroke) == "none"
    page.get_by_role("slider", name="weight of purchase").first.focus()
    page.keyboard.press("Shift+Tab")
    assert handle.evaluate("(handle) => handle === document.activeElement")
    assert re.match(r"rgb", page.evaluate(stroke))

    page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")
    for width in (375, 650):  # a phone; 1,300 pixels at 200 %
        page.set_viewport_size({"width": width, "height": 1500})
        page.wait_for_timeout(300)
        beyond = page.evaluate(
            """() => [...document.querySelectorAll('.mtl-panel')].map((panel) => {
              const right = panel.getBoundingClientRect().right + 1;
              const inside = [...panel.querySelectorAll('*')].filter(
                (part) => part.getBoundingClientRect().right > right);
              return inside.map((part) => part.outerHTML.slice(0, 80));
            })"""
        )
        assert beyond == [[], []]
