import json
from dataclasses import replace

import pytest
import torch
import traitlets
from torch.testing import assert_close

from mtl_course import widgets
from mtl_course.training import Sweep

NAMES = ("AP of purchase", "RMSE of quantity (log units)", "AUC of any_kids")
TASKS = ("purchase", "quantity", "any_kids")
WEIGHTS = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0.4, 0.3, 0.3], [0, 1, 0], [0, 0.5, 0.5]])
# [points, seeds, tasks]: large is good, small is good, large is good
METRICS = torch.tensor(
    [
        [[0.40, 0.9, 0.50], [0.44, 0.9, 0.50]],
        [[0.20, 0.9, 0.70], [0.20, 0.9, 0.70]],
        [[0.38, 0.6, 0.60], [0.40, 0.6, 0.60]],
        [[0.20, 0.5, 0.50], [0.20, 0.5, 0.50]],
        [[0.20, 0.6, 0.60], [0.20, 0.6, 0.60]],  # the third point beats it
    ]
)


def five_points(weights: torch.Tensor = WEIGHTS) -> Sweep:
    return Sweep(TASKS, weights, (0, 1), (0, 10), torch.zeros(len(weights), 2, 2, 3), {})


def simplex(**changed) -> widgets.SimplexExplorer:
    given = {
        "sweep": five_points(),
        "metrics": METRICS,
        "metric_names": NAMES,
        "larger_is_better": (True, False, True),
        "start": (1, 1, 1),
        "look_for": "Which weights does no other beat?",
    }
    return widgets.explore_simplex(**given | changed)


@pytest.mark.parametrize(
    ("wanted", "found", "text"),
    [
        # (0.40 + 0.44) / 2 = 0.42, deviation sqrt(2 * 0.02^2) = 0.028
        (
            (1, 0, 0),
            (1.0, 0.0, 0.0),
            "purchase 1.00, quantity 0.00, any_kids 0.00: AP of purchase 0.420 ± 0.028, RMSE of "
            "quantity (log units) 0.900, AUC of any_kids 0.500; on the Pareto front.",
        ),
        (
            (4, 3, 3),  # in any sum
            (0.4, 0.3, 0.3),
            "purchase 0.40, quantity 0.30, any_kids 0.30: AP of purchase 0.390 ± 0.014, RMSE of "
            "quantity (log units) 0.600, AUC of any_kids 0.600; on the Pareto front.",
        ),
        (
            torch.tensor([0.1, 0.5, 0.4]),  # 0.14 from (0, .5, .5), 0.37 from (.4, .3, .3)
            (0.0, 0.5, 0.5),
            "purchase 0.00, quantity 0.50, any_kids 0.50: AP of purchase 0.200, RMSE of "
            "quantity (log units) 0.600, AUC of any_kids 0.600; another weighting beats it.",
        ),
    ],
)
def test_weights_set_from_code_snap_and_are_told_in_words(wanted, found, text):
    panel = simplex()
    panel.weights = wanted
    assert panel.weights == found
    assert panel.text == text
    assert repr(panel) == f"SimplexExplorer({text})"


def test_the_place_of_the_weights_is_their_row_in_the_sweep():
    panel = simplex(start=(0, 1, 0))
    assert panel.point == 3
    assert_close(five_points().weights[panel.point], torch.tensor(panel.weights))


def test_of_weightings_that_are_level_the_first_is_taken():
    # both are 0.0707 away, but for rounding, which finds the second nearer
    level = torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.1, 0.9], [1.0, 0.0, 0.0]])
    panel = simplex(sweep=five_points(level), metrics=METRICS[:3], start=(0, 0.05, 0.95))
    assert panel.point == 0


@pytest.mark.parametrize(
    "wrong",
    [
        (float("nan"), 0.5, 0.5),
        (float("inf"), 0.5, 0.5),
        (-0.1, 0.6, 0.5),
        (0.5, 0.5),
        (0.25, 0.25, 0.25, 0.25),
        (0, 0, 0),
        "abc",
        1.0,
        None,
    ],
)
def test_what_weighs_no_three_tasks_is_refused_and_nothing_moves(wrong):
    panel = simplex(start=(0, 1, 0))
    with pytest.raises(ValueError, match=r"`weights` must hold one number .*'any_kids'.*; found"):
        panel.weights = wrong
    with pytest.raises((ValueError, traitlets.TraitError)):
        panel.set_state({"weights": wrong})
    assert (panel.weights, panel.point) == ((0.0, 1.0, 0.0), 3)


