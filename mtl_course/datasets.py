"""Real shops as `Shop` records, read from files that are verified first."""

import hashlib
import json
import sys
from pathlib import Path

import pandas as pd

from mtl_course import tables
from mtl_course.movielens import load_movielens
from mtl_course.published import load_census_income, load_coat
from mtl_course.results import digest
from mtl_course.shop import Shop

__all__ = [
    "COMPLETE_JOURNEY_FILES",
    "COMPLETE_JOURNEY_TAGS",
    "complete_journey_folder",
    "load_census_income",
    "load_coat",
    "load_complete_journey",
    "load_folder",
    "load_funnel",
    "load_movielens",
    "load_results",
    "verify_complete_journey",
]

COMPLETE_JOURNEY_TAGS = ("age_55_plus", "any_kids", "income_75k_plus")
COMPLETE_JOURNEY_FILES = (
    "purchases.parquet",
    "households.parquet",
    "items.parquet",
    "funnel.parquet",
)

_REMEDY = "Run `make data` in a checkout of the course to cut it anew, or install the course again."


def load_complete_journey() -> Shop:
    """The course's shop: 2,469 households of a grocer, one year in four windows of 13 weeks.

    An item is a product type. All households and all items are there; lessons cut them down with
    `shop.k_core` on the training windows. It is teaching data, released by 84.51/dunnhumby and
    re-dated to 2017: datasets/complete-journey/README.md has the source and the licence.

    Raises:
        ValueError: a shipped file is missing or spoilt.

    Example:
        >>> journey = load_complete_journey()
        >>> len(journey.users), journey.tags
        (2469, ('age_55_plus', 'any_kids', 'income_75k_plus'))
    """
    purchases = _shipped("purchases.parquet")
    users = _shipped("households.parquet").rename(columns={"household_id": "user_id"})
    items = _shipped("items.parquet")
    log = pd.DataFrame(
        {
            "user": pd.Index(users["user_id"]).get_indexer(purchases["household_id"]),
            "item": pd.Index(items["item_id"]).get_indexer(purchases["item_id"]),
        }
    )
    for column in ("window", "baskets", "units", "spend", "last_week"):
        log[column] = purchases[column]
    return Shop("Complete Journey", log, users, items, COMPLETE_JOURNEY_TAGS)


def load_folder(path: str | Path, *, n_windows: int = 4) -> Shop:
    """Your own shop, from three tables in a folder: `interactions`, `users` and `items`.

    Each is a `.csv` or a `.parquet` file; datasets/README.md lists their columns. The files are
    read and nothing is written.

    Args:
        n_windows: windows of equal length into which the time from the first to the last
            interaction is cut; `shop.split_by_time` needs 4 or more.

    Raises:
        ValueError: a table is missing or malformed: file, line or row, column, value and remedy.
    """
    folder = Path(path)
    if not folder.is_dir():
        found = "a file" if folder.is_file() else "nothing there"
        raise ValueError(
            f"`path` must be a folder with the tables interactions, users and items; found {found} "
            f"at '{folder}'."
        )
    faults: list[str] = []
    read = {}
    for name in ("interactions", "users", "items"):
        with tables.noted(faults):
            file = _table_file(folder, name)
            read_table = tables.read_csv if file.suffix == ".csv" else tables.read_parquet
            read[name] = read_table(file.name, file.read_bytes())
    tables.refuse(faults)
    return tables.shop_from_tables(folder.resolve().name, **read, n_windows=n_windows)


def load_funnel() -> pd.DataFrame:
    """The coupon funnel of the Complete Journey: one row per (household, campaign) targeted.

    Columns as `targeting.coupon_funnel` returns them.

    Raises:
        ValueError: the shipped file is missing or spoilt.
    """
    return _shipped("funnel.parquet")


