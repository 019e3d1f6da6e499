"""Worlds whose every taste and probability is known, and impressions logged from them."""

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.special import ndtr

from mtl_course.interactions import PROBABILITY, Interactions, Scale

TASKS = ("click", "purchase", "rating")
STARS = Scale(1.0, 5.0, "stars")

CLICK_CUT, BUY_CUT = 1.4, 1.1  # scores above these are clicks, and purchases after a click
STAR_CUTS = (-1.1, -0.3, 0.7, 1.8)  # a rating score above k of these is a rating of k + 1 stars


@dataclass(frozen=True)
class World:
    """Who the users are, what the items are, and how the shop shows one to the other.

    An outcome happens where a score plus luck passes a cut, so that every chance is known:

        P(outcome | user, item) = Phi((score(user, item) - cut) / noise)

    The dials act when impressions are drawn, so that `replace(world, selection=0.0)` is the same
    users and items in a shop that shows items at random, and `replace(world, agreement=-0.9)` the
    same purchases under other ratings.

    Source: McKelvey and Zavoina, Journal of Mathematical Sociology, 1975 (ordered probit).
    """

    activity: Float[Tensor, " users"]  # chance that an impression is this user's; adds up to 1
    cold: Bool[Tensor, " users"]  # has almost no impressions
    eagerness: Float[Tensor, " users"]  # how readily the user clicks
    leniency: Float[Tensor, " users"]  # how kindly the user rates
    user_taste: Float[Tensor, "users dim"]  # with `item_taste`: what drives click and purchase
    user_verdict: Float[Tensor, "users dim"]  # with `item_verdict`: what drives the rating alone
    platform_share: Float[Tensor, "users platforms"]  # where the user is shown items; rows add to 1
    tag_probabilities: Float[Tensor, "users tags"]  # P(tag | user_taste)
    tag_labels: Float[Tensor, "users tags"]  # drawn from `tag_probabilities`, once
    tagged: Bool[Tensor, " users"]  # does the shop know the tags? More often of active users
    popularity: Float[Tensor, " items"]  # log of how often shown, up to a constant
    appeal: Float[Tensor, " items"]  # how readily the item is clicked
    value: Float[Tensor, " items"]  # how readily it is bought after a click
    quality: Float[Tensor, " items"]  # how well it is rated, beyond what its appeal says
    platform_appeal: Float[Tensor, "items platforms"]  # how readily it is clicked there
    item_taste: Float[Tensor, "items dim"]
    item_verdict: Float[Tensor, "items dim"]
    agreement: float  # correlation of what makes a user buy with what makes the user rate well
    selection: float  # 0: items are shown at random; 1: as they are popular and liked
    noise: float  # standard deviation of the luck in an outcome
    platforms: tuple[str, ...]
    tags: tuple[str, ...]

    def __post_init__(self) -> None:
        if not -1 <= self.agreement <= 1:
            raise ValueError(f"`agreement` is a correlation, from -1 to 1; found {self.agreement}.")
        if not 0 <= self.selection < inf:
            raise ValueError(f"`selection` is a strength, 0 or more; found {self.selection}.")
        if not 0 < self.noise < inf:
            raise ValueError(f"`noise` is a standard deviation, above 0; found {self.noise}.")


