"""How lessons are cut into slides; what a deck does when opened, the browser's tests say."""

import re

import composing
import editions
import nbformat
import pytest
import slides
from bs4 import BeautifulSoup

LESSON = """# %% [markdown]
# # 4. A title
#
# **45 minutes.** Prerequisite: lesson 3.

# %%
import torch

# %% [markdown]
# ## One part
#
# By hand:
#
#     L = 1
#
# <details><summary><b>Explain</b></summary>
#
# It is 1.
#
# </details>

# %%
print(1)

# %% [markdown]
# *Without a kernel:* one line.

# %% [markdown]
# ## Exercises
#
# **1.** How many?

# %% tags=["solution"]
# stub: count = ...
count = 3

# %%
checks.check_count(count)

# %% [markdown] tags=["presenter"]
# **Presenter's notes.** Warm-up 4, exercises 5.
#
# Ask: who says 1? What breaks: nothing.

# %% tags=["guard"]
assert count == 3
"""


@pytest.fixture
def lesson():
    made = editions.edition(LESSON, solved=True)
    for cell in made.cells:
        if cell.cell_type == "code" and cell.source != "import torch":
            cell.outputs = [nbformat.v4.new_output("stream", text="out\n")]
    return made


@pytest.fixture
def deck(lesson):
    """The deck as a browser reads it."""
    return BeautifulSoup(slides.deck_html(lesson, seconds=1800), "html.parser")


def leaves(deck):
    return [each for each in deck.select(".slides section") if not each.find("section")]


def test_each_heading_begins_a_slide_and_the_guard_is_on_none(deck):
    heads = [each.find(["h1", "h2"]).get_text() for each in leaves(deck)]
    assert heads == ["4. A title", "One part", "Exercises"]
    assert "assert count" not in deck.get_text()


def test_the_presenters_notes_are_the_speakers_and_are_on_no_slide(deck):
    for leaf in leaves(deck):
        notes = leaf.select_one("aside.notes").extract()
        assert "who says 1?" in notes.get_text()
        assert "who says 1?" not in leaf.get_text()


def test_what_a_panel_shows_in_words_is_a_note(deck):
    [part] = [leaf for leaf in leaves(deck) if leaf.find("h2", string="One part")]
    assert "one line." in part.select("aside.notes")[1].get_text()


def test_code_answers_and_verdicts_are_folded_and_outputs_are_not(deck):
    shut = [each.summary.get_text() for each in deck.select("details.code")]
    assert shut == ["Code", "Code", "One answer", "What it shows", "Code", "Its verdict"]
    assert not any(fold.has_attr("open") for fold in deck.find_all("details"))
    seen = [out for out in deck.select(".output_area") if not out.find_parent("details")]
    assert len(seen) == 1  # of print


def test_a_formula_keeps_its_line_and_a_fold_its_paragraphs(deck):
    [part] = [leaf for leaf in leaves(deck) if leaf.find("h2", string="One part")]
    assert part.find("pre").get_text().strip() == "L = 1"
    assert part.find("b", string="Explain").find_parent("details").p.get_text() == "It is 1."


def test_the_timer_knows_the_minutes(deck):
    assert deck.select_one("[data-seconds]")["data-seconds"] == "1800"


def many(text, count):
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(each) for each in ["## A part", *[text] * count]]
    )
    return slides.arranged(made).cells


def kinds(cells):
    return [cell.metadata.get("slideshow", {}).get("slide_type") for cell in cells]


def test_what_does_not_fit_goes_on_to_a_slide_below_that_says_where_one_is():
    cells = many("word " * 80, 5)  # five paragraphs of five lines
    assert kinds(cells).count("subslide") == 2
    assert [cell.source for cell in cells if cell.source.startswith("<p")] == [
        '<p class="running">A part</p>'
    ] * 2


def test_a_question_is_not_parted_from_its_answers_nor_an_exercise_from_its_verdict(lesson):
    option = "<details><summary>{}. It</summary>\n\nNo.\n\n</details>"
    quiz = "**1. Which?**\n\n" + "\n".join(map(option.format, "ABC")) + "\n\nAnd then."
    cell = nbformat.v4.new_markdown_cell(quiz)
    found = slides.groups(nbformat.v4.new_notebook(cells=[cell]))
    assert [len(group) for group in found] == [4, 1]

    [exercise] = [group for group in slides.groups(lesson) if group[0].source == "## Exercises"]
    assert [piece.source[:5] for piece in exercise] == ["## Ex", "**1.*", "count", "check"]


@pytest.mark.parametrize(
    ("source", "pixels"),
    [("word", 62), ("word " * 40, 138), ("* one\n* two", 100), ("<details>x</details>", 58)],
)
def test_heights_are_by_lines_of_88_characters(source, pixels):
    assert slides.height(nbformat.v4.new_markdown_cell(source)) == pixels


def test_the_folder_holds_reveal_with_its_licence_and_a_list_of_decks(
    lesson, tmp_path, monkeypatch
):
    monkeypatch.setattr(slides.moving, "execute", lambda *_, **__: lesson)
    monkeypatch.setattr(slides.book, "PARTS", tmp_path)
    for path in slides.REVEAL.values():
        (tmp_path / "reveal.js" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "reveal.js" / path).write_text(path, encoding="utf-8")

    [source] = editions.sources(["04_weighted_loss"])
    written = slides.build([source], tmp_path / "slides")

    names = sorted(path.relative_to(tmp_path / "slides").as_posix() for path in written)
    assert names == ["04_weighted_loss.html", "index.html", *sorted(slides.REVEAL)]
    page = (tmp_path / "slides" / "04_weighted_loss.html").read_text(encoding="utf-8")
    asked = re.findall(r'(?:src|href)="(?!#)([^"]+)"', page)
    assert set(asked) <= set(slides.REVEAL)
    index = BeautifulSoup((tmp_path / "slides" / "index.html").read_text("utf-8"), "html.parser")
    assert index.select_one(".lessons a")["href"] == "04_weighted_loss.html"
    with pytest.raises(ValueError, match=r"a folder without reveal/reveal\.js"):
        slides.build([source], tmp_path)


def test_a_template_that_lacks_a_value_is_refused():
    with pytest.raises(Exception, match="'title' is undefined"):
        composing.rendered("deck.html.j2", body="")
