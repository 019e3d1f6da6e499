"""Stacking: what a stack of networks shares, and what each keeps to itself."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from mtl_course import stacking
from mtl_course.interactions import Interactions, minibatches


def test_every_point_of_a_seed_starts_from_the_same_parameters_and_owns_them():
    models = [nn.Linear(2, 1), nn.Linear(2, 1)]

    found = stacking.stack_parameters(models, n_points=3)

    assert found["weight"].shape == (2, 3, 1, 2)
    assert_close(found["weight"][1, 2], models[1].weight)
    with torch.no_grad():
        found["weight"][1, 2] += 1
    assert_close(found["weight"][1, 1], models[1].weight)


def test_networks_that_differ_in_a_buffer_are_refused():
    models = [nn.BatchNorm1d(2), nn.BatchNorm1d(2)]
    models[1].running_mean += 1
    with pytest.raises(ValueError, match="buffer 'running_mean'"):
        stacking.stack_parameters(models, n_points=3)


def test_each_seeds_rows_are_those_of_its_own_minibatches_over_two_epochs():
    log = Interactions(
        user=torch.arange(7),
        item=torch.arange(7),
        labels=torch.ones(7, 1),
        observed=torch.ones(7, 1, dtype=torch.bool),
        tasks=("purchase",),
        n_users=7,
        n_items=7,
    )

    orders = stacking.row_orders(7, batch_size=3, seeds=(4, 9))

    generators = [torch.Generator().manual_seed(seed) for seed in (4, 9)]
    for _ in range(2):
        alone = [list(minibatches(log, 3, generator)) for generator in generators]
        for batches in zip(*alone, strict=True):
            assert next(orders).tolist() == [batch.user.tolist() for batch in batches]
