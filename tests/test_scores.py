import json

import pytest
import torch
from torch.testing import assert_close

from mtl_course import widgets
from mtl_course.widgets.scores import list_scores

# two households, four items, two tasks
SCORES = torch.tensor(
    [
        [[0.8, 0.1], [0.6, 0.2], [0.2, 0.9], [0.6, 0.2]],
        [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.4, 0.4]],
    ]
)


def scores(**changed) -> widgets.ScoresExplorer:
    given = {
        "scores": SCORES,
        "tasks": ("purchase", "quantity"),
        "households": ("household 12", "household 340"),
        "item_names": ("MILK", "BREAD", "TEA", "EGGS"),
        "weights": (1, 1),
        "k": 3,
        "look_for": "Who enters?",
    }
    return widgets.explore_scores(**given | changed)


@pytest.mark.parametrize(
    ("weights", "share", "top"),
    [
        ((1, 0), (1.0, 0.0), (0, 1, 3)),  # 0.8, 0.6, 0.2, 0.6: BREAD before EGGS, both 0.6
        ((0, 1), (0.0, 1.0), (2, 1, 3)),  # 0.1, 0.2, 0.9, 0.2
        ((1, 1), (0.5, 0.5), (2, 0, 1)),  # 0.45, 0.4, 0.55, 0.4
        ((3, 1), (0.75, 0.25), (0, 1, 3)),  # 0.625, 0.5, 0.375, 0.5
        (torch.tensor([0.6, 0.4]), (0.6, 0.4), (0, 2, 1)),  # 0.52, 0.44, 0.48, 0.44
    ],
)
def test_weights_set_from_code_sort_the_list_anew(weights, share, top):
    panel = scores()
    panel.weights = weights
    assert panel.weights == share
    assert panel.top == top


def test_a_list_score_is_the_weighted_sum_in_float64_to_the_last_bit():
    found = list_scores(SCORES[0], (0.3, 0.7))
    assert_close(found[0].item(), 0.3 * 0.8 + 0.7 * 0.1)
    assert found.tolist() == [0.3 * first + 0.7 * second for first, second in SCORES[0].tolist()]


def test_the_panel_is_told_in_words():
    panel = scores(weights=(3, 1), k=4)
    text = "household 12, purchase 0.75, quantity 0.25: 1 MILK, 2 BREAD, 3 EGGS."  # the head
    assert panel.text == text
    assert repr(panel) == f"ScoresExplorer({text})"


def test_another_household_has_another_list():
    panel = scores()
    panel.household = "household 340"
    assert panel.top == (3, 2, 1)
    assert panel.text.startswith("household 340, purchase 0.50, quantity 0.50: 1 EGGS")


def test_what_the_household_owns_is_left_out_only_when_asked():
    owned = torch.tensor([[False, False, True, False], [False] * 4])
    panel = scores(owned=owned)
    assert panel.top == (2, 0, 1)
    assert panel.facts["owned"] == [[2], []]

    panel.novel_only = True

    assert panel.top == (0, 1, 3)
    assert panel.text == (
        "household 12, purchase 0.50, quantity 0.50, new items only: 1 MILK, 2 BREAD, 3 EGGS."
    )


@pytest.mark.parametrize(
    "wrong", [(float("nan"), 1), (float("inf"), 1), (-0.5, 1.5), (1,), (1, 1, 1), (0, 0), "ab", 3]
)
def test_what_weighs_no_two_tasks_is_refused_and_nothing_moves(wrong):
    panel = scores(weights=(1, 0))
    with pytest.raises(ValueError, match=r"`weights` must hold one number .*'quantity'\].*; found"):
        panel.weights = wrong
    assert panel.weights == (1.0, 0.0)


@pytest.mark.parametrize("wrong", ["household 9", 0, None, float("nan")])
def test_a_household_that_is_not_there_is_refused_and_nothing_moves(wrong):
    panel = scores()
    with pytest.raises(ValueError, match=r"`household` must be one of \['household 12', .*; found"):
        panel.household = wrong
    with pytest.raises(ValueError, match="`household` must be one of"):
        panel.set_state({"household": wrong, "weights": [0.3, 0.7]})
    assert panel.household == "household 12"


