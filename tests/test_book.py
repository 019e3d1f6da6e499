"""How the book's pages are put together; what they do when opened, the browser's tests say."""

import re

import book
import editions
import glossary
import moving
import nbformat
import pytest
import shelf
from bs4 import BeautifulSoup

from mtl_course import widgets

KNOWN = glossary.entries()
LESSON = """# %% [markdown]
# # 0. A title
#
# What it promises.
#
# ## One part
#
# A chance of milk, step by step. Is the Pareto front a front? *Label*
#
# Each label of a Pareto front.

# %% tags=["nbval-ignore-output"]
import torch
from mtl_course import widgets
panel = widgets.explore_settings(
    [widgets.Axis("chance", (1, 2))],
    [widgets.Chart("loss", (widgets.Series("loss", torch.tensor([0.25, 0.75])),))],
    start=(1,),
    look_for="Where?",
)
panel

# %% [markdown]
# ## Exercises
#
# Replace the `...`.

# %% tags=["solution"]
# stub: share = ...
share = 3 / 8

# %%
print("verdict")
# checks.hint("share", 1)

# %% [markdown]
# ## What to remember
#
# **Glossary words:** *label*, *loss*

# %% [markdown] tags=["presenter"]
# For the presenter alone.

# %% tags=["guard"]
panel.value = (2,)
"""
CHECKED = LESSON.replace('print("verdict")', "checks.check_share(share)")


def output(text):
    return nbformat.v4.new_output("stream", text=text)


