"""What is wrong with a table, as sentences: one value's, and those of all columns together."""

from collections.abc import Iterator
from contextlib import contextmanager

from mtl_course.tables.reading import Table, place, shortened


def fault(table: Table, row: int, column: str, must: str, remedy: str) -> ValueError:
    """The sentence that says what is wrong with one value and what to do about it, as an error."""
    found = table.columns[column][row].as_py()
    shown = "nothing" if found is None or found == "" else shortened(found)
    return ValueError(
        f"`{table.file}`, {place(table, row)}, column `{column}` must hold {must}; "
        f"found {shown}. {remedy}"
    )


@contextmanager
def noted(faults: list[str]) -> Iterator[None]:
    """Keeps a fault for later, so that the next column is looked at too."""
    try:
        yield
    except ValueError as fault:
        faults.append(str(fault))


def refuse(faults: list[str]) -> None:
    """Raises all faults at once.

    Raises:
        ValueError: there is a fault.
    """
    if len(faults) == 1:
        raise ValueError(faults[0])
    if faults:
        raise ValueError("\n".join([f"{len(faults)} faults, the first of each column:", *faults]))
