"""Real shops as `Shop` records, read from files that are verified first."""

import hashlib
import sys
from pathlib import Path

import pandas as pd

from mtl_course.shop import Shop

COMPLETE_JOURNEY_TAGS = ("age_55_plus", "any_kids", "income_75k_plus")

_REBUILD = (
    "Run `make data` in a checkout of the course, or install the course again "
    "(`python -m pip install --force-reinstall --no-deps mtl_course`)."
)


def load_complete_journey() -> Shop:
    """The course's shop: 2,469 households of a grocer, four windows of 13 weeks.

    An item is a product type. All households and all items are there; lessons cut them down with
    `shop.k_core` on the training windows. See datasets/complete-journey/README.md for the source,
    the licence and what "released by 84.51/dunnhumby, re-dated to 2017" means.

    Raises:
        ValueError: a shipped file is missing or spoilt.
    """
    purchases = _shipped("purchases.parquet")
    households = _shipped("households.parquet").rename(columns={"household_id": "user_id"})
    items = _shipped("items.parquet")
    log = pd.DataFrame(
        {
            "user": pd.Index(households["user_id"]).get_indexer(purchases["household_id"]),
            "item": pd.Index(items["item_id"]).get_indexer(purchases["item_id"]),
            **{
                name: purchases[name]
                for name in ("window", "baskets", "units", "spend", "last_week")
            },
        }
    )
    return Shop("complete journey", log, households, items, COMPLETE_JOURNEY_TAGS)


def load_funnel() -> pd.DataFrame:
    """The Complete Journey's coupon funnel: one row per (household, campaign) that was targeted.

    Raises:
        ValueError: the shipped file is missing or spoilt.
    """
    return _shipped("funnel.parquet")


def verify_complete_journey() -> list[str]:
    """What is wrong with the shipped files, one sentence each with its remedy; [] if nothing is."""
    folder = complete_journey_folder()
    try:
        files = list(_recorded_sums(folder))
    except ValueError as problem:
        return [str(problem)]
    problems = []
    for file in files:
        try:
            _verified(folder, file)
        except ValueError as problem:
            problems.append(str(problem))
    return problems


def complete_journey_folder() -> Path:
    """Where the prepared tables lie: in the checkout, else where an installed wheel puts them."""
    checkout = Path(__file__).resolve().parent.parent / "datasets" / "complete-journey"
    installed = Path(sys.prefix) / "share" / "mtl_course" / "datasets" / "complete-journey"
    return checkout if checkout.is_dir() or not installed.is_dir() else installed


def _shipped(file: str) -> pd.DataFrame:
    return pd.read_parquet(_verified(complete_journey_folder(), file))


def _recorded_sums(folder: Path) -> dict[str, str]:
    listing = folder / "SHA256SUMS"
    if not listing.is_file():
        raise ValueError(f"`{listing}` must list the shipped files; it is missing. {_REBUILD}")
    lines = [line.split() for line in listing.read_text(encoding="utf-8").splitlines()]
    return {file: digest for digest, file in lines}


def _verified(folder: Path, file: str) -> Path:
    path = folder / file
    expected = _recorded_sums(folder)[file]
    if not path.is_file():
        raise ValueError(f"`{path}` is missing. {_REBUILD}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise ValueError(
            f"`{path}` must have SHA-256 {expected}, as shipped; found {found}. {_REBUILD}"
        )
    return path
