"""Values in, artists out: the pictures of the course, in one palette, each with its description."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from IPython.display import display
from jaxtyping import Bool, Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

TASK_COLORS = {  # Okabe and Ito's palette: one colour a task, through the whole course
    "purchase": "#0072B2",
    "quantity": "#D55E00",
    "rating": "#CC79A7",
    "click": "#56B4E9",
    "age_55_plus": "#009E73",
    "any_kids": "#E69F00",
    "income_75k_plus": "#882255",
}
TASK_MARKERS = {  # a second sign beside the colour, for eyes that cannot tell the colours apart
    "purchase": "o",
    "quantity": "s",
    "rating": "D",
    "click": "^",
    "age_55_plus": "v",
    "any_kids": "P",
    "income_75k_plus": "X",
}
BASELINE_COLOR = "#777777"
GROUP_COLORS = (  # Tol's muted palette, for whatever is not a task: methods, departments
    "#332288",
    "#CC6677",
    "#44AA99",
    "#DDCC77",
    "#88CCEE",
    "#117733",
    "#AA4499",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK = "#222222"


def task_color(task: str) -> str:
    """The task's colour through the course; grey for a task that is no regular of it."""
    return TASK_COLORS.get(task, BASELINE_COLOR)


def task_marker(task: str) -> str:
    """The task's marker through the course, as Matplotlib's letter."""
    return TASK_MARKERS.get(task, "o")


@dataclass(frozen=True)
class Picture:
    """A figure that shows itself as the last line of a cell and carries its text description."""

    description: str
    figure: Figure
    axes: tuple[Axes, ...]  # from left to right

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        png = io.BytesIO()
        self.figure.savefig(png, format="png", metadata={"Description": self.description})
        width, height = self.figure.get_size_inches() * 100  # CSS pixels; the file has more
        metadata = {"alt": self.description, "width": int(width), "height": int(height)}
        data = {"text/plain": self.description, "image/png": png.getvalue()}
        return data, {"image/png": metadata}

    def _ipython_display_(self) -> None:
        """The picture, and its description below it: Lab gives pictures no alternative text."""
        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
        display({"text/markdown": f"*{self.description}*"}, raw=True)


def blank_picture(
    description: str, *, columns: int = 1, width: float = 6.4, height: float = 3.6
) -> Picture:
    """A picture with empty axes side by side; it is shown where a cell ends in it.

    It has no part in pyplot's global state, so a cell may be run twice.

    Args:
        description: what one sees, for a reader who cannot: what is drawn, and what it shows.
        width: of the whole, in inches of 100 screen pixels.
    """
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained", facecolor="white")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(alpha=0.25, linewidth=0.7)
        ax.set_axisbelow(True)
    return Picture(description, figure, tuple(axes))


def draw_losses(
    ax: Axes,
    steps: Sequence[int],
    losses: Float[Tensor, "checkpoints tasks"] | Float[Tensor, "seeds checkpoints tasks"],
    tasks: Sequence[str],
) -> list[Line2D]:
    """Losses over training steps, one thick line a task; with seeds, a thin line for each."""
    seeds = losses if losses.dim() == 3 else losses[None]
    lines = []
    for t, task in enumerate(tasks):
        color = task_color(task)
        mean = seeds[:, :, t].mean(dim=0)
        if len(seeds) > 1:
            ax.plot(steps, seeds[:, :, t].T.numpy(), color=color, linewidth=0.7, alpha=0.5)
        (line,) = ax.plot(steps, mean.numpy(), color=color, linewidth=2.2, label=task)
        ax.plot(steps[-1], mean[-1].item(), task_marker(task), color=color, markersize=7)
        lines.append(line)
    ax.set(xlabel="training step", ylabel="loss (nats, ↓ better)")
    ax.legend(frameon=False)
    return lines


def draw_cosines(
    ax: Axes,
    steps: Sequence[int],
    cosines: Float[Tensor, "seeds checkpoints"],
    *,
    of: str,
    color: str,
    marker: str,
) -> Line2D:
    """The cosine of two gradients over training steps: a thin line a seed, a thick one their mean.

    Below the line at 0 the two tasks conflict. Most happens early, so the steps are on a
    logarithmic scale, from 1.

    Args:
        of: what was trained, for the legend.
    """
    ax.plot(steps, cosines.T.numpy(), color=color, linewidth=0.6, alpha=0.45)
    mean = cosines.mean(dim=0).numpy()
    (line,) = ax.plot(steps, mean, color=color, marker=marker, linewidth=2, label=of)
    ax.axhline(0, color=INK, linewidth=1)
    ax.set(xlabel="training step", ylabel="cosine (↓ more conflict)", xscale="log", ylim=(-1, 1))
    ax.legend(frameon=False, fontsize="small")
    return line


