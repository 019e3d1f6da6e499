"""Three tables in, one shop out: windows, baskets, money and stars, counted by hand."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mtl_course import tables
from mtl_course.tables import amounts, columns, reading

HEADER = "user_id,item_id,time,quantity\n"
USERS = b"user_id\nann\nbob\n"
ITEMS = b"item_id\nmilk\ntea\n"


def log_of(rows: str, header: str = HEADER, n_windows: int = 1) -> pd.DataFrame:
    """The log of the shop that has these interactions."""
    return tables.shop_from_tables(
        "corner shop",
        tables.read_csv("interactions.csv", (header + rows).encode()),
        tables.read_csv("users.csv", USERS),
        tables.read_csv("items.csv", ITEMS),
        n_windows=n_windows,
    ).log


def test_a_year_of_days_gives_the_thirteen_weeks_of_each_quarter():
    # the Complete Journey's own cut, four windows of 13 weeks of 7 days; an item for each day
    days = range(4 * 13 * 7)
    log = tables.shop_from_tables(
        "corner shop",
        tables.read_csv(
            "interactions.csv",
            (HEADER + "".join(f"ann,{day},{day},1\n" for day in days)).encode(),
        ),
        tables.read_csv("users.csv", USERS),
        tables.read_csv("items.csv", "\n".join(["item_id", *map(str, days)]).encode()),
        n_windows=4,
    ).log

    assert log["window"].tolist() == [day // 91 + 1 for day in days]
    assert log["last_week"].tolist() == [day % 91 // 7 + 1 for day in days]


def test_the_first_day_opens_the_first_window_and_the_last_closes_the_last():
    # days 3 to 12 are 10 days: two windows of 5
    log = log_of("ann,milk,3,1\nbob,milk,7,1\nann,tea,8,1\nbob,tea,12,1\n", n_windows=2)

    assert log["window"].tolist() == [1, 2, 1, 2]


def test_rows_of_one_moment_are_one_basket_and_their_units_add_up():
    log = log_of(
        "ann,milk,2024-01-01 09:00,1\n"
        "ann,milk,2024-01-01 09:00,2\n"  # the same basket
        "ann,milk,2024-01-01 17:30,4\n"  # another one on the same day
        "ann,tea,2024-01-01 17:30,1\n"
    )

    assert log[["baskets", "units"]].to_numpy().tolist() == [[2, 7], [1, 1]]


def test_a_price_is_of_one_unit_and_a_spend_of_the_row():
    rows = "ann,milk,1,3,1.50\nann,milk,2,1,2.00\n"

    by_price = log_of(rows, HEADER.replace("\n", ",price\n"))
    by_spend = log_of(rows, HEADER.replace("\n", ",spend\n"))

    assert by_price["spend"].tolist() == [6.5]
    assert by_spend["spend"].tolist() == [3.5]
    assert log_of("ann,milk,1,3\n")["spend"].isna().all()


def test_the_last_week_is_that_of_the_last_purchase_in_the_window():
    # 13 days: a week of the window is a day
    log = log_of("ann,milk,1,1\nann,milk,5,1\nann,tea,13,1\n")

    assert log["last_week"].tolist() == [5, 13]


def test_stars_are_averaged_over_the_rows_that_have_some():
    rows = "ann,milk,1,1,4\nann,milk,2,1,\nann,milk,3,1,1.5\nann,tea,4,1,\n"

    log = log_of(rows, HEADER.replace("\n", ",rating\n"))

    assert log["rating"].fillna(0).tolist() == [2.75, 0]
    assert "rating" not in log_of("ann,milk,1,3\n")


def test_the_log_has_the_columns_and_types_of_the_course_s_own_shop():
    log = log_of("ann,milk,1,3\n")

    assert log.columns.tolist() == [
        "user", "item", "window", "baskets", "units", "spend", "last_week"
    ]  # fmt: skip
    kinds = [kind.kind for kind in log.dtypes]
    assert kinds == ["i", "i", "i", "i", "i", "f", "i"]


def test_hours_with_an_offset_are_put_in_the_order_of_time():
    # 09:00 at +02:00 is 07:00 UTC, before 08:00 UTC
    log_of("ann,milk,2024-01-01T09:00+02:00,1\nann,tea,2024-01-01T08:00Z,1\n")

    with pytest.raises(ValueError, match=r"line 3, column `time` must hold times that never go"):
        log_of("ann,milk,2024-01-01T08:00Z,1\nann,tea,2024-01-01T09:00+02:00,1\n")


def test_the_line_of_a_row_counts_blank_lines_and_the_header():
    table = tables.read_csv("users.csv", b"\nuser_id\nann\r\n\r\nbob\n\n\neve\n")

    assert [reading.place(table, row) for row in range(3)] == ["line 3", "line 5", "line 8"]


def test_the_row_of_a_parquet_table_is_counted_from_one():
    table = reading.Table("users.parquet", pa.table({"user_id": ["ann"]}))

    assert reading.place(table, 0) == "row 1"


def test_a_letter_that_ends_lines_elsewhere_ends_none_in_csv():
    # U+2028 and the form feed end lines for `str.splitlines`
    table = tables.read_csv("items.csv", "item_id,name\nmilk,a\u2028b\ntea,c\x0cd\n".encode())

    assert table.columns["name"].to_pylist() == ["a\u2028b", "c\x0cd"]
    assert reading.place(table, 1) == "line 3"


def test_what_was_found_is_cut_to_a_line():
    assert reading.shortened("x" * 1000) == "'" + "x" * 56 + "..."
    assert reading.shortened("x" * 58) == "'" + "x" * 58 + "'"


@pytest.mark.parametrize("known", ["1", "001", "1.0", "A1", "a1"])
def test_an_id_that_is_nearly_known_is_told_its_twin(known):
    twin = {"1": "01", "001": "1", "1.0": "1", "A1": "a1", "a1": "A1"}[known]
    users = tables.read_csv("users.csv", f"user_id\n{known}\n".encode())
    found = tables.read_csv("interactions.csv", f"user_id\n{twin}\n".encode())
    ids, all_ids = (columns.identifiers(table, "user_id") for table in (found, users))

    with pytest.raises(ValueError, match=rf"found '{twin}'\. `users\.csv` has '{known}': write"):
        columns.row_numbers(found, "user_id", ids, all_ids, "users.csv")


def test_every_remedy_is_a_sentence():
    for allowed in (amounts.QUANTITY, amounts.MONEY, amounts.STARS, amounts.YES_OR_NO):
        for number in (-1.0, 0.0, 0.5, 1.0e12, float("inf"), float("nan")):
            within = allowed.low <= number <= allowed.high
            if not within or (allowed.whole and number % 1):
                remedy = amounts.remedy_for(number, False, "1.5", allowed)
                assert remedy.endswith(("." , "?")), (allowed.must, number)  # fmt: skip


def test_a_log_counted_in_another_way_is_the_same():
    # a random log against pandas' own pivot of the raw rows
    rng = np.random.default_rng(0)
    n = 500
    raw = pd.DataFrame(
        {
            "user_id": rng.choice(["ann", "bob"], n),
            "item_id": rng.choice(["milk", "tea"], n),
            "time": np.sort(rng.integers(0, 400, n)),
            "quantity": rng.integers(1, 5, n),
        }
    )
    raw = raw.drop_duplicates()
    log = log_of(raw.to_csv(index=False, header=False), n_windows=4)

    span = raw["time"].max() - raw["time"].min() + 1
    raw["window"] = np.floor((raw["time"] - raw["time"].min()) / span * 4).astype(int) + 1
    expected = raw.groupby(["user_id", "item_id", "window"]).agg(
        baskets=("time", "nunique"), units=("quantity", "sum")
    )
    assert log[["baskets", "units"]].to_numpy().tolist() == expected.to_numpy().tolist()
