"""Every lesson as slides: reveal.js from disk, offline; sliders answer, code is folded away.

Usage: python notebooks/slides.py [--into FOLDER] [04_weighted_loss ...]
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import book
import composing
import editions
import guide
import moving
import nbformat
import shelf
from nbclient.exceptions import CellExecutionError
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from tqdm.auto import tqdm

from mtl_course.panels import style_sheet

REVEAL = {  # what a deck fetches from the folder beside it, and where the package has it
    "reveal/reveal.js": "dist/reveal.js",
    "reveal/reveal.css": "dist/reveal.css",
    "reveal/notes.js": "dist/plugin/notes.js",
    "reveal/LICENSE": "LICENSE",
}
ROOM = 570  # pixels below a slide's heading; what does not fit there goes on to the next slide
FOLD, LINE, CHARACTERS = 58, 38, 88  # a closed fold, a line of prose, and what fits into one
HEADING = re.compile(r"^(?=#{1,2} )", re.MULTILINE)


def pieces(cell: NotebookNode) -> Iterator[NotebookNode]:
    """A cell as cells of one paragraph, list or fold each; a code cell is one piece."""
    if cell.cell_type == "code":
        yield cell
        return
    for part in HEADING.split(cell.source):
        text = re.sub(r"(<details>.*?</details>)", _one_line_breaks, part, flags=re.DOTALL)
        for block in filter(None, (one.strip("\n") for one in text.split("\n\n"))):
            yield nbformat.v4.new_markdown_cell(block.replace("\0", "\n\n"))


def _one_line_breaks(fold: re.Match) -> str:
    """A fold whose empty lines no longer end a block."""
    return "\n\n" + fold[1].replace("\n\n", "\0") + "\n\n"


def height(cell: NotebookNode) -> int:
    """About how many pixels a piece takes on a slide while its folds are closed."""
    if cell.cell_type == "markdown":
        if "<details>" in cell.source:
            return FOLD
        lines = [line for line in cell.source.splitlines() if line.strip()]
        items = [line for line in lines if re.match(r"[*-] |\d+\. ", line)]
        if items:
            return LINE * sum(1 + len(one) // CHARACTERS for one in items) + 24
        return LINE * (1 + len(" ".join(lines)) // CHARACTERS) + 24
    folded = {"verdict", "solution"} & set(cell.metadata.get("tags", []))
    tall = FOLD * 2 if folded and cell.outputs else FOLD
    for output in [] if folded else cell.outputs:
        data = output.get("data", {})
        if moving.panel_of(output) is not None:
            tall += ROOM
        elif "image/png" in data:
            tall += min(440, output.metadata["image/png"]["height"]) + 30
        elif "text/html" in data:
            tall += 40 * data["text/html"].count("<tr") + 20
        else:
            text = output.get("text") or data.get("text/markdown") or data.get("text/plain", "")
            tall += 28 * sum(1 + len(line) // 110 for line in text.splitlines()) + 16
    return tall


def arranged(lesson: NotebookNode) -> NotebookNode:
    """The solved edition cut into slides: one for each heading, and more below it where needed.

    The presenter's notes come with every slide that begins a part, and what a panel shows, in
    words, with the panel's own.
    """
    deck = nbformat.v4.new_notebook(metadata=lesson.metadata)
    notes = [cell for cell in lesson.cells if "presenter" in cell.metadata.get("tags", [])]
    used, running = 0, ""
    for group in groups(lesson):
        if any(map(_shows_panel, group)):  # above the folds, where it has the most room
            group.sort(key=lambda piece: piece.cell_type == "code" and 2 - _shows_panel(piece))
        tall = sum(map(height, group))
        if group[0].source.startswith(("# ", "## ")) and group[0].cell_type == "markdown":
            running = group[0].source.lstrip("# ")
            _set_type(group[0], "slide")
            deck.cells += [group[0], *map(_note, notes), *group[1:]]
            used = tall - height(group[0])
        elif group[0].source.startswith("*Without a kernel:*"):
            deck.cells += map(_note, group)
        elif used + tall > ROOM and used > 0:
            head = nbformat.v4.new_markdown_cell(f'<p class="running">{running}</p>')
            _set_type(head, "subslide")
            deck.cells += [head, *group]
            used = tall
        else:
            deck.cells += group
            used += tall
    return deck


def groups(lesson: NotebookNode) -> list[list[NotebookNode]]:
    """The lesson's pieces, those together that no slide may part: code goes with what it serves."""
    found: list[list[NotebookNode]] = []
    silent = False  # whether the last group so far ends in code that has nothing to show
    for cell in lesson.cells:
        tags = cell.metadata.get("tags", [])
        if "presenter" in tags or "guard" in tags:
            continue
        if cell.cell_type == "code" and book.CHECK.search(cell.source):
            cell.metadata["tags"] = [*tags, "verdict"]
        for piece in pieces(cell):
            begins = piece.cell_type == "markdown" and piece.source.startswith("#")
            verdict = "verdict" in piece.metadata.get("tags", [])
            joins = silent or verdict or _is_option(piece)
            if found and not begins and (joins or _is_lead(found[-1][-1])):
                found[-1].append(piece)
            else:
                found.append([piece])
            silent = piece.cell_type == "code" and not piece.outputs
    return found