def random_world(
    generator: torch.Generator,
    *,
    agreement: float,
    n_users: int = 2400,
    n_items: int = 700,
    dim: int = 2,
    selection: float = 1.0,
    noise: float = 1.0,
    cold_share: float = 0.1,
    platforms: tuple[str, ...] = ("app", "web"),
    tags: tuple[str, ...] = ("parent", "student", "gourmet"),
) -> World:
    """A world of the real shop's size, with its long tail of items and of users.

    Args:
        agreement: 1: people buy what they will like; 0: the two have nothing to do with each
            other; -1: they buy what they will regret.
        dim: how many directions a taste has.
        selection: how strongly popularity and taste decide what is shown.
        noise: luck in every outcome; taste itself has a standard deviation of about 1.
        cold_share: share of users who have one impression where others have a hundred.
        tags: yes-or-no properties of a user, each a direction of taste.

    Raises:
        ValueError: a dial outside of its range.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> world = random_world(generator, agreement=0.5, n_users=20, n_items=10)
        >>> log = show(world, 1_000, generator)
        >>> log.tasks, log.labels.shape
        (('click', 'purchase', 'rating'), torch.Size([1000, 3]))
    """
    for name, size in (("n_users", n_users), ("n_items", n_items), ("dim", dim)):
        if size < 1:
            raise ValueError(f"`{name}` must be 1 or more; found {size}.")
    if not 0 <= cold_share < 1:
        raise ValueError(
            f"`cold_share` is a share of the users, 0 or more and below 1; found {cold_share}."
        )

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    cold = torch.rand(n_users, generator=generator) < cold_share
    talkative, user_taste, appeal = normal(n_users), normal(n_users, dim), normal(n_items)
    tag_directions = torch.nn.functional.normalize(normal(dim, len(tags)), dim=0)
    tag_probabilities = ndtr(1.5 * user_taste @ tag_directions - 0.8)
    return World(
        # log-normal activity; exp(-4.6) is a hundredth
        activity=torch.softmax(0.9 * talkative - 4.6 * cold, dim=0),
        cold=cold,
        eagerness=normal(n_users),
        leniency=normal(n_users),
        user_taste=user_taste,
        user_verdict=normal(n_users, dim),
        platform_share=torch.softmax(1.5 * normal(n_users, len(platforms)), dim=1),
        tag_probabilities=tag_probabilities,
        tag_labels=torch.bernoulli(tag_probabilities, generator=generator),
        tagged=talkative + normal(n_users) > 0.62,  # a third, as in the real shop
        popularity=0.5 * appeal + 0.5 * normal(n_items),
        appeal=appeal,
        value=normal(n_items),
        quality=normal(n_items),
        platform_appeal=normal(n_items, len(platforms)),
        item_taste=normal(n_items, dim),
        item_verdict=normal(n_items, dim),
        agreement=agreement,
        selection=selection,
        noise=noise,
        platforms=platforms,
        tags=tags,
    )


def true_propensities(world: World) -> Float[Tensor, "users items"]:
    """Chance of each item to be the one shown, given that the impression is this user's.

        P(item | user) = softmax over items of selection * (popularity[item] + 0.4 * taste)

    Rows add up to 1. Without selection every entry is 1 / n_items.
    """
    taste = world.user_taste @ world.item_taste.T / world.user_taste.shape[1] ** 0.5
    return torch.softmax(world.selection * (world.popularity + 0.4 * taste), dim=1)


def true_probabilities(
    world: World,
    user: Int[Tensor, " n"],
    item: Int[Tensor, " n"],
    platform: Int[Tensor, " n"] | None = None,
    *,
    tags: tuple[str, ...] = (),
) -> Float[Tensor, "n tasks"]:
    """The best possible prediction of each label of `show`: what an oracle would say.

    Columns are click, purchase (clicked and bought), the expected rating label if it is bought
    (stars rescaled to 0 .. 1), then `tags`.

    Args:
        platform: where each pair is shown; None for a prediction that is not told, which then
            averages over the platforms that the user is on.
    """
    share = (
        world.platform_share[user]
        if platform is None
        else torch.eye(len(world.platforms))[platform]
    )  # [n, platforms]
    scores = _scores(world, user, item)
    clicked = ndtr((scores.click - CLICK_CUT) / world.noise)  # [n, platforms]
    bought = ndtr((scores.buy - BUY_CUT) / world.noise)[:, None]
    passed = ndtr((scores.rating[:, None] - torch.tensor(STAR_CUTS)) / world.noise)  # [n, cuts]
    # a user's shares of the platforms add up to 1 but for rounding, which may be above it
    funnel = [
        (share * clicked).sum(dim=1).clamp(max=1),
        (share * clicked * bought).sum(dim=1).clamp(max=1),
        passed.mean(dim=1),
    ]
    return torch.cat(
        [torch.stack(funnel, dim=1), world.tag_probabilities[user][:, _columns(world, tags)]], dim=1
    )


