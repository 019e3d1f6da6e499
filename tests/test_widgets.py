import json
from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from mtl_course import widgets
from mtl_course.training import Sweep

NAMES = ("AP of purchase", "RMSE of quantity (log units)")


def three_points() -> tuple[Sweep, torch.Tensor]:
    """Three weights from two seeds; purchase improves with α and quantity suffers."""
    weights = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])  # not in order of α
    curves = torch.arange(3 * 2 * 4 * 2).reshape(3, 2, 4, 2) / 10
    sweep = Sweep(("purchase", "quantity"), weights, (0, 1), (0, 10, 20, 30), curves, {})
    metrics = torch.tensor(  # [points, seeds, tasks]
        [[[0.40, 0.9], [0.44, 0.9]], [[0.20, 0.5], [0.20, 0.5]], [[0.38, 0.6], [0.40, 0.6]]]
    )
    return sweep, metrics


def tradeoff(**changed) -> widgets.TradeoffExplorer:
    sweep, metrics = three_points()
    given = {
        "sweep": sweep,
        "metrics": metrics,
        "metric_names": NAMES,
        "larger_is_better": (True, False),
        "lists": torch.tensor([[[7, 3]], [[1, 3]], [[1, 7]]]),
        "households": ("household 12",),
        "item_names": [f"item {i}" for i in range(9)],
    }
    return widgets.explore_tradeoff(**given | changed)


def numbers(data: bytes, *shape: int) -> torch.Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.float32).reshape(shape)


# explore_tradeoff


@pytest.mark.parametrize(
    ("wanted", "found", "text"),
    [
        # (0.40 + 0.44) / 2 = 0.42, deviation sqrt(2 * 0.02^2) = 0.028
        (1.0, 1.0, "α = 1: AP of purchase 0.420 ± 0.028, RMSE of quantity (log units) 0.900; "),
        (0.4, 0.5, "α = 0.5: AP of purchase 0.390 ± 0.014, RMSE of quantity (log units) 0.600; "),
        (0.0, 0.0, "α = 0: AP of purchase 0.200, RMSE of quantity (log units) 0.500; "),
    ],
)
def test_a_weight_set_from_code_snaps_and_is_told_in_words(wanted, found, text):
    panel = tradeoff()
    panel.alpha = wanted
    assert panel.alpha == found
    assert panel.text == text + "on the Pareto front."
    assert repr(panel) == f"TradeoffExplorer({panel.text})"


@pytest.mark.parametrize("wrong", [1.2, -0.1, float("nan"), float("inf")])
def test_a_weight_outside_the_sweep_is_refused_and_nothing_moves(wrong):
    panel = tradeoff(alpha=1.0)
    with pytest.raises(ValueError, match="`alpha` must lie between 0 and 1; found"):
        panel.alpha = wrong
    with pytest.raises(ValueError, match="`alpha` must lie between 0 and 1; found"):
        panel.set_state({"alpha": wrong})  # what a page's message does
    assert (panel.alpha, panel.point) == (1.0, 2)


def test_a_weight_moved_on_the_page_reaches_the_next_cell():
    panel = tradeoff()
    heard = []
    panel.observe(lambda change: heard.append(change["new"]), "alpha")

    panel.set_state({"alpha": 1.0})  # what the page's message does

    assert (panel.alpha, panel.point, heard) == (1.0, 2, [1.0])


def test_points_travel_in_order_of_their_weight_with_curves_and_lists():
    sweep, metrics = three_points()
    panel = tradeoff()

    assert panel.facts["alphas"] == [0.0, 0.5, 1.0]
    assert_close(numbers(panel.metrics, 3, 2, 2), metrics[[1, 2, 0]])
    assert_close(numbers(panel.curves, 3, 2, 4, 2), sweep.curves[[1, 2, 0]])
    # items 1, 3 and 7 are in use; α = 1 lists items 7 and 3
    assert panel.facts["itemNames"] == ["item 1", "item 3", "item 7"]
    assert numbers(panel.lists, 3, 1, 2)[2].tolist() == [[2, 1]]


def test_the_front_knows_which_end_of_a_metric_is_good():
    # at α = 1 purchase is best; at α = 0.5 and 0 quantity is: all are on the front
    assert tradeoff().facts["front"] == [True, True, True]
    # if a large error were good, α = 1 would beat both others
    assert tradeoff(larger_is_better=(True, True)).facts["front"] == [False, False, True]


