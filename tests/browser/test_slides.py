"""A deck, opened from disk: nothing cut off, sliders moved, folds opened, the speaker's view."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
REVEAL = ROOT / "requirements" / "npm" / "node_modules" / "reveal.js"
NOW = "() => Reveal.getIndices()"
SLIDER = ".present .mtl-panel input[type=range]"


@pytest.fixture(scope="module")
def folder(chromium, tmp_path_factory) -> Path:  # noqa: ARG001 - without a browser, no slides
    """The slides of lesson 00."""
    if not REVEAL.exists():
        pytest.fail("The slides' parts are missing: run the tests by `make test`, which has npm.")
    into = tmp_path_factory.mktemp("build") / "slides"
    command = [sys.executable, ROOT / "notebooks" / "slides.py", "--into", into, "00_start_here"]
    done = subprocess.run(
        command, env=os.environ | {"TQDM_DISABLE": "1"}, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return into


@pytest.fixture
def deck(chromium, folder) -> Iterator:
    """The open deck; it may ask for nothing but what lies in its folder."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.set_default_timeout(10_000)
    errors, asked = [], []
    context.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
    page.on("console", lambda message: errors.append(message.text))
    page.goto((folder / "00_start_here.html").as_uri())
    page.wait_for_function("() => Reveal.isReady()")
    yield page
    context.close()
    assert not errors, errors
    inside = (folder.as_uri(), "about:", "blob:", "data:")
    assert all(url.startswith(inside) for url in asked), asked
    assert len(asked) >= 4


def to(page, heading: str) -> None:
    """Go to the first slide that holds `heading`'s panel, table or text."""
    while page.evaluate("(what) => !Reveal.getCurrentSlide().querySelector(what)", heading):
        before = page.evaluate(NOW)
        page.evaluate("() => Reveal.next()")
        assert page.evaluate(NOW) != before, f"no slide has {heading}"


def test_no_slide_is_cut_off(deck):
    total = deck.evaluate("() => Reveal.getTotalSlides()")
    assert total > 12
    long = 0
    for _ in range(total):
        found = deck.evaluate(
            """() => {
              const slide = Reveal.getCurrentSlide(), right = slide.getBoundingClientRect().right;
              const own = 'pre, .wide, .output_png, .stand-in, svg, aside';
              return {
                size: [slide.clientWidth, slide.clientHeight],
                over: slide.scrollHeight - slide.clientHeight,
                scrolls: getComputedStyle(slide).overflowY,
                wide: [...slide.querySelectorAll('*')].filter((one) => !one.closest(own)
                  && one.getBoundingClientRect().right > right + 1).map((one) => one.outerHTML),
              };
            }"""
        )
        assert found["size"] == [1280, 720]
        assert found["wide"] == []
        assert found["scrolls"] == "auto"
        long += found["over"] > 1
        deck.evaluate("() => Reveal.next()")
    assert long <= 1  # nearly all fit without scrolling


def test_a_slide_that_has_become_long_is_scrolled_before_the_next_comes(deck):
    to(deck, "details")
    deck.evaluate(
        "() => { Reveal.getCurrentSlide().insertAdjacentHTML('beforeend',"
        " '<div style=\"height: 900px\"></div>'); }"
    )
    before = deck.evaluate(NOW)
    deck.keyboard.press("ArrowDown")
    assert deck.evaluate("() => Reveal.getCurrentSlide().scrollTop") > 100
    assert deck.evaluate(NOW) == before
    for _ in range(8):
        deck.keyboard.press("ArrowDown")
    assert deck.evaluate(NOW) != before


def says(page, words: str) -> None:
    """The panel says so, at the latest a moment from now."""
    page.locator(".present .mtl-panel [role=status]", has_text=words).wait_for(timeout=2000)


def test_a_slider_is_moved_and_the_slide_stays(deck):
    to(deck, ".mtl-panel")
    box = deck.locator(".present .mtl-panel").bounding_box()
    assert box["y"] + box["height"] <= 720
    picture = deck.locator(".present .mtl-panel .pictures").bounding_box()
    assert box["y"] < deck.locator(SLIDER).bounding_box()["y"] < picture["y"]
    before = deck.evaluate(NOW)

    deck.locator(SLIDER).press("Home")
    says(deck, "chance of milk 0.05: loss 1.155.")
    deck.keyboard.press("ArrowRight")
    says(deck, "chance of milk 0.075:")
    handle = deck.locator(SLIDER).bounding_box()
    deck.mouse.click(handle["x"] + handle["width"] - 3, handle["y"] + handle["height"] / 2)
    says(deck, "chance of milk 0.95: loss 1.892.")
    assert deck.evaluate(NOW) == before


def test_code_is_folded_and_space_opens_it_without_leaving_the_slide(deck):
    to(deck, "details.code")
    before = deck.evaluate(NOW)
    assert not deck.locator(".present details.code pre").first.is_visible()
    deck.locator(".present details.code summary").first.focus()
    deck.keyboard.press("Space")
    assert deck.locator(".present details.code pre").first.is_visible()
    assert deck.evaluate(NOW) == before
    deck.keyboard.press("ArrowRight")
    assert deck.evaluate(NOW) != before


def test_the_speakers_view_has_the_notes_and_a_timer(deck):
    assert deck.locator("aside.notes").first.is_hidden()
    with deck.expect_popup() as opened:
        deck.keyboard.press("s")
    view = opened.value
    view.set_default_timeout(10_000)

    notes = view.locator(".speaker-controls-notes .value")
    notes.filter(has_text="Ask before the loop is run").wait_for()
    assert view.locator(".speaker-controls-time .timer").is_visible()
    view.locator(".speaker-controls-time .pacing").wait_for()  # it counts towards the minutes