def show(
    world: World, n: int, generator: torch.Generator, *, tags: tuple[str, ...] = ()
) -> Interactions:
    """`n` impressions and what came of them: click, then purchase, then a rating of 1 to 5 stars.

    Every impression shows whether it was clicked and bought. A rating is observed only after a
    purchase, a tag only of users who are `tagged`. `propensity` is the item's true chance of being
    shown to that user, as in `true_propensities`.

    Args:
        tags: which of `world.tags` to add as tasks.

    Raises:
        ValueError: `n` is below 1, or a tag that the world does not have.
    """
    if n < 1:
        raise ValueError(f"`n` must be 1 or more impressions; found {n}.")
    columns = _columns(world, tags)
    user = torch.multinomial(world.activity, n, replacement=True, generator=generator)
    propensities = true_propensities(world)
    item = _draw_items(propensities, user, generator)
    platform = torch.multinomial(world.platform_share[user], 1, generator=generator)[:, 0]

    luck = world.noise * torch.randn(3, n, generator=generator)
    scores = _scores(world, user, item)
    clicked = scores.click.gather(1, platform[:, None])[:, 0] + luck[0] > CLICK_CUT
    purchased = clicked & (scores.buy + luck[1] > BUY_CUT)
    # each cut passed is a star more, a quarter of the way from 1 to 5
    passed = (scores.rating + luck[2])[:, None] > torch.tensor(STAR_CUTS)  # [n, cuts]
    rating = passed.float().mean(dim=1) * purchased
    everywhere = torch.ones(n, dtype=torch.bool)
    tagged = world.tagged[user][:, None].expand(n, len(tags))
    return Interactions(
        user=user,
        item=item,
        labels=torch.cat(
            [
                torch.stack([clicked.float(), purchased.float(), rating], dim=1),
                world.tag_labels[user][:, columns] * tagged,
            ],
            dim=1,
        ),
        observed=torch.cat(
            [torch.stack([everywhere, everywhere, purchased], dim=1), tagged], dim=1
        ),
        tasks=(*TASKS, *tags),
        scales=(PROBABILITY, PROBABILITY, STARS, *(PROBABILITY for _ in tags)),
        n_users=len(world.activity),
        n_items=len(world.appeal),
        propensity=propensities[user, item],
        platform=platform,
    )


class _Scores(NamedTuple):
    click: Float[Tensor, "n platforms"]
    buy: Float[Tensor, " n"]  # after a click
    rating: Float[Tensor, " n"]


def _scores(world: World, user: Int[Tensor, " n"], item: Int[Tensor, " n"]) -> _Scores:
    scale = world.user_taste.shape[1] ** -0.5  # inner products of variance 1 whatever `dim`
    taste = scale * (world.user_taste[user] * world.item_taste[item]).sum(dim=1)
    verdict = scale * (world.user_verdict[user] * world.item_verdict[item]).sum(dim=1)
    agree, differ = world.agreement, (1 - world.agreement**2) ** 0.5
    readily = 0.3 * world.eagerness[user] + 0.5 * world.appeal[item]
    kindly = 0.3 * world.leniency[user] + 0.5 * (
        agree * world.appeal[item] + differ * world.quality[item]
    )
    return _Scores(
        click=(readily + 1.5 * taste)[:, None] + 0.3 * world.platform_appeal[item],
        buy=0.3 * world.value[item] + 1.5 * taste,
        rating=kindly + 1.3 * (agree * taste + differ * verdict),
    )


def _draw_items(
    propensities: Float[Tensor, "users items"], user: Int[Tensor, " n"], generator: torch.Generator
) -> Int[Tensor, " n"]:
    """One item per row, by bisection in the users' cumulative chances laid end to end."""
    n_users, n_items = propensities.shape
    ends = propensities.double().cumsum(dim=1)
    ends = ends / ends[:, -1:] + torch.arange(n_users)[:, None]  # user u owns u .. u + 1
    at = user + torch.rand(len(user), dtype=torch.float64, generator=generator)
    place = torch.searchsorted(ends.flatten(), at, right=True)
    return (place - user * n_items).clamp(0, n_items - 1)


def _columns(world: World, tags: tuple[str, ...]) -> list[int]:
    unknown = [tag for tag in tags if tag not in world.tags]
    if unknown:
        raise ValueError(f"`tags` must be among {world.tags}; found {unknown}.")
    return [world.tags.index(tag) for tag in tags]
