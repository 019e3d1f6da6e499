"""A shop's log by window of weeks, and the (user, item) panels cut from it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import log as natural_log

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from mtl_course.interactions import PROBABILITY, Interactions, Scale, Split

# So many units of one item in one window, or more, are a quantity label of 1. Of the purchases of
# the Complete Journey 0.12 % are above; a lower cap would cut real amounts, a higher one would
# squeeze the common 1 to 5 units into less of [0, 1].
UNITS_CAP = 50

STARS = Scale(1.0, 5.0, "stars")

WEEKS_PER_WINDOW = 13

# The columns of `panel(...).history`, in order. Each is a mean per window, or blind to how many
# windows there are: one window of history trains, and two or three are there when it counts.
HISTORY_FEATURES = (
    "log1p baskets per window",
    "log1p units per window",
    "recency",
    "log household's items per window, against the mean household's",
    "log item's households per window, against the mean item's",
)


@dataclass(frozen=True)
class Shop:
    """What a shop knows: who bought what in which window, who they are, what the items are."""

    name: str
    # user, item (row numbers), window (from 1), baskets, units, spend, last_week; some shops have
    # `rating` too: the mean stars that the user gave the item in the window, or NaN
    log: pd.DataFrame
    users: pd.DataFrame  # row = user; user_id, then a column per tag: 0.0, 1.0 or NaN (not known)
    items: pd.DataFrame  # row = item; item_id, name, category, department
    tags: tuple[str, ...]  # the columns of `users` that are tags


def n_windows(shop: Shop) -> int:
    """How many windows the log has."""
    return int(shop.log["window"].max())


def k_core(shop: Shop, windows: Sequence[int], min_items: int, min_users: int) -> Shop:
    """The users with `min_items` items or more and the items with `min_users` users or more.

    Only purchases in `windows` count, so that the choice knows nothing of later windows. Dropping a
    user may take an item below its threshold, and so on: repeated until nothing more falls. Users
    and items are renumbered; the survivors keep their rows of every window.

    Raises:
        ValueError: nobody is left.
    """
    pairs = shop.log.loc[shop.log["window"].isin(windows), ["user", "item"]].drop_duplicates()
    before = -1
    while before != len(pairs):
        before = len(pairs)
        pairs = pairs[pairs.groupby("user")["item"].transform("size") >= min_items]
        pairs = pairs[pairs.groupby("item")["user"].transform("size") >= min_users]
    if len(pairs) == 0:
        raise ValueError(
            f"No user with {min_items} items is left beside items with {min_users} users in "
            f"windows {list(windows)} of '{shop.name}'. Lower `min_items` or `min_users`."
        )
    users, items = (sorted(pairs[side].unique().tolist()) for side in ("user", "item"))
    return _keep(shop, users, items)


def baskets(shop: Shop, windows: Sequence[int]) -> Float[Tensor, "users items"]:
    """In how many baskets of `windows` each user had each item."""
    return _dense(shop, "baskets", windows)


def units(shop: Shop, windows: Sequence[int]) -> Float[Tensor, "users items"]:
    """How many units of each item each user bought in `windows`."""
    return _dense(shop, "units", windows)


def spend(shop: Shop, windows: Sequence[int]) -> Float[Tensor, "users items"]:
    """How much each user paid for each item in `windows`, in the shop's money."""
    return _dense(shop, "spend", windows)


