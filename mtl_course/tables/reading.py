"""From the bytes of a CSV or Parquet file to its columns, and to the place of a row in the file."""

import csv
import io
import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

LINE_END = re.compile(r"\r\n|\r|\n")  # `str.splitlines` would break at many more characters
INDEX = re.compile(r"__index_level_\d+__")
UTF8_REMEDY = "Save the file as UTF-8 (in a spreadsheet: 'CSV UTF-8')."


@dataclass(frozen=True)
class Table:
    """The columns of one file as they were found there: of a CSV file every value is text."""

    file: str  # its name, for messages
    columns: pa.Table
    text: str | None = None  # what the CSV file says; None for Parquet


def place(table: Table, row: int) -> str:
    """Where a person finds the row numbered `row` from 0, e.g. "line 3".

    Line 1 of a CSV file is its header, and lines without a character count too. Row 1 of a Parquet
    file is its first.
    """
    if table.text is None:
        return f"row {row + 1}"
    filled = [n for n, line in enumerate(LINE_END.split(table.text), start=1) if line]
    return f"line {filled[row + 1]}"


def read_csv(file: str, content: bytes) -> Table:
    """The table in `content`: UTF-8, with or without a byte order mark, commas, one header line.

    Raises:
        ValueError: another encoding, no header, a line with more or fewer fields than the header,
            or a quotation mark that is never closed. Line 1 is the header.
    """
    text = _decoded(file, content)
    header = _header(file, text)
    content = text.encode() if text.endswith(("\n", "\r")) else text.encode() + b"\n"
    try:
        columns = pa.csv.read_csv(
            pa.BufferReader(content),
            # one block, so that no value lies across two of them
            read_options=pa.csv.ReadOptions(use_threads=False, block_size=len(content) + 1),
            convert_options=pa.csv.ConvertOptions(
                column_types={name: pa.string() for name in header}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as problem:
        _refuse_uneven_lines(file, text, len(header))
        raise ValueError(f"`{file}` must be a CSV file; found that {problem}.") from problem
    table = Table(file, columns, text)
    _refuse_line_breaks(table)
    return table


def read_parquet(file: str, content: bytes) -> Table:
    """The table in `content`, with dictionaries and the various kinds of text made plain text.

    Raises:
        ValueError: not a Parquet file, one that was cut off, or one that cannot be read.
    """
    if not content:
        raise ValueError(f"`{file}` must hold a table; found 0 bytes. Export it again.")
    if not content.startswith(b"PAR1"):
        raise ValueError(
            f"`{file}` must be a Parquet file, which starts with PAR1; found {content[:4]!r}. "
            f"If it is a CSV file, let its name end in .csv."
        )
    if not content.endswith(b"PAR1") or len(content) < 12:
        raise ValueError(
            f"`{file}` must end with PAR1, as every whole Parquet file; found {content[-4:]!r} "
            f"after {len(content):,} bytes: it was cut off. Copy or export it again."
        )
    try:
        stored = pa.parquet.ParquetFile(pa.BufferReader(content))
        # pandas stores the row labels of a frame in columns of this name
        names = [name for name in stored.schema_arrow.names if not INDEX.match(name)]
        _refuse_names(file, names)
        columns = stored.read(columns=names)
    except (pa.ArrowException, OSError) as problem:
        reason = str(problem).splitlines()[0]
        raise ValueError(
            f"`{file}` cannot be read as Parquet: {reason} Copy or export it again."
        ) from problem
    return Table(file, pa.table({name: _plain(columns[name]) for name in names}))


def _decoded(file: str, content: bytes) -> str:
    if not content:
        raise ValueError(
            f"`{file}` must hold a header line and rows; found 0 bytes. Export the table again."
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"`{file}` must be UTF-8; found UTF-16. {UTF8_REMEDY}")
    zero = content.find(b"\0")
    if zero >= 0:
        line = content.count(b"\n", 0, zero) + 1
        raise ValueError(
            f"`{file}`, line {line} must hold text; found a NUL byte (byte {zero:,} of the file). "
            f"The file is spoilt or is no CSV file: export it again."
        )
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        byte = problem.start - content.rfind(b"\n", 0, problem.start)  # counted from 1
        found = content[problem.start : problem.start + 1]
        raise ValueError(
            f"`{file}`, line {line} must be UTF-8; found byte 0x{found.hex().upper()} as byte "
            f"{byte} of the line ({found.decode('latin-1')!r} if the file is Latin-1). "
            f"{UTF8_REMEDY}"
        ) from problem


def _header(file: str, text: str) -> list[str]:
    filled = re.search(r"[^\r\n]+", text)
    if filled is None:
        raise ValueError(f"`{file}` must start with a header line; found blank lines alone.")
    first = filled[0]
    if first.count('"') % 2:
        raise ValueError(
            f"`{file}`, line 1 must close every quotation mark; found {shortened(first)}."
        )
    header = next(csv.reader([first]))
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in first:
            raise ValueError(
                f"`{file}`, line 1 must separate columns by commas; found {name} in "
                f"{shortened(first)}. Export it with commas."
            )
    _refuse_names(file, header)
    return header


def _refuse_names(file: str, names: list[str]) -> None:
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise ValueError(
                f"`{file}` must name every column; found no name over column {number}. Delete it "
                f"if it only numbers the rows, else name it."
            )
        if names.count(name) > 1:
            raise ValueError(
                f"`{file}` must name each column once; found column `{name}` {names.count(name)} "
                f"times. Delete or rename one."
            )


def _refuse_uneven_lines(file: str, text: str, n_columns: int) -> None:
    records = csv.reader(io.StringIO(text, newline=""))
    end = 0  # the line on which the record before ends
    try:
        for fields in records:
            if any("\n" in field for field in fields):
                break
            if fields and len(fields) != n_columns:
                raise ValueError(
                    f"`{file}`, line {end + 1} must have {n_columns} fields, as the header does; "
                    f"found {len(fields)} in {shortened(','.join(fields))}. Put a value that holds "
                    f'a comma in "quotation marks"; write nothing between two commas for a blank.'
                )
            end = records.line_num
        else:
            return
    except csv.Error:  # a field beyond the csv module's limit has swallowed the rest of the file
        pass
    raise ValueError(
        f"`{file}`, line {end + 1} must close every quotation mark that it opens; found a value "
        f"that goes on over the end of the line."
    )


def _refuse_line_breaks(table: Table) -> None:
    for name in table.columns.column_names:
        broken = pc.match_substring_regex(table.columns[name], r"[\r\n]")
        row = pc.index(broken, True).as_py()
        if row >= 0:
            value = shortened(table.columns[name][row].as_py())
            raise ValueError(
                f"`{table.file}`, {place(table, row)}, column `{name}` must hold no line break; "
                f"found {value}. Is a quotation mark opened there and never closed?"
            )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column


def shortened(value: object) -> str:
    """What was found, quoted, and cut where it would fill the screen."""
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