@pytest.fixture
def read():
    """The lesson as it is read, its cells not run; the solution's verdict is "right"."""
    lesson, solved = (editions.edition(CHECKED, solved=each) for each in (False, True))
    for notebook, verdict in ((lesson, "not attempted"), (solved, "right")):
        for cell in notebook.cells:
            if "check_share" in cell.source:
                cell.outputs = [output(verdict)]
    return book.with_answers(lesson, solved, "00_start_here")


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A course of one lesson, stored solved, and the parts that its pages are made of."""
    source = tmp_path / "source" / "00_start_here.py"
    source.parent.mkdir()
    source.write_text(LESSON, encoding="utf-8")
    monkeypatch.setattr(editions, "SOLUTIONS", tmp_path)
    nbformat.write(editions.edition(LESSON, solved=True), tmp_path / "00_start_here.ipynb")
    library = tmp_path / "minisearch"
    (library / "dist" / "umd").mkdir(parents=True)
    (library / "LICENSE.txt").write_text("The licence", encoding="utf-8")
    (library / "dist" / "umd" / "index.js").write_text("code\n//# sourceMappingURL=x", "utf-8")
    monkeypatch.setattr(book, "PARTS", tmp_path)
    return source


def soup(text):
    return BeautifulSoup(text, "html.parser")


def test_below_an_exercise_stand_its_hints_and_one_answer_with_its_verdict(read):
    sources = [cell.source for cell in read.cells]
    stub, check, hints, answer = sources[3:7]

    assert (stub, answer) == ("share = ...", "share = 3 / 8")
    assert check.startswith("checks.check_share(share)")
    assert re.findall("<summary>(.*)</summary>", hints) == ["Hint 1", "Hint 2", "Hint 3"]
    assert read.cells[4].outputs == []  # a page has attempted nothing
    assert read.cells[6].outputs[0].text == "right"


def test_neither_the_presenters_notes_nor_the_guard_are_read(read):
    text = " ".join(cell.source for cell in read.cells)
    assert "presenter" not in text
    assert "panel.value" not in text


def test_an_answer_that_no_check_follows_is_not_lost():
    lesson, solved = (editions.edition(LESSON, solved=each) for each in (False, True))
    found = book.with_answers(lesson, solved, "00_start_here")
    assert found.cells[-1].source == "share = 3 / 8"


def test_a_stored_solution_of_another_lesson_is_refused():
    lesson, solved = (editions.edition(CHECKED, solved=each) for each in (False, True))
    del solved.cells[0]
    with pytest.raises(
        ValueError, match=r"must have the learner's 7 cells; found 6\. Run `make not"
    ):
        book.with_answers(lesson, solved, "00_start_here")


def test_an_answer_is_folded_and_nothing_else_is(read):
    body = soup(book.page(read, "x.html", KNOWN).body)
    folded = [fold.find("pre").get_text().strip() for fold in body.select("details.answer")]
    assert folded == ["share = 3 / 8"]
    assert "share = ..." in [code.get_text().strip() for code in body.select(".input pre")]


def test_headings_have_addresses_and_what_stands_below_them_is_found(read):
    page = book.page(read, "x.html", KNOWN)

    assert [place.heading for place in page.places][:2] == ["0. A title", "One part"]
    body = soup(page.body)
    for place in page.places:
        assert body.find(id=place.address.partition("#")[2]).get_text() == place.heading
    assert "A chance of milk" in page.places[1].text
    assert (page.title, page.promise) == ("0. A title", "What it promises.")


def test_words_that_the_lesson_lists_and_terms_are_linked_once_and_plain_words_are_not(read):
    page = book.page(read, "x.html", KNOWN)
    links = [(link.get_text(), link["href"]) for link in soup(page.body).select("a.word")]

    assert links == [
        ("Pareto front", "glossary.html#pareto-front"),
        ("Label", "glossary.html#label"),
        ("label", "glossary.html#label"),  # once more, in the list itself
        ("loss", "glossary.html#loss"),
    ]
    assert page.words == {"pareto-front", "label", "loss"}


@pytest.mark.parametrize(
    "text",
    ["<h2>Pareto front</h2>", "<code>AUC</code>", "<a href='x'>AUC</a>", "AUC-like", "an auc"],
)
def test_headings_code_links_parts_of_words_and_small_letters_are_left_alone(text):
    page = soup(f"<div class='text_cell'>{text}</div>")
    assert glossary.link(page, KNOWN, ".text_cell") == set()
    assert str(page) == f"<div class='text_cell'>{text}</div>".replace("'", '"')


def test_every_entry_of_the_readme_is_in_the_glossary_and_names_its_lessons():
    used = {entry.anchor: [] for entry in KNOWN} | {"label": [("00.html", "0. <Start>")]}
    page = soup(glossary.page_html(KNOWN, used))

    readme = glossary.README.read_text(encoding="utf-8").partition("## Glossary")[2]
    assert len(page.select("li")) == len(re.findall(r"^\* \*\*", readme, re.MULTILINE)) > 100
    assert page.find(id="label").a["href"] == "00.html"
    assert "<Start>" in page.find(id="label").get_text()


@pytest.mark.usefixtures("house")
def test_what_a_page_holds_cannot_end_the_script_that_holds_it():
    places = [book.Place("x.html#y", "A lesson", "A heading", "</script><b>")]
    found = soup(book.search_page(places))
    assert found.find("b") is None
    assert len(found.find_all("script")) == 4  # colours, behaviour, index, search
    assert "The licence" in found.find_all("script")[3].string
    assert "sourceMappingURL" not in str(found)


def test_a_panel_moves_as_it_stood_when_it_was_shown_and_one_that_computes_says_so(house):
    lesson = moving.execute(house, solved=False)
    outputs = [one for cell in lesson.cells for one in cell.get("outputs", [])]
    [panel] = filter(None, map(moving.panel_of, outputs))

    assert "get_ipython" not in lesson.cells[1].source  # what collected it is gone
    page = book.page(lesson, "x.html", KNOWN)
    assert (page.body.count("data-code"), page.scripts.count('type="module"')) == (1, 1)
    assert '"position":[0]' in panel.place  # and not [1], to which the guard moved it
    assert "drawEvery" in panel.script
    assert moving.panel_of(output("no panel")) is None
    table = {"text/html": f"<p>1{moving.HINT}</p>", moving.PANEL: {}}
    steered = moving.panel_of(nbformat.v4.new_output("display_data", data=table))
    assert steered.script == ""
    assert moving.NEEDS_KERNEL in steered.place
    assert "Run the cell" not in steered.place


def test_a_table_may_be_wide_and_its_empty_corner_is_no_head(read):
    table = "<style>th {}</style><table border='1'><tr><th></th><th>AP</th></tr></table>"
    data = {"text/html": table, "text/plain": ""}
    read.cells[1].outputs = [nbformat.v4.new_output("display_data", data=data)]
    found = soup(book.page(read, "x.html", KNOWN).body).select_one(".wide")
    assert str(found).replace("\n", "") == (
        '<div class="wide"><table><tr><td></td><th>AP</th></tr></table></div>'
    )


def test_a_case_without_its_data_is_shown_as_it_is_stored(house, monkeypatch):
    rests = house.with_name("case_films.py")
    rests.write_text("# %%\nprint('no data')\n", encoding="utf-8")
    stored = editions.edition("# %%\nprint('as stored')\n", solved=True)
    nbformat.write(stored, editions.SOLUTIONS / "case_films.ipynb")
    monkeypatch.setattr(moving.build, "execute", lambda *_: None)
    assert moving.execute(rests, solved=True).cells[0].source == "print('as stored')"


def test_a_build_that_fails_leaves_the_book_before_it_whole(house, tmp_path, monkeypatch):
    into = tmp_path / "build" / "book"
    monkeypatch.setattr(
        moving, "execute", lambda source, solved: editions.edition(source.read_text(), solved)
    )
    book.build([house], into)
    before = {path.name: path.read_bytes() for path in into.iterdir()}
    assert set(before) == {"00_start_here.html", "index.html", "glossary.html", "search.html"}

    monkeypatch.setattr(shelf, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match=r"00_start_here\.html must stay under 1000 bytes; found"):
        book.build([house], into)
    monkeypatch.undo()
    monkeypatch.setattr(moving, "execute", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        book.build([house], into)

    assert {path.name: path.read_bytes() for path in into.iterdir()} == before
    assert [path.name for path in into.parent.iterdir()] == ["book"]


def test_a_folder_that_is_no_book_is_not_replaced(house, tmp_path):
    with pytest.raises(ValueError, match="or nothing yet; found a folder without search"):
        book.build([house], tmp_path)
    assert house.exists()


def test_a_panels_pieces_are_what_its_page_is_made_of():
    import torch

    from mtl_course.widgets import pages

    panel = widgets.explore_settings(
        [widgets.Axis("factors", (4, 8))],
        [widgets.Chart("AP", (widgets.Series("ALS", torch.tensor([0.1, 0.3])),))],
        start=(8,),
        look_for="Which wins?",
    )
    piece = pages.piece(panel)
    assert pages.page_fragments([panel, panel])[1] == piece.place
    assert pages.page_fragments([panel])[0].endswith(piece.place + piece.script)