def test_many_checkpoints_are_thinned_and_keep_both_ends():
    sweep, _ = three_points()
    long = replace(sweep, steps=tuple(range(500)), curves=torch.zeros(3, 2, 500, 2))
    panel = tradeoff(sweep=long)
    steps = panel.facts["steps"]
    assert (len(steps), steps[0], steps[-1]) == (60, 0, 499)
    assert len(panel.curves) == 3 * 2 * 60 * 2 * 4


def test_a_sweep_of_21_weights_and_3_seeds_costs_less_than_150_kilobytes():
    weights = torch.linspace(0, 1, 21)
    sweep = Sweep(
        ("purchase", "quantity"),
        torch.stack([weights, 1 - weights], dim=1),
        (0, 1, 2),
        tuple(range(0, 1000, 10)),
        torch.rand(21, 3, 100, 2),
        {},
    )
    panel = widgets.explore_tradeoff(
        sweep,
        torch.rand(21, 3, 2),
        NAMES,
        larger_is_better=(True, False),
        lists=torch.randint(1000, (21, 3, 5)),
        households=("one", "two", "three"),
        item_names=["AN ITEM WITH A NAME OF USUAL LENGTH"] * 1000,
    )

    state = panel.get_state()
    sizes = [
        len(value) if isinstance(value, bytes) else len(json.dumps(value).encode())
        for key, value in state.items()
        if not key.startswith("layout")
    ]
    assert "_esm" in state
    assert sum(sizes) < 150_000  # its page code and style sheet among them


def test_one_seed_has_no_spread_and_no_lists_need_no_names():
    sweep, metrics = three_points()
    single = replace(sweep, seeds=(0,), curves=sweep.curves[:, :1])
    panel = widgets.explore_tradeoff(
        single, metrics[:, :1], NAMES, larger_is_better=(True, False), alpha=1.0
    )
    assert "AP of purchase 0.400, RMSE" in panel.text
    assert panel.lists == b""


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"tasks": ("a", "b", "c")}, "One α weighs two tasks; found 3"),
        (
            {"weights": torch.tensor([[0.5, 0.5]]), "curves": torch.zeros(1, 2, 4, 2)},
            "at least two points; found a sweep of 1",
        ),
        ({"weights": torch.tensor([[2.0, 0.5], [1, 0], [0, 1]])}, "add up to 1 to 2.5"),
        ({"weights": torch.tensor([[1.5, -0.5], [1, 0], [0, 1]])}, "0 or more; found -0.5"),
        ({"weights": torch.tensor([[1.0, 0], [1, 0], [0, 1]])}, r"once; found \[0.0, 1.0, 1.0\]"),
    ],
)
def test_a_sweep_that_is_no_slider_is_refused(changed, message):
    sweep = replace(three_points()[0], **changed)
    with pytest.raises(ValueError, match=message):
        tradeoff(sweep=sweep)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"metrics": torch.zeros(3, 1, 2)}, r"as in the sweep, \(3, 2, 2\); found \(3, 1, 2\)"),
        ({"metrics": torch.full((3, 2, 2), torch.nan)}, "must be finite, .* found nan"),
        ({"metric_names": ("AP",)}, r"`metric_names` needs one entry .* found \('AP',\)"),
        ({"metric_names": "AP"}, "`metric_names` needs one entry for each of 2 metrics"),
        ({"larger_is_better": (True,)}, "`larger_is_better` needs one entry"),
        ({"households": ()}, r"`households` \(0\); found \(3, 1, 2\)"),
        ({"lists": torch.zeros(3, 1, 0, dtype=torch.int64)}, r"3 points .* found \(3, 1, 0\)"),
        ({"lists": torch.zeros(3, 0, 2).long(), "households": ()}, r"found \(3, 0, 2\)"),
        ({"item_names": ()}, "which has 0; found values from 1 to 7"),
        ({"lists": torch.full((3, 1, 2), -1)}, "which has 9; found values from -1 to -1"),
    ],
)
def test_results_that_do_not_fit_the_sweep_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        tradeoff(**changed)


def test_a_reader_without_a_kernel_gets_every_weight_as_a_table():
    data, _ = tradeoff()._repr_mimebundle_()
    assert data["text/plain"] == repr(tradeoff())
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"].count("<tr>") == 1 + 3
    assert "<td>0.420 ± 0.028</td><td>0.900</td><td>on it</td>" in data["text/html"]


# explore_settings


def settings(start=(8, "weak"), notes=()) -> widgets.SettingsExplorer:
    values = torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])  # [factors, regularisation]
    return widgets.explore_settings(
        [widgets.Axis("factors", (4, 8, 16)), widgets.Axis("regularisation", ("weak", "strong"))],
        [
            widgets.Chart(
                "AP, all items",
                (widgets.Series("ALS", values, spread=values / 100),),
                baselines=(widgets.Baseline("own frequency", 0.484),),
                larger_is_better=True,
            ),
            widgets.Chart("AP, novel items", (widgets.Series("ALS, novel", values / 10),)),
        ],
        start=start,
        look_for="Which number of factors wins?",
        notes=notes,
    )


