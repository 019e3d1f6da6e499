"""The census of 1994 and 1995 as people with two labels: the benchmark of mixtures of experts."""

from io import BytesIO
from typing import NamedTuple

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mtl_course.interactions import Interactions, Split

TASKS = ("income_50k_plus", "never_married")
_LABELS = ["income_50k", "marital_stat"]  # what the tasks are made of
NUMBERS = (
    "age",
    "wage_per_hour",
    "capital_gains",
    "capital_losses",
    "stock_dividends",
    "instance_weight",
    "num_emp",
    "own_or_self",
    "vet_benefits",
    "weeks_worked",
    "year",
)
_HEADER = """
age class_worker det_ind_code det_occ_code education wage_per_hour hs_college marital_stat
major_ind_code major_occ_code race hisp_origin sex union_member unemp_reason full_or_part_emp
capital_gains capital_losses stock_dividends tax_filer_stat region_prev_res state_prev_res
det_hh_fam_stat det_hh_summ instance_weight mig_chg_msa mig_chg_reg mig_move_reg mig_same
mig_prev_sunbelt num_emp fam_under_18 country_father country_mother country_self citizenship
own_or_self vet_question vet_benefits weeks_worked year income_50k
"""
COLUMNS = tuple(_HEADER.split())  # as they stand in the files, which have no header line
# A household's status tells who is married: "Child 18+ never marr Not in a subfamily".
HOUSEHOLD = ("det_hh_fam_stat", "det_hh_summ", "tax_filer_stat", "fam_under_18")


class Answers(NamedTuple):
    """What a network may know of each person, for `embeddings.FeatureEmbedding`."""

    categories: Int[Tensor, "users columns"]  # codes from 0, in the order of the sorted values
    numbers: Float[Tensor, "users numbers"]  # from 0, the lowest of all rows, to 1, the highest
    sizes: tuple[int, ...]  # codes of each column of `categories`


def census_table(train: bytes, test: bytes) -> pd.DataFrame:
    """Both files as one table, one row per person in the files' order, by the names of `COLUMNS`.

    The last column, `part`, is the published protocol's: "train" is the one file; the other's
    first half is "validation", and the rest "test".

    Args:
        train: the text of census-income.data.
        test: the text of census-income.test.
    """
    # not one of the files has a header, and one category is called NA
    frames = [
        pd.read_csv(
            BytesIO(text),
            header=None,
            names=list(COLUMNS),
            skipinitialspace=True,
            keep_default_na=False,
        )
        for text in (train, test)
    ]
    table = pd.concat(frames, ignore_index=True)
    for name in set(COLUMNS) - set(NUMBERS):
        table[name] = table[name].astype(str).astype(object)
    n_train, n_validation = len(frames[0]), len(frames[1]) // 2
    table["part"] = "test"
    table.loc[: n_train + n_validation - 1, "part"] = "validation"
    table.loc[: n_train - 1, "part"] = "train"
    return table


def without_leaks(table: pd.DataFrame) -> pd.DataFrame:
    """The adults from 18 to 69, without the columns that say whether they are married.

    In the whole table one column alone, `det_hh_fam_stat`, has an AUC of .98 for "never married",
    and age has .94: almost a quarter of the people are under 15.
    """
    adults = table[table["age"].between(18, 69)]
    return adults.drop(columns=list(HOUSEHOLD)).reset_index(drop=True)


def census_split(table: pd.DataFrame) -> Split:
    """The three parts of the published protocol, both tasks observed for everybody.

    A person is a user, seen once: `user` is the row of `table`. There is one item, the form that
    everybody filled in, so the two labels are labels of the user.
    """
    labels = torch.tensor(
        [
            (table["income_50k"] == "50000+.").tolist(),
            (table["marital_stat"] == "Never married").tolist(),
        ]
    ).T.float()
    logs = []
    for part in ("train", "validation", "test"):
        user = torch.tensor((table["part"] == part).to_numpy()).nonzero()[:, 0]
        logs.append(
            Interactions(
                user=user,
                item=torch.zeros_like(user),
                labels=labels[user],
                observed=torch.ones(len(user), len(TASKS), dtype=torch.bool),
                tasks=TASKS,
                n_users=len(table),
                n_items=1,
            )
        )
    return Split(*logs)


def census_answers(table: pd.DataFrame) -> Answers:
    """All columns but those the labels are made of, as codes and as numbers from 0 to 1.

    As in the published protocol the codes and the range of each number are those of all rows, the
    test rows too; and `instance_weight`, which says how many people a row stands for, is among
    the numbers.
    """
    answers = table.drop(columns=[*_LABELS, "part"])
    numbers = answers[[name for name in answers if name in NUMBERS]].astype("float64")
    span = (numbers.max() - numbers.min()).replace(0, 1)
    columns, sizes = [], []
    for name in answers.columns.drop(numbers.columns):
        codes, values = pd.factorize(answers[name], sort=True)
        columns.append(torch.tensor(codes))
        sizes.append(len(values))
    return Answers(
        categories=torch.stack(columns, dim=1),
        numbers=torch.tensor(((numbers - numbers.min()) / span).to_numpy(), dtype=torch.float32),
        sizes=tuple(sizes),
    )
