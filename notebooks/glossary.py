"""The README's glossary as entries, and its words as links in a page's prose."""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from bs4 import BeautifulSoup, NavigableString

README = Path(__file__).resolve().parents[1] / "README.md"
# what is no prose, or leads elsewhere, or has to be read as one thing
CLOSED = {"a", "button", "code", "h1", "h2", "h3", "h4", "pre", "script", "style", "summary"}
LISTED = "Glossary words:"  # how a lesson begins the line that names the words it has introduced


class Entry(NamedTuple):
    """One entry of the glossary."""

    words: tuple[str, ...]  # the ways to say it; the first is its name
    text: str  # markdown, from its words on

    @property
    def anchor(self) -> str:
        """The end of its address in the glossary's page."""
        return re.sub(r"\W+", "-", self.words[0].lower()).strip("-")

    @property
    def meaning(self) -> str:
        """What stands behind its words."""
        return self.text.partition(":")[2].strip().replace("**", "")


def entries() -> list[Entry]:
    """The glossary, in its order.

    Raises:
        ValueError: the README has none.
    """
    section = README.read_text(encoding="utf-8").partition("## Glossary\n")[2].partition("\n## ")[0]
    found = []
    for item in re.split(r"^\* ", section, flags=re.MULTILINE)[1:]:
        text = " ".join(item.split())
        found.append(Entry(tuple(re.findall(r"\*\*(.+?)\*\*", text)), text))
    if not found:
        raise ValueError(f"`{README.name}` must have a glossary with entries; found none.")
    return found


def link(page: BeautifulSoup, known: list[Entry], selector: str) -> set[str]:
    """Makes links of the glossary's words in the prose of a page, and returns their anchors.

    Linked is the first mention of what the lesson lists as its words, and of terms that mean
    nothing else, such as "Pareto front" or AUC; a plain word ("step") is left its plain sense.

    Args:
        selector: what is prose; headings, code, links and the names of folds in it are left alone.
    """
    by_word = {word.lower(): entry for entry in known for word in entry.words}
    listed = page.find("strong", string=LISTED)
    listing = listed.find_parent("p") if listed else None
    named = {word.get_text().lower() for word in listing.find_all("em")} if listing else set()
    meant = {entry.anchor for word, entry in by_word.items() if word in named}
    meant |= {entry.anchor for entry in known if re.search(r"\w\W+\w|[A-Z]{2}", entry.words[0])}
    longest_first = sorted(by_word, key=len, reverse=True)
    pattern = re.compile(
        rf"(?<![\w−-])({'|'.join(map(re.escape, longest_first))})(s?)(?![\w-])", re.IGNORECASE
    )
    linked: set[str] = set()
    for text in list(_prose(page, selector)):
        in_listing = listing is not None and listing in text.parents
        pieces, end = [], 0
        for match in pattern.finditer(text):
            entry = by_word[match[1].lower()]
            again = entry.anchor in linked and not in_listing
            if again or entry.anchor not in meant or _is_another_word(match[1], entry):
                continue
            linked.add(entry.anchor)
            pieces += [NavigableString(text[end : match.start()]), _anchor(page, entry, match[0])]
            end = match.end()
        if pieces:
            text.replace_with(*pieces, NavigableString(text[end:]))
    return linked


def _prose(page: BeautifulSoup, selector: str) -> Iterator[NavigableString]:
    for place in page.select(selector):
        for text in place.find_all(string=True):
            if not CLOSED & {parent.name for parent in text.parents}:
                yield text


def _is_another_word(found: str, entry: Entry) -> bool:
    """An acronym in small letters, such as "ap" or "uw", is none."""
    written = {word.lower(): word for word in entry.words}[found.lower()]
    return written.isupper() and not found.isupper()


def _anchor(page: BeautifulSoup, entry: Entry, words: str):
    made = page.new_tag("a", href=f"glossary.html#{entry.anchor}")
    made["class"], made["title"], made.string = "word", entry.meaning, words
    return made


def page_html(known: list[Entry], used: dict[str, list[tuple[str, str]]]) -> str:
    """The glossary as a list; behind each entry, the lessons that mention it.

    Args:
        used: address and title of each of those lessons, by the entry's anchor.
    """
    items = []
    for entry in known:
        bold = re.sub(r"\*\*(.+?)\*\*", r"<dfn>\1</dfn>", escape(entry.text, quote=False))
        bold = re.sub(r"`(.+?)`", r"<code>\1</code>", bold)
        where = ", ".join(
            f'<a href="{address}">{escape(title)}</a>' for address, title in used[entry.anchor]
        )
        items.append(
            f'<li id="{entry.anchor}">{bold}{f" <small>{where}</small>" * bool(where)}</li>'
        )
    return "<h1>Glossary</h1>\n<ul class='glossary'>\n" + "\n".join(items) + "\n</ul>\n"
