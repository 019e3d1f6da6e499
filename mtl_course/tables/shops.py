"""From the three checked tables of a shop to the one `Shop` that the lessons read."""

import warnings

import numpy as np
import pandas as pd

from mtl_course.shop import WEEKS_PER_WINDOW, Shop
from mtl_course.tables.amounts import MONEY, QUANTITY, STARS, YES_OR_NO
from mtl_course.tables.columns import (
    DAY,
    identifiers,
    moments,
    numbers,
    refuse_columns,
    refuse_repeats,
    row_numbers,
    words,
)
from mtl_course.tables.faults import noted, refuse
from mtl_course.tables.reading import Table, place
from mtl_course.validity import is_count

REQUIRED = ("user_id", "item_id", "time", "quantity")
OPTIONAL = ("price", "spend", "rating")
MOST_LISTED = 13  # windows whose rows are counted one by one in a message
ITEM_TEXTS = ("name", "category", "department")

AMOUNTS = {"quantity": QUANTITY, "price": MONEY, "spend": MONEY, "rating": STARS}


def shop_from_tables(
    name: str, interactions: Table, users: Table, items: Table, *, n_windows: int
) -> Shop:
    """The shop that three tables describe, its time cut into `n_windows` windows of equal length.

    Ids become text. A user's rows of one item at one time are one basket, and their units add up.
    A log with ratings has a column more, `rating`: the mean stars that the user gave the item in
    the window.

    Raises:
        ValueError: what is wrong, the first fault of every column at once: file, line or row,
            column, value and remedy.

    Warns:
        UserWarning: rows that repeat another row in every column.
    """
    if not is_count(n_windows):
        raise ValueError(f"`n_windows` must be a whole number, 1 or more; found {n_windows!r}.")
    faults: list[str] = []
    with noted(faults):
        refuse_columns(interactions, REQUIRED, OPTIONAL)
        _refuse_other_columns(interactions)
    with noted(faults):
        refuse_columns(users, ("user_id",), ())
        tags = _tag_columns(users)
    with noted(faults):
        refuse_columns(items, ("item_id",), ITEM_TEXTS)
    refuse(faults)

    log, tagged, texts = {}, {}, {}
    with noted(faults):
        user_ids = identifiers(users, "user_id")
        refuse_repeats(users, "user_id", user_ids)
        found = identifiers(interactions, "user_id")
        log["user"] = row_numbers(interactions, "user_id", found, user_ids, users.file)
    with noted(faults):
        item_ids = identifiers(items, "item_id")
        refuse_repeats(items, "item_id", item_ids)
        found = identifiers(interactions, "item_id")
        log["item"] = row_numbers(interactions, "item_id", found, item_ids, items.file)
    with noted(faults):
        log["moment"] = moments(interactions, "time")
        log["window"], log["week"] = _windows(interactions, log["moment"], n_windows)
    for column, amounts in AMOUNTS.items():
        if column in interactions.columns.column_names:
            with noted(faults):
                log[column] = numbers(interactions, column, amounts)
    for tag in tags:
        with noted(faults):
            tagged[tag] = _known_somewhere(users, f"tag_{tag}")
    for column in ITEM_TEXTS:
        with noted(faults):
            texts[column] = words(items, column)
    refuse(faults)

    rows = pd.DataFrame(log)
    _warn_of_repeats(interactions, rows)
    return Shop(
        name=name,
        log=_per_window(rows),
        users=pd.DataFrame({"user_id": user_ids.to_pylist(), **_others(users), **tagged}),
        items=_items(item_ids.to_pylist(), texts, _others(items)),
        tags=tuple(tags),
    )


def _refuse_other_columns(interactions: Table) -> None:
    found = interactions.columns.column_names
    known = (*REQUIRED, *OPTIONAL)
    others = [column for column in found if column not in known]
    if others:
        raise ValueError(
            f"`{interactions.file}` may have the columns {', '.join(known)}; found {others[0]!r}. "
            f"Delete it, or rename it if it is one of these."
        )
    if "price" in found and "spend" in found:
        raise ValueError(
            f"`{interactions.file}` may have `price` (of one unit) or `spend` (of the row); found "
            f"both. Delete one."
        )


