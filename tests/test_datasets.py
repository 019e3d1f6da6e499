import hashlib
import os
import shutil

import pandas as pd
import pyarrow as pa
import pytest
from sklearn.model_selection import train_test_split

from mtl_course import datasets

FOLDER = datasets.complete_journey_folder()


@pytest.fixture(scope="module")
def rebuilding(load_script):
    return load_script(FOLDER / "rebuild.py")


@pytest.fixture(scope="module")
def rebuilt(rebuilding, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rebuilt")
    rebuilding.rebuild(folder)
    return folder


@pytest.fixture(scope="module")
def journey():
    return datasets.load_complete_journey()


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The shipped folder, where a test may spoil it."""
    folder = tmp_path / "complete-journey"
    shutil.copytree(FOLDER, folder)
    monkeypatch.setattr(datasets, "complete_journey_folder", lambda: folder)
    return folder


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.mark.parametrize("file", datasets.COMPLETE_JOURNEY_FILES)
def test_rebuilt_equals_shipped(rebuilt, file):
    pd.testing.assert_frame_equal(
        pd.read_parquet(rebuilt / file), pd.read_parquet(FOLDER / file), check_exact=True
    )


def test_a_rebuild_leaves_the_tables_and_their_sums_and_nothing_else(rebuilt):
    found = digests(rebuilt)
    assert set(found) == {*datasets.COMPLETE_JOURNEY_FILES, "SHA256SUMS"}
    lines = [f"{found[file]}  {file}\n" for file in datasets.COMPLETE_JOURNEY_FILES]
    assert (rebuilt / "SHA256SUMS").read_text(encoding="utf-8") == "".join(lines)


def test_a_rebuild_writes_the_same_bytes_each_time(rebuilding, rebuilt, tmp_path):
    for file in datasets.COMPLETE_JOURNEY_FILES:
        table = pd.read_parquet(rebuilt / file)
        rebuilding.write(table, tmp_path / file)
        assert (tmp_path / file).read_bytes() == (rebuilt / file).read_bytes()


def test_the_steps_of_the_progress_bar_are_all_taken(rebuilding, monkeypatch, rebuilt):
    tables = {name: pd.read_parquet(rebuilt / f"{name}.parquet") for name in rebuilding.TABLES}
    monkeypatch.setattr(rebuilding, "released", lambda *_: pd.DataFrame({"household_id": [1]}))
    for work in ("merchandise", "purchases_by_window", "household_tags", "item_table"):
        monkeypatch.setattr(rebuilding.cleaning, work, lambda *_: tables["items"])
    monkeypatch.setattr(rebuilding.targeting, "coupon_funnel", lambda *_: tables["funnel"])
    taken = []
    rebuilding.prepared_tables(lambda: taken.append(1))
    assert len(taken) + len(rebuilding.TABLES) == rebuilding.STEPS


def test_an_interruption_while_writing_leaves_the_old_files_untouched(
    rebuilding, rebuilt, copy, monkeypatch
):
    before = digests(copy)
    tables = {name: pd.read_parquet(rebuilt / f"{name}.parquet") for name in rebuilding.TABLES}
    write = rebuilding.write

    def write_two_and_a_half(table, path):
        write(table.head(10), path)
        if path.stem == "items":
            raise KeyboardInterrupt

    monkeypatch.setattr(rebuilding, "prepared_tables", lambda _: tables)
    monkeypatch.setattr(rebuilding, "write", write_two_and_a_half)
    with pytest.raises(KeyboardInterrupt):
        rebuilding.rebuild(copy)

    assert digests(copy) == before


@pytest.mark.parametrize("moved", [0, 1, 4])
def test_a_move_that_fails_half_way_puts_the_old_files_back(
    rebuilding, copy, tmp_path, monkeypatch, moved
):
    files = [*datasets.COMPLETE_JOURNEY_FILES, "SHA256SUMS"]
    draft = tmp_path / "draft"
    draft.mkdir()
    for file in files:
        (draft / file).write_text("new", encoding="utf-8")
    before = digests(copy)
    replace, done = os.replace, []

    def replace_until_locked(source, target):
        if len(done) == moved and "old" not in source.parts:
            raise PermissionError("the file is open elsewhere")
        replace(source, target)
        done.append(target)

    monkeypatch.setattr(os, "replace", replace_until_locked)
    with pytest.raises(PermissionError, match="open elsewhere"):
        rebuilding.move_into_place(draft, copy, files)

    assert digests(copy) == before


def test_the_shipped_files_are_small_and_as_recorded():
    files = [FOLDER / file for file in datasets.COMPLETE_JOURNEY_FILES]
    assert sum(file.stat().st_size for file in files) < 5e6
    assert datasets.verify_complete_journey() == []


def test_the_readme_states_the_sums_and_the_row_counts():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for line in (FOLDER / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        assert line in readme
    for file in datasets.COMPLETE_JOURNEY_FILES:
        table = pd.read_parquet(FOLDER / file)
        assert f"| `{file}` | {len(table):,} |" in readme
        assert all(f"`{column}`" in readme for column in table.columns)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "items.parquet` is missing. Run `make data`"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "must have the SHA-256"),
        (lambda path: path.write_bytes(b"PAR1"), "in 4 bytes. Run `make data`"),
        (lambda path: (path.parent / "SHA256SUMS").unlink(), "SHA256SUMS` is missing"),
        (lambda path: (path.parent / "SHA256SUMS").write_bytes(b"\xff"), "must have the SHA-256"),
    ],
)
def test_a_missing_or_spoilt_file_is_named_with_the_remedy(copy, spoil, message):
    spoil(copy / "items.parquet")

    with pytest.raises(ValueError, match=message):
        datasets.load_complete_journey()
    assert any(message in problem for problem in datasets.verify_complete_journey())


def test_a_missing_folder_is_four_problems_and_no_crash(copy):
    shutil.rmtree(copy)
    problems = datasets.verify_complete_journey()
    assert len(problems) == len(datasets.COMPLETE_JOURNEY_FILES)
    assert all(problem.endswith("install the course again.") for problem in problems)


def test_an_installed_wheel_finds_its_tables_under_the_prefix(tmp_path, monkeypatch):
    installed = tmp_path / "share" / "mtl_course" / "datasets" / "complete-journey"
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "lib" / "mtl_course" / "datasets.py"))
    monkeypatch.setattr(datasets.sys, "prefix", str(tmp_path))
    assert datasets.complete_journey_folder() == installed


def test_the_journey_is_the_released_one_in_row_numbers(journey):
    purchases = pd.read_parquet(FOLDER / "purchases.parquet")
    assert len(journey.log) == 695_468
    assert (len(journey.users), len(journey.items)) == (2_469, 2_206)
    users = journey.users["user_id"].to_numpy()[journey.log["user"]]
    items = journey.items["item_id"].to_numpy()[journey.log["item"]]
    assert (users == purchases["household_id"]).all()
    assert (items == purchases["item_id"]).all()
    assert journey.log["user"].min() == 0
    assert journey.log["item"].min() == 0  # get_indexer would say -1 for an unknown id
    assert journey.log["window"].unique().tolist() == [1, 2, 3, 4]
    assert journey.log["last_week"].between(1, 13).all()
    assert (journey.log[["baskets", "units"]] >= 1).all(axis=None)


def test_a_learners_arithmetic_does_not_overflow(journey):
    # as shipped, `window` is an int8 and `units` an int16
    assert (journey.log["window"] * 100).max() == 400
    assert (journey.log["units"] * 1000).max() == 311_000


# trap 12: scikit-learn cannot index the Arrow strings of pandas 3
def test_names_can_be_dealt_out_by_scikit_learn(journey):
    arrow = pd.Series(["a", "b", "c"], dtype=pd.ArrowDtype(pa.string()))
    with pytest.raises(TypeError, match="only integer scalar arrays"):
        train_test_split(arrow.values, random_state=0)

    some, others = train_test_split(journey.items["name"].values, random_state=0)
    assert len(some) + len(others) == len(journey.items)


def test_the_funnel_is_read_with_its_dates():
    funnel = datasets.load_funnel()
    assert len(funnel) == 6_577
    assert funnel[["active", "bought_covered", "redeemed"]].sum().tolist() == [6_395, 4_889, 792]
    assert (funnel["start"] < "2017-10-01").sum() == 4_156


def test_the_digest_of_the_shop_is_that_of_its_list_of_hashes():
    sums = (FOLDER / "SHA256SUMS").read_bytes()
    assert datasets.complete_journey_digest() == hashlib.sha256(sums).hexdigest()