@pytest.mark.parametrize(
    ("wanted", "found", "text"),
    [
        ((4, "weak"), (4, "weak"), "factors 4, regularisation weak: ALS 0.100 ± 0.001, ALS, novel"),
        ((9, "strong"), (8, "strong"), "factors 8, regularisation strong: ALS 0.400 ± 0.004"),
        ((16, "strong"), (16, "strong"), "factors 16, regularisation strong: ALS 0.600 ± 0.006"),
    ],
)
def test_settings_from_code_snap_and_are_told_in_words(wanted, found, text):
    panel = settings()
    panel.value = wanted
    assert panel.value == found
    assert panel.text.startswith(text)
    assert repr(panel) == f"SettingsExplorer({panel.text})"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ((2, "weak"), r"`factors` must lie between 4 and 16; found 2\."),
        ((float("nan"), "weak"), r"`factors` must lie between 4 and 16; found nan\."),
        ((4, "none"), r"`regularisation` must be one of \['weak', 'strong'\]; found 'none'\."),
        (8, r"a list or tuple, one setting for each of: factors, regularisation; found 8\."),
        (([8], 0.1), r"`factors` must be one of its settings; found \[8\]\."),
        ((None, 0.1), r"`factors` must be one of its settings; found None\."),
        ((4,), r"one setting for each of: factors, regularisation; found \(4,\)\."),
    ],
)
def test_settings_that_do_not_exist_are_refused_and_nothing_moves(wrong, message):
    panel = settings()
    with pytest.raises(ValueError, match=message):
        panel.value = wrong
    assert panel.value == (8, "weak")


@pytest.mark.parametrize("wrong", [[3, 0], [-1, 0], [0], [0, 0, 0]])
def test_a_page_cannot_ask_for_a_place_that_does_not_exist(wrong):
    panel = settings()
    with pytest.raises(ValueError, match=r"`position` must index axes of \[3, 2\] settings"):
        panel.set_state({"position": wrong})
    assert panel.position == [1, 0]


def test_sliders_moved_on_the_page_reach_the_next_cell():
    panel = settings()
    panel.set_state({"position": [2, 1]})
    assert panel.value == (16, "strong")


def test_each_series_travels_as_values_then_spread():
    found = numbers(settings().numbers, 2, 2, 3, 2)  # [series, value or spread, first, second]
    assert_close(found[0, 0], torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]))
    assert_close(found[0, 1], found[0, 0] / 100)
    assert_close(found[1], torch.stack([found[0, 0] / 10, torch.zeros(3, 2)]))


def test_one_slider_has_one_value_and_its_own_note():
    panel = widgets.explore_settings(
        [widgets.Axis("threshold", (1, 2, 5), "baskets")],
        [
            widgets.Chart(
                "share left (%)", (widgets.Series("users", torch.tensor([99.0, 80, 9.5])),)
            )
        ],
        start=(5,),
        look_for="What does density cost?",
        notes=("all stay", "some go", "few stay"),
    )
    assert panel.value == (5,)
    assert panel.text == "threshold 5: users 9.500. few stay"


def test_results_of_another_shape_than_the_sliders_are_refused():
    axis = widgets.Axis("factors", (4, 8, 16))
    short = widgets.Chart("AP", (widgets.Series("ALS", torch.zeros(2)),))
    with pytest.raises(ValueError, match=r"'ALS' must have .* shape \(3,\); found \(2,\)\."):
        widgets.explore_settings([axis], [short], start=(4,), look_for="?")
    with pytest.raises(ValueError, match="`notes` must be one for each of 6 settings; found 1"):
        settings(notes=("lonely",))
    with pytest.raises(ValueError, match="`axes` must be one or two; found 3"):
        widgets.explore_settings([axis] * 3, [], start=(4, 4, 4), look_for="?")


def test_two_panels_do_not_share_their_state():
    one, two = settings(), settings(start=(16, "strong"))
    one.value = (4, "weak")
    assert two.value == (16, "strong")


def test_a_table_of_all_settings_stands_in_for_the_sliders():
    data, _ = settings()._repr_mimebundle_()
    assert data["text/html"].count("<tr>") == 1 + 6
    assert "<td>4</td><td>strong</td><td>0.200 ± 0.002</td><td>0.020</td>" in data["text/html"]
