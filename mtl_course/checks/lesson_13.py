"""Judges the capstone: an operating point within limits, a gain beyond luck, and a submission."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import torch
from torch import Tensor

from mtl_course import briefs, datasets, locker, shop, submissions
from mtl_course.briefs import CAPSTONE, Brief
from mtl_course.checks.lessons import Lesson
from mtl_course.checks.verdicts import Exercise, Mistake, within
from mtl_course.submissions import Submission

REVENUE = torch.tensor([104.0, 97.0, 103.0, 102.0, 105.0])  # [points]
TAG_AUC = torch.tensor([0.51, 0.74, 0.65, 0.73, 0.72])
POPULARITY = torch.tensor([0.25, 0.20, 0.27, 0.26, 0.31])
OURS = torch.tensor([12.0, 90.0, 41.0, 150.0, 66.0])  # dollars [households]
THEIRS = torch.tensor([10.0, 85.0, 41.0, 141.0, 60.0])


def _allowed(tag_auc: Tensor, popularity: Tensor, floor: float, cap: float) -> Tensor:
    return (tag_auc >= floor) & (popularity <= cap)


def _best(revenue: Tensor, allowed: Tensor) -> int:
    return int(revenue.masked_fill(~allowed, -torch.inf).argmax())


def _lower_end(ours: Tensor, theirs: Tensor) -> float:
    difference = ours - theirs
    return float(difference.mean() - 1.96 * difference.std() / len(difference) ** 0.5)


AFFORD = Exercise(
    name="afford",
    expects="the number of a point, from 0",
    solution=lambda revenue, auc, popularity, floor, cap: _best(
        revenue, _allowed(auc, popularity, floor, cap)
    ),
    means="The best of what is allowed. A point that meets a limit exactly is allowed.",
    mistakes=(
        Mistake(
            lambda revenue, _auc, _popularity, _floor, _cap: int(revenue.argmax()),
            "That is the highest revenue of all; it breaks a limit.",
        ),
        Mistake(
            lambda revenue, auc, popularity, floor, cap: int(
                revenue[_allowed(auc, popularity, floor, cap)].argmax()
            ),
            "That is its place among the allowed points. Its number among all points is asked.",
        ),
        Mistake(
            lambda revenue, _auc, popularity, _floor, cap: _best(revenue, popularity <= cap),
            "That point keeps the cap, but its tags are below the floor.",
        ),
        Mistake(
            lambda revenue, auc, popularity, floor, cap: _best(
                revenue, (auc > floor) & (popularity < cap)
            ),
            "A floor says at least, a cap at most: a point that meets them exactly is allowed.",
        ),
    ),
    hints=(
        "Find out for each point whether it keeps both limits; then look at revenue.",
        "allowed = (tag_auc >= floor) & (popularity <= cap)",
        "return revenue.masked_fill(~allowed, -torch.inf)....",
    ),
    alike=within(0.0),
    inputs=(REVENUE, TAG_AUC, POPULARITY, 0.65, 0.27),
    again=(REVENUE, TAG_AUC, POPULARITY, 0.7, 0.3),
)
SURELY = Exercise(
    name="surely",
    expects="a number of dollars, the lower end of the interval",
    solution=_lower_end,
    means="Paired, five households suffice: they spend very differently, and gain alike.",
    mistakes=(
        Mistake(
            lambda ours, theirs: float((ours - theirs).mean()),
            "That is the mean gain. How far may luck have moved it?",
        ),
        Mistake(
            lambda ours, theirs: float((ours - theirs).mean() - 1.96 * (ours - theirs).std()),
            "That is how far one household differs. The mean of n swings less, by a root of n.",
        ),
        Mistake(
            lambda ours, theirs: float(
                ours.mean()
                - theirs.mean()
                - 1.96 * ((ours.var() + theirs.var()) / len(ours)) ** 0.5
            ),
            "That takes them for different households. Subtract household by household first.",
        ),
        Mistake(
            lambda ours, theirs: 2 * float((ours - theirs).mean()) - _lower_end(ours, theirs),
            "That is the upper end.",
        ),
    ),
    hints=(
        "The same households judge both lists: what differs for each of them?",
        "difference = ours - theirs; its mean swings by difference.std() / n ** 0.5.",
        "return difference.mean() - 1.96 * ...",
    ),
    inputs=(OURS, THEIRS),
    again=(OURS.flip(0)[:4], THEIRS.flip(0)[:4] + torch.tensor([0.0, 12.0, 0.0, 3.0])),
)
SUBMISSION = Exercise(  # judged below, once
    name="submission",
    expects="what `submissions.seal` returns",
    solution=None,
    means="",
    mistakes=(),
    hints=(
        "Train on window 3 with the weights you chose: starter.train(opened, 3, ...). All told "
        "households may teach now.",
        "Ask about every household: starter.ask(trained, 0, seed, torch.arange(n_households)); "
        "serve as in the rehearsal, with what is known before window 4.",
        "submissions.seal(scores, tags, weights=(...), serving='...', budget=budget, shop=opened)",
    ),
)
LESSON = Lesson("13", "Capstone", (AFFORD, SURELY))
hint = Lesson("13", "Capstone", (*LESSON.exercises, SUBMISSION)).hint


def check_afford(answer: object) -> None:
    """Judges the function that picks the best operating point within a floor and a cap."""
    LESSON.announce(AFFORD, answer)


def check_surely(answer: object) -> None:
    """Judges the function that returns the lower end of a paired interval."""
    LESSON.announce(SURELY, answer)


def check_submission(answer: object) -> None:
    """Scores a submission in the hidden window, once, and prints a line for each demand.

    What cannot be judged is refused and costs nothing. What was scored stays scored: the receipt,
    in the learner's own folder, is shown again.
    """
    if answer is ... or answer is None:
        print(f"Not attempted yet (submission). Replace the ... by {SUBMISSION.expects}.")
        print('Stuck? Run checks.hint("submission") in a cell of its own.')
        return
    for line in _judged_once(answer, CAPSTONE):
        print(line)


def receipt() -> dict[str, Any] | None:
    """What was scored, when, and every figure of it; None as long as nothing was."""
    return locker.read(CAPSTONE.version)


def progress() -> None:
    """Prints the best outcome of each exercise so far, and whether the window has judged."""
    LESSON.progress()
    try:
        print(f"submission: {'not scored' if receipt() is None else 'scored'}")
    except ValueError as problem:
        print(problem)


def _whole_shop() -> shop.Shop:
    return shop.k_core(datasets.load_complete_journey(), [1, 2], min_items=5, min_users=90)


def _judged_once(answer: object, brief: Brief) -> list[str]:
    try:
        whole = _whole_shop()
        submissions.refuse_unfit(answer, briefs.open_shop(whole, brief), brief)
        kept = locker.read(brief.version)
        if kept is not None:
            return _shown_again(kept, answer)
        record = _told_nothing(lambda: _record(answer, whole, brief))
        locker.write(brief.version, record)  # before anything is told
    except ValueError as problem:  # in our own words, of what the learner handed over or may open
        return [f"Not scored (submission). {problem}"]
    except Exception as problem:
        return [f"Not scored (submission). {_unreadable(problem)}"]
    return record["verdict"]


def _told_nothing(judging: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `judging` returns; if it breaks off, not its words, which may tell what is hidden."""
    try:
        return judging()
    except Exception as problem:
        raise ValueError(_unreadable(problem)) from None


