"""A world under dials: what is computed, when, and what the panel says of it."""

from math import nan

import pytest
import torch

from mtl_course import widgets

DIALS = (widgets.Axis("agreement", (-1.0, 0.0, 1.0)), widgets.Axis("noise", (0.5, 2.0)))
CHARTS = (
    widgets.Bars("AUC of purchase", ("chance", "shared"), (0.4, 1.0), larger_is_better=True),
    widgets.Bars("RMSE of rating (stars)", ("shared",), (0.0, 2.0), larger_is_better=False),
)


def simple(agreement, noise):
    return [0.5, 0.7 + 0.1 * agreement], [noise]


def world(compute=simple, **changed) -> widgets.WorldExplorer:
    given = {"start": (0.0, 0.5), "look_for": "Which dial matters?"}
    return widgets.explore_world(compute, DIALS, CHARTS, **given | changed)


def numbers(panel) -> list[float]:
    return torch.frombuffer(bytearray(panel.numbers), dtype=torch.float32).tolist()


@pytest.mark.parametrize(
    ("wanted", "found", "bars"),
    [
        ((-1.0, 0.5), (-1.0, 0.5), [0.5, 0.6, 0.5]),
        ((0.2, 0.9), (0.0, 0.5), [0.5, 0.7, 0.5]),
        ((1.0, 2.0), (1.0, 2.0), [0.5, 0.8, 2.0]),
    ],
)
def test_a_dial_set_from_code_snaps_and_the_answer_is_there(wanted, found, bars):
    panel = world()

    panel.value = wanted

    assert panel.value == found
    assert panel.answered == panel.position
    assert numbers(panel) == pytest.approx(bars)
    assert [bar for chart in panel.results for bar in chart] == pytest.approx(bars)


def test_the_answer_is_told_in_words():
    panel = world()
    assert panel.text == (
        "agreement 0, noise 0.5: AUC of purchase: chance 0.500, shared 0.700; "
        "RMSE of rating (stars): shared 0.500"
    )
    assert repr(panel) == f"WorldExplorer({panel.text})"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ((1.5, 0.5), r"`agreement` must lie between -1 and 1; found 1.5"),
        ((nan, 0.5), r"`agreement` must lie between -1 and 1; found nan"),
        ((0.0,), r"one setting for each of: agreement, noise; found \(0.0,\)"),
    ],
)
def test_a_setting_that_no_dial_has_is_refused_and_nothing_moves(wanted, message):
    panel = world()
    with pytest.raises(ValueError, match=message):
        panel.value = wanted
    assert panel.value == (0.0, 0.5)
    with pytest.raises(ValueError, match=r"`position` must index axes of \[3, 2\] settings"):
        panel.position = [3, 0]
    assert panel.answered == [1, 0]


def test_each_move_is_computed_once_and_a_dial_that_stays_computes_nothing():
    asked = []

    def compute(*settings):
        asked.append(settings)
        return simple(*settings)

    panel = world(compute)
    panel.value = (1.0, 0.5)
    panel.value = (1.0, 0.5)

    assert asked == [(0.0, 0.5), (1.0, 0.5)]


def test_the_time_of_the_last_answer_is_told(monkeypatch):
    clock = iter([10.0, 10.25])
    monkeypatch.setattr("mtl_course.widgets.worlds.time.perf_counter", lambda: next(clock))
    assert world().seconds == 0.25


def test_a_world_that_fails_is_shown_and_the_next_one_clears_it():
    def compute(agreement, noise):
        if agreement == 1.0:
            raise ZeroDivisionError("no user is left")
        return simple(agreement, noise)

    panel = world(compute)
    panel.value = (1.0, 0.5)

    assert panel.error.endswith("ZeroDivisionError: no user is left")
    assert panel.text == "agreement 1, noise 0.5: not computed."  # the page shows both lines
    assert "ZeroDivisionError" in repr(panel)
    assert "ZeroDivisionError" in panel._repr_mimebundle_()[0]["text/html"]
    assert panel.answered == panel.position == [2, 0]
    assert torch.tensor(numbers(panel)).isnan().all()

    panel.value = (0.0, 0.5)
    assert panel.error == ""
    assert numbers(panel) == pytest.approx([0.5, 0.7, 0.5])


def test_bars_that_do_not_fit_the_charts_are_shown_as_an_error():
    panel = world(lambda _agreement, _noise: ([0.5], [1.0]))
    assert "a value for every bar of every chart, [2, 1] of them; found [1, 1]" in panel.error


@pytest.mark.parametrize(
    ("dials", "charts", "message"),
    [
        ((), CHARTS, r"found 0 dials and 2 charts"),
        (DIALS, (), r"found 2 dials and 0 charts"),
        (DIALS, (widgets.Bars("AUC", ("a",), (1.0, 1.0)),), r"`limits` of 'AUC' must ascend"),
    ],
)
def test_a_panel_without_dials_charts_or_a_scale_is_refused(dials, charts, message):
    with pytest.raises(ValueError, match=message):
        widgets.explore_world(simple, dials, charts, start=(0.0, 0.5), look_for="?")


def test_without_a_kernel_there_is_a_table_of_the_bars():
    data, _ = world()._repr_mimebundle_()
    assert "<td>AUC of purchase</td><td>shared</td><td>0.700</td>" in data["text/html"]


def test_a_bar_has_one_color_in_all_charts():
    colors = world().facts["colors"]
    assert set(colors) == {"chance", "shared"}
    assert colors["chance"] != colors["shared"]


def test_the_answer_is_a_few_bytes():
    assert len(world().numbers) == 3 * 4
