"""Scalarization: one number from one loss per task, and weights that are refused."""

import pytest
import torch
from torch.testing import assert_close

from mtl_course import scalarization

NAN, INF = float("nan"), float("inf")


def test_a_weighted_sum_worked_by_hand():
    found = scalarization.weighted_sum(torch.tensor([0.4, 0.2]), torch.tensor([0.25, 0.75]))
    assert_close(found, torch.tensor(0.25 * 0.4 + 0.75 * 0.2))


def test_the_gradient_in_each_loss_is_its_weight():
    losses = torch.tensor([0.4, 0.2, 3.0], requires_grad=True)
    weights = torch.tensor([0.25, 0.0, 2.0])

    scalarization.weighted_sum(losses, weights).backward()

    assert_close(losses.grad, weights)


def test_permuting_the_tasks_changes_nothing():
    losses, weights = torch.tensor([0.4, 0.2, 3.0]), torch.tensor([0.25, 0.0, 2.0])
    order = torch.tensor([2, 0, 1])
    assert_close(
        scalarization.weighted_sum(losses, weights),
        scalarization.weighted_sum(losses[order], weights[order]),
    )


def test_many_points_at_once_are_each_summed_alone():
    losses = torch.rand(4, 3, 2, generator=torch.Generator().manual_seed(0))
    weights = torch.rand(4, 3, 2, generator=torch.Generator().manual_seed(1))

    found = scalarization.weighted_sum(losses, weights)

    assert found.shape == (4, 3)
    assert_close(found[2, 1], scalarization.weighted_sum(losses[2, 1], weights[2, 1]))


def test_usable_weights_come_back_unchanged_and_still_carry_a_gradient():
    weights = torch.tensor([[0.0, 1.0], [7.0, 0.5]], requires_grad=True)

    found = scalarization.checked_weights(weights)

    assert found is weights


@pytest.mark.parametrize("bad", [NAN, INF, -INF, -0.1])
def test_a_weight_that_is_not_finite_or_is_negative_is_refused_with_its_value(bad):
    weights = torch.tensor([[0.5, 0.5], [0.25, bad]])
    with pytest.raises(ValueError, match=rf"finite and 0 or more; found \[0\.25, {bad}"):
        scalarization.checked_weights(weights)


def test_weights_that_are_all_zero_are_refused_also_in_one_point_of_many():
    with pytest.raises(ValueError, match="only 0 for all 2 tasks"):
        scalarization.checked_weights(torch.tensor([[0.5, 0.5], [0.0, 0.0]]))


def test_the_sum_itself_refuses_weights_that_cannot_be_used():
    with pytest.raises(ValueError, match="At least one weight must be above 0"):
        scalarization.weighted_sum(torch.tensor([0.4, 0.2]), torch.tensor([0.0, 0.0]))