def _unreadable(problem: Exception) -> str:
    return f"It cannot be judged ({type(problem).__name__}). Make it anew with `seal`."


def _shown_again(kept: dict[str, Any], answer: Submission) -> list[str]:
    when, verdict = kept.get("when", "an unknown day"), kept.get("verdict", [])
    if kept.get("digest") == answer.digest:
        return [f"This submission was scored on {when}:", *verdict]
    return [
        f"Not scored (submission). The window judges once, and it did on {when}. A second look "
        f"would be a choice made on it. What it said then:",
        *verdict,
    ]


def _record(found: Submission, whole: shop.Shop, brief: Brief) -> dict[str, Any]:
    """Aggregates alone: nothing in it belongs to one household."""
    ours, gained = submissions.judge(found, whole, brief)
    revenue, n = ours.revenue.mean().item(), len(ours.revenue)
    more = "more" if gained.mean >= 0 else "less"
    surely = "lies above 0" if gained.low > 0 else "does not lie above 0"
    demands = [
        (
            gained.low > 0,
            f"Objective {{}}: about ${revenue:.0f} a household, ${abs(gained.mean):.0f} {more} "
            f"than lists of what it spent most on; the difference's 95 % interval {surely}.",
        ),
        (
            ours.tag_auc >= brief.tag_floor,
            f"Floor {{}}: mean AUC of the tags {_beside(ours.tag_auc, brief.tag_floor)}, at least "
            f"{brief.tag_floor} asked.",
        ),
        (
            ours.popularity <= brief.popularity_cap,
            f"Cap {{}}: popularity {_beside(ours.popularity, brief.popularity_cap)}, at most "
            f"{brief.popularity_cap} allowed.",
        ),
        (True, f"Budget {{}}: {found.steps:,} steps of {brief.steps:,}."),
    ]
    verdict = [f"Scored (submission) in window {brief.hidden_window}, on {n:,} households."]
    verdict += [says.format("kept" if kept else "missed") for kept, says in demands]
    return {
        "when": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "digest": found.digest,
        "verdict": verdict,
        "all kept": all(kept for kept, _ in demands),
        "revenue": revenue,
        "gain": gained._asdict(),
        "tag_auc": ours.tag_auc,
        "popularity": ours.popularity,
        "weights": list(found.weights),
        "serving": found.serving,
        "steps": found.steps,
    }


def _beside(value: float, limit: float) -> str:
    """With as many digits as tell it from the limit, if any do."""
    short = f"{value:.2f}"
    return f"{value:.5f}" if float(short) == limit else short
