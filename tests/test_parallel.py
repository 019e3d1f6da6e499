"""Layers side by side are what they would be one by one."""

import torch
from torch import nn
from torch.testing import assert_close

from mtl_course import parallel


def test_layers_side_by_side_are_linear_layers_one_by_one():
    torch.manual_seed(0)
    layers = parallel.ParallelLinear(3, 5, 2)
    same, each = torch.randn(7, 5), torch.randn(7, 3, 5)
    single = [nn.Linear(5, 2) for _ in range(3)]
    with torch.no_grad():
        for number, layer in enumerate(single):
            layer.weight.copy_(layers.weight[number].T)
            layer.bias.copy_(layers.bias[number])

    assert_close(layers(same), torch.stack([layer(same) for layer in single], dim=1))
    one_by_one = [layer(each[:, number]) for number, layer in enumerate(single)]
    assert_close(layers(each), torch.stack(one_by_one, dim=1))


def test_layers_side_by_side_start_where_linear_layers_do():
    torch.manual_seed(0)
    layers, layer = parallel.ParallelLinear(50, 16, 20), nn.Linear(16, 1000)

    assert layers.weight.abs().max() <= 1 / 4  # 1 / sqrt(16)
    assert_close(layers.weight.std(), layer.weight.std(), rtol=0.05, atol=0)
    assert_close(layers.bias.std(), layer.bias.std(), rtol=0.05, atol=0)
    assert parallel.ParallelLinear(2, 16, 3, bias=False).bias is None


def test_the_towers_read_their_own_tasks_mixture_alone():
    torch.manual_seed(0)
    towers = parallel.Towers(2, 8)
    mixed = torch.randn(5, 2, 8)
    other = mixed.clone()
    other[:, 1] += 1

    moved = towers(mixed) != towers(other)

    assert moved.all(dim=0).tolist() == [False, True]
    assert not moved[:, 0].any()
