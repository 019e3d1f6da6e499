"""What every test shares."""

import importlib.util
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

# on a small, busy machine two threads make the small kernels of a test slower, not faster
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def load_script() -> Callable[[Path], ModuleType]:
    """A function that makes a fresh module of a script which is no part of a package."""

    def load(path: Path) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"script_{path.parent.name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def pytest_configure(config):
    """Gives the tests, and all that they start, a learner's folder of their own."""
    home = tempfile.TemporaryDirectory(prefix="mtl_course-")
    os.environ["MTL_COURSE_HOME"] = home.name
    config.add_cleanup(home.cleanup)


def pytest_collection_modifyitems(items):
    """Puts the browser's tests last, and leaves out what needs data that is not there."""
    # Playwright runs a loop in this thread until the end
    items.sort(key=lambda item: "browser" in item.path.parts)
    if not os.environ.get("MTL_COURSE_DATA"):
        without = pytest.mark.skip(reason="MTL_COURSE_DATA names no folder of published data sets.")
        for item in items:
            if item.get_closest_marker("published"):
                item.add_marker(without)
