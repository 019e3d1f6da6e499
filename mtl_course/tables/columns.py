"""From a column as it was found to checked values, or to one sentence about its first fault."""

import difflib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mtl_course.tables.amounts import NO_VALUE, Amounts, remedy_for
from mtl_course.tables.faults import fault
from mtl_course.tables.reading import Table, place, shortened

DAY = 86_400  # seconds
FIRST_MOMENT, LAST_MOMENT = 0, 47_847 * DAY  # 1970-01-01 and 2101-01-01
_DATE = r"\d{4}-\d{2}-\d{2}"
_TIME_FORMATS = (
    ("a date", rf"^{_DATE}$"),
    (
        "a date and time",
        rf"^{_DATE}[T ]\d{{2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?(Z|[+-]\d{{2}}:\d{{2}})?$",
    ),
    ("a day number", r"^-?\d+$"),
)


def refuse_columns(table: Table, required: Sequence[str], optional: Sequence[str]) -> None:
    """Raises where a table has no rows, or lacks a column, perhaps for a slip in its name.

    Raises:
        ValueError: no rows, or the first such column.
    """
    if table.columns.num_rows == 0:
        raise ValueError(
            f"`{table.file}` must hold one row or more; found a header alone. Export it again."
        )
    found = table.columns.column_names
    strange = [name for name in found if name not in (*required, *optional)]
    absent = [name for name in (*required, *optional) if name not in found]
    for name in strange:
        meant = difflib.get_close_matches(name.strip().lower(), absent, n=1, cutoff=0.75)
        if meant:
            raise ValueError(
                f"`{table.file}` has a column {shortened(name)}, which is no name that the course "
                f"knows. Rename it `{meant[0]}` if it is that, else delete it."
            )
    for name in required:
        if name in absent:
            raise ValueError(
                f"`{table.file}` must have a column `{name}`; found {', '.join(found)}. Add it, "
                f"or rename the column that is it."
            )


def identifiers(table: Table, column: str) -> pa.Array:
    """The ids of a column as text; a whole number is its digits.

    Raises:
        ValueError: a blank id, one with white space around it, or a column of another kind.
    """
    values = table.columns[column].combine_chunks()
    must = "an id, of digits or text"
    if pa.types.is_integer(values.type):
        values = values.cast(pa.string())
    elif not (pa.types.is_string(values.type) or pa.types.is_null(values.type)):
        raise ValueError(
            f"`{table.file}`, column `{column}` must hold ids as whole numbers or text; found type "
            f"{values.type}. Convert it before you write the file."
        )
    values = values.cast(pa.string()).fill_null("")
    lowered = pc.utf8_lower(values)
    trimmed = pc.utf8_trim_whitespace(values)
    for wrong, remedy in (
        (pc.equal(trimmed, ""), "Fill it in, or delete the row."),
        (pc.is_in(lowered, pa.array(NO_VALUE)), "That is a missing value: fill it in."),
        (pc.not_equal(trimmed, values), "Remove the white space: it makes another id of it."),
    ):
        row = pc.index(wrong, True).as_py()
        if row >= 0:
            raise fault(table, row, column, must, remedy)
    return values


def refuse_repeats(table: Table, column: str, ids: pa.Array) -> None:
    """Raises where an id of a table that has one row per id comes again.

    Raises:
        ValueError: the first row that repeats an id.
    """
    repeats = pd.Series(ids.to_numpy(zero_copy_only=False)).duplicated().to_numpy()
    if repeats.any():
        row = int(repeats.argmax())
        first = place(table, pc.index(ids, ids[row]).as_py())
        raise fault(
            table, row, column, "each id once", f"It is that of {first} too: delete one of them."
        )


def row_numbers(
    table: Table, column: str, ids: pa.Array, known: pa.Array, where: str
) -> np.ndarray:
    """For each id of `table`, the row in which the table of file `where` has it.

    Raises:
        ValueError: the first id that is not there.
    """
    rows = pc.index_in(ids, value_set=known)
    if rows.null_count:
        row = pc.index(pc.is_null(rows), True).as_py()
        remedy = f"Add it to `{where}`, or delete the row."
        found = ids[row].as_py()
        alike = [one for one in known.to_pylist() if _bare(one) == _bare(found)]
        if alike:
            remedy = f"`{where}` has {shortened(alike[0])}: write both in the same way."
        raise fault(table, row, column, f"an id that `{where}` has", remedy)
    return rows.to_numpy(zero_copy_only=False).astype(np.int64)


def numbers(table: Table, column: str, allowed: Amounts) -> np.ndarray:
    """A column of numbers, checked against `allowed`; NaN where a value may be and is blank.

    Raises:
        ValueError: the first value that is no such number.
    """
    values = table.columns[column].combine_chunks()
    found, blank = _parsed(table, column, values)
    with np.errstate(invalid="ignore"):
        wrong = ~((found >= allowed.low) & (found <= allowed.high))
        if allowed.whole:
            wrong |= found % 1 != 0
    if allowed.blank:
        wrong &= ~blank
    if wrong.any():
        row = int(wrong.argmax())
        remedy = remedy_for(float(found[row]), bool(blank[row]), str(values[row].as_py()), allowed)
        raise fault(table, row, column, allowed.must, remedy)
    return found


