"""Bring your own shop: what a folder may hold, and what is said of every way to get it wrong."""

import doctest
import re
import warnings
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from mtl_course import datasets, shop

INTERACTIONS = """\
user_id,item_id,time,quantity,spend,rating
ann,milk,2024-01-01,1,1.10,
ann,tea,2024-01-05,2,6.00,4
bob,milk,2024-01-12,1,1.10,5
bob,tea,2024-01-17,1,3.00,
ann,milk,2024-01-24,3,3.30,2.5
bob,milk,2024-01-31,1,1.10,
"""
USERS = "user_id,tag_student\nann,1\nbob,\n"
ITEMS = "item_id,name,category\nmilk,Milk,dairy\ntea,Green tea,\n"


def write(folder: Path, **files: str | bytes | pd.DataFrame) -> Path:
    """The good shop, with some of its files replaced."""
    tables = {"interactions": INTERACTIONS, "users": USERS, "items": ITEMS} | files
    for name, content in tables.items():
        if isinstance(content, pd.DataFrame):
            content.to_parquet(folder / f"{name}.parquet")
        elif isinstance(content, bytes):
            (folder / f"{name}.csv").write_bytes(content)
        else:
            (folder / f"{name}.csv").write_text(content, encoding="utf-8", newline="")
    return folder


def as_frame(text: str) -> pd.DataFrame:
    header, *lines = [line.split(",") for line in text.splitlines()]
    return pd.DataFrame(lines, columns=header)


# --- what is accepted -------------------------------------------------------------------------


def test_a_good_folder_is_a_shop(tmp_path):
    found = datasets.load_folder(write(tmp_path))

    assert found.name == tmp_path.name
    assert found.tags == ("student",)
    assert found.users["user_id"].tolist() == ["ann", "bob"]
    assert found.users["student"].fillna(-1).tolist() == [1, -1]
    assert found.users["student"].dtype == "float32"
    assert found.items["name"].tolist() == ["Milk", "Green tea"]
    assert found.items["category"].tolist() == ["dairy", "unknown"]
    assert found.items["department"].tolist() == ["unknown", "unknown"]
    # 31 days in 4 windows of 7.75: days 0 and 4 | 11 | 16 and 23 | 30. Day 11 is 11 * 4 - 31 = 13
    # of 31 parts into window 2, which is 5.5 of its 13 weeks: in the sixth
    assert found.log.to_dict("list") == {
        "user": [0, 0, 0, 1, 1, 1],
        "item": [0, 0, 1, 0, 0, 1],
        "window": [1, 3, 1, 2, 4, 3],
        "baskets": [1, 1, 1, 1, 1, 1],
        "units": [1, 3, 2, 1, 1, 1],
        "spend": [1.1, 3.3, 6.0, 1.1, 1.1, 3.0],
        "last_week": [1, 13, 7, 6, 12, 1],
        "rating": pytest.approx([float("nan"), 2.5, 4.0, 5.0, *[float("nan")] * 2], nan_ok=True),
    }


def test_parquet_says_the_same_as_csv(tmp_path):
    (tmp_path / "csv").mkdir()
    (tmp_path / "parquet").mkdir()
    frame = as_frame(INTERACTIONS)
    frame["time"] = pd.to_datetime(frame["time"])
    frame["quantity"] = frame["quantity"].astype(int)
    frame[["spend", "rating"]] = frame[["spend", "rating"]].apply(pd.to_numeric)
    users = pd.DataFrame({"user_id": ["ann", "bob"], "tag_student": [True, None]}, index=[7, 9])

    from_csv = datasets.load_folder(write(tmp_path / "csv"))
    for name, table in {"interactions": frame, "users": users, "items": as_frame(ITEMS)}.items():
        table.to_parquet(tmp_path / "parquet" / f"{name}.parquet")
    from_parquet = datasets.load_folder(tmp_path / "parquet")

    pd.testing.assert_frame_equal(from_parquet.log, from_csv.log)
    pd.testing.assert_frame_equal(from_parquet.users, from_csv.users)
    pd.testing.assert_frame_equal(from_parquet.items, from_csv.items)


