"""A shop's log by window of weeks, and the (user, item) panels cut from it: history in, outcome out."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Shop:
    """What a shop knows: who bought what in which window, who they are, what the items are."""

    name: str
    log: pd.DataFrame  # user, item (row numbers), window (from 1), baskets, units, spend, last_week
    users: pd.DataFrame  # row = user; user_id, then a column per tag: 0.0, 1.0 or NaN (not known)
    items: pd.DataFrame  # row = item; item_id, name, category, department
    tags: tuple[str, ...]  # the columns of `users` that are tags