def draw_gains(
    ax: Axes,
    settings: Sequence[float],
    gains: Float[Tensor, "settings seeds"],
    half_widths: Float[Tensor, " settings"],
    *,
    task: str,
    setting: str,
    metric: str,
) -> ErrorbarContainer:
    """What sharing brings one task at each setting: a dot a seed, and their mean in its interval.

    Below the line at 0 the task would do better alone.

    Args:
        half_widths: of the interval around the mean.
        setting: what `settings` are, with the unit.
        metric: what is gained, with the unit.
    """
    color = task_color(task)
    for place, found in zip(settings, gains, strict=True):
        ax.scatter([place] * len(found), found.numpy(), s=10, color=BASELINE_COLOR, alpha=0.7)
    means = gains.mean(dim=1).numpy()
    bars = ax.errorbar(
        settings,
        means,
        yerr=half_widths.numpy(),
        color=color,
        marker=task_marker(task),
        capsize=4,
        linewidth=1.6,
    )
    ax.axhline(0, color=INK, linewidth=1)
    ax.set(xlabel=setting, title=task)
    ax.set_ylabel(f"{metric} (↑ sharing helps)", fontsize="small")
    return bars


def draw_learning_curve(
    ax: Axes,
    sizes: Sequence[int],
    found: Float[Tensor, "sizes seeds"],
    *,
    of: str,
    color: str,
    marker: str,
) -> Line2D:
    """A metric over the number of labels: the mean of the seeds, and a band from worst to best.

    Sizes are on a logarithmic scale; each of them has its tick.

    Args:
        of: what was trained, for the legend.
    """
    low, high = found.amin(dim=1).numpy(), found.amax(dim=1).numpy()
    ax.fill_between(sizes, low, high, color=color, alpha=0.18, linewidth=0)
    mean = found.mean(dim=1).numpy()
    (line,) = ax.plot(sizes, mean, color=color, marker=marker, linewidth=2, label=of)
    ax.set_xscale("log")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.minorticks_off()
    return line


def draw_intervals(
    ax: Axes,
    names: Sequence[str],
    values: Float[Tensor, " rows"],
    lows: Float[Tensor, " rows"],
    highs: Float[Tensor, " rows"],
    *,
    colors: Sequence[str],
    metric: str,
) -> ErrorbarContainer:
    """A dot with its interval a row, from top to bottom, against the line at 0."""
    places = range(len(names))
    for place, value, low, high, color in zip(places, values, lows, highs, colors, strict=True):
        ends = [[float(value - low)], [float(high - value)]]
        drawn = ax.errorbar(
            [float(value)], [place], xerr=ends, fmt="o", color=color, capsize=4, linewidth=1.8
        )
    ax.axvline(0, color=INK, linewidth=1)
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=metric)
    return drawn


def draw_reliability(
    ax: Axes,
    predicted: Float[Tensor, " bins"],
    happened: Float[Tensor, " bins"],
    *,
    of: str,
    color: str,
    marker: str,
) -> Line2D:
    """What happened against what was predicted, both on logarithmic scales; on the line they agree.

    Args:
        of: what predicted, for the legend.
    """
    low = float(torch.cat([predicted, happened]).clamp(min=1e-4).min())
    ax.plot([low, 1], [low, 1], color=BASELINE_COLOR, linestyle="--", linewidth=1.2)
    (line,) = ax.plot(
        predicted.numpy(), happened.numpy(), color=color, marker=marker, markersize=4, label=of
    )
    ax.set(xlabel="predicted probability", ylabel="share that happened")
    ax.set(xscale="log", yscale="log")
    ax.legend(frameon=False)
    return line


def draw_tradeoff(
    ax: Axes,
    means: Float[Tensor, "points 2"],
    spreads: Float[Tensor, "points 2"],
    front: Bool[Tensor, " points"],
    alphas: Sequence[float],
    metric_names: Sequence[str],
    *,
    larger_is_better: Sequence[bool],
) -> list[Artist]:
    """Two metrics against each other, a point a weight; filled are those on the Pareto front.

    Args:
        spreads: half the length of the error bars.
        alphas: the first and the last are written beside their points.
    """
    x, y = means.T.numpy()
    x_spread, y_spread = spreads.T.numpy()
    front = front.numpy()
    ax.errorbar(
        x, y, xerr=x_spread, yerr=y_spread, fmt="none", ecolor=BASELINE_COLOR, elinewidth=0.8
    )
    beaten = ax.scatter(x[~front], y[~front], s=42, facecolor="white", edgecolor=BASELINE_COLOR)
    best = ax.scatter(x[front], y[front], s=46, color=INK, zorder=3)
    beaten.set_label("beaten by another weight")
    best.set_label("on the Pareto front")
    for point in (0, len(alphas) - 1):
        ax.annotate(
            f"α = {alphas[point]:g}",
            (x[point], y[point]),
            xytext=(6, 6),
            textcoords="offset points",
        )
    arrows = [("→ better", "better ←"), ("↑ better", "↓ better")]
    labels = [
        f"{name} ({arrow[0] if larger else arrow[1]})"
        for name, larger, arrow in zip(metric_names, larger_is_better, arrows, strict=True)
    ]
    ax.set(xlabel=labels[0], ylabel=labels[1])
    ax.legend(frameon=False)
    return [beaten, best]


