"""What a step of each method costs: CPU milliseconds, eight times, the methods taking turns.

Run as `python benchmarks/weighting/costs/run.py`. It measures anew, and writes results.json beside
this file; the trainings in ../results.json keep the steps that an earlier measurement gave them.
"""

import importlib.util
from pathlib import Path

import pandas as pd
import torch

from mtl_course.results import write_results

RESULTS = Path(__file__).with_name("results.json")


def _comparison():
    spec = importlib.util.spec_from_file_location(
        "weighting_run", Path(__file__).parents[1] / "run.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


comparison = _comparison()  # whose shops and methods these are


def main() -> None:
    torch.set_num_threads(1)
    rows = [
        {"world": world.name, "method": name, "time": time, "ms_a_step": round(ms, 3)}
        for world in (comparison.real_shop(), comparison.simulated_shop())
        for name, found in comparison.timed(world).items()
        for time, ms in enumerate(found)
    ]
    made_with = {"settings": comparison.SETTINGS, "versions": comparison.versions()}
    write_results(RESULTS, {**made_with, "rows": rows})
    for (world, method), part in pd.DataFrame(rows).groupby(["world", "method"], sort=False):
        print(f"{world}, {method}: {comparison.interval(part['ms_a_step'], 2)} ms")


if __name__ == "__main__":
    main()
