"""What every test shares."""

import torch

# on a small, busy machine two threads make the small kernels of a test slower, not faster
torch.set_num_threads(1)


def pytest_collection_modifyitems(items):
    """Puts the browser's tests last: Playwright runs a loop in this thread until the end."""
    items.sort(key=lambda item: "browser" in item.path.parts)