def _tag_columns(users: Table) -> list[str]:
    columns = users.columns.column_names
    for column in columns:
        tag = column.removeprefix("tag_")
        if tag == column and column.strip().lower().startswith("tag"):
            raise ValueError(
                f"`{users.file}` must name a tag `tag_...`; found column {column!r}. Rename it."
            )
        if tag != column and (tag in ("", "purchase", "quantity", "rating") or tag in columns):
            raise ValueError(
                f"`{users.file}`, column `{column}` must name a tag that is no task and no other "
                f"column; found {tag!r}. Rename it."
            )
    return [column.removeprefix("tag_") for column in columns if column.startswith("tag_")]


def _known_somewhere(users: Table, column: str) -> np.ndarray:
    found = numbers(users, column, YES_OR_NO)
    if np.isnan(found).all():
        raise ValueError(
            f"`{users.file}`, column `{column}` must hold 0 or 1 for somebody; found it blank in "
            f"all {len(found)} rows. Fill it in where it is known, or delete the column."
        )
    return found.astype(np.float32)


def _windows(
    interactions: Table, moment: np.ndarray, n_windows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Window of each row from 1, and the thirteenth of the window it falls into, from 1."""
    day = moment // DAY
    n_days = int(day[-1] - day[0]) + 1  # rows are in the order of time
    elapsed = (day - day[0]) * n_windows  # in n_windows-ths of a day
    window = elapsed // n_days + 1
    rows = np.bincount(window, minlength=n_windows + 1)[1:]
    if rows.min() == 0:
        first, last = (interactions.columns["time"][row].as_py() for row in (0, -1))
        days = "1 day" if n_days == 1 else f"{n_days:,} days"
        spread = (
            f"{rows.tolist()} rows a window"
            if n_windows <= MOST_LISTED
            else f"no row in {(rows == 0).sum():,} of the windows"
        )
        raise ValueError(
            f"`{interactions.file}`, column `time` must fill {n_windows:,} windows of equal "
            f"length; found {days} from {first} to {last} with {spread}. "
            f"Correct a time that is far from the others, add rows, or ask for fewer windows."
        )
    return window, elapsed % n_days * WEEKS_PER_WINDOW // n_days + 1


def _warn_of_repeats(interactions: Table, rows: pd.DataFrame) -> None:
    repeats = rows.duplicated().to_numpy()
    if repeats.any():
        row = int(repeats.argmax())
        same = (rows == rows.iloc[row]) | (rows.isna() & rows.iloc[row].isna())
        first = int(same.all(axis=1).to_numpy().argmax())
        warnings.warn(
            f"`{interactions.file}`: {int(repeats.sum()):,} rows repeat another row in every "
            f"column ({place(interactions, row)} is {place(interactions, first)} again). Their "
            f"units are added up; delete them if the export wrote them twice.",
            UserWarning,
            stacklevel=4,
        )


def _per_window(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each user, item and window with a purchase, as `Shop.log` has them."""
    if "price" in rows:
        rows["spend"] = rows["price"] * rows["quantity"]
    rows["basket"] = ~rows.duplicated(["user", "item", "moment"])
    grouped = rows.groupby(["user", "item", "window"])
    log = grouped[["basket", "quantity"]].sum().astype(np.int64)
    log.columns = ["baskets", "units"]
    log["spend"] = grouped["spend"].sum() if "spend" in rows else np.nan
    log["last_week"] = grouped["week"].max()
    if "rating" in rows:
        log["rating"] = grouped["rating"].mean()
    return log.reset_index()


def _items(ids: list[str], texts: dict[str, list[str]], others: dict[str, list]) -> pd.DataFrame:
    items = pd.DataFrame({"item_id": ids, **texts, **others})
    items["name"] = items["name"].where(items["name"] != "", items["item_id"])
    kinds = ["category", "department"]
    items[kinds] = items[kinds].replace("", "unknown")
    return items


def _others(table: Table) -> dict[str, list]:
    """Columns that the course does not know: kept as they are, for the shop's owner."""
    known = ("user_id", "item_id", *ITEM_TEXTS)
    return {
        column: table.columns[column].to_pylist()
        for column in table.columns.column_names
        if column not in known and not column.startswith("tag_")
    }
