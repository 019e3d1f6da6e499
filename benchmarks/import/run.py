"""What `import mtl_course.losses` adds to `import torch`. Run as a script."""

import statistics
import subprocess
import sys

N_RUNS = 7
TIMED = """
from time import perf_counter
start = perf_counter()
import torch
between = perf_counter()
import mtl_course.losses
end = perf_counter()
import sys
screen = {"matplotlib", "ipywidgets", "IPython", "anywidget"} & set(sys.modules)
print(between - start, end - between, ",".join(screen) or "none")
"""


def main() -> None:
    torch_seconds, added_seconds = [], []
    for _ in range(N_RUNS + 1):
        found = subprocess.run(
            [sys.executable, "-c", TIMED], check=True, capture_output=True, encoding="utf-8"
        )
        of_torch, added, screen = found.stdout.split()
        torch_seconds.append(float(of_torch))
        added_seconds.append(float(added))
    # the first run reads everything from the disk and is left out
    whole, part = statistics.median(torch_seconds[1:]), statistics.median(added_seconds[1:])
    print(f"import torch             {1000 * whole:7.0f} ms   (median of {N_RUNS} processes)")
    print(f"import mtl_course.losses {1000 * part:7.0f} ms   on top, {part / whole:.1%} of torch's")
    print(f"slowest of the {N_RUNS}         {1000 * max(added_seconds[1:]):7.0f} ms")
    print(f"screen libraries loaded  {screen}")


if __name__ == "__main__":
    main()
