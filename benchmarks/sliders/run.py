"""How fast the course's sliders answer in JupyterLab, beside plain `interact`.

Run as `python benchmarks/sliders/run.py`. It needs Chromium and writes nothing into the course.
"""

import argparse
import ast
import base64
import io
import os
import random
import re
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from laboratory import browser_tests, chromium, laboratory, notebook
from PIL import Image

HERE = Path(__file__).parent
PANEL = ".mtl-panel input[type=range]"
HANDLE = ".noUi-handle"
PICTURES = ".mtl-panel"
OUTPUT = ".jp-OutputArea .widget-output"
POSITIONS = 20  # moves from one end of the slider to the other


class Way(NamedTuple):
    """One notebook and where its slider and its pictures are."""

    cells: tuple[str, ...]
    slider: str
    root: str
    pictures: str
    with_images: bool


class Found(NamedTuple):
    """What twenty fast moves and many slow ones showed."""

    latencies: list[float]  # milliseconds from the key to the painted frame
    backlog: int  # frames drawn after the one that follows the last of twenty fast keys
    jumps: int  # frames whose height differs from the frame before
    n_frames: int
    blank: int  # of the frames that the screen was sent
    n_sent: int
    same: int  # of the moves looked at, those after which the pixels were the same


LOOKED_UP = Way(
    ("finished_sweep", "looked_up"), PANEL, PICTURES, ".mtl-panel .picture > svg", False
)
INTERACT = Way(("finished_sweep", "interact"), HANDLE, OUTPUT, f"{OUTPUT} img", True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=2, help="of the looked-up panel and interact")
    parser.add_argument("--seconds", type=float, default=4, help="each measurement of the steps")
    parser.add_argument("--pairs", type=int, default=5, help="measurements of the steps in turn")
    chosen = parser.parse_args()
    testing = browser_tests()
    with tempfile.TemporaryDirectory() as home, laboratory(Path(home), testing) as address:
        root = Path(home) / "notebooks"
        with chromium(testing) as browser:
            print(f"Chromium {browser.version}, Python {sys.version.split()[0]}, load {load()}")
            for round_ in range(chosen.rounds):
                print(f"\nround {round_ + 1}: {chosen.moves} moves, milliseconds to painted pixels")
                found = {}
                for name, way in {"looked up": LOOKED_UP, "interact": INTERACT}.items():
                    with notebook(browser, address, root, testing, way.cells) as opened:
                        found[name] = moved(opened, way, chosen.moves)
                    print_found(name, found[name])
                ratios = [
                    share(found["interact"].latencies) / share(found["looked up"].latencies)
                    for share in (median, p95)
                ]
                print(f"ratio: median {ratios[0]:.1f}, p95 {ratios[1]:.1f} (goal 10)", flush=True)
            with notebook(browser, address, root, testing, ("steered",)) as opened:
                print_steered(opened, chosen)


# Looked up: every move answered before the next, then twenty without waiting.


