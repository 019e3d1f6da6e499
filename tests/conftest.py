"""What every test shares."""

import torch

# on a small, busy machine two threads make the small kernels of a test slower, not faster
torch.set_num_threads(1)