def panel(shop: Shop, target: int, history: Sequence[int]) -> Interactions:
    """Every user who bought anything in window `target`, against every item of the shop.

    Tasks: "purchase" (bought in the window); "quantity" (log units over log `UNITS_CAP`, seen only
    where bought: an amount, no opinion); "rating", if the log has stars (from 0 for one to 1 for
    five, seen only where given); then the user's tags, seen for tagged users only. A user who is
    silent in the target window is left out: nobody knows what they would have bought, and
    every figure is "given that the household came at all".

    Args:
        target: the window whose outcome is the label.
        history: earlier windows, from which `history` (columns `HISTORY_FEATURES`) and `novel` are
            computed.

    Raises:
        ValueError: `history` is empty or not before `target`, or nobody bought in `target`.
    """
    if not history or max(history) >= target or min(history) < 1:
        raise ValueError(
            f"`history` must hold windows before the target window {target}, from 1; found "
            f"{list(history)}."
        )
    bought_units = units(shop, [target])
    bought = baskets(shop, [target]) > 0
    active = bought.any(dim=1).nonzero()[:, 0]
    if len(active) == 0:
        raise ValueError(
            f"Nobody bought anything in window {target}; '{shop.name}' has windows 1 to "
            f"{n_windows(shop)}."
        )
    bought, bought_units = bought[active], bought_units[active]
    n_items = len(shop.items)
    quantity = bought_units.clamp(min=1).log() / natural_log(UNITS_CAP)
    rating = _ratings(shop, target)[active]  # [users, items, 0 or 1]
    tags = torch.tensor(shop.users[list(shop.tags)].to_numpy(dtype="float32"))[active]
    stated = torch.cat([rating, tags[:, None, :].expand(-1, n_items, -1)], dim=2)  # NaN: not known
    labels = torch.stack([bought.float(), quantity.clamp(max=1) * bought], dim=2)
    observed = torch.stack([torch.ones_like(bought), bought], dim=2)
    features = history_features(shop, history)[active]
    novel = features[:, :, HISTORY_FEATURES.index("log1p baskets per window")] == 0
    return Interactions(
        user=active.repeat_interleave(n_items),
        item=torch.arange(n_items).repeat(len(active)),
        labels=torch.cat([labels, stated.nan_to_num()], dim=2).flatten(0, 1),
        observed=torch.cat([observed, ~stated.isnan()], dim=2).flatten(0, 1),
        tasks=("purchase", "quantity", *["rating"] * rating.shape[2], *shop.tags),
        n_users=len(shop.users),
        n_items=n_items,
        scales=(
            PROBABILITY,
            Scale(0.0, natural_log(UNITS_CAP), "log units"),
            *[STARS] * rating.shape[2],
            *(PROBABILITY for _ in shop.tags),
        ),
        history=features.flatten(0, 1),
        novel=novel.flatten(),
    )


def history_features(shop: Shop, history: Sequence[int]) -> Float[Tensor, "users items features"]:
    """What the log of the windows `history` says of every pair; columns as `HISTORY_FEATURES`."""
    windows = torch.stack([baskets(shop, [window]) for window in history])
    per_window = windows.mean(dim=0)
    taken = (windows > 0).float().mean(dim=0)
    activity = _log_against_the_mean(taken.sum(dim=1))[:, None]  # [users, 1]
    popularity = _log_against_the_mean(taken.sum(dim=0))  # [items]
    return torch.stack(
        [
            per_window.log1p(),
            (units(shop, history) / len(history)).log1p(),
            _recency(shop, history),
            activity.expand_as(per_window),
            popularity.expand_as(per_window),
        ],
        dim=2,
    )


def habits(shop: Shop, windows: Sequence[int]) -> Float[Tensor, "users categories"]:
    """What each user buys: log baskets by category of item, scaled to a row of length 1.

    The length is taken out, so that it says what is bought, and not how much. A user who bought
    nothing in `windows` has a row of 0.
    """
    codes = shop.items["category"].astype("category").cat.codes
    category = torch.tensor(codes.to_numpy(dtype="int64"))
    counts = torch.zeros(len(shop.users), int(category.max()) + 1)
    by_category = counts.index_add(1, category, baskets(shop, windows))
    return normalize(by_category.log1p(), dim=1)


