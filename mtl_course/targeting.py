"""The released campaign tables in, one row per targeted household and what followed out."""

import pandas as pd


def without_duplicate_coupons(coupons: pd.DataFrame) -> pd.DataFrame:
    """Each (coupon, product, campaign) once; the released table repeats 4,872 of them."""
    return coupons.drop_duplicates(ignore_index=True)


def coupon_funnel(
    transactions: pd.DataFrame,
    campaigns: pd.DataFrame,
    descriptions: pd.DataFrame,
    coupons: pd.DataFrame,
    redemptions: pd.DataFrame,
    tagged: pd.Series,
) -> pd.DataFrame:
    """One row per (household, campaign) that was targeted: what followed, what was known before.

    Being targeted is an assignment by the shop and no accident: the table supports predictions, no
    causal claim. Which coupons of a Type A campaign a household got is not recorded. Campaign 24,
    which nobody redeemed, is left out. Transactions are taken as released, zero rows included.

    Args:
        tagged: the households with demographics.

    Returns:
        household_id, campaign_id, campaign_type, start, campaign_days; starts_before_log and
        ends_after_log (the campaign is seen in part only); the outcomes active, bought_covered,
        redeemed within the campaign's days; then, from the days before its start only,
        prior_covered_purchases, prior_products, prior_active_days, prior_redemptions; and
        covered_products, has_tags.
    """
    used = campaigns[campaigns["campaign_id"].isin(redemptions["campaign_id"])]
    targeted = used.merge(descriptions, on="campaign_id", validate="many_to_one")
    days = transactions[["household_id", "product_id", "transaction_timestamp"]]
    days = days.assign(date=days["transaction_timestamp"].dt.normalize())
    days = days.drop(columns="transaction_timestamp")
    covered = without_duplicate_coupons(coupons)[["campaign_id", "product_id"]].drop_duplicates()
    first, last = days["date"].min(), days["date"].max()
    parts = []
    for _, campaign in targeted.groupby("campaign_id", sort=True):
        start, end = campaign["start_date"].iloc[0], campaign["end_date"].iloc[0]
        campaign_id = campaign["campaign_id"].iloc[0]
        theirs = days[days["household_id"].isin(campaign["household_id"])]
        products = covered.loc[covered["campaign_id"] == campaign_id, "product_id"]
        on_offer = theirs["product_id"].isin(products)
        within = (theirs["date"] >= start) & (theirs["date"] <= end)
        before = theirs["date"] < start
        redeemed_before = redemptions[redemptions["redemption_date"] < start]
        redeemed = redemptions[redemptions["campaign_id"] == campaign_id]
        household = campaign["household_id"]
        past = theirs[before].groupby("household_id")
        parts.append(
            pd.DataFrame(
                {
                    "household_id": household,
                    "campaign_id": campaign_id,
                    "campaign_type": campaign["campaign_type"],
                    "start": start,
                    "campaign_days": (end - start).days + 1,
                    "starts_before_log": bool(start < first.normalize()),
                    "ends_after_log": bool(end > last),
                    "active": household.isin(theirs.loc[within, "household_id"]),
                    "bought_covered": household.isin(theirs.loc[within & on_offer, "household_id"]),
                    "redeemed": household.isin(redeemed["household_id"]),
                    "prior_covered_purchases": _count(
                        household, theirs[before & on_offer].groupby("household_id").size()
                    ),
                    "prior_products": _count(household, past["product_id"].nunique()),
                    "prior_active_days": _count(household, past["date"].nunique()),
                    "prior_redemptions": _count(
                        household, redeemed_before.groupby("household_id").size()
                    ),
                    "covered_products": len(products),
                    "has_tags": household.isin(tagged),
                }
            )
        )
    return pd.concat(parts).sort_values(["household_id", "campaign_id"], ignore_index=True)


def _count(household: pd.Series, counts: pd.Series) -> pd.Series:
    return household.map(counts).fillna(0).astype("int32")