def test_a_point_moved_on_the_page_reaches_the_next_cell():
    panel = simplex()
    heard = []
    panel.observe(lambda change: heard.append(change["new"]), "weights")

    panel.set_state({"weights": [0, 0, 1]})  # what the page's message does

    assert (panel.weights, panel.point, heard) == ((0.0, 0.0, 1.0), 1, [(0.0, 0.0, 1.0)])


def test_two_panels_do_not_share_their_weights():
    one, two = simplex(), simplex(start=(0, 0, 1))
    one.weights = (1, 0, 0)
    assert two.weights == (0.0, 0.0, 1.0)


def test_each_point_travels_as_mean_spread_and_seeds():
    data = torch.frombuffer(bytearray(simplex().numbers), dtype=torch.float32)
    found = data.reshape(5, 2 + 2, 3)  # [points, mean, spread and seeds, tasks]
    assert_close(found[:, 0], METRICS.mean(dim=1))
    assert_close(found[0, 1], torch.tensor([0.02 * 2**0.5, 0.0, 0.0]))
    assert_close(found[:, 2:], METRICS)


def test_the_front_knows_which_end_of_each_metric_is_good():
    assert simplex().facts["front"] == [True, True, True, True, False]
    # if a large error were good, the quantity point would have nothing to offer, nor the third
    # against it; the first two would still be best at something
    flipped = simplex(larger_is_better=(True, True, True)).facts["front"]
    assert flipped == [True, True, True, False, False]


def test_one_seed_has_no_spread():
    panel = simplex(
        sweep=replace(five_points(), seeds=(0,), curves=torch.zeros(5, 1, 2, 3)),
        metrics=METRICS[:, :1],
        start=(1, 0, 0),
    )
    assert "AP of purchase 0.400, RMSE" in panel.text


def test_66_weightings_of_3_seeds_cost_less_than_150_kilobytes():
    tenths = [(i, j, 10 - i - j) for i in range(11) for j in range(11 - i)]
    sweep = Sweep(
        TASKS, torch.tensor(tenths) / 10, (0, 1, 2), (0,), torch.zeros(len(tenths), 3, 1, 3), {}
    )
    panel = simplex(sweep=sweep, metrics=torch.rand(len(tenths), 3, 3))

    state = panel.get_state()
    sizes = [
        len(value) if isinstance(value, bytes) else len(json.dumps(value).encode())
        for key, value in state.items()
        if not key.startswith("layout")
    ]
    assert len(tenths) == 66
    assert "_esm" in state
    assert sum(sizes) < 150_000  # its page code and style sheet among them
    # float32 tenths come as tenths
    assert sorted({weight for row in panel.facts["weights"] for weight in row}) == [
        tenth / 10 for tenth in range(11)
    ]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sweep": replace(five_points(), tasks=("a", "b"))}, "weighs three tasks; found 2"),
        (
            {"sweep": five_points(WEIGHTS[:2]), "metrics": METRICS[:2]},
            "at least three points; found 2",
        ),
        (
            {"sweep": five_points(WEIGHTS * 2)},
            r"add up to 1; found \[2\.0, 0\.0, 0\.0\]",
        ),
        (
            {"sweep": five_points(torch.cat([WEIGHTS[:4], torch.tensor([[1.5, -0.5, 0]])]))},
            r"0 or more and .*; found \[1\.5, -0\.5, 0\.0\]",
        ),
        (
            {"sweep": five_points(WEIGHTS[[0, 1, 2, 3, 3]])},
            r"must come once; found \[0\.0, 1\.0, 0\.0\] twice",
        ),
        (
            {"metrics": METRICS[:, :1]},
            r"as in the sweep, \(5, 2, 3\); found \(5, 1, 3\)",
        ),
        ({"metrics": METRICS * torch.nan}, "`metrics` must be finite.*; found nan"),
        ({"start": (0, 0, 0)}, "`weights` must hold one number"),
    ],
)
def test_a_sweep_that_is_no_triangle_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        simplex(**changed)


def test_a_reader_without_a_kernel_gets_every_weighting_as_a_table():
    data, _ = simplex()._repr_mimebundle_()
    assert data["text/plain"] == repr(simplex())
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"].count("<tr>") == 1 + 5
    assert (
        "<td>0.4</td><td>0.3</td><td>0.3</td><td>0.390 ± 0.014</td><td>0.600</td><td>0.600</td>"
        "<td>on it</td>"
    ) in data["text/html"]
    assert "<td>beaten</td>" in data["text/html"]
