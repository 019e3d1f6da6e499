"""The second cell: the same views as plain `interact` draws them, a new figure for every move."""

# ruff: noqa: F821

import ipywidgets
import matplotlib.pyplot as plt


@ipywidgets.interact(alpha=ipywidgets.FloatSlider(0.5, min=0, max=1, step=0.05))
def draw(alpha):
    point = round(alpha * 20)
    middle = metrics.mean(dim=1)
    _, (front, *losses, words) = plt.subplots(1, 4, figsize=(13, 3.6))
    front.plot(*middle.T, "o-")
    front.plot(*metrics[point].T, "kx")
    front.plot(*middle[point], "ko", markersize=12, fillstyle="none")
    front.set_xlabel(names[0])
    front.set_ylabel(names[1])
    for task, axes in enumerate(losses):
        axes.plot(sweep.steps, curves[point, :, :, task].T, color=f"C{task}", alpha=0.5)
        axes.plot(sweep.steps, curves[point, :, :, task].mean(dim=0), color=f"C{task}")
        axes.set_xlabel("training step")
        axes.set_title(f"held-out loss of {sweep.tasks[task]}")
    for place, household in enumerate(households):
        best = "\n".join(items[item] for item in lists[point, place].tolist())
        words.text(0, 1 - place / 3, f"{household}\n{best}", fontsize=7, va="top")
    words.axis("off")
    plt.show()