def split_by_time(shop: Shop) -> Split:
    """Panels in the order of time: the last window tests, the one before validates, others train.

    Each target window is predicted from all windows before it. Of four windows: train is window 2
    from window 1, validation is 3 from 1 and 2, test is 4 from 1, 2 and 3.

    Raises:
        ValueError: the shop has fewer than four windows.
    """
    last = n_windows(shop)
    if last < 4:
        raise ValueError(
            f"A split by time needs 4 windows or more (history, train, validation, test); "
            f"'{shop.name}' has {last}. Use shorter windows."
        )
    train = [panel(shop, target, range(1, target)) for target in range(2, last - 1)]
    return Split(
        _joined(train),
        panel(shop, last - 1, range(1, last - 1)),
        panel(shop, last, range(1, last)),
    )


def _joined(logs: Sequence[Interactions]) -> Interactions:
    if len(logs) == 1:
        return logs[0]
    columns = [field.name for field in fields(Interactions)]
    columns = [name for name in columns if isinstance(getattr(logs[0], name), Tensor)]
    return replace(
        logs[0], **{name: torch.cat([getattr(log, name) for log in logs]) for name in columns}
    )


def _keep(shop: Shop, kept_users: Sequence[int], kept_items: Sequence[int]) -> Shop:
    log = shop.log[shop.log["user"].isin(kept_users) & shop.log["item"].isin(kept_items)]
    new_user = pd.Series(range(len(kept_users)), index=kept_users)
    new_item = pd.Series(range(len(kept_items)), index=kept_items)
    log = log.assign(user=log["user"].map(new_user), item=log["item"].map(new_item))
    return replace(
        shop,
        log=log.reset_index(drop=True),
        users=shop.users.iloc[kept_users].reset_index(drop=True),
        items=shop.items.iloc[kept_items].reset_index(drop=True),
    )


def _dense(shop: Shop, column: str, windows: Sequence[int]) -> Float[Tensor, "users items"]:
    rows = shop.log[shop.log["window"].isin(windows)]
    cells = torch.zeros(len(shop.users), len(shop.items))
    index = (_column(rows, "user", "int64"), _column(rows, "item", "int64"))
    return cells.index_put(index, _column(rows, column, "float32"), accumulate=True)


def _ratings(shop: Shop, window: int) -> Float[Tensor, "users items known"]:
    """From 0 for one star to 1 for five, NaN where nobody rated; no column if the log has none."""
    if "rating" not in shop.log:
        return torch.empty(len(shop.users), len(shop.items), 0)
    rated = shop.log[(shop.log["window"] == window) & shop.log["rating"].notna()]
    cells = torch.full((len(shop.users), len(shop.items)), torch.nan)
    stars = _column(rated, "rating", "float32")
    label = (stars - STARS.low) / (STARS.high - STARS.low)
    cells[_column(rated, "user", "int64"), _column(rated, "item", "int64")] = label
    return cells[:, :, None]


def _recency(shop: Shop, history: Sequence[int]) -> Float[Tensor, "users items"]:
    """exp(-weeks / 13) from the pair's last purchase to the end of `history`; 0 for no purchase."""
    rows = shop.log[shop.log["window"].isin(history)]
    week = (rows["window"] - 1) * WEEKS_PER_WINDOW + rows["last_week"]
    latest = torch.zeros(len(shop.users) * len(shop.items))
    cell = _column(rows, "user", "int64") * len(shop.items) + _column(rows, "item", "int64")
    week_of_row = torch.tensor(week.to_numpy(dtype="float32"))
    latest = latest.scatter_reduce(0, cell, week_of_row, reduce="amax")
    latest = latest.view(len(shop.users), len(shop.items))
    weeks_ago = max(history) * WEEKS_PER_WINDOW - latest
    return torch.where(latest > 0, torch.exp(-weeks_ago / WEEKS_PER_WINDOW), 0.0)


def _log_against_the_mean(counts: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Near 0 for the average, finite for a count of 0: no network needs it rescaled."""
    return ((counts + 1) / (counts.mean() + 1)).log()


def _column(rows: pd.DataFrame, name: str, dtype: str) -> Tensor:
    return torch.tensor(rows[name].to_numpy(dtype=dtype))
