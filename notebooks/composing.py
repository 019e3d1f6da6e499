"""What the book and the slides share: cells as HTML, panels in their places, and what is around."""

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

import moving
from bs4 import BeautifulSoup
from editions import HERE
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbconvert import HTMLExporter
from nbformat import NotebookNode

TEMPLATES = HERE / "templates"
EXPORT = {  # of nbconvert's exporters
    "extra_template_basedirs": [str(TEMPLATES)],
    "exclude_input_prompt": True,
    "exclude_output_prompt": True,
}


class Exported(NamedTuple):
    """A lesson's cells as HTML, with a mark where each of its panels goes."""

    soup: BeautifulSoup
    panels: list[moving.Panel]


def export(lesson: NotebookNode, exporter: HTMLExporter) -> Exported:
    """The cells by nbconvert; wide tables may scroll. Outputs that are panels become marks."""
    panels: list[moving.Panel] = []
    for output in (output for cell in lesson.cells for output in cell.get("outputs", [])):
        panel = moving.panel_of(output)
        if panel is not None:
            output.data = {"text/html": _mark(len(panels))}
            panels.append(panel)
    soup = BeautifulSoup(exporter.from_notebook_node(lesson)[0], "html.parser")
    for needless in soup.select("style, a.anchor-link"):
        needless.decompose()  # each table of pandas brings a style, each heading a link to itself
    for table in soup.find_all("table"):
        table.attrs.pop("border", None)
        table.wrap(soup.new_tag("div", attrs={"class": "wide"}))
        for corner in table.find_all(lambda tag: tag.name == "th" and not tag.get_text(strip=True)):
            corner.name = "td"  # the head of nothing
    return Exported(soup, panels)


def with_panels(exported: Exported) -> tuple[str, str]:
    """The HTML with every panel in its place, and the scripts that draw them, each once."""
    body = str(exported.soup)
    for number, panel in enumerate(exported.panels):
        body = body.replace(_mark(number), panel.place)
    return body, "".join(dict.fromkeys(panel.script for panel in exported.panels))


def _mark(number: int) -> str:
    return f'<div class="panel" data-place="{number}"></div>'


def frame(
    title: str,
    body: str,
    *,
    style: str = "",
    scripts: str = "",
    before: tuple[str, str] | None = None,
    after: tuple[str, str] | None = None,
) -> str:
    """A whole page: what is around every page of the book, and `body` in it."""
    return rendered(
        "page.html.j2",
        title=title,
        body=body,
        style=style + template("book.css"),
        theme=template("theme.js"),
        behaviour=template("page.js"),
        scripts=scripts,
        before=before,
        after=after,
    )


def rendered(name: str, **values: object) -> str:
    """A template with its values filled in; one that lacks a value is refused."""
    templates = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined)
    return templates.get_template(name).render(values)


def template(name: str) -> str:
    """The text of a style sheet or a script."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def lesson_list(lessons: Iterable[tuple[str, str, str]]) -> str:
    """A list of lessons: the address, the title, and a sentence of each."""
    items = "".join(
        f'<li><a href="{address}">{escape(title)}</a><p>{escape(words)}</p></li>\n'
        for address, title, words in lessons
    )
    return f'<ul class="lessons">\n{items}</ul>\n'
