"""Data sets that others have published figures on: fetched and verified, and not shipped."""

from io import BytesIO
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from mtl_course.census import census_table
from mtl_course.downloads import Member, contents
from mtl_course.interactions import Interactions, Scale

_UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases/census-income-mld/"
# a copy, as it stood in one commit, should the archive move its files once more
_COPY = (
    "https://raw.githubusercontent.com/morningsky/multi_task_learning/"
    "2c7c7cec5bb45dbfb213bc0496c9bde8283ba100/data/census-income/"
)
CENSUS_INCOME = (
    Member(
        "census-income.train.gz",
        "3676a81db7d3528f3f8b9f3c699d0f0aa28db45e6e994fa0b8ed38327539ee86",
        (f"{_UCI}census-income.data.gz", f"{_COPY}census-income.data.gz"),
    ),
    Member(
        "census-income.test.gz",
        "98402b1ab879573d0a7f38a699a40258080e25e33d3401e7bf9c96d3fa0fab8c",
        (f"{_UCI}census-income.test.gz", f"{_COPY}census-income.test.gz"),
    ),
)
_COAT_ZIP = ("https://www.cs.cornell.edu/~schnabts/mnar/coat.zip",)
COAT = (
    Member(
        "train.ascii",
        "f9088c6e95fa9a42e8be6a92fc77252b95b969e34ed1299c611420da68680873",
        _COAT_ZIP,
    ),
    Member(
        "test.ascii",
        "51fa28550f5bedebc6959d0e7b5e242b173c3c8d16317c7e49b89441304504ce",
        _COAT_ZIP,
    ),
    Member(
        "user_features.ascii",
        "593b59c63a3f983575d3a770b32158fdfa4e2e4f63aafffdee70d1600ff072f8",
        _COAT_ZIP,
    ),
    Member(
        "item_features.ascii",
        "72b08cc0766d3e9899231aea90c815b5bb08e07dcfba569d5f182da649099f5a",
        _COAT_ZIP,
    ),
)


class Coat(NamedTuple):
    """Ratings of coats in stars, of two kinds that differ in who chose what was rated."""

    self_selected: Interactions  # of the 24 coats that each user picked to rate
    random: Interactions  # of the 16 that were drawn for each user at random, each equally likely
    user_features: Float[Tensor, "users user_features"]  # 0 or 1: gender, age, place, fashion
    item_features: Float[Tensor, "items item_features"]  # 0 or 1: gender, type, color, front page


def load_census_income() -> pd.DataFrame:
    """Census-Income (KDD): 299,285 people with 40 answers each, as `census.census_table` has them.

    It is found in MTL_COURSE_DATA, or downloaded once (9 MB) from the UCI archive.

    Raises:
        ValueError: it can be neither found nor downloaded, or is spoilt.

    Source: Lane and Kohavi, Census-Income (KDD), UCI Machine Learning Repository, 2000.
    """
    found = contents("census-income", CENSUS_INCOME)
    return census_table(found["census-income.train.gz"], found["census-income.test.gz"])


def load_coat() -> Coat:
    """Coat shopping: 290 users, 300 coats, 6,960 ratings of their choice and 4,640 at random.

    The task is "rating", its label from 0 for one star to 1 for five. 366 pairs are rated in
    both. It is found in MTL_COURSE_DATA, or downloaded once (under 1 MB) from Cornell University.

    Raises:
        ValueError: it can be neither found nor downloaded, or is spoilt.

    Source: Schnabel et al., Recommendations as Treatments, ICML 2016.
    """
    found = {
        name: np.loadtxt(BytesIO(text), ndmin=2) for name, text in contents("coat", COAT).items()
    }
    return Coat(
        self_selected=_ratings(found["train.ascii"]),
        random=_ratings(found["test.ascii"]),
        user_features=torch.tensor(found["user_features.ascii"], dtype=torch.float32),
        item_features=torch.tensor(found["item_features.ascii"], dtype=torch.float32),
    )


def _ratings(stars: np.ndarray) -> Interactions:
    """The pairs with a rating, from a matrix of users × items that holds 0 where there is none."""
    user, item = (torch.tensor(rows) for rows in stars.nonzero())
    rating = torch.tensor(stars, dtype=torch.float32)[user, item]
    return Interactions(
        user=user,
        item=item,
        labels=((rating - 1) / 4)[:, None],
        observed=torch.ones(len(user), 1, dtype=torch.bool),
        tasks=("rating",),
        n_users=stars.shape[0],
        n_items=stars.shape[1],
        scales=(Scale(1.0, 5.0, "stars"),),
    )
