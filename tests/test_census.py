"""The census: what its traps do to a careless reader, and what is left without its leaks."""

import pandas as pd
import pytest
import torch
from torch.testing import assert_close

from mtl_course import census, datasets, metrics

# Two rows as the files have them, by hand: commas and blanks, "?", a category called NA, no header
MARRIED = (
    "58, Private, 4, 34, Some college but no degree, 0, Not in universe, Married-civilian spouse "
    "present, Construction, Sales, White, NA, Male, Not in universe, Not in universe, Full-time, "
    "10, 0, 5, Joint both under 65, South, Arkansas, Householder, Householder, 1053.55, ?, ?, ?, "
    "?, Yes, 1, Not in universe, United-States, ?, United-States, Native, 0, Not in universe, 2, "
    "52, 94, 50000+.\n"
)
CHILD = (
    MARRIED.replace("58,", "9,")
    .replace("Married-civilian spouse present", "Never married")
    .replace("50000+.", "- 50000.")
    .replace("NA", "Cuban")
    .replace("Joint both under 65", "Nonfiler")
)


def by_hand():
    train, test = MARRIED + CHILD + CHILD, CHILD + MARRIED + MARRIED
    return census.census_table(train.encode(), test.encode())


def test_the_first_row_is_a_person_and_not_a_header():
    table = by_hand()

    assert len(table) == 6
    assert list(table.columns) == [*census.COLUMNS, "part"]
    assert table["age"].tolist() == [58, 9, 9, 9, 58, 58]
    assert table["part"].tolist() == ["train"] * 3 + ["validation"] + ["test"] * 2


def test_no_answer_is_missing_and_every_category_is_text():
    table = by_hand()

    assert table["hisp_origin"].tolist()[:2] == ["NA", "Cuban"]  # pandas would take it for a gap
    assert table["mig_chg_msa"].tolist() == ["?"] * 6
    assert table["det_ind_code"].tolist() == ["4"] * 6  # the number of an industry is no amount
    assert not table.isna().any(axis=None)
    texts = [name for name in census.COLUMNS if name not in census.NUMBERS]
    assert all(table[name].dtype == object for name in texts)


def test_a_person_is_a_user_seen_once_and_the_form_is_the_one_item():
    split = census.census_split(by_hand())

    assert [log.user.tolist() for log in split] == [[0, 1, 2], [3], [4, 5]]
    assert {log.n_items for log in split} == {1}
    assert {log.n_users for log in split} == {6}
    assert split.train.labels.tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    assert split.train.tasks == ("income_50k_plus", "never_married")
    assert all(log.observed.all() for log in split)


def test_the_answers_are_codes_and_numbers_from_0_to_1_without_the_labels():
    answers = census.census_answers(by_hand())

    # two values each of hisp_origin and tax_filer_stat, one of all others
    assert sorted(answers.sizes) == [1] * 27 + [2, 2]
    assert answers.numbers[:, 0].tolist() == [1.0, 0.0, 0.0, 0.0, 1.0, 1.0]  # age
    assert (answers.numbers[:, 1:] == 0).all()  # a number that is the same for all is 0, not NaN
    origin = [name for name in census.COLUMNS if name not in census.NUMBERS].index(
        "hisp_origin"
    ) - 1
    assert answers.categories[:, origin].tolist() == [1, 0, 0, 0, 1, 1]  # Cuban sorts before NA
    assert answers.numbers.shape == (6, 11)
    assert answers.categories.shape == (6, 29)


def test_without_leaks_only_adults_are_left_and_nothing_says_that_they_are_married():
    people = census.without_leaks(by_hand())

    assert people["age"].tolist() == [58, 58, 58]
    assert people.index.tolist() == [0, 1, 2]  # so that a person's row is the user again
    assert not {*census.HOUSEHOLD} & {*people.columns}
    assert census.census_answers(people).categories.shape == (3, 25)
    assert [len(log) for log in census.census_split(by_hand())] == [3, 1, 2]


@pytest.mark.parametrize(("age", "stays"), [(17, False), (18, True), (69, True), (70, False)])
def test_adults_are_from_18_to_69(age, stays):
    people = by_hand().assign(age=age)
    assert (len(census.without_leaks(people)) == 6) == stays


@pytest.fixture(scope="module")
def people():
    return datasets.load_census_income()


@pytest.mark.published
def test_the_released_rows_are_all_there(people):
    parts = people["part"].value_counts()

    assert parts.to_dict() == {"train": 199_523, "validation": 49_881, "test": 49_881}
    train = people[people["part"] == "train"].drop(columns="part")
    others = people[people["part"] != "train"].drop(columns="part")
    assert train.duplicated().sum() == 3_229
    everything = pd.MultiIndex.from_frame(others).isin(pd.MultiIndex.from_frame(train))
    assert everything.sum() == 2_925  # test rows that are exact copies of training rows
    assert round((train["age"] < 15).mean(), 3) == 0.238


@pytest.mark.published
def test_the_base_rates_are_those_of_the_released_files(people):
    labels = census.census_split(people).train.labels

    assert_close(labels.mean(dim=0), torch.tensor([0.062, 0.433]), rtol=0, atol=5e-4)
    answers = census.census_answers(people)
    assert (len(answers.sizes), answers.numbers.shape[1]) == (29, 11)
    assert answers.numbers.aminmax() == (0.0, 1.0)


@pytest.mark.published
def test_without_leaks_never_married_is_rarer_and_no_column_gives_it_away(people):
    adults = census.without_leaks(people)
    labels = census.census_split(adults).train.labels

    assert len(labels) == 126_579
    assert_close(labels.mean(dim=0), torch.tensor([0.094, 0.235]), rtol=0, atol=5e-4)
    assert auc_of_one_column(people, "det_hh_fam_stat") > 0.97
    assert auc_of_one_column(people, "tax_filer_stat") > 0.89
    texts = [name for name in adults.columns if name not in (*census.NUMBERS, "part")]
    texts = [name for name in texts if name not in ("income_50k", "marital_stat")]
    assert max(auc_of_one_column(adults, name) for name in texts) < 0.65


def auc_of_one_column(people, name):
    """Of "never married" by the share of it among the training rows with the same value."""
    never = (people["marital_stat"] == "Never married").astype(float)
    train = people["part"] == "train"
    scores = people[name].map(never[train].groupby(people.loc[train, name]).mean()).fillna(0.5)
    test = (people["part"] == "test").to_numpy()
    return metrics.auc(
        torch.tensor(scores.astype(float).to_numpy()[test]), torch.tensor(never.to_numpy()[test])
    )
