"""The capstone's judge: one look, a receipt, and no word about what is hidden."""

from dataclasses import fields

import pandas as pd
import pytest
import torch

from mtl_course import briefs, datasets, locker, shop, submissions
from mtl_course.briefs import CAPSTONE, Budget
from mtl_course.checks import lesson_13 as checks
from mtl_course.submissions import Submission


@pytest.fixture(scope="module")
def whole():
    core = {"min_items": 5, "min_users": 90}
    return shop.k_core(datasets.load_complete_journey(), [1, 2], **core)


@pytest.fixture(scope="module")
def opened(whole):
    return briefs.open_shop(whole, CAPSTONE)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, whole):
    """A learner whose window has not judged yet; the shop is read once for all tests."""
    monkeypatch.setattr(checks, "_whole_shop", lambda: whole)
    monkeypatch.setenv("MTL_COURSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def submit(opened):
    """A function that seals scores, by default what each household spent."""

    def seal(scores=None, seed=0, steps=10):
        own = submissions.own_spend(opened, range(1, 4))
        generator = torch.Generator().manual_seed(seed)
        return submissions.seal(
            own if scores is None else scores,
            torch.rand(len(own), 3, generator=generator),
            weights=(1.0, 0.0, 0.0),
            serving="own spend",
            budget=Budget(10_000, {"all": steps}),
            shop=opened,
        )

    return seal


def said(capsys, answer):
    checks.check_submission(answer)
    return capsys.readouterr().out


def test_a_submission_gets_a_line_for_each_demand_and_a_receipt(submit, capsys, home):
    text = said(capsys, submit())

    assert text.splitlines()[0] == "Scored (submission) in window 4, on 2,193 households."
    starts = ["Objective missed: about $101", "Floor missed", "Cap kept", "Budget kept: 10 steps"]
    for line, start in zip(text.splitlines()[1:], starts, strict=True):
        assert line.startswith(start)
    kept = checks.receipt()
    assert kept["verdict"] == text.splitlines()
    assert not kept["all kept"]
    assert kept["revenue"] == pytest.approx(101.35, abs=0.01)
    assert kept["gain"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert [path.name for path in home.iterdir()] == ["capstone-1.json"]


def test_the_judge_finds_the_whole_shop_by_itself(whole, monkeypatch):
    monkeypatch.undo()
    assert submissions.data_digest(checks._whole_shop()) == submissions.data_digest(whole)


def test_a_receipt_holds_figures_of_all_and_of_nobody(submit, capsys):
    said(capsys, submit())
    numbers = [v for v in checks.receipt().values() if isinstance(v, int | float)]
    lists = [v for v in checks.receipt().values() if isinstance(v, list)]
    assert len(numbers) == 5  # of the keys, `all kept` and `steps` among them
    assert max(map(len, lists)) == 5  # the verdict's lines


def test_a_second_submission_is_refused_and_shown_the_receipt(submit, capsys, monkeypatch):
    first = said(capsys, submit())
    monkeypatch.setattr(submissions, "judge", lambda *_: pytest.fail("The window was looked at."))
    text = said(capsys, submit(seed=1))

    assert text.startswith("Not scored (submission). The window judges once, and it did on 20")
    assert text.endswith(first)


def test_the_same_submission_again_is_shown_its_own_verdict(submit, capsys, monkeypatch):
    first = said(capsys, submit())
    monkeypatch.setattr(submissions, "judge", lambda *_: pytest.fail("The window was looked at."))
    text = said(capsys, submit())

    assert text.startswith("This submission was scored on 20")
    assert text.endswith(first)


def test_whoever_removes_the_receipt_may_submit_again(submit, capsys, home):
    said(capsys, submit())
    (home / "capstone-1.json").unlink()
    assert said(capsys, submit(seed=1)).startswith("Scored")


def test_the_best_there_is_keeps_the_objective(submit, whole, capsys):
    text = said(capsys, submit(shop.spend(whole, [4])))
    assert "Objective kept: about $162 a household, $61 more than" in text


def test_a_popular_list_misses_the_cap(submit, opened, capsys):
    popular = submissions.popularity(opened, range(1, 4)).expand(len(opened.users), -1)
    text = said(capsys, submit(popular.contiguous()))
    assert "$59 less than" in text
    assert "Cap missed: popularity 0.47, at most 0.27 allowed." in text


def test_a_stub_is_not_an_attempt_and_costs_nothing(capsys, home):
    for stub in (..., None):
        assert said(capsys, stub).startswith("Not attempted yet (submission).")
    assert not home.exists()


def tampered(submission, name, value):
    copy = object.__new__(Submission)
    for field in fields(Submission):
        object.__setattr__(copy, field.name, getattr(submission, field.name))
    object.__setattr__(copy, name, value)
    return copy


class Hostile:
    """Raises at whatever a judge may try on it."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    __repr__ = __len__ = __bool__ = __iter__ = __hash__ = __array__ = None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("scores", torch.zeros(2314, 704), "shape (2314, 705); found (2314, 704)"),
        ("scores", torch.full((2314, 705), float("nan")), "must be finite"),
        ("scores", torch.zeros(2314, 705), "The seal is broken"),
        ("tags", torch.full((2314, 3), 2.0), "from 0 to 1"),
        ("steps", 9, "The seal is broken"),
        ("steps", "few", "those that the budget counted"),
        ("weights", Hostile(), "cannot be judged (TypeError)"),
        ("serving", Hostile(), "say in words"),
        ("scores", torch.zeros(2314, 705, requires_grad=True), "cannot be judged (RuntimeError)"),
        ("scores", torch.zeros(2314, 705, device="meta"), "cannot be judged"),
    ],
    ids=lambda part: part if isinstance(part, str) else type(part).__name__,
)
def test_what_is_tampered_with_or_malformed_costs_nothing(
    submit, capsys, monkeypatch, home, name, value, says
):
    monkeypatch.setattr(submissions, "judge", lambda *_: pytest.fail("The window was looked at."))
    text = said(capsys, tampered(submit(), name, value))
    assert text.startswith("Not scored (submission).")
    assert says in text
    assert not home.exists()


@pytest.mark.parametrize(
    "answer", [7, "text", [], torch.ones(2), Hostile(), object, lambda: 1], ids=range(7)
)
def test_what_is_no_submission_is_told_so(capsys, home, answer):
    assert "must be what `submissions.seal` returns" in said(capsys, answer)
    assert not home.exists()


def test_a_submission_over_the_budget_costs_nothing(submit, capsys, home):
    assert "The budget is 10,000 steps; the submission took 10,001" in said(
        capsys, submit(steps=10_001)
    )
    assert not home.exists()


def test_no_refusal_can_know_what_is_hidden(submit, whole, capsys, monkeypatch):
    seen = []

    def refuse(_found, told, _brief):
        seen.append(told)
        raise ValueError("refused")

    monkeypatch.setattr(submissions, "refuse_unfit", refuse)
    said(capsys, submit())
    (told,) = seen
    assert shop.n_windows(told) == 3
    hidden = briefs.tag_judges(whole, CAPSTONE).numpy()
    assert told.users.loc[hidden, list(told.tags)].isna().all().all()


@pytest.mark.parametrize("kind", [IndexError, ValueError])
@pytest.mark.parametrize("place", ["judge", "window_judge", "gain"])
def test_an_error_while_judging_is_not_told_in_its_own_words(
    submit, capsys, monkeypatch, home, place, kind
):
    def breaks(*_, **__):
        raise kind("household 7 bought item 12 in window 4")

    monkeypatch.setattr(submissions, place, breaks)
    text = said(capsys, submit())
    assert text.startswith(f"Not scored (submission). It cannot be judged ({kind.__name__}).")
    assert "household 7" not in text
    assert not home.exists()


def test_nothing_is_told_where_no_receipt_can_be_kept(submit, capsys, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("MTL_COURSE_HOME", str(tmp_path / "file"))
    text = said(capsys, submit())
    assert text.startswith("Not scored (submission). `")
    assert "MTL_COURSE_HOME" in text
    assert "$" not in text


def test_a_receipt_that_lacks_what_it_should_hold_still_counts(submit, capsys):
    locker.write(CAPSTONE.version, {"when": "long ago"})
    assert "it did on long ago" in said(capsys, submit())
    locker.write(CAPSTONE.version, {})
    assert "it did on an unknown day" in said(capsys, submit())


def test_hints_and_progress_know_the_submission(submit, capsys):
    for number in (1, 2, 3):
        checks.hint("submission", number)
        assert checks.SUBMISSION.hints[number - 1] in capsys.readouterr().out
    checks.progress()
    assert capsys.readouterr().out.endswith("submission: not scored\n")
    said(capsys, submit())
    checks.progress()
    assert capsys.readouterr().out.endswith("submission: scored\n")


def test_a_figure_near_its_limit_is_told_apart_from_it():
    assert checks._beside(0.2702, 0.27) == "0.27020"
    assert checks._beside(0.2612, 0.27) == "0.26"
    assert checks._beside(0.6449, 0.65) == "0.64"


def test_the_tag_judges_are_both_kinds_for_each_tag(whole):
    tags = whole.users.loc[briefs.tag_judges(whole, CAPSTONE).numpy(), list(whole.tags)]
    assert isinstance(tags, pd.DataFrame)
    assert (tags.sum() >= 20).all()
    assert ((1 - tags).sum() >= 20).all()