def moved(opened: Any, way: Way, n_moves: int) -> Found:
    page = opened.page
    opened.run_all()
    page.locator(way.pictures).first.wait_for()
    page.locator(way.slider).first.press("Home")
    page.wait_for_timeout(1000)
    page.evaluate((HERE / "probe.js").read_text("utf-8"), [way.root, way.with_images])
    latencies, same = [], 0
    for move in range(n_moves):
        look = move % (n_moves // 4) == 1
        before = opened.picture(way.root) if look else None
        page.wait_for_timeout(random.uniform(20, 60))  # no key keeps step with the screen
        page.keyboard.press("ArrowRight" if move // POSITIONS % 2 == 0 else "ArrowLeft")
        latencies.append(page.evaluate("() => probe.answered()"))
        if look:
            page.wait_for_timeout(50)
            same += opened.picture(way.root) == before
    page.keyboard.press("Home")
    page.wait_for_timeout(1000)
    page.evaluate("() => { probe.heights.length = 0; }")
    backlog = backlog_of(page, POSITIONS)
    heights = page.evaluate("() => probe.heights")
    page.evaluate("() => { probe.stopped = true; }")
    blank, n_sent = blank_frames(page, way.pictures, "ArrowLeft")
    jumps = sum(one != other for one, other in pairwise(heights))
    return Found(latencies, backlog, jumps, len(heights), blank, n_sent, same)


def backlog_of(page: Any, n_moves: int) -> int:
    """Frames still drawn after the one that follows the last of `n_moves` keys without a pause."""
    for _ in range(n_moves):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(2500)
    return page.evaluate("() => probe.changeFrame - probe.keyFrame - 1")


def blank_frames(page: Any, pictures: str, key: str) -> tuple[int, int]:
    """Of the frames sent to the screen during twenty moves, those with an empty picture."""
    frames = []
    session = page.context.new_cdp_session(page)

    def keep(frame: dict) -> None:
        frames.append(frame["data"])
        session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    session.on("Page.screencastFrame", keep)
    session.send("Page.startScreencast", {"format": "png", "everyNthFrame": 1})
    for _ in range(POSITIONS):
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    page.wait_for_timeout(1000)
    session.send("Page.stopScreencast")
    boxes = [one.bounding_box() for one in page.locator(pictures).all()]
    width = page.viewport_size["width"]
    return sum(is_blank(data, boxes, width) for data in frames), len(frames)


def is_blank(data: str, boxes: list[dict], width: int) -> bool:
    image = Image.open(io.BytesIO(base64.b64decode(data))).convert("L")
    scale = image.width / width
    parts = (
        (box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]) for box in boxes
    )
    extremes = [image.crop([round(scale * edge) for edge in part]).getextrema() for part in parts]
    return any(high - low < 40 for low, high in extremes)


def print_found(name: str, found: Found) -> None:
    print(
        f"{name:10s} median {median(found.latencies):6.1f}  p95 {p95(found.latencies):6.1f}  "
        f"backlog after 20 fast moves {found.backlog} frames  height jumps {found.jumps} of "
        f"{found.n_frames}  blank {found.blank} of {found.n_sent}  unchanged {found.same} of 4",
        flush=True,
    )


# Steered: from the key to the first point that holds a step under the new weight.


def print_steered(opened: Any, chosen: argparse.Namespace) -> None:
    page = opened.page
    opened.run_all()
    slider = page.locator(PANEL)
    slider.press("Home")
    opened.ask("panel.running = True")
    page.wait_for_timeout(1500)
    page.evaluate((HERE / "probe.js").read_text("utf-8"), [".mtl-panel .pictures", False])
    for _ in range(chosen.moves):
        page.wait_for_timeout(random.uniform(200, 400))
        slider.press("ArrowRight")
    page.wait_for_timeout(1000)
    first_read = dict(ast.literal_eval(opened.ask("print(first_read)")))
    moves, paints = page.evaluate("() => [probe.moves, probe.paints]")
    latencies = []
    for pressed, alpha in moves:
        # a weight that was moved on before any step read it counts until a newer one is read
        step = first_read[min(read for read in first_read if alpha <= read < 100)]
        latencies.append(next(at for at, done in paints if at > pressed and done > step) - pressed)
    heights = page.evaluate("() => probe.heights")
    jumps = sum(one != other for one, other in pairwise(heights))
    blank, n_sent = blank_frames(page, ".mtl-panel .picture", "ArrowRight")
    page.evaluate("() => { probe.stopped = true; }")
    print(
        f"\nsteered, {len(latencies)} moves, milliseconds from the key to a painted point trained "
        f"under the new weight (goal 100)\n"
        f"median {median(latencies):.1f}  p95 {p95(latencies):.1f}  height jumps {jumps} of "
        f"{len(heights)}  blank {blank} of {n_sent}",
        flush=True,
    )
    opened.ask("panel.running = False")
    print_rates(opened, chosen)


def print_rates(opened: Any, chosen: argparse.Namespace) -> None:
    """Steps a second: plain loop, slices without pictures, and the panel, in turn."""
    seconds = chosen.seconds
    rates = {"plain loop": [], "slices, nothing shown": [], "panel": []}
    frames = []
    for _ in range(chosen.pairs):
        rates["plain loop"].append(numbers(opened.ask(f"print_rate_in_a_plain_loop({seconds})")))
        rates["slices, nothing shown"].append(
            numbers(opened.ask(f"await print_rate_in_slices({seconds})"))
        )
        opened.ask("panel.running = True")
        opened.page.wait_for_timeout(700)
        *rate, pictures = rate_of_the_panel(opened, seconds)
        rates["panel"].append(rate)
        frames.append(pictures)
        opened.ask("panel.running = False")
        opened.page.wait_for_timeout(300)
    print(f"\n{'steps a second':24s}{'wall clock':>12s}{'CPU':>8s}   (medians of {chosen.pairs})")
    middle = {
        name: [median(column) for column in zip(*found, strict=True)]
        for name, found in rates.items()
    }
    for name, (wall, cpu) in middle.items():
        print(f"{name:24s}{wall:12.0f}{cpu:8.0f}")
    for name in ("plain loop", "slices, nothing shown"):
        shares = [
            median(
                panel[i] / other[i]
                for panel, other in zip(rates["panel"], rates[name], strict=True)
            )
            for i in range(2)
        ]
        print(f"panel / {name}: {shares[0]:.1%} of the wall clock's, {shares[1]:.1%} of the CPU's")
    print(f"pictures drawn a second: {median(frames):.1f} (goal 10); load {load()}")


def rate_of_the_panel(opened: Any, seconds: float) -> list[float]:
    """Measured beside the kernel's messages: while a cell runs, no page's answer is heard."""
    opened.ask(f"rate = asyncio.create_task(rate_of_the_panel({seconds}))")
    opened.page.wait_for_timeout(1000 * seconds + 500)
    return numbers(opened.ask("print(*rate.result())"))


def numbers(text: str) -> list[float]:
    return [float(word) for word in re.findall(r"[\d.]+", text)]


def p95(values: list[float]) -> float:
    return sorted(values)[max(0, -(-95 * len(values) // 100) - 1)]


def load() -> str:
    return " ".join(f"{one:.1f}" for one in os.getloadavg())


if __name__ == "__main__":
    main()