def test_a_byte_order_mark_and_the_line_ends_of_windows_and_of_old_macs_are_no_difference(tmp_path):
    expected = datasets.load_folder(write(tmp_path))

    for number, end in enumerate(("\r\n", "\r", "\n\n")):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        write(
            folder,
            interactions=b"\xef\xbb\xbf" + INTERACTIONS.replace("\n", end).encode(),
            users="\ufeff" + USERS.replace("\n", end),
            items=ITEMS.replace("\n", end).rstrip(),
        )
        found = datasets.load_folder(folder)
        pd.testing.assert_frame_equal(found.log, expected.log)
        pd.testing.assert_frame_equal(found.users, expected.users)
        pd.testing.assert_frame_equal(found.items, expected.items)


def test_a_byte_order_mark_does_not_turn_ids_into_numbers(tmp_path):
    users = "\ufeffuser_id\n007\n7\n"
    log = INTERACTIONS.replace("ann", "007").replace("bob", "7")

    found = datasets.load_folder(write(tmp_path, users=users, interactions=log))

    assert found.users["user_id"].tolist() == ["007", "7"]


def test_a_line_longer_than_a_megabyte_is_a_line(tmp_path):
    items = f"item_id,name\nmilk,{'m' * 3_000_000}\ntea,Tea\n"

    assert datasets.load_folder(write(tmp_path, items=items)).items["name"].str.len().max() == 3e6


def test_day_numbers_dates_and_moments_cut_the_same_windows(tmp_path):
    expected = datasets.load_folder(write(tmp_path)).log
    days = re.sub(r"2024-01-(\d\d)", lambda day: str(int(day[1])), INTERACTIONS)
    hours = re.sub(r"(2024-01-\d\d)", r"\1T18:05:30+00:00", INTERACTIONS)

    for number, text in enumerate((days, hours)):
        (tmp_path / f"{number}").mkdir()
        found = datasets.load_folder(write(tmp_path / f"{number}", interactions=text))
        pd.testing.assert_frame_equal(found.log, expected)


def test_ids_that_are_numbers_in_one_file_and_text_in_the_other_are_the_same_ids(tmp_path):
    frame = as_frame(INTERACTIONS)[["user_id", "item_id", "time", "quantity"]]
    frame["user_id"] = frame["user_id"].map({"ann": 7, "bob": 8})

    write(tmp_path, interactions=frame, users="user_id\n8\n7\n")
    (tmp_path / "interactions.csv").unlink(missing_ok=True)
    found = datasets.load_folder(tmp_path)

    assert found.users["user_id"].tolist() == ["8", "7"]
    assert found.log["user"].tolist() == [0, 0, 0, 1, 1, 1]


def test_what_else_is_known_of_users_and_items_is_kept(tmp_path):
    found = datasets.load_folder(
        write(
            tmp_path, users="user_id,age\nann,31\nbob,\n", items="item_id,color\nmilk,\ntea,green\n"
        )
    )

    assert found.users["age"].tolist() == ["31", ""]
    assert found.items["color"].tolist() == ["", "green"]
    assert found.items["name"].tolist() == ["milk", "tea"]
    assert found.tags == ()


def test_white_space_around_a_name_and_in_a_blank_says_nothing(tmp_path):
    items = "item_id,name,category\nmilk, Milk ,  \ntea,,drinks\n"

    found = datasets.load_folder(write(tmp_path, items=items, interactions=column("rating", " ")))

    assert found.items["name"].tolist() == ["Milk", "tea"]
    assert found.items["category"].tolist() == ["unknown", "drinks"]
    assert found.log["rating"].notna().sum() == 3


def test_time_runs_from_the_first_day_of_1970_to_the_last_of_2100(tmp_path):
    log = "user_id,item_id,time,quantity\nann,tea,1970-01-01,1\nbob,tea,2100-12-31,1\n"

    found = datasets.load_folder(write(tmp_path, interactions=log), n_windows=2)

    assert found.log["window"].tolist() == [1, 2]