def moments(table: Table, column: str) -> np.ndarray:
    """Times in seconds from 1970, or from day 0 of the shop's own count; never decreasing.

    Raises:
        ValueError: a time that cannot be read, is written in another way than the first one, lies
            outside of 1970 to 2100, or comes before that of the row above.
    """
    values = table.columns[column].combine_chunks()
    must = "a date such as 2024-05-31, a date and time such as 2024-05-31 18:05, or a day number"
    if pa.types.is_string(values.type):
        seconds = _read_times(table, column, values.fill_null(""), must)
    elif pa.types.is_integer(values.type):
        seconds = values.fill_null(FIRST_MOMENT - 1).to_numpy().astype(np.float64) * DAY
    elif pa.types.is_date(values.type) or pa.types.is_timestamp(values.type):
        stamps = values.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        seconds = stamps.to_numpy(zero_copy_only=False).astype(np.float64) // 1_000_000
    else:
        raise ValueError(
            f"`{table.file}`, column `{column}` must hold {must}; found type {values.type}. "
            f"Convert it before you write the file."
        )
    outside = ~((seconds >= FIRST_MOMENT) & (seconds < LAST_MOMENT))
    if outside.any():
        row = int(outside.argmax())
        must = "a date from 1970 to 2100, or a day number from 0 to 47,846"
        remedy = "Correct it; a day number is neither a date without hyphens nor in seconds."
        raise fault(table, row, column, must, remedy)
    backwards = np.diff(seconds) < 0
    if backwards.any():
        row = int(backwards.argmax()) + 1
        before = f"{place(table, row - 1)} has {shortened(str(values[row - 1].as_py()))}"
        raise fault(
            table, row, column, "times that never go backwards", f"{before}: sort the rows by time."
        )
    return seconds.astype(np.int64)


def words(table: Table, column: str) -> list[str]:
    """A column as text without white space around it; "" where it is blank, or not in the table.

    Raises:
        ValueError: a column of another kind.
    """
    if column not in table.columns.column_names:
        return [""] * table.columns.num_rows
    values = table.columns[column]
    if pa.types.is_nested(values.type) or pa.types.is_binary(values.type):
        raise ValueError(
            f"`{table.file}`, column `{column}` must hold text; found type {values.type}. Convert "
            f"it before you write the file."
        )
    return pc.utf8_trim_whitespace(values.cast(pa.string()).fill_null("")).to_pylist()


def _bare(identifier: str) -> str:
    """An id without what tools add to it or take from it: case, leading zeros, a `.0`."""
    return identifier.lower().removesuffix(".0").lstrip("0")


def _parsed(table: Table, column: str, values: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Numbers, NaN where there is none, and where the value is blank."""
    if pa.types.is_string(values.type):
        codes, texts = pd.factorize(values.fill_null("").to_numpy(zero_copy_only=False))
        parsed = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce")
        blank = np.array([not text.strip() for text in texts], dtype=bool)
        return parsed.to_numpy(dtype=np.float64)[codes], blank[codes]
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    if not any(is_kind(values.type) for is_kind in (*kinds, pa.types.is_null)):
        raise ValueError(
            f"`{table.file}`, column `{column}` must hold numbers; found type {values.type}. "
            f"Convert it before you write the file."
        )
    found = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found, np.isnan(found)


def _read_times(table: Table, column: str, values: pa.Array, must: str) -> np.ndarray:
    formats = [(name, pc.match_substring_regex(values, form)) for name, form in _TIME_FORMATS]
    readable = pc.or_(pc.or_(formats[0][1], formats[1][1]), formats[2][1])
    row = pc.index(readable, False).as_py()
    if row >= 0:
        raise fault(table, row, column, must, "Write year, month and day in this order.")
    name, alike = next((name, alike) for name, alike in formats if alike[0].as_py())
    row = pc.index(alike, False).as_py()
    if row >= 0:
        above = f"{place(table, 0)} has {shortened(values[0].as_py())}"
        raise fault(table, row, column, f"{name} in every row", f"{above}: keep to one format.")
    codes, texts = pd.factorize(values.to_numpy(zero_copy_only=False))
    if name == "a day number":
        return np.array([float(text) for text in texts])[codes] * DAY
    stamps = pd.to_datetime(
        pd.Series(texts, dtype=object), errors="coerce", format="ISO8601", utc=True
    )
    if stamps.isna().any():
        row = int(stamps.isna().to_numpy()[codes].argmax())
        raise fault(table, row, column, must, "There is no such day or hour.")
    epoch = pd.Timestamp(0, tz="UTC")
    return (((stamps - epoch) // pd.Timedelta(seconds=1)).to_numpy(dtype=np.float64))[codes]
