"""What every slider panel shares: its page code, numbers in words, a setting snapped, a stand-in."""

import re
from collections.abc import Sequence
from html import escape
from math import isfinite
from pathlib import Path

import torch
from torch import Tensor

_STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def page_module(view: str) -> str:
    """One ES module: the pieces that all panels share, then `static/<view>.mjs`.

    A widget's page code travels as one text and so cannot import its neighbours; the pieces are
    joined, and the words that only separate files need are left out. Node tests the pieces alone.
    """
    pieces = ("scales", "words", "drawing", "controls", view)
    sources = [(_STATIC / f"{piece}.mjs").read_text(encoding="utf-8") for piece in pieces]
    joined = _EXPORT.sub("", _IMPORT.sub("", "\n".join(sources)))
    return joined


def style_sheet() -> str:
    """The one style sheet of all panels."""
    return (_STATIC / "panel.css").read_text(encoding="utf-8")


def float32_bytes(values: Tensor) -> bytes:
    """The values in row-major order as little-endian float32, which a page reads as they are."""
    return values.detach().to(torch.float32).contiguous().numpy().astype("<f4").tobytes()


def readable(value: float) -> str:
    """A number for a reader: three decimals below 10, none above 1000, a true minus sign.

    Example:
        >>> readable(0.48351), readable(57.25), readable(12345.6), readable(-0.5)
        ('0.484', '57.2', '12,346', '−0.500')
    """
    if not isfinite(value):
        return "not defined"
    size = abs(value)
    decimals = 3 if size < 10 else 1 if size < 1000 else 0
    text = f"{size:,.{decimals}f}"
    return f"−{text}" if value < 0 and float(text.replace(",", "")) != 0 else text


def nearest(name: str, wanted: float, settings: Sequence[float]) -> int:
    """The position in `settings` of the value nearest to `wanted`.

    Raises:
        ValueError: `wanted` is NaN or lies outside the settings.
    """
    low, high = min(settings), max(settings)
    if not low <= wanted <= high:
        raise ValueError(f"`{name}` must lie between {low:g} and {high:g}; found {wanted:g}.")
    return min(range(len(settings)), key=lambda position: abs(settings[position] - wanted))


def stand_in(text: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table for readers without a running front end (GitHub, a printed page)."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<p>{escape(text)} <em>Run the cell to move the slider.</em></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
