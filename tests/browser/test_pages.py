"""Exported pages, opened from disk: moved by mouse and keyboard, with no kernel and no network."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from mtl_course import widgets
from mtl_course.training import Sweep
from mtl_course.widgets import pages

pytestmark = pytest.mark.browser
SLIDER = "input[type=range]"


def tradeoff(first_item: str = "ITEM 0") -> widgets.TradeoffExplorer:
    weights = torch.linspace(0, 1, 21)
    values = torch.stack([weights**0.5, 1 - weights], dim=1)[:, None, :]  # [points, seeds, tasks]
    sweep = Sweep(
        ("purchase", "quantity"),
        torch.stack([weights, 1 - weights], dim=1),
        (0,),
        tuple(range(30)),
        0.9 - 0.3 * values[:, :, None, :] * torch.linspace(0, 1, 30)[None, None, :, None],
        {},
    )
    return widgets.explore_tradeoff(
        sweep,
        values,
        ("AP of purchase", "RMSE of quantity (log units)"),
        larger_is_better=(True, True),
        lists=torch.arange(21)[:, None, None] + torch.arange(15).reshape(3, 5),
        households=("household 12", "household 340", "household 701"),
        item_names=[first_item] + [f"ITEM {i}" for i in range(1, 50)],
    )


def settings() -> widgets.SettingsExplorer:
    values = torch.tensor([[0.20, 0.25], [0.30, 0.28], [0.33, 0.26]])
    return widgets.explore_settings(
        [widgets.Axis("factors", (8, 16, 32)), widgets.Axis("regularisation", (0.1, 1.0))],
        [widgets.Chart("AP, all items", (widgets.Series("ALS", values),), larger_is_better=True)],
        start=(8, 0.1),
        look_for="Which number of factors wins?",
    )


def gates() -> widgets.GatesExplorer:
    return widgets.explore_gates(
        torch.tensor([[[0.7, 0.3], [0.2, 0.8]], [[0.5, 0.5], [0.1, 0.9]]]),
        ("purchase", "quantity"),
        chosen=(0, 1),
        households=("household 12", "household 340, whose name is so long that it takes a line"),
    )


def simplex() -> widgets.SimplexExplorer:
    quarters = torch.tensor([[i, j, 4 - i - j] for i in range(5) for j in range(5 - i)])
    weights = quarters / 4
    metrics = torch.tensor([0.3, 0.9, 0.5]) + weights[:, None] * torch.tensor([0.2, -0.3, 0.1])
    tasks = ("purchase", "quantity", "any_kids")
    sweep = Sweep(tasks, weights, (0,), (0,), torch.zeros(15, 1, 1, 3), {})
    return widgets.explore_simplex(
        sweep,
        metrics,
        ("AP of purchase", "RMSE of quantity (log units)", "AUC of any_kids"),
        larger_is_better=(True, False, True),
        start=(1, 1, 1),
        look_for="Which corner costs whom what?",
    )


def scores() -> widgets.ScoresExplorer:
    items = torch.arange(30.0)
    return widgets.explore_scores(
        torch.stack([items, 29 - items], dim=1)[None] / 29,  # each task's first is the other's last
        ("purchase", "quantity"),
        ("household 12",),
        [f"ITEM NUMBER {i}" for i in range(30)],
        weights=(0.9, 0.1),
        owned=torch.zeros(1, 30, dtype=torch.bool),
        look_for="Which weight turns the list round?",
    )


@pytest.fixture
def open_file(chromium) -> Iterator[Callable]:
    """A function that opens a file from disk; the page may ask for nothing but that file."""
    contexts, errors, asked = [], [], []

    def open_(
        path: Path,
        *,
        width: int = 1000,
        scheme: str = "light",
        scripts: bool = True,
        phone: bool = False,
    ):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
            is_mobile=phone,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
        page.on("console", lambda message: errors.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        assert asked == [path.as_uri()] * len(contexts)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not errors, errors
    assert len(asked) == len(contexts), f"the page asked for {asked}"


def status(page) -> str:
    return page.locator(".mtl-panel [role=status]").first.inner_text()


def drawn(page) -> bytes:
    return page.locator(".mtl-panel .pictures").first.screenshot(animations="disabled")


def drag(page, share: float) -> None:
    """Drag the first handle to `share` (0 to 1) of its way, by mouse."""
    slider = page.locator(SLIDER).first
    box = slider.bounding_box()
    where = slider.evaluate("(input) => (input.value - input.min) / (input.max - input.min)")
    handle, y = 16, box["y"] + box["height"] / 2  # half a handle stays inside at both ends
    left, way = box["x"] + handle / 2, box["width"] - handle
    page.mouse.move(left + way * where, y)
    page.mouse.down()
    page.mouse.move(left + way * share, y, steps=8)
    page.mouse.up()
    page.wait_for_timeout(50)


def test_a_page_from_disk_is_moved_by_mouse_and_by_keyboard(open_file, tmp_path):
    page = open_file(pages.write_page(tradeoff(), tmp_path / "sweep.html", title="The sweep"))
    assert page.title() == page.locator("h1").inner_text() == "The sweep"
    slider = page.get_by_role("slider", name="α, weight of purchase")
    assert status(page).startswith("α = 0.5: AP of purchase 0.707, RMSE")
    before, lists = drawn(page), page.locator(".lists").inner_text()

    drag(page, 0.9)
    assert status(page).startswith("α = 0.9: ")
    assert "Against α = 0.5" in status(page)  # where the drag began
    assert drawn(page) != before
    assert page.locator(".lists").inner_text() != lists

    for key, alpha in [("Home", "0"), ("ArrowRight", "0.05"), ("PageUp", "0.15"), ("End", "1")]:
        slider.press(key)
        page.wait_for_timeout(50)
        assert status(page).startswith(f"α = {alpha}: ")
        assert slider.get_attribute("aria-valuetext").startswith(f"α = {alpha}: AP of purchase")


def test_twenty_fast_moves_on_a_page_end_where_they_end_and_nothing_jumps(open_file, tmp_path):
    page = open_file(pages.write_page(tradeoff(), tmp_path / "sweep.html", title="The sweep"))
    page.locator(SLIDER).press("Home")
    height = "() => document.querySelector('.mtl-panel').getBoundingClientRect().height"
    heights = {page.evaluate(height)}
    for _ in range(20):
        page.keyboard.press("ArrowRight")
        heights.add(page.evaluate(height))
    page.wait_for_timeout(50)
    assert status(page).startswith("α = 1: ")
    assert len(heights) == 1


def test_panels_of_one_page_move_apart(open_file, tmp_path):
    fragments = pages.page_fragments([settings(), tradeoff(), settings()])
    fragments += pages.page_fragments([tradeoff()])  # brings the code a second time
    path = tmp_path / "book.html"
    text = "<hr>".join(fragments)
    path.write_text(f'<!doctype html><meta charset="utf-8"><title>Book</title>{text}', "utf-8")
    page = open_file(path)
    words = page.locator(".mtl-panel [role=status]")
    assert words.count() == 4
    before = words.all_inner_texts()

    page.get_by_role("slider", name="factors").last.press("End")
    page.get_by_role("slider", name="α, weight of purchase").first.press("Home")
    page.wait_for_timeout(50)

    after = words.all_inner_texts()
    assert (after[0], after[3]) == (before[0], before[3])
    assert after[2].startswith("factors 32, regularisation 0.1: ALS 0.330.")
    assert after[1].startswith("α = 0: ")
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids)) > 4
    assert page.evaluate("() => getComputedStyle(document.querySelector('.controls')).display") == (
        "flex"
    )


def test_gates_are_explored_from_disk(open_file, tmp_path):
    path = pages.write_page(gates(), tmp_path / "gates.html", title="Gates")
    page = open_file(path, width=420)
    before = drawn(page)
    height = "() => document.querySelector('.mtl-panel').getBoundingClientRect().height"
    heights = {page.evaluate(height)}
    page.get_by_role("slider", name="household").press("End")
    page.wait_for_timeout(50)
    heights.add(page.evaluate(height))
    assert "takes a line: purchase weighs all experts alike, quantity leans on" in status(page)
    assert drawn(page) != before
    assert len(heights) == 1


def test_three_weights_are_explored_from_disk(open_file, tmp_path):
    path = pages.write_page(simplex(), tmp_path / "simplex.html", title="Three weights")
    page = open_file(path, width=480)
    handle = page.get_by_role("slider", name="weights of purchase, quantity, any_kids")
    before = drawn(page)

    handle.press("End")
    page.wait_for_timeout(50)
    corner = "purchase 1.00, quantity 0.00, any_kids 0.00: AP of purchase 0.500"
    assert status(page).startswith(corner)
    assert handle.get_attribute("aria-valuetext").startswith(corner)
    assert drawn(page) != before

    box = page.locator(".mtl-panel svg.triangle").bounding_box()
    scale = box["width"] / 440  # its left corner is quantity's, at (70, 332); its top (220, 72)
    page.mouse.move(box["x"] + 220 * scale, box["y"] + 72 * scale)
    page.mouse.down()
    page.mouse.move(box["x"] + 70 * scale, box["y"] + 332 * scale, steps=8)
    page.mouse.up()
    page.wait_for_timeout(50)
    assert status(page).startswith("purchase 0.00, quantity 1.00, any_kids 0.00: ")


def test_a_list_is_sorted_anew_from_disk(open_file, tmp_path):
    path = pages.write_page(scores(), tmp_path / "scores.html", title="At serving time")
    page = open_file(path, width=480)
    names = page.locator(".mtl-panel .ranking .item > span")
    assert names.first.inner_text() == "ITEM NUMBER 29"
    page.get_by_role("slider", name="weight of purchase").press("Home")
    page.wait_for_timeout(600)  # the moves are animated
    assert names.first.inner_text() == "ITEM NUMBER 0"


def test_a_page_follows_the_readers_light_or_dark(open_file, tmp_path):
    path = pages.write_page(tradeoff(), tmp_path / "sweep.html", title="The sweep")
    looks = {}
    for scheme in ("light", "dark"):
        page = open_file(path, scheme=scheme)
        looks[scheme] = page.evaluate(
            """() => ['.mtl-page', '.mtl-panel', '.marks polyline.thick'].flatMap((part) => {
              const style = getComputedStyle(document.querySelector(part));
              return [style.color, style.backgroundColor, style.stroke];
            })"""
        )
    assert looks["light"][:2] == ["rgb(28, 28, 28)", "rgb(255, 255, 255)"]
    assert looks["dark"][:2] == ["rgb(232, 232, 232)", "rgb(23, 23, 23)"]
    assert looks["light"][3:5] == looks["light"][:2]
    assert looks["dark"][3:5] == looks["dark"][:2]
    assert looks["light"][8] != looks["dark"][8]  # a curve's colour


@pytest.mark.parametrize("panel", [tradeoff, settings, gates, simplex, scores])
@pytest.mark.parametrize("width", [360, 420, 650])
def test_a_page_fits_a_phone_and_a_zoomed_window(open_file, tmp_path, width, panel):
    path = pages.write_page(panel(), tmp_path / "page.html", title="The page")
    page = open_file(path, width=width, phone=width < 600)
    page.locator(SLIDER).first.press("End")
    page.wait_for_timeout(50)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("panel", [tradeoff, settings, gates, simplex, scores])
@pytest.mark.parametrize("width", [320, 360])
def test_a_panel_on_a_phone_holds_its_height_wherever_it_is_moved(
    open_file, tmp_path, width, panel
):
    path = pages.write_page(panel(), tmp_path / "page.html", title="The page")
    page = open_file(path, width=width, phone=True)
    sliders = page.locator(SLIDER)
    chance = random.Random(0)
    heights = set()
    for _ in range(40):
        page.evaluate("() => scrollTo(0, 0)")
        slider = sliders.nth(chance.randrange(sliders.count()))
        slider.press(
            chance.choice(["Home", "End", "PageUp", "PageDown", "ArrowLeft", "ArrowRight"])
        )
        page.wait_for_timeout(30)
        heights.add(
            page.locator(".mtl-panel").evaluate("(el) => el.getBoundingClientRect().height")
        )
    assert len(heights) == 1, heights


def test_a_name_that_looks_like_markup_is_shown_as_it_is_written(open_file, tmp_path):
    wild = "</script><img src=x onerror=alert(1)><!--"
    panel = tradeoff(wild)
    panel.alpha = 0.0
    page = open_file(pages.write_page(panel, tmp_path / "wild.html", title=wild))
    assert page.locator(".lists li").first.inner_text() == wild
    assert page.locator("h1").inner_text() == page.title() == wild
    assert page.locator("img").count() == 0


def test_without_scripts_the_table_stands_and_with_them_it_does_not(open_file, tmp_path):
    path = pages.write_page(settings(), tmp_path / "settings.html", title="Settings")
    assert open_file(path).locator("table").count() == 0
    still = open_file(path, scripts=False)
    assert still.locator("tbody tr").count() == 3 * 2
    assert re.search(r"16\s+1\s+0\.280", still.locator("table").inner_text())


def test_a_choice_is_readable_on_a_dark_page(open_file, tmp_path):
    path = pages.write_page(scores(), tmp_path / "scores.html", title="Scores")
    page = open_file(path, scheme="dark")
    found = page.locator("select").evaluate(
        "(one) => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor]"
    )
    assert found == ["rgb(232, 232, 232)", "rgb(44, 44, 44)"]  # 11 : 1; Chromium's own grey has 4.3