def test_quoted_commas_quotes_and_letters_of_every_script_are_text(tmp_path):
    items = 'item_id,name\nmilk,"Milk, 3 % ""fresh"""\ntea,Grüner Tee 緑茶 5" tin\n'

    found = datasets.load_folder(write(tmp_path, items=items))

    assert found.items["name"].tolist() == ['Milk, 3 % "fresh"', 'Grüner Tee 緑茶 5" tin']


def test_rows_that_repeat_another_are_counted_and_told(tmp_path):
    twice = INTERACTIONS + "bob,milk,2024-01-31,1,1.10,\n"

    with pytest.warns(UserWarning, match=r"1 rows repeat .*\(line 8 is line 7 again\)"):
        found = datasets.load_folder(write(tmp_path, interactions=twice)).log

    last = found[(found["user"] == 1) & (found["window"] == 4)]
    assert last[["baskets", "units", "spend"]].to_numpy().tolist() == [[1, 2, 2.2]]


def test_nothing_is_written_beside_the_tables(tmp_path):
    before = sorted(tmp_path.rglob("*"))
    write(tmp_path)
    datasets.load_folder(tmp_path)
    with pytest.raises(ValueError):
        datasets.load_folder(write(tmp_path, users="user_id\n"))

    assert sorted(tmp_path.rglob("*")) == [
        *before,
        *(tmp_path / f"{name}.csv" for name in ("interactions", "items", "users")),
    ]


def test_the_example_of_the_readme_runs():
    readme = Path(datasets.__file__).parent.parent / "datasets" / "README.md"

    failed, tried = doctest.testfile(str(readme), module_relative=False, encoding="utf-8")

    assert tried >= 5
    assert failed == 0


# --- what is refused: CSV ---------------------------------------------------------------------


def line(number: int, text: str) -> str:
    """The good log with another text on line `number`, the header being line 1."""
    lines = INTERACTIONS.splitlines()
    return "\n".join([*lines[: number - 1], text, *lines[number:]]) + "\n"


def column(name: str, *values: str) -> str:
    """The good log with other values in one column, from line 2 on."""
    frame = as_frame(INTERACTIONS)
    frame[name] = [*values, *frame[name].iloc[len(values) :]]
    return frame.to_csv(index=False)


def without(name: str) -> str:
    return as_frame(INTERACTIONS).drop(columns=name).to_csv(index=False)


