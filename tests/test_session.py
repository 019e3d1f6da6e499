"""A session in the kernel: what an event does to the list, and how long it takes."""

from time import process_time

import pytest
import torch

from mtl_course import factorization, widgets

NAMES = ["milk", "bread", "beer", "soap"]
COUNTS = torch.tensor([[3.0, 2.0, 1.0, 0.0], [0.0, 0.0, 2.0, 0.0]])


def session(update=lambda row: row, **changed) -> widgets.SessionExplorer:
    given = {
        "counts": COUNTS,
        "households": ("household 7", "household 12"),
        "item_names": NAMES,
        "click": 0.25,
        "k": 2,
        "look_for": "What does one click do?",
    }
    return widgets.explore_session(update, **given | changed)


def test_the_first_list_is_of_what_was_bought_before():
    panel = session()
    assert panel.top == (0, 1)
    assert panel.text == "household 7, nothing yet: 1 milk, 2 bread."
    assert panel.answered == ["household 7", []]
    assert repr(panel) == f"SessionExplorer({panel.text})"


def test_a_click_counts_a_share_of_a_purchase_and_stays_in_the_list():
    panel = session(click=0.75)
    panel.do("clicked", "beer")  # 1.75, below bread's 2
    assert panel.top == (0, 1)
    panel.do("clicked", "beer")  # 2.5
    assert panel.top == (0, 2)
    assert panel.text == "household 7, clicked beer, clicked beer: 1 milk, 2 beer."


def test_a_purchase_counts_one_and_leaves_the_list():
    seen = []
    panel = session(lambda row: (seen.append(row), row)[1])
    panel.do("bought", "milk")
    assert seen[-1].tolist() == [4.0, 2.0, 1.0, 0.0]
    assert panel.top == (1, 2)
    panel.do("bought", "soap")
    assert seen[-1].tolist() == [4.0, 2.0, 1.0, 1.0]
    assert COUNTS[0].tolist() == [3.0, 2.0, 1.0, 0.0]  # what was logged before is not touched


def test_only_the_last_events_are_told_one_by_one():
    panel = session()
    for _ in range(4):
        panel.do("clicked", "soap")
    panel.do("bought", "bread")
    assert panel.text == (
        "household 7, 2 more, then clicked soap, clicked soap, bought bread: 1 milk, 2 beer."
    )


def test_events_may_be_set_or_taken_back_at_once():
    panel = session()
    panel.events = [("bought", 0), ("bought", 1)]
    assert panel.top == (2, 3)
    assert panel.answered == ["household 7", [["bought", 0], ["bought", 1]]]
    panel.events = panel.events[:-1]
    assert panel.top == (1, 2)


def test_another_household_begins_a_session_of_its_own():
    panel = session()
    panel.do("bought", "milk")
    panel.household = "household 12"
    assert panel.events == []
    assert panel.top == (2, 0)
    assert panel.answered == ["household 12", []]


@pytest.mark.parametrize(
    "event", [["eaten", 0], ["bought", 4], ["bought", -1], ["bought", 1.0], ["bought", True], "ab"]
)
def test_an_event_that_cannot_be_is_refused_and_taken_back(event):
    panel = session()
    panel.do("bought", "milk")
    with pytest.raises(ValueError, match=r"`events` must hold pairs of clicked or bought and an"):
        panel.events = [*panel.events, event]
    assert panel.events == [["bought", 0]]
    assert panel.top == (1, 2)


def test_a_list_that_could_not_be_filled_any_more_is_refused():
    panel = session()
    panel.events = [("bought", 0), ("bought", 1), ("bought", 1)]
    with pytest.raises(ValueError, match="A list of 2 needs 2 items that are not bought"):
        panel.do("bought", "beer")
    assert panel.top == (2, 3)


def test_an_item_or_a_household_that_nobody_knows_is_refused():
    panel = session()
    with pytest.raises(ValueError, match="`item_name` must be an item's name; found 'tea'"):
        panel.do("bought", "tea")
    with pytest.raises(ValueError, match=r"`household` must be one of .*; found 'nobody'"):
        panel.household = "nobody"
    assert panel.household == "household 7"


def test_an_update_that_fails_is_shown_and_the_next_one_clears_it():
    def update(row):
        if row[3] > 0:
            raise ZeroDivisionError("soap is slippery")
        return row

    panel = session(update)
    panel.do("clicked", "soap")
    assert panel.error.endswith("ZeroDivisionError: soap is slippery")
    assert "ZeroDivisionError" in panel.text
    assert panel.listed == []
    assert panel.answered == [panel.household, panel.events]

    panel.events = []
    assert panel.error == ""
    assert panel.top == (0, 1)


def test_the_time_of_every_update_is_told(monkeypatch):
    clock = iter([0.0, 0.001, 1.0, 1.003])
    monkeypatch.setattr("mtl_course.widgets.session.time.perf_counter", lambda: next(clock))
    panel = session()
    assert panel.speed == "1 update in the kernel: median 1.000 ms, 99 % within 1.000 ms"
    panel.do("clicked", "soap")
    assert panel.milliseconds == pytest.approx([1, 3])
    assert panel.speed == "2 updates in the kernel: median 1.000 ms, 99 % within 3.000 ms"


def test_of_two_hundred_updates_of_the_shops_size_99_in_100_take_less_than_50_ms(monkeypatch):
    # of the processor: the clock would tell of others' work, too
    monkeypatch.setattr("mtl_course.widgets.session.time.perf_counter", process_time)
    generator = torch.Generator().manual_seed(0)
    items = torch.randn(705, 32, generator=generator)

    def update(row):
        one = row.log1p()[None]
        return (factorization.fold_in(one, items, regularization=30.0, alpha=1.0) @ items.T)[0]

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        names = [f"item {i}" for i in range(705)]
        counts = torch.rand(1, 705, generator=generator).round()
        panel = session(update, counts=counts, households=("h",), item_names=names, k=10)
        for i in range(200):
            panel.do(("clicked", "bought")[i % 2], names[panel.top[i % 10]])
    finally:
        torch.set_num_threads(threads)
    assert sorted(panel.milliseconds)[197] < 50
    assert len(panel.milliseconds) == 201


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"counts": COUNTS[:1]}, r"as named, \(2, 4\); found \(1, 4\)\."),
        ({"households": ["a", "a"]}, r"`households` must have different names; found \['a'\]"),
        ({"item_names": ["a", "b", "a", "c"]}, r"`item_names` must have different names"),
        ({"click": -0.5}, r"`click` must be 0 or more purchases; found -0\.5"),
        ({"click": float("nan")}, r"found nan"),
        ({"k": 5}, r"`k` must lie between 1 and 4; found 5"),
    ],
)
def test_a_session_that_no_panel_can_show_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        session(**changed)


def test_without_a_kernel_there_is_a_table_of_the_list():
    data, _ = session()._repr_mimebundle_()
    assert "<td>1</td><td>milk</td>" in data["text/html"]
    assert "household 7, nothing yet" in data["text/html"]
