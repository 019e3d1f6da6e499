"""MovieLens-100K: the ratings as a log, when they were given, and what is known of the users."""

from io import BytesIO
from typing import NamedTuple

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mtl_course.downloads import Member, contents
from mtl_course.interactions import Interactions, Scale

_ZIP = ("https://files.grouplens.org/datasets/movielens/ml-100k.zip",)
MOVIELENS = (
    Member("u.data", "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490", _ZIP),
    Member("u.user", "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c", _ZIP),
    Member("u.item", "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701", _ZIP),
)


class MovieLens(NamedTuple):
    """100,000 ratings, and what the files say of those who gave them."""

    ratings: Interactions  # in the file's order, which is no order of time
    time: Int[Tensor, " n"]  # seconds since 1970, of each rating
    age: Float[Tensor, " users"]  # years
    female: Float[Tensor, " users"]  # 0 or 1
    occupations: tuple[str, ...]  # one for each user
    titles: tuple[str, ...]  # one for each film, with its year


def load_movielens() -> MovieLens:
    """MovieLens-100K: 943 users, 1,682 films, 100,000 ratings of 1 to 5 stars in 1997 and 1998.

    The task is "rating", its label from 0 for one star to 1 for five. It is found in
    MTL_COURSE_DATA, or downloaded once (5 MB) from GroupLens, who do not allow to pass it on.

    Raises:
        ValueError: it can be neither found nor downloaded, or is spoilt.

    Source: Harper and Konstan, The MovieLens Datasets, ACM TiiS 2015.
    """
    found = contents("ml-100k", MOVIELENS)
    rows = _table(found["u.data"], "\t")
    users, films = _table(found["u.user"], "|"), _table(found["u.item"], "|")
    rating = torch.tensor(rows[2].to_numpy(dtype="float32"))
    return MovieLens(
        ratings=Interactions(
            user=torch.tensor(rows[0].to_numpy() - 1),  # the files count from 1
            item=torch.tensor(rows[1].to_numpy() - 1),
            labels=((rating - 1) / 4)[:, None],
            observed=torch.ones(len(rows), 1, dtype=torch.bool),
            tasks=("rating",),
            n_users=len(users),
            n_items=len(films),
            scales=(Scale(1.0, 5.0, "stars"),),
        ),
        time=torch.tensor(rows[3].to_numpy()),
        age=torch.tensor(users[1].to_numpy(dtype="float32")),
        female=torch.tensor((users[2] == "F").to_numpy(dtype="float32")),
        occupations=tuple(users[3]),
        titles=tuple(films[1]),
    )


def _table(text: bytes, separator: str) -> pd.DataFrame:
    return pd.read_csv(BytesIO(text), sep=separator, header=None, encoding="latin-1", quoting=3)