MALFORMED = {
    "interactions: 0 bytes": (
        "interactions", b"",
        r"`interactions\.csv` must hold a header line and rows; found 0 bytes\. Export",
    ),
    "users: 0 bytes": ("users", b"", r"`users\.csv` must hold .*; found 0 bytes\."),
    "blank lines alone": (
        "users", "\n\r\n\n", r"`users\.csv` must start with a header line; found blank lines",
    ),
    "header alone": (
        "items", "item_id,name\n",
        r"`items\.csv` must hold one row or more; found a header alone\.",
    ),
    "header alone, without a line end": ("users", "user_id", r"`users\.csv` .* a header alone\."),
    "missing column": (
        "interactions", without("time"),
        r"`interactions\.csv` must have a column `time`; found user_id, item_id, quantity, .*Add",
    ),
    "column under another name": (
        "interactions", INTERACTIONS.replace("quantity", "Quantitiy"),
        r"`interactions\.csv` has a column 'Quantitiy', .* Rename it `quantity`",
    ),
    "column in capitals": (
        "users", USERS.replace("user_id", "USER_ID"), r"column 'USER_ID', .* Rename it `user_id`",
    ),
    "white space in a column's name": (
        "users", USERS.replace("user_id", " user_id"), r"column ' user_id', .* Rename it `user_id`",
    ),
    "optional column nearly": (
        "interactions", INTERACTIONS.replace("rating", "ratings"), r"Rename it `rating`",
    ),
    "unknown column in the log": (
        "interactions", INTERACTIONS.replace("spend", "coupon"),
        r"`interactions\.csv` may have the columns user_id, .*; found 'coupon'\. Delete it",
    ),
    "column without a name": (
        "interactions", as_frame(INTERACTIONS).to_csv(),
        r"`interactions\.csv` must name every column; found no name over column 1\.",
    ),
    "column twice": (
        "items", "item_id,name,name\nmilk,Milk,Milk\ntea,Tea,Tea\n",
        r"`items\.csv` must name each column once; found column `name` 2 times\.",
    ),
    "price and spend": (
        "interactions", INTERACTIONS.replace("rating", "price"),
        r"may have `price` \(of one unit\) or `spend` \(of the row\); found both\.",
    ),
    "semicolons": (
        "users", USERS.replace(",", ";"),
        r"`users\.csv`, line 1 must separate columns by commas; found semicolons in",
    ),
    "tabs": ("users", USERS.replace(",", "\t"), r"line 1 must .* by commas; found tabs in"),
    "too many fields": (
        "interactions", line(4, "bob,milk,2024-01-12,1,1,10,5"),
        r"`interactions\.csv`, line 4 must have 6 fields, as the header does; found 7 in",
    ),
    "too few fields": (
        "interactions", line(5, "bob,tea,2024-01-17"),
        r"`interactions\.csv`, line 5 must have 6 fields, .*; found 3 in 'bob,tea,2024-01-17'",
    ),
    "too few fields after blank lines": (
        "users", "user_id,tag_student\n\n\nann,1\n\nbob\n", r"`users\.csv`, line 6 must have 2 fi",
    ),
    "quotation mark never closed": (
        "items", 'item_id,name\nmilk,"Milk\ntea,Tea\n',
        r"`items\.csv`, line 2, column `name` must hold no line break; found 'Milk\\ntea,Tea\\n'\.",
    ),
    "quotation mark that swallows a line": (
        "items", 'item_id,name,category\nmilk,"Milk,dairy\ntea,"Tea,drinks\n',
        r"`items\.csv`, line 2, column `name` must hold no line break; .* never closed\?",
    ),
    "quotation mark that swallows the number of fields": (
        "items", 'item_id,name,category\nmilk,"Milk,dairy\ntea,Tea,drinks\n',
        r"`items\.csv`, line 2 must close every quotation mark that it opens",
    ),
    "quotation mark that swallows a large file": (
        "items", 'item_id,name,category\nmilk,"Milk,dairy\n' + "tea,Tea,drinks\n" * 20_000,
        r"`items\.csv`, line 2 must close every quotation mark that it opens",
    ),
    "quotation mark in the header": (
        "items", 'item_id,"name\nmilk,Milk"\ntea,Tea\n', r"line 1 must close every quotation",
    ),
    "Latin-1": (
        "items", "item_id,name\nmilk,Milk\ntea,Thé\n".encode("latin-1"),
        r"`items\.csv`, line 3 must be UTF-8; found byte 0xE9 as byte 7 of the line \('é' if .*Sa",
    ),
    "Latin-1 after a byte order mark": (
        "items", b"\xef\xbb\xbfitem_id,name\nmilk,M\xe9\n",
        r"`items\.csv`, line 2 must be UTF-8; found byte 0xE9 as byte 7 of the line",
    ),
    "UTF-16": (
        "users", USERS.encode("utf-16"), r"`users\.csv` must be UTF-8; found UTF-16\. Save the",
    ),
    "NUL byte": (
        "users", b"user_id\nann\nb\0b\n",
        r"`users\.csv`, line 3 must hold text; found a NUL byte \(byte 13 of the file\)\.",
    ),
    "user twice": (
        "users", "user_id\nann\nbob\nbob\n",
        r"`users\.csv`, line 4, column `user_id` must hold each id once; found 'bob'\. .* line 3 t",
    ),
    "item twice": (
        "items", "item_id\nmilk\n\ntea\nmilk\n",
        r"`items\.csv`, line 5, column `item_id` must hold each id once; found 'milk'\. .* line 2 ",
    ),
    "unknown user": (
        "interactions", column("user_id", "ann", "eve"),
        r"line 3, column `user_id` must hold an id that `users\.csv` has; found 'eve'\. Add it",
    ),
    "unknown item": (
        "interactions", column("item_id", "beer"),
        r"line 2, column `item_id` must hold an id that `items\.csv` has; found 'beer'\. Add it",
    ),
    "id in capitals": (
        "interactions", column("user_id", "Ann"),
        r"found 'Ann'\. `users\.csv` has 'ann': write both in the same way",
    ),
    "id as a decimal": (
        "interactions", INTERACTIONS.replace("ann", "1.0").replace("bob", "ann"),
        r"found '1\.0'\. Add it to `users\.csv`, or delete the row",
    ),
    "ids that differ by white space": (
        "users", "user_id\nann\nbob\nann \n",
        r"`users\.csv`, line 4, column `user_id` must hold an id, .*; found 'ann '\. Remove the wh",
    ),
    "blank id": (
        "interactions", column("user_id", "ann", "ann", ""),
        r"line 4, column `user_id` must hold an id, of digits or text; found nothing\. Fill it in",
    ),
    "id of spaces": ("users", "user_id,age\nann,3\n  ,4\n", r"line 3, .* found '  '\. Fill it in"),
    "NaN as an id": (
        "interactions", column("item_id", "milk", "NaN"),
        r"line 3, column `item_id` .*; found 'NaN'\. That is a missing value: fill it in",
    ),
    "text for a quantity": (
        "interactions", column("quantity", "1", "two"),
        r"line 3, column `quantity` must hold a whole number of units, from 1 to 100,000; "
        r"found 'two'\. Write digits alone",
    ),
    "quantity with a unit": ("interactions", column("quantity", "1 kg"), r"found '1 kg'\. Write"),
    "negative quantity": (
        "interactions", column("quantity", "1", "1", "-2"),
        r"line 4, column `quantity` .*; found '-2'\. Delete returns",
    ),
    "quantity of 0": (
        "interactions", column("quantity", "0"),
        r"line 2, column `quantity` .*; found '0'\. Delete rows in which nothing was bought",
    ),
    "fraction of a unit": (
        "interactions", column("quantity", "0.45"),
        r"line 2, column `quantity` .*; found '0\.45'\. Count goods sold by weight as 1",
    ),
    "quantity in thousandths": (
        "interactions", column("quantity", "10000000"), r"found '10000000'\. Count pieces, not gr",
    ),
    "blank quantity": (
        "interactions", column("quantity", "1", ""),
        r"line 3, column `quantity` .*; found nothing\. Fill it in\.",
    ),
    "NaN for a quantity": (
        "interactions", column("quantity", "nan"), r"`quantity` .*; found 'nan'\. Fill it in\.",
    ),
    "ten million stars": (
        "interactions", column("rating", "", "10000000"),
        r"line 3, column `rating` must hold stars from 1 to 5, or nothing where nobody rated; "
        r"found '10000000'\. Rescale",
    ),
    "rating of 0": (
        "interactions", column("rating", "0"), r"found '0'\. Leave it blank if it stands for 'not",
    ),
    "rating of NaN": (
        "interactions", column("rating", "NaN"), r"`rating` .*; found 'NaN'\. Leave it blank\.",
    ),
    "negative rating": ("interactions", column("rating", "-1"), r"found '-1'\. Rescale"),
    "infinite spend": (
        "interactions", column("spend", "1", "inf"),
        r"line 3, column `spend` must hold an amount of money, .*; found 'inf'\. Correct it\.",
    ),
    "negative spend": ("interactions", column("spend", "-1.5"), r"found '-1\.5'\. Delete returns"),
    "decimal comma": (
        "interactions", column("spend", "1,10"),
        r"line 2, column `spend` .*; found '1,10'\. Write the decimal point as a point",
    ),
    "spend in dollars": ("interactions", column("spend", "$2"), r"found '\$2'\. Write di"),
    "tag of 2": (
        "users", "user_id,tag_student\nann,1\nbob,2\n",
        r"`users\.csv`, line 3, column `tag_student` must hold 0, 1 or nothing .*; found '2'\. M",
    ),
    "tag of yes": ("users", "user_id,tag_student\nann,yes\nbob,0\n", r"found 'yes'\. Write di"),
    "half a tag": ("users", "user_id,tag_student\nann,0.5\nbob,0\n", r"found '0\.5'\. Decide"),
    "negative tag": ("users", "user_id,tag_student\nann,-1\nbob,0\n", r"found '-1'\. Leave it"),
    "tag that nobody has": (
        "users", "user_id,tag_student\nann,\nbob,\n",
        r"column `tag_student` must hold 0 or 1 for somebody; found it blank in all 2 rows",
    ),
    "tag misspelt": (
        "users", "user_id,Tag_student\nann,1\nbob,0\n", r"name a tag `tag_\.\.\.`; found column 'T",
    ),
    "tag named as a task": (
        "users", "user_id,tag_purchase\nann,1\nbob,0\n",
        r"column `tag_purchase` must name a tag that is no task and .*; found 'purchase'",
    ),
    "tag named as another column": (
        "users", "user_id,age,tag_age\nann,3,1\nbob,4,0\n", r"and no other column; found 'age'",
    ),
    "tag without a name": ("users", "user_id,tag_\nann,1\nbob,0\n", r"`tag_` must name a tag"),
    "time that is no time": (
        "interactions", column("time", "2024-01-01", "yesterday"),
        r"line 3, column `time` must hold a date such as 2024-05-31, .*; found 'yesterday'\. Write",
    ),
    "day before month": (
        "interactions", column("time", "01/02/2024"), r"found '01/02/2024'\. Write year, month",
    ),
    "blank time": ("interactions", column("time", "2024-01-01", ""), r"line 3, .*; found nothing"),
    "30 February": (
        "interactions", column("time", "2024-01-01", "2024-02-30"),
        r"line 3, column `time` .*; found '2024-02-30'\. There is no such day",
    ),
    "time in two formats": (
        "interactions", column("time", "2024-01-01", "2024-01-05 10:00"),
        r"line 3, column `time` must hold a date in every row; found '2024-01-05 10:00'\. "
        r"line 2 has '2024-01-01': keep to one format",
    ),
    "dates and day numbers": (
        "interactions", column("time", "1"), r"line 3, .* must hold a day number in every row",
    ),
    "time before 1970": (
        "interactions", column("time", "1969-12-31"),
        r"line 2, column `time` must hold a date from 1970 to 2100, .*; found '1969-12-31'",
    ),
    "time after 2100": (
        "interactions", column("time", *["2024-01-01"] * 5, "2101-01-01"),
        r"line 7, column `time` .*; found '2101-01-01'",
    ),
    "negative day number": (
        "interactions", column("time", "-1", *"23456"), r"line 2, .* from 0 to 47,846; found '-1'",
    ),
    "date as a number": (
        "interactions", re.sub(r"2024-01-", "202401", INTERACTIONS),
        r"line 2, .*; found '20240101'\. Correct it; a day number is neither a date without hyph",
    ),
    "time that goes backwards": (
        "interactions", column("time", "2024-01-01", "2024-01-15"),
        r"line 4, column `time` must hold times that never go backwards; found '2024-01-12'\. "
        r"line 3 has '2024-01-15': sort the rows by time",
    ),
    "all rows in one window": (
        "interactions", column("time", *["2024-01-01"] * 5, "2024-12-31"),
        r"`time` must fill 4 windows of equal length; found 366 days from 2024-01-01 to 2024-12-31 "
        r"with \[5, 0, 0, 1\] rows a window",
    ),
    "all rows on one day": (
        "interactions", column("time", *["2024-01-01"] * 6),
        r"found 1 day from 2024-01-01 to 2024-01-01 with \[6, 0, 0, 0\] rows",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("table", "content", "message"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_table_is_refused_with_place_value_and_remedy(
    tmp_path, table, content, message
):
    write(tmp_path, **{table: content})

    with pytest.raises(ValueError, match=message) as caught:
        datasets.load_folder(tmp_path)

    assert "\n" not in str(caught.value), "one fault is one sentence"


def test_at_least_25_kinds_of_malformed_tables_are_tried():
    assert len(MALFORMED) >= 25


def test_all_columns_with_a_fault_are_told_at_once(tmp_path):
    broken = column("quantity", "1", "two", "three").replace("bob", "eve")
    write(tmp_path, interactions=broken, users="user_id,tag_student\nann,2\nann,1\n")

    with pytest.raises(ValueError) as caught:
        datasets.load_folder(tmp_path)

    heading, *faults = str(caught.value).splitlines()
    assert heading == "3 faults, the first of each column:"
    assert ["`user_id`" in faults[0], "`quantity`" in faults[1], "`tag_" in faults[2]] == [True] * 3
    assert "three" not in str(caught.value)


def test_a_fault_in_reading_one_file_does_not_hide_that_of_another(tmp_path):
    write(tmp_path, users=b"", items="item_id,item_id\n")

    with pytest.raises(ValueError, match=r"2 faults.*\n`users\.csv`.*\n`items\.csv`"):
        datasets.load_folder(tmp_path)


# --- what is refused: Parquet -----------------------------------------------------------------


def parquet(folder: Path, name: str, table: pd.DataFrame | pa.Table | bytes) -> Path:
    """The good folder with one table as Parquet."""
    write(folder)
    (folder / f"{name}.csv").unlink()
    file = folder / f"{name}.parquet"
    if isinstance(table, bytes):
        file.write_bytes(table)
    elif isinstance(table, pa.Table):
        pa.parquet.write_table(table, file)
    else:
        table.to_parquet(file)
    return folder


def whole_parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(pa.table({"user_id": ["ann", "bob"]}), sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"`users\.parquet` must hold a table; found 0 bytes\."),
        (b"user_id\nann\n", r"`users\.parquet` must be a Parquet file, .*; found b'user'\. If it"),
        (whole_parquet()[:-20], r"`users\.parquet` must end with PAR1, .* it was cut off\. Copy"),
        (whole_parquet()[:4], r"`users\.parquet` must end with PAR1, .* after 4 bytes: it was cut"),
        (
            whole_parquet()[:-60] + b"\xff" * 52 + whole_parquet()[-8:],
            r"`users\.parquet` cannot be read as Parquet: .* Copy or export it again\.",
        ),
    ],
    ids=["0 bytes", "CSV", "cut off", "cut off early", "spoilt in the middle"],
)
def test_a_spoilt_parquet_file_is_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        datasets.load_folder(parquet(tmp_path, "users", content))


def log_frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user_id": ["ann", "bob"] * 4,
            "item_id": ["milk"] * 8,
            "time": pd.date_range("2024-01-01", periods=8),
            "quantity": 1,
        }
        | columns
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"quantity": [1, 0] * 4},
            r"`interactions\.parquet`, row 2, column `quantity` .* found 0\.",
        ),
        ({"quantity": [1.0, None] * 4}, r"row 2, column `quantity` .* found (nothing|nan)\. Fill"),
        ({"quantity": [[1]] * 8}, r"column `quantity` must hold numbers; found type list"),
        ({"rating": [5.0, 1e7] * 4}, r"row 2, column `rating` .*; found 10000000\.0\. Rescale"),
        ({"spend": [1.0, float("inf")] * 4}, r"row 2, column `spend` .*; found inf\. Correct"),
        ({"user_id": ["ann", None] * 4}, r"row 2, column `user_id` .*; found nothing\. Fill it in"),
        (
            {"user_id": [1.5] * 8},
            r"`user_id` must hold ids as whole numbers or text; found type do",
        ),
        (
            {"user_id": list(range(8))},
            r"row 1, column `user_id` must hold an id that .*; found 0\.",
        ),
        ({"time": [1.5] * 8}, r"column `time` must hold a date .*; found type double\. Convert"),
        (
            {"time": pd.date_range("2024-01-08", periods=8, freq="-1D")},
            r"row 2, column `time` must hold times that never go backwards",
        ),
        ({"time": pd.date_range("1969-12-31", periods=8)}, r"row 1, .* from 1970 to 2100"),
        ({"time": [*pd.date_range("2024-01-01", periods=7), None]}, r"row 8, .*; found nothing\."),
        ({"time": pd.array([None, *range(7)], dtype="Int64")}, r"row 1, .*; found nothing\."),
        ({"time": 1_700_000_000}, r"row 1, column `time` .* from 0 to 47,846; found 1700000000\."),
        ({"coupon": 1}, r"`interactions\.parquet` may have the columns .*; found 'coupon'\."),
    ],
)
def test_a_malformed_parquet_table_is_refused_by_row(tmp_path, columns, message):
    with pytest.raises(ValueError, match=message):
        datasets.load_folder(parquet(tmp_path, "interactions", log_frame(**columns)))


