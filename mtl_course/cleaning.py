"""The released tables of the Complete Journey in, rows that mean what their columns say out."""

import re

import pandas as pd

from mtl_course.shop import WEEKS_PER_WINDOW

# Store weeks run from Monday to Sunday. Week 1 is one Sunday; week 53 has six days, after window 4.
LAST_WEEK = 52

# Till entries that are no merchandise, by exact category name. A pattern such as "MISC" would drop
# food as well: CRACKERS/MISC BKD FD alone has 16,825 rows.
NON_MERCHANDISE = (
    "BOTTLE DEPOSITS",
    "COUPON",
    "COUPON/MISC ITEMS",  # with nearly all of the fuel, under two departments
    "COUPONS/STORE & MFG",
    "FUEL",
    "IN-STORE PHOTOFINISHING",
    "LONG DISTANCE CALLING CARDS",
    "OVERNIGHT PHOTOFINISHING",
    "PREPAID WIRELESS&ACCESSORIES",
    "PROPANE",
    "TICKETS",
)

AGE_55_PLUS = ("55-64", "65+")
INCOME_75K_PLUS = ("75-99K", "100-124K", "125-149K", "150-174K", "175-199K", "200-249K", "250K+")


def merchandise(transactions: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """The rows in which a household took merchandise home, with the product's type and category.

    Dropped: rows without quantity or without sales, products that the product table lacks or has
    no category or type for, and the categories of `NON_MERCHANDISE`. What is left is counted in
    pieces: 1 for a bunch of bananas whatever it weighs, so spend per unit compares no two products.
    """
    known = products.dropna(subset=["product_category", "product_type"])
    known = known[~known["product_category"].isin(NON_MERCHANDISE)]
    taken = transactions[(transactions["quantity"] > 0) & (transactions["sales_value"] > 0)]
    columns = ["product_id", "product_type", "product_category", "department"]
    return taken.merge(known[columns], on="product_id", how="inner", validate="many_to_one")


def window_of_week(week: pd.Series) -> pd.Series:
    """The 13-week window of each store week: 1 to 4, and 0 for the left-over week 53.

    Weeks, never dates: timestamps are UTC, so that a store's Sunday night is already Monday there.
    """
    window = (week - 1) // WEEKS_PER_WINDOW + 1
    return window.where(week <= LAST_WEEK, 0)


def purchases_by_window(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per (household, product type, window) with at least one purchase.

    Args:
        rows: as `merchandise` returns them.

    Returns:
        household_id, item_id (the product type), window (1 to 4), baskets (how many different),
        units (pieces), spend (dollars), last_week (1 to 13 inside the window).
    """
    rows = rows.assign(window=window_of_week(rows["week"]), item_id=rows["product_type"])
    rows = rows[rows["window"] > 0]
    table = (
        rows.groupby(["household_id", "window", "item_id"], sort=True)
        .agg(
            baskets=("basket_id", "nunique"),
            units=("quantity", "sum"),
            spend=("sales_value", "sum"),
            last_week=("week", "max"),
        )
        .reset_index()
    )
    table["spend"] = table["spend"].round(2)
    table["last_week"] -= (table["window"] - 1) * WEEKS_PER_WINDOW
    columns = ["household_id", "item_id", "window", "baskets", "units", "spend", "last_week"]
    return table[columns]


def item_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per product type bought, with the category and department it was mostly bought in.

    642 of the 2,206 product types were bought in more than one category. They are kept as one item,
    knowingly: single candy bars were bought 14,028 times at the checkout lane, 502 times from the
    candy aisle, and are what they are. `n_categories` shows which types have several.

    Returns:
        item_id, name (for people), category, department, n_categories, n_products, n_households.
    """
    shelves = rows.groupby(["product_type", "product_category", "department"]).size()
    shelves = shelves.rename("n").reset_index()
    # most rows first; ties go to the first category in the alphabet
    order = ["product_type", "n", "product_category", "department"]
    shelves = shelves.sort_values(order, ascending=[True, False, True, True])
    items = shelves.drop_duplicates("product_type").drop(columns="n")
    counts = rows.groupby("product_type").agg(
        n_categories=("product_category", "nunique"),
        n_products=("product_id", "nunique"),
        n_households=("household_id", "nunique"),
    )
    items = items.merge(counts, on="product_type").reset_index(drop=True)
    names = {"product_type": "item_id", "product_category": "category"}
    items = items.rename(columns=names)
    items.insert(1, "name", [readable(name) for name in items["item_id"]])
    items["category"] = [readable(name) for name in items["category"]]
    items["department"] = [readable(name) for name in items["department"]]
    return items


def readable(name: str) -> str:
    """A till's capitals as a title: one space between words, a capital at each word's start.

    Example:
        >>> readable("ICE CREAM/MILK  SHERBTS (LORI'S)")
        "Ice Cream/Milk Sherbts (Lori's)"
    """
    words = " ".join(name.split()).lower()
    return re.sub(r"(?<![\w'])[a-z]", lambda first: first[0].upper(), words)


def household_tags(household_ids: pd.Series, demographics: pd.DataFrame) -> pd.DataFrame:
    """Every household, with three tags that are NaN for the two thirds nobody asked.

    Kids, household size, composition and marital status were completed from each other by rule
    (size 1 means no kids for all 255; size 5+ means 3+ kids for all 66): they are one signal, and
    `any_kids` is the one that is kept. Tagged households buy more than others, so that a missing
    tag is no accident.

    Returns:
        household_id, age, income, kids_count as found, then 0, 1 or NaN: age_55_plus, any_kids,
        income_75k_plus.
    """
    households = pd.DataFrame({"household_id": sorted(household_ids.unique())})
    columns = ["household_id", "age", "income", "kids_count"]
    table = households.merge(
        demographics[columns], on="household_id", how="left", validate="one_to_one"
    )
    table["age_55_plus"] = _tag(table["age"], AGE_55_PLUS)
    table["any_kids"] = 1.0 - _tag(table["kids_count"], ("0",))
    table["income_75k_plus"] = _tag(table["income"], INCOME_75K_PLUS)
    return table


def _tag(answers: pd.Series, yes: tuple[str, ...]) -> pd.Series:
    return answers.isin(yes).astype("float32").where(answers.notna())


def with_promotions(rows: pd.DataFrame, promotions: pd.DataFrame) -> pd.DataFrame:
    """Purchases with a column `promoted`: in a display or a mailer of that store in that week.

    The promotion table lists only what was promoted: no row means not promoted. 345 of the 457
    stores are not in it at all: there `promoted` is missing, since nobody recorded it.
    """
    keys = ["product_id", "store_id", "week"]
    listed = promotions[keys].drop_duplicates().assign(promoted=True)
    joined = rows.merge(listed, on=keys, how="left", validate="many_to_one")
    promoted = joined["promoted"].eq(True).astype("boolean")
    return joined.assign(
        promoted=promoted.where(joined["store_id"].isin(promotions["store_id"].unique()))
    )
