"""The first cell of both looked-up notebooks: a finished sweep of 21 weights and 3 seeds."""

import torch

from mtl_course.training import Sweep

weights = torch.linspace(0, 1, 21)
generator = torch.Generator().manual_seed(0)
gains = torch.stack([weights**0.5, (1 - weights) ** 0.5], dim=1)[:, None, :]  # [points, 1, tasks]
metrics = 0.3 + 0.2 * gains + 0.01 * torch.randn(21, 3, 2, generator=generator)
falling = torch.linspace(1, 0, 60)[None, None, :, None] ** 3  # [1, 1, checkpoints, 1]
curves = 0.7 - 0.2 * gains[:, :, None] + 0.3 * falling
curves = curves + 0.01 * torch.randn(21, 3, 60, 2, generator=generator)
pairs = torch.stack([weights, 1 - weights], dim=1)
sweep = Sweep(("purchase", "quantity"), pairs, (0, 1, 2), tuple(range(0, 600, 10)), curves, {})
names = ("AP of purchase", "AP of quantity")
lists = torch.arange(21)[:, None, None] + torch.arange(15).reshape(3, 5)  # [points, households, k]
items = [f"AN ITEM WITH A NAME OF USUAL LENGTH {i}" for i in range(40)]
households = ("household 12", "household 340", "household 701")
