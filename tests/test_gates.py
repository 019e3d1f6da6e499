import json

import pytest
import torch
from torch.testing import assert_close

from mtl_course import widgets
from mtl_course.widgets import mixtures, pages

STEPS = widgets.Axis("training step", (0, 500, 2000))


def planted() -> torch.Tensor:
    """Three settings, three households, two tasks, four experts; the first setting is even."""
    even = torch.full((3, 2, 4), 0.25)
    half = torch.tensor([[0.4, 0.2, 0.2, 0.2], [0.3, 0.3, 0.2, 0.2]]).expand(3, 2, 4)
    last = torch.tensor(
        [
            [[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1]],
            [[0.1, 0.1, 0.8, 0.0], [0.1, 0.1, 0.8, 0.0]],
            [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]],
        ]
    )
    return torch.stack([even, half, last])


def explorer(**changed) -> widgets.GatesExplorer:
    given = {
        "gate_weights": planted(),
        "tasks": ("purchase", "quantity"),
        "chosen": (2, 0),
        "households": ("household 340", "household 12"),
        "settings": STEPS,
    }
    return widgets.explore_gates(**given | changed)


def test_the_line_says_where_each_task_leans_and_how_far_they_part():
    panel = explorer()
    # household 12: (|.7 - .1| + |.1 - .7|) / 2 = .6; the others 0 and 1: the mean is 1.6 / 3
    assert panel.text == (
        "household 340, training step 2000: purchase leans on expert 1 (1.000), quantity leans on "
        "expert 4 (1.000). The gates of purchase and quantity differ by 1.000 (mean of all 3 "
        "households: 0.533)."
    )
    assert repr(panel) == f"GatesExplorer({panel.text})"
    panel.household = 0
    assert "purchase leans on expert 1 (0.700), quantity leans on expert 2 (0.700)" in panel.text
    assert "quantity differ by 0.600 (mean" in panel.text


def test_an_even_gate_leans_on_nobody():
    panel = explorer(setting=0)
    assert "purchase weighs all experts alike, quantity weighs all experts alike" in panel.text
    nearly = torch.tensor([[[0.505, 0.495]]])
    assert (
        "alike"
        in explorer(
            gate_weights=nearly, tasks=("a",), chosen=(0,), households=("one",), settings=None
        ).text
    )


@pytest.mark.parametrize(("wanted", "found"), [(0, 0), (500, 500), (2000, 2000), (900, 500)])
def test_a_setting_from_code_snaps_to_the_nearest(wanted, found):
    panel = explorer()
    panel.setting = wanted
    assert panel.setting == found
    assert f"training step {found}: " in panel.text


@pytest.mark.parametrize("wrong", [-1, 2001, float("nan"), float("inf")])
def test_a_setting_outside_the_axis_is_refused_and_nothing_moves(wrong):
    panel = explorer(setting=500)
    with pytest.raises(ValueError, match="`training step` must lie between 0 and 2000; found"):
        panel.setting = wrong
    assert panel.setting == 500


@pytest.mark.parametrize("wrong", [1, 3, -1])
def test_a_household_that_was_not_chosen_is_refused_and_nothing_moves(wrong):
    panel = explorer()
    with pytest.raises(ValueError, match=rf"one of the chosen rows \[2, 0\]; found {wrong}\."):
        panel.household = wrong
    with pytest.raises(ValueError, match="one of the chosen rows"):
        panel.set_state({"household": wrong})
    assert panel.household == 2


def test_what_is_moved_on_the_page_reaches_the_next_cell():
    panel = explorer()
    panel.set_state({"household": 0, "setting": 500})
    assert (panel.household, panel.setting) == (0, 500)
    assert_close(panel.gates, planted()[1, 0])


def test_the_mean_of_all_households_travels_before_the_chosen_ones():
    panel = explorer()
    found = torch.frombuffer(bytearray(panel.numbers), dtype=torch.float32).reshape(3, 3, 2, 4)
    assert_close(found[:, 0], planted().mean(dim=1))
    assert_close(found[:, 1:], planted()[:, [2, 0]])


def test_gates_of_one_setting_need_no_axis():
    panel = explorer(gate_weights=planted()[2], settings=None)
    assert panel.setting is None
    assert panel.text.startswith("household 340: purchase leans on expert 1")
    assert_close(panel.gates, planted()[2, 2])
    with pytest.raises(ValueError, match="`setting` must be None: no settings were given; found 5"):
        panel.setting = 5


