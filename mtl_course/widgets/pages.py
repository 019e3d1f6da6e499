"""Looked-up panels as plain HTML: a page that works from disk, offline, without a kernel."""

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

import anywidget
import traitlets

from mtl_course.panels import HINT, page_module, style_sheet

# The page asks for nothing, and this makes the browser hold it to that.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def write_page(panel: anywidget.AnyWidget, path: str | Path, *, title: str) -> Path:
    """Store `page_html(panel, title=title)` at `path`, whole or not at all, and say where it is.

    Raises:
        ValueError: the panel needs a kernel, or the folder of `path` does not exist.
    """
    text = page_html(panel, title=title)
    path = Path(path)
    if not path.parent.is_dir():
        raise ValueError(
            f"`path` must lie in a folder that exists; found {str(path)!r}. Make the folder first."
        )
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(partial, 0o644)  # a temporary file is its owner's alone
        os.replace(partial, path)
    finally:
        Path(partial).unlink(missing_ok=True)
    return path


def page_html(panel: anywidget.AnyWidget, *, title: str) -> str:
    """A page that shows the panel as it stands, to be moved by anyone who opens the file.

    It holds its data, code and style, asks for nothing from any network, and is light or dark as
    the reader's browser is. A sweep of 21 weights and 3 seeds with its lists takes under 150 KB.

    Raises:
        ValueError: the panel needs a kernel.
    """
    (fragment,) = page_fragments([panel])
    return (
        '<!doctype html>\n<html lang="en" class="mtl-page">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escape(title)}</title>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{fragment}</main>\n</body>\n</html>\n"
    )


def page_fragments(panels: Sequence[anywidget.AnyWidget]) -> list[str]:
    """One piece of HTML for each panel, all to be put into one page, in any places of it.

    What panels share is written once: the first piece brings the style, the first of each kind its
    code. A table stands where a browser runs no scripts. Light or dark follows the `color-scheme`
    that the page declares.

    Raises:
        ValueError: a panel needs a kernel.
    """
    pieces = [piece(panel) for panel in panels]
    scripts = [each.script for each in pieces]
    return [
        ("" if place else f"<style>\n{style_sheet()}</style>\n")
        + each.place
        + ("" if each.script in scripts[:place] else each.script)
        for place, each in enumerate(pieces)
    ]


class Piece(NamedTuple):
    """What one panel needs of a page, beside the style sheet of all panels."""

    place: str  # where it will be drawn: its data, and until then its table
    script: str  # the code of every panel of its kind, which one page needs once


def piece(panel: anywidget.AnyWidget) -> Piece:
    """The panel as it stands now, in two pieces of HTML.

    Raises:
        ValueError: the panel needs a kernel.
    """
    code = _code(panel)
    return Piece(_place(panel, _name(code)), _script(code))


def _code(panel: anywidget.AnyWidget) -> str:
    if any(isinstance(trait, traitlets.Callable) for trait in panel.traits().values()):
        raise ValueError(
            f"`panel` must look its results up; found {type(panel).__name__}, which a kernel has "
            f"to compute. Export what it found instead, with `explore_settings` or "
            f"`explore_tradeoff`."
        )
    return panel.get_state("_esm")["_esm"]


def _name(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def _place(panel: anywidget.AnyWidget, name: str) -> str:
    """Where the panel will be drawn: its data, and until then its table."""
    jupyters = anywidget.AnyWidget.class_trait_names(sync=True)
    own = [key for key in panel.keys if key not in jupyters and not key.startswith("_")]
    state = panel.get_state(own)
    sent = {key: value for key, value in state.items() if isinstance(value, bytes)}
    held = {
        "values": {key: value for key, value in state.items() if key not in sent},
        "bytes": {key: base64.b64encode(value).decode() for key, value in sent.items()},
    }
    table = panel._repr_mimebundle_()[0]["text/html"].replace(HINT, "")
    return (
        f'<div class="mtl-alone" data-code="{name}">\n'
        f'<script type="application/json">{_as_json(held)}</script>\n'
        f'<div class="stand-in">{table}</div>\n</div>\n'
    )


def _as_json(held: dict[str, dict]) -> str:
    try:
        text = json.dumps(held, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        raise ValueError(
            f"A panel's names and texts must hold finite numbers, or a page cannot; "
            f"found {_not_finite(held['values'])}."
        ) from None
    return text.replace("<", r"\u003c")  # no text may end the script that holds it


def _not_finite(values: dict) -> str:
    return ", ".join(key for key, value in values.items() if "NaN" in json.dumps(value))


def _script(code: str) -> str:
    """The module that draws every panel of this kind; what is `export`ed there becomes a value."""
    page_code = page_module("standalone")
    body = code.replace("export default ", "return ")
    assert "</script" not in (page_code + body).lower() and "<!--" not in page_code + body
    return (
        f'<script type="module">\n{page_code}const view = (() => {{\n{body}}})();\n'
        f'drawEvery(view, "{_name(code)}");\n</script>\n'
    )
