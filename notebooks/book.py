"""All lessons as one folder of plain pages: from disk, offline, without a kernel; sliders answer.

Usage: python notebooks/book.py [--into FOLDER] [00_start_here ...]
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import composing
import editions
import glossary
import moving
import nbformat
import shelf
from bs4 import BeautifulSoup
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from tqdm.auto import tqdm

from mtl_course.panels import style_sheet

ROOT = editions.HERE.parent
PARTS = ROOT / "requirements" / "npm" / "node_modules"
CHECK = re.compile(r"^checks\.check_", re.MULTILINE)
HINT = re.compile(r'^# checks\.hint\("(\w+)", 1\)$', re.MULTILINE)
PROSE = ".text_cell"


class Place(NamedTuple):
    """One heading of the course and what stands below it: what the search looks through."""

    address: str
    lesson: str
    heading: str
    text: str


class Page(NamedTuple):
    """One lesson as a page, without what is around it."""

    address: str
    title: str
    promise: str
    body: str
    scripts: str
    words: set[str]  # anchors of the glossary's entries that it links
    places: list[Place]


def with_answers(lesson: NotebookNode, solved: NotebookNode, name: str) -> NotebookNode:
    """The learner's edition as it is read: below each exercise, its hints and one answer, folded.

    Args:
        lesson: executed.
        solved: the stored solved edition, from which answers and verdicts are taken.
        name: of the lesson's source, e.g. "04_weighted_loss".

    Raises:
        ValueError: the two are not editions of one lesson.
    """
    theirs = [cell for cell in solved.cells if "presenter" not in cell.metadata.get("tags", [])]
    if len(theirs) != len(lesson.cells):
        raise ValueError(
            f"{name}: the stored solution must have the learner's {len(lesson.cells)} cells; "
            f"found {len(theirs)}. Run `make notebooks` first."
        )
    read = nbformat.v4.new_notebook(metadata=lesson.metadata)
    answers: list[NotebookNode] = []
    for cell, twin in zip(lesson.cells, theirs, strict=True):
        tags = cell.metadata.get("tags", [])
        if "guard" in tags:  # a test, and no part of what is read
            continue
        read.cells.append(cell)
        if "solution" in tags:
            twin.metadata["tags"] = ["answer"]
            answers.append(twin)
        elif answers and cell.cell_type == "code" and CHECK.search(cell.source):
            cell.outputs = []  # "not attempted yet" is said to nobody here
            answers[-1].outputs += twin.outputs
            read.cells += [*_hints(cell.source, name), *answers]
            answers = []
    read.cells += answers
    return read


def _hints(source: str, name: str) -> list[NotebookNode]:
    asked = HINT.findall(source)
    if not asked:
        return []
    exercises = editions.lesson_of(name).exercises
    hints = [hint for one in exercises if one.name in asked for hint in one.hints]
    folds = [
        f"<details><summary>Hint {number}</summary>\n\n{hint}\n\n</details>"
        for number, hint in enumerate(hints, start=1)
    ]
    return [nbformat.v4.new_markdown_cell("\n".join(folds))]


def page(lesson: NotebookNode, address: str, known: list[glossary.Entry]) -> Page:
    """A lesson as a page: cells by nbconvert, panels that move, words of the glossary linked."""
    exported = composing.export(lesson, HTMLExporter(template_name="course", **composing.EXPORT))
    soup = exported.soup
    places = _places(soup, address)
    words = glossary.link(soup, known, PROSE)
    title = soup.h1.get_text()
    promise = soup.h1.find_next("p").get_text(" ", strip=True)
    soup.h1.insert_after(_contents(soup))
    return Page(address, title, promise, *composing.with_panels(exported), words, places)


def _contents(soup: BeautifulSoup) -> BeautifulSoup:
    items = "".join(
        f'<li><a href="#{heading["id"]}">{heading.decode_contents()}</a></li>'
        for heading in soup.find_all("h2")
    )
    return BeautifulSoup(
        f'<nav class="here" aria-label="In this lesson"><ul>{items}</ul></nav>', "html.parser"
    )


def _places(soup: BeautifulSoup, address: str) -> list[Place]:
    lesson = soup.h1.get_text()
    found: list[tuple[str, str, list[str]]] = []
    for part in soup.select(f"{PROSE}, .input pre, .output_markdown"):
        for element in (
            [part] if part.name == "pre" else part.find_all(["h1", "h2", "h3", "p", "li"])
        ):
            if element.name in ("h1", "h2", "h3"):
                found.append((element["id"], element.get_text(), []))
            elif found:
                found[-1][2].append(" ".join(element.get_text(" ").split()))
    return [
        Place(f"{address}#{anchor}", lesson, heading, " ".join(texts))
        for anchor, heading, texts in found
    ]


def contents_page(pages: list[Page]) -> str:
    """The first page: what the lessons are."""
    lessons = composing.lesson_list((each.address, each.title, each.promise) for each in pages)
    return composing.frame(
        "Multi-task learning for e-commerce recommendation",
        "<h1>Multi-task learning for e-commerce recommendation</h1>\n<p>The lessons to read. Every "
        "slider that looks its answer up moves here too; to change code, and to have an exercise "
        f"judged, run the notebooks.</p>\n{lessons}",
    )


def search_page(places: list[Place]) -> str:
    """The page that finds: it holds its index, and MiniSearch, with its licence."""
    licence = (PARTS / "minisearch" / "LICENSE.txt").read_text(encoding="utf-8").strip()
    library = (PARTS / "minisearch" / "dist" / "umd" / "index.js").read_text(encoding="utf-8")
    library = re.sub(r"^//# sourceMappingURL=.*$", "", library, flags=re.MULTILINE)
    rows = [{"id": number} | place._asdict() for number, place in enumerate(places)]
    index = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).replace("<", r"\u003c")
    return composing.frame(
        "Search the course",
        "<h1>Search the course</h1>\n<noscript><p>The search needs scripts.</p></noscript>\n"
        '<p id="count" role="status"></p>\n<ol id="found"></ol>\n',
        scripts=f'<script type="application/json" id="places">{index}</script>\n'
        f"<script>\n/* {licence} */\n{library}\n{composing.template('search.js')}</script>\n",
    )


def build(sources: list[Path], into: Path) -> list[Path]:
    """Executes the lessons and writes the book, which replaces the one before when it is whole.

    Raises:
        CellExecutionError: a cell failed.
        ValueError: a cell wrote to stderr; a page is too heavy; `into` holds something else.
    """
    shelf.refuse_other_folders(into, "search.html")
    known = glossary.entries()
    pages = []
    for source in (bar := tqdm(sources, unit="lesson")):
        bar.set_description(source.stem)
        lesson = moving.execute(source, solved=False)
        solved = nbformat.read(editions.stored_at(source, solved=True), as_version=4)
        read = with_answers(lesson, solved, source.stem)
        pages.append(page(read, f"{source.stem}.html", known))
    return shelf.replace(into, _files(pages, known))


def _files(pages: list[Page], known: list[glossary.Entry]) -> dict[str, str]:
    """Every page of the book by its name."""
    files = {}
    neighbours = [None, *((each.address, each.title) for each in pages), None]
    for each, before, after in zip(pages, neighbours, neighbours[2:], strict=False):
        style = style_sheet() if each.scripts or "stand-in" in each.body else ""
        files[each.address] = composing.frame(
            each.title, each.body, style=style, scripts=each.scripts, before=before, after=after
        )
    used = defaultdict(list)
    for each in pages:
        for anchor in each.words:
            used[anchor].append((each.address, each.title))
    places = [place for each in pages for place in each.places]
    places += [
        Place(f"glossary.html#{entry.anchor}", "Glossary", ", ".join(entry.words), entry.meaning)
        for entry in known
    ]
    files["index.html"] = contents_page(pages)
    files["glossary.html"] = composing.frame("Glossary", glossary.page_html(known, used))
    files["search.html"] = search_page(places)
    return files


def main(arguments: list[str]) -> int:
    """Runs the command line; the answer is the exit status."""
    parser = argparse.ArgumentParser(description="Write all lessons as pages that move.")
    parser.add_argument("lessons", nargs="*", help="e.g. 01_shop_and_log; all, when left out")
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "book", help="the folder")
    asked = parser.parse_args(arguments)
    try:
        written = build(editions.sources(asked.lessons), asked.into)
    except (ValueError, OSError, CellExecutionError) as problem:
        print(problem, file=sys.stderr)
        return 1
    heaviest = max(written, key=lambda path: path.stat().st_size)
    print(
        f"{len(written)} pages; the heaviest is {heaviest.name} with "
        f"{heaviest.stat().st_size:,} bytes. Open {asked.into / 'index.html'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