def test_a_parquet_file_may_not_name_a_column_twice(tmp_path):
    twice = pa.Table.from_arrays([pa.array(["ann", "bob"])] * 2, names=["user_id", "user_id"])

    with pytest.raises(ValueError, match=r"must name each column once; found column `user_id` 2"):
        datasets.load_folder(parquet(tmp_path, "users", twice))


def test_a_name_that_is_a_list_is_refused(tmp_path):
    items = pa.table({"item_id": ["milk", "tea"], "name": [["Milk"], ["Tea"]]})

    with pytest.raises(ValueError, match=r"column `name` must hold text; found type list"):
        datasets.load_folder(parquet(tmp_path, "items", items))


def test_dictionaries_decimals_and_large_text_are_read_as_what_they_stand_for(tmp_path):
    instants = pd.date_range("2024-01-01", periods=8, unit="ns") + pd.Timedelta(1, unit="ns")
    frame = log_frame(user_id=pd.Categorical(["ann", "bob"] * 4), time=instants)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.set_column(1, "item_id", table["item_id"].cast(pa.large_string()))
    table = table.append_column("price", table["quantity"].cast(pa.decimal128(25, 2)))

    found = datasets.load_folder(parquet(tmp_path, "interactions", table)).log

    assert found["user"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert found["spend"].tolist() == [1.0] * 8


# --- what is refused: the folder --------------------------------------------------------------


def test_a_table_that_is_not_there_is_named_with_what_is(tmp_path):
    write(tmp_path)
    (tmp_path / "users.csv").rename(tmp_path / "customers.csv")

    with pytest.raises(
        ValueError,
        match=r"must hold users\.csv or users\.parquet; found customers\.csv, interactions\.csv",
    ):
        datasets.load_folder(tmp_path)


def test_an_empty_folder_lacks_all_three_tables(tmp_path):
    with pytest.raises(ValueError, match=r"^3 faults.*\n.*interactions\.csv.*an empty folder"):
        datasets.load_folder(tmp_path)


def test_two_forms_of_one_table_are_one_too_many(tmp_path):
    write(tmp_path)
    (tmp_path / "users.parquet").write_bytes(whole_parquet())

    with pytest.raises(
        ValueError, match=r"users\.csv or users\.parquet; found both\. Delete the on"
    ):
        datasets.load_folder(tmp_path)


def test_a_folder_in_the_place_of_a_table_is_refused(tmp_path):
    write(tmp_path)
    (tmp_path / "items.csv").unlink()
    (tmp_path / "items.csv").mkdir()

    with pytest.raises(
        ValueError, match=r"items\.csv' must be a file; found a folder of that name"
    ):
        datasets.load_folder(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    write(tmp_path)

    with pytest.raises(ValueError, match=r"`path` must be a folder with .*; found a file at '"):
        datasets.load_folder(tmp_path / "users.csv")
    with pytest.raises(ValueError, match=r"`path` must be a folder .*; found nothing there at '"):
        datasets.load_folder(str(tmp_path / "nowhere"))


def test_fewer_windows_may_be_asked_for_but_not_none(tmp_path):
    write(tmp_path)

    assert shop.n_windows(datasets.load_folder(tmp_path, n_windows=2)) == 2
    for wrong in (0, True):  # of another kind: shape types say so here, this sentence in a lesson
        with pytest.raises(ValueError, match=rf"a whole number, 1 or more; found {wrong!r}\."):
            datasets.load_folder(tmp_path, n_windows=wrong)
    with pytest.raises(ValueError, match=r"must fill 5,000 windows .* no row in [\d,]+ of the wi"):
        datasets.load_folder(tmp_path, n_windows=5000)


def test_no_warning_is_given_for_a_good_folder(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        datasets.load_folder(write(tmp_path))
