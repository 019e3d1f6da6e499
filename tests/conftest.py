"""What every test shares."""

import os

import pytest
import torch

# on a small, busy machine two threads make the small kernels of a test slower, not faster
torch.set_num_threads(1)


def pytest_collection_modifyitems(items):
    """Puts the browser's tests last, and leaves out what needs data that is not there."""
    # Playwright runs a loop in this thread until the end
    items.sort(key=lambda item: "browser" in item.path.parts)
    if not os.environ.get("MTL_COURSE_DATA"):
        without = pytest.mark.skip(reason="MTL_COURSE_DATA names no folder of published data sets.")
        for item in items:
            if item.get_closest_marker("published"):
                item.add_marker(without)
