"""Stacking: what a stack of networks shares, and what each keeps to itself."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from mtl_course import losses, networks, stacking
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


def test_points_of_a_seed_share_the_dropout_mask_and_seeds_do_not(seven_pairs):
    model = _with_dropout()
    parameters = stacking.stack_parameters([model, model], n_points=3)
    rows = torch.arange(7).expand(2, -1)  # the same rows in the same order for both seeds

    found = stacking.stacked_losses(model, parameters, seven_pairs, rows, losses.task_losses)

    assert_close(found[:, 1:], found[:, :1].expand(2, 2, 1))
    assert (found[0] - found[1]).abs().min() > 1e-3


def test_logits_are_read_without_dropout_and_the_mode_is_left_as_it_was(seven_pairs):
    model = _with_dropout().train()
    parameters = stacking.stack_parameters([model], n_points=2)

    found = stacking.stacked_logits(model, parameters, seven_pairs, batch_size=3)

    assert model.training
    expected = model.eval()(*seven_pairs.inputs).detach()
    assert_close(found, expected.expand(1, 2, 7, 1))


def test_each_seeds_rows_are_those_of_its_own_minibatches_over_two_epochs(seven_pairs):
    orders = stacking.row_orders(7, batch_size=3, seeds=(4, 9))

    generators = [torch.Generator().manual_seed(seed) for seed in (4, 9)]
    for _ in range(2):
        alone = [list(minibatches(seven_pairs, 3, generator)) for generator in generators]
        for batches in zip(*alone, strict=True):
            assert next(orders).tolist() == [batch.user.tolist() for batch in batches]


@pytest.fixture
def seven_pairs() -> Interactions:
    return Interactions(
        user=torch.arange(7),
        item=torch.arange(7),
        labels=torch.tensor([[1.0], [0.0], [1.0], [1.0], [0.0], [1.0], [0.0]]),
        observed=torch.ones(7, 1, dtype=torch.bool),
        tasks=("purchase",),
        n_users=7,
        n_items=7,
    )


def _with_dropout() -> nn.Module:
    torch.manual_seed(0)
    model = networks.SharedBottom(7, 7, 1, dim=4, hidden=8, dropout=0.5)
    with torch.no_grad():  # from the small start of an embedding a mask would hardly show
        model.user_embedding.weight.normal_()
        model.item_embedding.weight.normal_()
    return model