def _shows_panel(piece: NotebookNode) -> bool:
    return any(moving.panel_of(output) for output in piece.get("outputs", []))


def _is_lead(piece: NotebookNode) -> bool:
    """A heading, a question, and a paragraph that announces what follows do not end a slide."""
    text = piece.source
    begins = re.match(r"#|\*\*\d\.", text) is not None
    return piece.cell_type == "markdown" and (begins or text.endswith((":", ":**")))


def _is_option(piece: NotebookNode) -> bool:
    """One of a quiz's answers stays with its question."""
    return re.match(r"<details><summary>[A-E]\.", piece.source) is not None


def _set_type(cell: NotebookNode, slide_type: str) -> None:
    cell.metadata["slideshow"] = {"slide_type": slide_type}


def _note(cell: NotebookNode) -> NotebookNode:
    note = nbformat.v4.new_markdown_cell(cell.source)
    _set_type(note, "notes")
    return note


def deck_html(lesson: NotebookNode, seconds: int) -> str:
    """A lesson's deck; the speaker's timer counts towards `seconds`."""
    deck = arranged(lesson)
    exported = composing.export(deck, SlidesExporter(template_name="slides", **composing.EXPORT))
    title = exported.soup.h1.get_text()
    exported.soup.select_one("aside.notes")["data-seconds"] = seconds
    body, scripts = composing.with_panels(exported)
    return composing.rendered(
        "deck.html.j2",
        title=title,
        body=body,
        style=style_sheet() + composing.template("book.css") + composing.template("deck.css"),
        behaviour=composing.template("deck.js"),
        scripts=scripts,
    )


def build(sources: list[Path], into: Path) -> list[Path]:
    """Executes the lessons' solved editions and writes a deck each, with reveal.js beside them.

    Raises:
        CellExecutionError: a cell failed.
        ValueError: a cell wrote to stderr; a deck is too heavy; `into` holds something else.
    """
    shelf.refuse_other_folders(into, "reveal/reveal.js")
    files, decks = {}, []
    for source in (bar := tqdm(sources, unit="lesson")):
        bar.set_description(source.stem)
        told = guide.told(source)
        lesson = moving.execute(source, solved=True)
        files[f"{source.stem}.html"] = deck_html(lesson, 60 * told.presented)
        decks.append((f"{source.stem}.html", told.title, f"{told.presented} minutes."))
    files["index.html"] = composing.frame(
        "Slides",
        "<h1>Slides</h1>\n<p>In a deck: arrows move, S opens the speaker's view with notes and "
        f"timer, Esc shows all slides.</p>\n{composing.lesson_list(decks)}",
    )
    for name, path in REVEAL.items():
        files[name] = (book.PARTS / "reveal.js" / path).read_text(encoding="utf-8")
    return shelf.replace(into, files)


def main(arguments: list[str]) -> int:
    """Runs the command line; the answer is the exit status."""
    parser = argparse.ArgumentParser(description="Write all lessons as slides that move.")
    parser.add_argument("lessons", nargs="*", help="e.g. 04_weighted_loss; all, when left out")
    into = book.ROOT / "build" / "slides"
    parser.add_argument("--into", type=Path, default=into, help="the folder")
    asked = parser.parse_args(arguments)
    try:
        build(editions.sources(asked.lessons), asked.into)
    except (ValueError, OSError, CellExecutionError) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"The slides are written. Open {asked.into / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
