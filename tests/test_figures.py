import io

import pytest
import torch
from matplotlib.image import imread
from torch.testing import assert_close

from mtl_course import figures

TASKS = ("purchase", "quantity")


@pytest.fixture
def picture() -> figures.Picture:
    return figures.blank_picture("Two empty axes.", columns=2)


def test_a_picture_shows_itself_with_its_description_as_alternative_text(picture):
    data, metadata = picture._repr_mimebundle_()
    assert data["text/plain"] == "Two empty axes."
    assert metadata["image/png"] == {"alt": "Two empty axes.", "width": 640, "height": 360}
    assert imread(io.BytesIO(data["image/png"])).shape[:2] == (540, 960)  # sharp on a fine screen


def test_showing_a_picture_twice_gives_the_same_bytes(picture):
    once, again = (picture._repr_mimebundle_()[0]["image/png"] for _ in range(2))
    assert once == again


def test_no_figure_joins_the_global_state_of_pyplot(picture):
    from matplotlib import pyplot

    figures.draw_losses(picture.axes[0], [0, 1], torch.ones(2, 2), TASKS)
    assert pyplot.get_fignums() == []


def test_every_task_has_a_colour_and_a_marker_of_its_own():
    assert figures.TASK_COLORS.keys() == figures.TASK_MARKERS.keys()
    assert len(set(figures.TASK_COLORS.values())) == len(figures.TASK_COLORS)
    assert len(set(figures.TASK_MARKERS.values())) == len(figures.TASK_MARKERS)
    # and no method or department wears a task's colour
    assert not set(figures.TASK_COLORS.values()) & set(figures.GROUP_COLORS)
    assert figures.task_color("repeat") == figures.BASELINE_COLOR


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2 defines it, from 0 (black) to 1 (white)."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def lightened(color: str, share: float) -> str:
    parts = [int(color[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{round(p + (255 - p) * share):02x}" for p in parts)


@pytest.mark.parametrize("color", [*figures.TASK_COLORS.values(), *figures.GROUP_COLORS])
def test_a_colour_stands_out_from_a_dark_page(color):
    # the style sheet mixes 38 % of white into it there; JupyterLab's dark page is #111111
    contrast = (luminance(lightened(color, 0.38)) + 0.05) / (luminance("#111111") + 0.05)
    assert contrast >= 3  # what WCAG 2 asks of graphics


def test_losses_are_drawn_in_the_task_s_colour_where_they_belong(picture):
    losses = torch.tensor([[0.7, 0.6], [0.5, 0.4], [0.4, 0.3]])
    lines = figures.draw_losses(picture.axes[0], [0, 10, 20], losses, TASKS)

    assert [line.get_label() for line in lines] == list(TASKS)
    assert [line.get_color() for line in lines] == ["#0072B2", "#D55E00"]
    assert lines[1].get_xdata().tolist() == [0, 10, 20]
    torch.testing.assert_close(torch.tensor(lines[1].get_ydata()), losses[:, 1])


def test_with_seeds_the_thick_line_is_their_mean(picture):
    seeds = torch.tensor([[[0.2, 0.4]], [[0.6, 0.4]]])  # [seeds, checkpoints, tasks]
    lines = figures.draw_losses(picture.axes[0], [0], seeds, TASKS)
    assert lines[0].get_ydata() == pytest.approx([0.4])
    assert len(picture.axes[0].lines) == 2 * (2 + 1 + 1)  # each task: seeds, mean, end


def test_cosines_have_a_thick_mean_between_thin_seeds_and_a_line_at_zero(picture):
    ax = picture.axes[0]
    cosines = torch.tensor([[0.5, -0.2], [0.1, -0.6]])  # [seeds, checkpoints]
    line = figures.draw_cosines(ax, [1, 100], cosines, of="ρ = 0", color="#332288", marker="s")

    assert line.get_ydata() == pytest.approx([0.3, -0.4])
    assert line.get_label() == "ρ = 0"
    seeds = torch.tensor([one.get_ydata().tolist() for one in ax.lines[:2]])
    torch.testing.assert_close(seeds, cosines)
    assert ax.lines[-1].get_ydata() == pytest.approx([0, 0])
    assert (ax.get_xscale(), ax.get_ylim()) == ("log", (-1, 1))  # the same for all that compare


def test_gains_show_every_seed_and_the_mean_in_its_interval(picture):
    ax = picture.axes[0]
    bars = figures.draw_gains(
        ax,
        [0.0, 1.0],
        torch.tensor([[-0.2, -0.4], [0.1, 0.3]]),  # [settings, seeds]
        torch.tensor([0.1, 0.05]),
        task="rating",
        setting="agreement ρ",
        metric="gain in RMSE (stars)",
    )

    assert bars[0].get_ydata() == pytest.approx([-0.3, 0.2])
    assert bars[0].get_color() == "#CC79A7"
    (ends,) = bars[2]  # one stroke a setting, from the lower end to the upper
    assert [y for end in ends.get_segments() for y in end[:, 1]] == pytest.approx(
        [-0.4, -0.2, 0.15, 0.25]
    )
    dots = [dot for one in ax.collections[:2] for dot in one.get_offsets().tolist()]
    assert [y for _, y in dots] == pytest.approx([-0.2, -0.4, 0.1, 0.3])
    assert (ax.get_title(), ax.get_xlabel()) == ("rating", "agreement ρ")
    assert ax.get_ylabel() == "gain in RMSE (stars) (↑ sharing helps)"


def test_a_learning_curve_is_the_mean_in_a_band_from_the_worst_seed_to_the_best(picture):
    ax = picture.axes[0]
    line = figures.draw_learning_curve(
        ax,
        [50, 500],
        torch.tensor([[0.5, 0.6], [0.7, 0.9]]),  # [sizes, seeds]
        of="shared",
        color="#009E73",
        marker="v",
    )

    assert line.get_ydata() == pytest.approx([0.55, 0.8])
    assert (line.get_label(), line.get_color(), line.get_marker()) == ("shared", "#009E73", "v")
    band = {tuple(corner) for corner in ax.collections[0].get_paths()[0].vertices.round(3).tolist()}
    assert band == {(50, 0.5), (50, 0.6), (500, 0.7), (500, 0.9)}
    assert ax.get_xscale() == "log"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["50", "500"]


def test_intervals_may_be_lopsided_and_stand_against_zero(picture):
    ax = picture.axes[0]
    drawn = figures.draw_intervals(
        ax,
        ["AP", "RMSE"],
        torch.tensor([1.0, -2.0]),
        torch.tensor([0.5, -5.0]),
        torch.tensor([3.0, -1.0]),
        colors=["#0072B2", "#D55E00"],
        metric="gain, % (→ better)",
    )

    (whiskers,) = drawn.lines[2]  # of the last row: from -5 to -1 at place 1
    assert whiskers.get_segments()[0].tolist() == [[-5.0, 1.0], [-1.0, 1.0]]
    dots = [line.get_xydata().tolist() for line in ax.lines if line.get_marker() == "o"]
    assert dots == [[[1.0, 0.0]], [[-2.0, 1.0]]]
    assert [0, 0] in [list(line.get_xdata()) for line in ax.lines]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["AP", "RMSE"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # from top to bottom


def test_a_reliability_curve_stands_beside_the_line_on_which_it_would_be_right(picture):
    ax = picture.axes[0]
    predicted, happened = torch.tensor([0.01, 0.5]), torch.tensor([0.02, 0.4])
    line = figures.draw_reliability(ax, predicted, happened, of="one", color="#332288", marker="s")

    assert line.get_xydata().ravel() == pytest.approx([0.01, 0.02, 0.5, 0.4])
    assert (line.get_label(), line.get_marker()) == ("one", "s")
    assert ax.lines[0].get_xydata().ravel() == pytest.approx([0.01, 0.01, 1, 1])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_the_tradeoff_parts_the_front_from_the_beaten_and_says_what_is_better(picture):
    ax = picture.axes[0]
    means = torch.tensor([[0.3, 0.5], [0.4, 0.6], [0.3, 0.7]])
    front = torch.tensor([True, True, False])
    beaten, best = figures.draw_tradeoff(
        ax,
        means,
        torch.full((3, 2), 0.01),
        front,
        [0.0, 0.5, 1.0],
        ("AP", "RMSE"),
        larger_is_better=(True, False),
    )

    assert best.get_offsets().tolist() == means[:2].tolist()
    assert beaten.get_offsets().tolist() == means[2:].tolist()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("AP (→ better)", "RMSE (↓ better)")
    assert [text.get_text() for text in ax.texts] == ["α = 0", "α = 1"]


def test_fronts_show_every_point_of_every_seed_and_each_way_has_its_colour_and_marker(picture):
    points = torch.rand(2, 5, 7, 2, generator=torch.Generator().manual_seed(0))
    ax = picture.axes[0]
    drawn = figures.draw_fronts(ax, ("sweep", "one"), points, ("purchase, nats", "rating, nats"))

    for dots, way in zip(drawn, points, strict=True):
        assert_close(torch.tensor(dots.get_offsets().data).float(), way.reshape(5 * 7, 2))
    assert (drawn[0].get_facecolor() != drawn[1].get_facecolor()).any()
    assert len(drawn[0].get_paths()[0]) != len(drawn[1].get_paths()[0])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["sweep", "one"]
    assert ax.get_xlabel() == "purchase, nats (better ←)"
    assert ax.get_ylabel() == "rating, nats (↓ better)"


def test_operating_points_stand_beside_the_cap_and_the_line_to_beat(picture):
    ax = picture.axes[0]
    points = torch.tensor([[0.3, 104.0], [0.25, 103.0], [0.28, 101.0]])
    front = torch.tensor([True, True, False])
    beaten, best, line = figures.draw_operating_points(
        ax, points, front, cap=0.27, baseline=(0.23, 101.5), names=("popularity", "dollars", "own")
    )

    assert best.get_offsets().tolist() == points[:2].tolist()
    assert beaten.get_offsets().tolist() == points[2:].tolist()
    assert line.get_offsets().tolist() == [[0.23, 101.5]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("popularity (better ←)", "dollars (↑ better)")
    assert [text.get_text() for text in ax.texts] == ["cap"]
    assert ax.lines[0].get_xdata() == [0.27, 0.27]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["beaten by another point", "on the Pareto front", "own"]


def test_a_map_has_one_colour_and_marker_for_each_highlighted_group(picture):
    points = torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    drawn = figures.draw_embeddings(
        picture.axes[0], points, ["dairy", "fruit", "tools"], ["fruit", "dairy"]
    )
    assert [one.get_label() for one in drawn] == ["others", "fruit", "dairy"]
    assert [one.get_offsets().tolist() for one in drawn] == [[[2, 2]], [[1, 1]], [[0, 0]]]


def test_the_long_tail_starts_at_rank_one(picture):
    line = figures.draw_long_tail(
        picture.axes[0], torch.tensor([90.0, 9.0, 1.0]), of="items", unit="baskets"
    )
    assert line.get_xdata().tolist() == [1, 2, 3]
    assert line.get_ydata().tolist() == [90, 9, 1]
    assert picture.axes[0].get_xlabel() == "rank among items (1 = most baskets)"


def test_a_filled_cell_is_dark(picture):
    image = figures.draw_sparsity(picture.axes[0], torch.tensor([[True, False]]))
    dark, light = image.to_rgba(image.get_array())[0, :, 0]
    assert dark < 0.1 < 0.9 < light


def test_bars_carry_their_values_and_the_baseline_goes_on_as_a_line(picture):
    ax = picture.axes[0]
    bars = figures.draw_comparison(
        ax,
        ["popularity", "own frequency"],
        torch.tensor([0.21, 0.484]),
        metric="AP",
        spreads=torch.tensor([0.0, 0.01]),
        baseline="own frequency",
    )
    assert [bar.get_width() for bar in bars] == pytest.approx([0.21, 0.484])
    assert [text.get_text() for text in ax.texts] == ["0.210", "0.484"]
    assert bars[0].get_y() < bars[1].get_y() and ax.yaxis_inverted()  # the first is at the top
    assert ax.lines[-1].get_xdata() == pytest.approx([0.484, 0.484])