def test_settings_may_be_words_and_experts_have_names():
    panel = explorer(
        settings=widgets.Axis("model", ("fresh", "half way", "trained")),
        setting="half way",
        experts=("A", "B", "C", "D"),
    )
    assert panel.text.startswith("household 340, model half way: purchase leans on A (0.400)")
    with pytest.raises(ValueError, match="`model` must be one of"):
        panel.setting = "lost"


def test_of_three_tasks_the_two_that_differ_most_are_named():
    # purchase to quantity (.5 + .5) / 2, to rating (.5 + 1 + .5) / 2; quantity to rating 1 too
    gates = torch.tensor([[[0.5, 0.0, 0.5], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    panel = explorer(
        gate_weights=gates,
        tasks=("purchase", "quantity", "rating"),
        chosen=(0,),
        households=("one",),
        settings=None,
    )
    assert "The gates of purchase and rating differ by 1.000" in panel.text


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda gates: gates * 0.9, "sum to 1 over the experts, the last axis; found sums of 0.9"),
        (lambda gates: torch.full_like(gates, 0.5), "found sums of 2 to 2. Was the softmax taken"),
        (lambda gates: gates.log(), "must be finite and 0 or more; found -inf to 0"),
        (lambda gates: gates - 0.5, "must be finite and 0 or more; found -0.5 to 0.5"),
        (lambda gates: gates.where(gates < 1, torch.nan), "finite and 0 or more; found nan to nan"),
        (lambda gates: gates.where(gates < 1, torch.inf), "finite and 0 or more; found 0 to inf"),
    ],
)
def test_what_no_softmax_gives_is_refused(spoil, message):
    with pytest.raises(ValueError, match=message):
        explorer(gate_weights=spoil(planted()))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"tasks": ("purchase",)}, r"`tasks` must name 2 gates; found \['purchase'\]\."),
        ({"experts": ("A", "B")}, r"`experts` must name 4 experts; found \['A', 'B'\]\."),
        ({"settings": None}, "one value for each of 3 on the leading axis .*; found 0"),
        ({"settings": widgets.Axis("step", (0, 1))}, "each of 3 on the leading axis .*; found 2"),
        ({"gate_weights": planted()[0]}, "each of 0 on the leading axis .*; found 3"),
        ({"chosen": ()}, r"`chosen` must name households, each once; found \[\]\."),
        ({"chosen": (1, 1)}, r"`chosen` must name households, each once; found \[1, 1\]\."),
        ({"chosen": (0, 3)}, r"row numbers from 0 to 2; found \[0, 3\]\."),
        ({"chosen": (0, -1)}, r"row numbers from 0 to 2; found \[0, -1\]\."),
        ({"households": ("one",)}, r"`households` must name the 2 chosen ones; found \['one'\]\."),
        ({"gate_weights": torch.ones(3, 3, 2, 1)}, "at least two experts; found 1"),
    ],
)
def test_names_and_rows_that_do_not_fit_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        explorer(**changed)


def test_gates_differ_by_the_weight_that_lies_on_other_experts():
    one, other = torch.rand(2, 5, generator=torch.Generator().manual_seed(0)).softmax(dim=1)
    found = mixtures.differences(torch.stack([one, other]))
    # the second way: what both share is the smaller weight of each expert
    assert_close(found[0, 1], 1 - torch.minimum(one, other).sum())
    assert_close(found.diagonal(), torch.zeros(2))
    assert_close(found, found.T)


def test_a_table_of_the_gates_stands_in_for_the_picture():
    data, _ = explorer(setting=500)._repr_mimebundle_()
    assert "<th>gate of</th><th>expert 1</th>" in data["text/html"]
    assert "<td>quantity</td><td>0.300</td><td>0.300</td><td>0.200</td>" in data["text/html"]


def test_gates_of_many_households_cost_little():
    gates = torch.rand(5, 2000, 3, 8, generator=torch.Generator().manual_seed(0)).softmax(dim=-1)
    panel = widgets.explore_gates(
        gates,
        ("purchase", "quantity", "rating"),
        chosen=range(12),
        households=[f"household {i}" for i in range(12)],
        settings=widgets.Axis("temperature", (0.5, 1.0, 2.0, 4.0, 8.0)),
    )
    assert len(panel.numbers) == 5 * (1 + 12) * 3 * 8 * 4
    assert len(json.dumps(panel.facts)) < 30_000
    assert len(pages.page_html(panel, title="Gates")) < 100_000