def test_new_items_cannot_be_asked_for_where_nobody_said_what_is_owned():
    panel = scores()
    with pytest.raises(ValueError, match="found no `owned`"):
        panel.novel_only = True
    assert panel.novel_only is False


def test_moves_on_the_page_reach_the_next_cell():
    panel = scores(owned=torch.tensor([[False] * 4, [False, False, False, True]]))
    state = {"weights": [0.3, 0.7], "household": "household 340", "novel_only": True}
    panel.set_state(state)  # what the page's message does
    assert (panel.weights, panel.top) == ((0.3, 0.7), (2, 1, 0))


def test_weights_that_add_up_to_one_are_kept_as_the_page_has_them():
    panel = scores(
        scores=SCORES.repeat(1, 1, 2)[:, :, :3], tasks=("a", "b", "c"), weights=(1, 1, 1)
    )
    assert panel.weights == (0.333333, 0.333333, 0.333333)
    rounded = (0.9, 0.066667, 0.033334)  # they add up to 1.000001
    panel.weights = rounded
    assert panel.weights == rounded


def test_two_panels_do_not_share_their_state():
    one, two = scores(), scores(weights=(1, 0))
    one.weights = (0, 1)
    one.household = "household 340"
    assert (two.weights, two.household) == ((1.0, 0.0), "household 12")


def test_scores_of_705_items_cost_less_than_150_kilobytes():
    panel = scores(
        scores=torch.rand(3, 705, 3),
        tasks=("purchase", "quantity", "any_kids"),
        households=("one", "two", "three"),
        item_names=["AN ITEM WITH A NAME OF USUAL LENGTH"] * 705,
        weights=(1, 1, 1),
        k=10,
        owned=torch.rand(3, 705) < 0.2,
    )
    state = panel.get_state()
    sizes = [
        len(value) if isinstance(value, bytes) else len(json.dumps(value).encode())
        for key, value in state.items()
        if not key.startswith("layout")
    ]
    assert "_esm" in state
    assert sum(sizes) < 150_000
    assert len(panel.numbers) == 3 * 705 * 3 * 4
    assert len(panel.top) == 10


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"scores": SCORES[:, :, :1], "tasks": ("a",)}, r"two tasks to weigh; found \['a'\]"),
        ({"scores": SCORES[:, :3]}, r"as named, \(2, 4, 2\); found \(2, 3, 2\)"),
        ({"households": ("one", "one")}, r"different names; found \['one', 'one'\]"),
        ({"scores": SCORES + 0.5}, r"lie between 0 and 1; found 1\.3"),
        ({"scores": SCORES - 0.2}, r"lie between 0 and 1; found -0\.1"),
        ({"scores": SCORES * torch.nan}, "lie between 0 and 1; found nan"),
        ({"k": 0}, "between 1 and 4, .*; found 0"),
        ({"k": 5}, "between 1 and 4, .*; found 5"),
        ({"owned": torch.eye(4)[:2] > 0, "k": 4}, "between 1 and 3, .*; found 4"),
        ({"weights": (0, 0)}, "`weights` must hold one number"),
    ],
)
def test_what_makes_no_list_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        scores(**changed)


def test_a_reader_without_a_kernel_gets_the_lists_at_the_ends_too():
    data, _ = scores()._repr_mimebundle_()
    html = data["text/html"]
    assert data["text/plain"] == repr(scores())
    assert "application/vnd.jupyter.widget-view+json" in data
    assert html.count("<tr>") == 1 + 2 * 3
    assert (
        "<th>place</th><th>purchase 0.50, quantity 0.50</th><th>purchase alone</th>"
        "<th>quantity alone</th>"
    ) in html
    # the head of each list of household 12: mixed, purchase alone, quantity alone
    assert "<td>household 12</td><td>1</td><td>TEA</td><td>MILK</td><td>TEA</td>" in html