def load_results(benchmark: str) -> pd.DataFrame:
    """What a long computation has found: one row per training, stored because a lesson can't wait.

    The settings, the hashes of the data and the command stand beside it, in
    benchmarks/<benchmark>/.

    Args:
        benchmark: the folder's name, e.g. "census".

    Raises:
        ValueError: nothing is stored, or the rows are not those that the file's hash was made of.

    Example:
        >>> results = load_results("census")
        >>> results.columns[:3].tolist()
        ['protocol', 'model', 'seed']
    """
    path = _benchmarks_folder() / benchmark / "results.json"
    if not path.is_file():
        raise ValueError(
            f"`{path}` is missing. `python benchmarks/{benchmark}/run.py` in a checkout of the "
            f"course makes it anew."
        )
    stored = json.loads(path.read_text(encoding="utf-8"))
    if digest(stored["rows"]) != stored["sha256"]:
        raise ValueError(
            f"The rows of `{path}` must have the SHA-256 that the file records; they were changed. "
            f"`python benchmarks/{benchmark}/run.py` adds what is missing and records it anew."
        )
    return pd.DataFrame(stored["rows"])


def verify_complete_journey() -> list[str]:
    """What is wrong with the shipped files, one message each, with its remedy; [] if nothing is."""
    folder = complete_journey_folder()
    problems = []
    for file in COMPLETE_JOURNEY_FILES:
        try:
            _verified(folder, file)
        except ValueError as problem:
            problems.append(str(problem))
    return problems


def complete_journey_folder() -> Path:
    """Where the prepared tables lie: in the checkout, else where an installed wheel puts them."""
    checkout = Path(__file__).resolve().parent.parent / "datasets" / "complete-journey"
    installed = Path(sys.prefix) / "share" / "mtl_course" / "datasets" / "complete-journey"
    return checkout if checkout.is_dir() else installed


def _benchmarks_folder() -> Path:
    checkout = Path(__file__).resolve().parent.parent / "benchmarks"
    return checkout if checkout.is_dir() else Path(sys.prefix) / "share/mtl_course/benchmarks"


def _table_file(folder: Path, name: str) -> Path:
    files = [folder / f"{name}{suffix}" for suffix in (".csv", ".parquet")]
    there = [file for file in files if file.exists()]
    if not there:
        listed = sorted(file.name for file in folder.iterdir())[:10]
        raise ValueError(
            f"'{folder}' must hold {name}.csv or {name}.parquet; found "
            f"{', '.join(listed) or 'an empty folder'}. Add it, or rename the file that is it."
        )
    if len(there) == 2:
        raise ValueError(
            f"'{folder}' must hold {name}.csv or {name}.parquet; found both. Delete the one that "
            f"is out of date."
        )
    if not there[0].is_file():
        raise ValueError(f"'{there[0]}' must be a file; found a folder of that name.")
    return there[0]


def complete_journey_digest() -> str:
    """The SHA-256 of the shop's SHA256SUMS, and so of all its tables, for a stored result."""
    return hashlib.sha256((complete_journey_folder() / "SHA256SUMS").read_bytes()).hexdigest()


def _shipped(file: str) -> pd.DataFrame:
    table = pd.read_parquet(_verified(complete_journey_folder(), file))
    for name in table.columns:
        if pd.api.types.is_integer_dtype(table[name]):
            table[name] = table[name].astype("int64")  # as shipped, 13 * window would overflow
        elif pd.api.types.is_string_dtype(table[name]):
            table[name] = table[name].astype(object)  # scikit-learn cannot index Arrow's strings
    return table


def _verified(folder: Path, file: str) -> Path:
    sums, path = folder / "SHA256SUMS", folder / file
    for needed in (sums, path):
        if not needed.is_file():
            raise ValueError(f"`{needed}` is missing. {_REMEDY}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if f"{found}  {file}" not in sums.read_text(encoding="utf-8", errors="replace").splitlines():
        raise ValueError(
            f"`{path}` must have the SHA-256 that `SHA256SUMS` beside it records; found "
            f"{found[:12]}… in {path.stat().st_size:,} bytes. {_REMEDY}"
        )
    return path