def draw_operating_points(
    ax: Axes,
    points: Float[Tensor, "points 2"],
    front: Bool[Tensor, " points"],
    *,
    cap: float,
    baseline: tuple[float, float],
    names: tuple[str, str, str],
) -> list[Artist]:
    """A cost to the right, a gain upwards, a point a setting; beyond the cap nothing is allowed.

    Args:
        points: cost and gain of each setting.
        front: filled are those on the Pareto front.
        baseline: cost and gain of the line to beat.
        names: of the cost, of the gain, of the baseline.
    """
    x, y = points.T.numpy()
    front = front.numpy()
    beaten = ax.scatter(x[~front], y[~front], s=42, facecolor="white", edgecolor=BASELINE_COLOR)
    best = ax.scatter(x[front], y[front], s=46, color=INK, zorder=3)
    line = ax.scatter(*baseline, s=70, color=BASELINE_COLOR, marker="s", zorder=2)
    beaten.set_label("beaten by another point")
    best.set_label("on the Pareto front")
    line.set_label(names[2])
    ax.axvline(cap, color=INK, linestyle="--", linewidth=1.2)
    ax.annotate(
        "cap",
        (cap, 0.03),
        xycoords=("data", "axes fraction"),
        xytext=(5, 0),
        textcoords="offset points",
    )
    ax.set(xlabel=f"{names[0]} (better ←)", ylabel=f"{names[1]} (↑ better)")
    ax.legend(frameon=False)
    return [beaten, best, line]


def draw_fronts(
    ax: Axes,
    ways: Sequence[str],
    points: Float[Tensor, "ways seeds points 2"],
    axis_names: Sequence[str],
) -> list[Artist]:
    """Two losses against each other, a dot a point of each seed: the lower left edge is the front.

    No mean: where a network leaves one task for the other, the mean of two seeds is a point that
    neither has reached.

    Args:
        ways: of making the points, as the legend calls them; up to seven.
        axis_names: of the two losses, with the unit. Of both, less is better.
    """
    drawn = []
    for way, of_way, color, marker in zip(ways, points, GROUP_COLORS, MARKERS, strict=False):
        x, y = of_way.flatten(end_dim=1).T.numpy()
        dots = ax.scatter(x, y, s=14, color=color, marker=marker, label=way, linewidths=0)
        drawn.append(dots)
    ax.set(xlabel=f"{axis_names[0]} (better ←)", ylabel=f"{axis_names[1]} (↓ better)")
    ax.legend(frameon=False, fontsize="small")
    return drawn


def draw_embeddings(
    ax: Axes, points: Float[Tensor, "items 2"], groups: Sequence[str], highlighted: Sequence[str]
) -> list[Artist]:
    """Items on a map; up to seven `highlighted` groups have a colour and a marker of their own."""
    rest = torch.tensor([group not in highlighted for group in groups])
    drawn = [ax.scatter(*points[rest].T.numpy(), s=10, color="#BBBBBB", label="others")]
    for group, color, marker in zip(highlighted, GROUP_COLORS, MARKERS, strict=False):
        member = torch.tensor([one == group for one in groups])
        drawn.append(
            ax.scatter(*points[member].T.numpy(), s=26, color=color, marker=marker, label=group)
        )
    ax.set(xlabel="first principal component", ylabel="second principal component")
    ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    return drawn


def draw_long_tail(ax: Axes, counts: Float[Tensor, " ranks"], *, of: str, unit: str) -> Line2D:
    """Counts from the largest to the smallest, on two logarithmic scales.

    Args:
        counts: already in descending order.
        of: what is ranked, e.g. "items".
        unit: what is counted, e.g. "baskets".
    """
    ranks = range(1, len(counts) + 1)
    (line,) = ax.loglog(ranks, counts.numpy(), color=TASK_COLORS["purchase"], linewidth=2)
    ax.set(xlabel=f"rank among {of} (1 = most {unit})", ylabel=unit)
    return line


def draw_sparsity(ax: Axes, filled: Bool[Tensor, "users items"]) -> Artist:
    """A household × item matrix: a dark dot wherever something was bought."""
    image = ax.imshow(
        filled.numpy(), cmap="Greys", aspect="auto", interpolation="nearest", vmin=0, vmax=1
    )
    ax.grid(False)
    ax.set(xlabel="item", ylabel="household")
    return image


def draw_comparison(
    ax: Axes,
    names: Sequence[str],
    values: Float[Tensor, " methods"],
    *,
    metric: str,
    spreads: Float[Tensor, " methods"] | None = None,
    baseline: str | None = None,
) -> list[Artist]:
    """One bar a method, from top to bottom, with its value; a line goes on from the `baseline`."""
    places = range(len(names))
    color = [BASELINE_COLOR if name == baseline else TASK_COLORS["purchase"] for name in names]
    error = None if spreads is None else spreads.numpy()
    bars = ax.barh(places, values.numpy(), xerr=error, color=color, height=0.62, ecolor=INK)
    ax.bar_label(bars, fmt="{:.3f}", padding=5, fontsize="small")
    if baseline is not None:
        at = values[list(names).index(baseline)].item()
        ax.axvline(at, color=BASELINE_COLOR, linestyle="--", linewidth=1.2)
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.margins(x=0.14)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=metric)
    return list(bars)
