"""What slider panels share: page code, numbers as bytes and in words, snapping, a stand-in."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from math import isfinite
from pathlib import Path
from typing import Any

import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

_STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import [^;]* from "\./(\w+)\.mjs";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
HINT = " <em>Run the cell for the slider.</em>"  # a page of its own has no cell to run


def page_module(view: str) -> str:
    """One ES module: the pieces that `static/<view>.mjs` imports, each once, then the view itself.

    A widget's page code travels as one text, so it cannot import its neighbours: the pieces are
    joined, and the words that only separate files need are left out.
    """
    sources = [_source(piece) for piece in dict.fromkeys(_in_order(view))]
    return _EXPORT.sub("", _IMPORT.sub("", "\n".join(sources)))


def style_sheet() -> str:
    """The one style sheet of all panels."""
    return (_STATIC / "panel.css").read_text(encoding="utf-8")


def float32_bytes(values: Float[Tensor, "..."]) -> bytes:
    """The values in row-major order as little-endian float32, which a page reads as they are."""
    return values.detach().to(torch.float32).numpy().astype("<f4").tobytes()


def readable(value: float) -> str:
    """A number for a reader: three decimals below 10, none from 1000 on.

    Example:
        >>> readable(0.48351), readable(57.26), readable(12345.6), readable(float("nan"))
        ('0.484', '57.3', '12,346', 'not defined')
    """
    if not isfinite(value):
        return "not defined"
    decimals = 3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    return f"{value:,.{decimals}f}"


def with_spread(value: float, spread: float) -> str:
    """A mean with its standard deviation, where there is one.

    Example:
        >>> with_spread(0.48351, 0.0032), with_spread(0.48351, 0.0)
        ('0.484 ± 0.003', '0.484')
    """
    return f"{readable(value)} ± {readable(spread)}" if spread > 0 else readable(value)


class Refused(traitlets.TraitError, ValueError):
    """A value that no panel can stand at.

    As a `TraitError` it makes traitlets take the value back, whether a cell or a page has set it.
    """


def one_of(name: str, wanted: Any, known: Sequence[Any]) -> Any:
    """`wanted`, if it is known.

    Raises:
        Refused: a `ValueError`; it is not.

    Example:
        >>> one_of("household", "household 12", ["household 12", "household 340"])
        'household 12'
    """
    if wanted not in known:
        raise Refused(f"`{name}` must be one of {list(known)}; found {wanted!r}.")
    return wanted


def nearest(name: str, wanted: float | int, settings: Sequence[float | int]) -> int:
    """The position in `settings` of the value nearest to `wanted`.

    Raises:
        Refused: a `ValueError`; `wanted` is NaN or lies outside the settings.

    Example:
        >>> nearest("factors", 30, [8, 16, 32])
        2
    """
    low, high = min(settings), max(settings)
    if not low <= wanted <= high:
        raise Refused(f"`{name}` must lie between {low:g} and {high:g}; found {wanted:g}.")
    return min(range(len(settings)), key=lambda position: abs(settings[position] - wanted))


def refuse_other_metrics(
    metrics: Float[Tensor, "points seeds tasks"],
    expected: tuple[int, int, int],
    metric_names: Sequence[str],
    larger_is_better: Sequence[bool],
) -> None:
    """Raises ValueError unless `metrics` is of the sweep's shape, finite, and described in full."""
    for name, given in (("metric_names", metric_names), ("larger_is_better", larger_is_better)):
        if isinstance(given, str) or len(given) != expected[2]:
            raise ValueError(
                f"`{name}` needs one entry for each of {expected[2]} metrics; found {given!r}."
            )
    if not metrics.is_floating_point():
        raise ValueError(f"`metrics` must hold fractions; found {metrics.dtype}. Use `.float()`.")
    if tuple(metrics.shape) != expected:
        raise ValueError(
            f"`metrics` must be [points, seeds, {expected[2]}] as in the sweep, {expected}; found "
            f"{tuple(metrics.shape)}."
        )
    if not metrics.isfinite().all():
        strange = metrics[~metrics.isfinite()][0].item()
        raise ValueError(f"`metrics` must be finite, or no front can be drawn; found {strange}.")


def stand_in(text: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table for a reader without a kernel: on GitHub, on paper, in a fresh notebook."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<p>{escape(text)}{HINT}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _source(piece: str) -> str:
    return (_STATIC / f"{piece}.mjs").read_text(encoding="utf-8")


def _in_order(piece: str) -> Iterator[str]:
    """The names of the pieces that this one stands on, those without needs first, itself last."""
    for needed in _IMPORT.findall(_source(piece)):
        yield from _in_order(needed)
    yield piece
