"""The book, opened from disk: read, moved, searched and examined, with no kernel and no network."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
AXE = ROOT / "requirements" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
LESSONS = ("00_start_here", "01_shop_and_log")
PAGES = ("index", *LESSONS, "glossary", "search")
SLIDER = ".mtl-panel input[type=range]"


@pytest.fixture(scope="module")
def book(chromium, tmp_path_factory) -> Path:  # noqa: ARG001 - without a browser, no book
    """The book of two lessons."""
    if not AXE.exists():
        pytest.fail("The book's parts are missing: run the tests by `make test`, which has npm.")
    into = tmp_path_factory.mktemp("build") / "book"
    command = [sys.executable, ROOT / "notebooks" / "book.py", "--into", into, *LESSONS]
    done = subprocess.run(
        command, env=os.environ | {"TQDM_DISABLE": "1"}, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert "5 pages; the heaviest is " in done.stdout
    return into


@pytest.fixture
def open_page(chromium, book) -> Iterator[Callable]:
    """A function that opens a page of the book; no page may ask for anything but pages."""
    contexts, errors, outside = [], [], []

    def open_(name: str, *, width: int = 1000, scheme: str = "light", strict: bool = True):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=not strict
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
        page.on("console", lambda message: errors.append(message.text))
        page.on(
            "request",
            lambda request: (
                None if request.is_navigation_request() else outside.append(request.url)
            ),
        )
        page.goto((book / f"{name}.html").as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not errors, errors
    assert not outside, f"a page asked for {outside}"


def open_folds(page) -> None:
    page.evaluate("() => document.querySelectorAll('details').forEach((f) => { f.open = true; })")


def paper(page) -> str:
    return page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")


def test_the_pages_are_light_enough(book):
    sizes = {path.name: path.stat().st_size for path in book.iterdir()}
    assert sorted(sizes) == sorted(f"{name}.html" for name in PAGES)
    assert max(sizes.values()) < 1_500_000


@pytest.mark.parametrize(("scheme", "width"), [("light", 1000), ("dark", 1000), ("light", 360)])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_a_serious_fault_of_accessibility(open_page, name, scheme, width):
    page = open_page(name, scheme=scheme, width=width, strict=False)  # axe is put into the page
    open_folds(page)
    page.wait_for_timeout(50)
    page.evaluate(AXE.read_text(encoding="utf-8"))

    found = page.evaluate("() => axe.run()")

    assert len(found["passes"]) > 15  # it has looked
    bad = [
        (each["id"], node["html"][:200], node["failureSummary"])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
    assert bad == []


@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_its_window(open_page, name, width):
    page = open_page(name, width=width)
    open_folds(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        """() => [...document.querySelectorAll('main :is(p, li, td, pre, figcaption)')]
          .filter((one) => one.checkVisibility() && parseFloat(getComputedStyle(one).fontSize) < 13)
          .map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert small == []


@pytest.mark.parametrize("name", LESSONS)
def test_every_picture_says_what_it_shows(open_page, name):
    page = open_page(name)
    words = page.locator("img").evaluate_all("(all) => all.map((one) => one.alt)")
    assert all(len(alt.split()) > 8 for alt in words)
    assert len(words) == {"00_start_here": 0, "01_shop_and_log": 2}[name]
    assert page.locator(".mtl-panel svg[role=img]").count() >= 1


def test_a_slider_answers_without_a_kernel(open_page):
    page = open_page("00_start_here")
    slider, words = page.locator(SLIDER), page.locator(".mtl-panel [role=status]")
    before = page.locator(".mtl-panel .pictures").screenshot(animations="disabled")
    assert words.inner_text().startswith("chance of milk 0.5: loss 0.693.")

    slider.press("Home")
    page.wait_for_timeout(50)

    assert words.inner_text().startswith("chance of milk 0.05: loss 1.155.")
    after = page.locator(".mtl-panel .pictures").screenshot(animations="disabled")
    assert after != before


def test_everything_is_reached_and_opened_by_keyboard(open_page):
    page = open_page("00_start_here")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "To the text"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main nav') !== null")
    seen = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate(
                "() => { const now = document.activeElement;"
                " return now.matches('input[type=range]') ? 'slider' : now.textContent; }"
            )
        )
        if page.evaluate("() => document.activeElement.closest('footer') !== null"):
            break
    assert {"slider", "Hint 1", "One answer, and its verdict", "C. 2.303 nats", "nats"} <= seen

    fold = page.locator("summary", has_text="One answer").first
    fold.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.answer pre").first.inner_text().strip() == (
        "share = sum(bought) / len(bought)"
    )
    assert "Right (share)" in page.locator("details.answer").first.inner_text()


def test_a_search_leads_to_the_place(open_page):
    page = open_page("index")
    page.get_by_role("searchbox").fill("cheapest chnce")  # with a slip of the finger
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    assert "with “cheapest chnce”" in page.get_by_role("status").inner_text()

    page.get_by_role("link", name="0. Start here: One chance for all visits").click()

    page.wait_for_url("**/00_start_here.html#One-chance-for-all-visits")
    assert page.locator("h2", has_text="One chance").is_visible()


def test_a_search_is_answered_while_it_is_typed_and_finds_the_glossary(open_page):
    page = open_page("search")
    page.get_by_role("searchbox").press_sequentially("pareto fr")
    assert page.locator("#found a").first.inner_text() == "Glossary: Pareto front"
    page.get_by_role("searchbox").fill("zzzz")
    assert page.get_by_role("status").inner_text() == "Nothing with “zzzz”."


def test_a_word_leads_to_the_glossary_and_back_to_the_lesson(open_page):
    page = open_page("00_start_here")
    page.locator("a.word", has_text="nats").first.click()
    page.wait_for_url("**/glossary.html#nat")
    assert page.locator("li:target").inner_text().startswith("nat: the unit of surprise")
    page.locator("li:target").get_by_role("link", name="0. Start here").click()
    page.wait_for_url("**/00_start_here.html")


def test_light_or_dark_is_the_systems_until_the_reader_chooses(open_page):
    page = open_page("index", scheme="dark")
    dark = paper(page)
    page.get_by_label("Colours").select_option("light")
    light = paper(page)
    assert light == "rgb(255, 255, 255)" != dark
    page.get_by_role("link", name="0. Start here").click()  # it is kept from page to page
    page.wait_for_url("**/00_start_here.html")
    assert paper(page) == light
    page.get_by_label("Colours").select_option("")
    assert paper(page) == dark
