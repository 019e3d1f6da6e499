"""Dominance and the volume it spans: hand-worked, by sampling, and the theorems that bind them."""

import pytest
import torch
from torch.testing import assert_close

from mtl_course import pareto


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_points(n: int, n_objectives: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, n_objectives, generator=seeded(seed), dtype=torch.float64)


def test_a_point_beaten_in_one_objective_and_tied_in_the_other_leaves_the_front():
    points = torch.tensor([[1.0, 2.0], [1.0, 3.0], [2.0, 1.0], [3.0, 3.0]])
    assert pareto.non_dominated(points).tolist() == [True, False, True, False]


def test_equal_points_do_not_dominate_each_other():
    assert pareto.non_dominated(torch.ones(3, 2)).all()


@pytest.mark.parametrize("n_objectives", [1, 2, 3, 5])
def test_the_front_equals_the_definition_pair_by_pair(n_objectives):
    points = (4 * some_points(60, n_objectives)).round()  # many ties
    found = pareto.non_dominated(points)

    for p, on_front in zip(points.tolist(), found.tolist(), strict=True):
        beaten = any(
            all(q_t <= p_t for q_t, p_t in zip(q, p, strict=True)) and q != p
            for q in points.tolist()
        )
        assert on_front == (not beaten)


def test_the_front_ignores_the_order_of_points_and_any_rising_change_of_units():
    points = some_points(40, 3)
    shuffled = torch.randperm(40, generator=seeded(1))
    found = pareto.non_dominated(points)
    assert torch.equal(pareto.non_dominated(points[shuffled]), found[shuffled])
    assert torch.equal(pareto.non_dominated((5 * points).exp() - 9), found)


def test_two_boxes_share_their_overlap():
    points, reference = torch.tensor([[1.0, 2.0], [2.0, 1.0]]), torch.tensor([4.0, 4.0])
    # 3 * 2 + 2 * 3 - 2 * 2
    assert pareto.hypervolume(points, reference).item() == 8


def test_two_boxes_share_their_overlap_in_three_dimensions():
    points = torch.tensor([[0.0, 1.0, 2.0], [1.0, 0.0, 0.0]])
    # 3 * 2 * 1 + 2 * 3 * 3 - 2 * 2 * 1
    assert pareto.hypervolume(points, torch.full((3,), 3.0)).item() == 20


def test_one_objective_is_a_length():
    points = torch.tensor([[2.0], [0.5]])
    assert pareto.hypervolume(points, torch.tensor([3.0])).item() == 2.5


@pytest.mark.parametrize("n_objectives", [2, 3, 4])
def test_the_volume_is_the_share_of_random_places_that_are_dominated(n_objectives):
    points = some_points(12, n_objectives)
    places = some_points(40_000, n_objectives, seed=2)
    share = (points[:, None] <= places).all(dim=2).any(dim=0).double().mean()
    found = pareto.hypervolume(points, torch.ones(n_objectives, dtype=torch.float64))
    assert_close(found, share, rtol=0, atol=4 * 0.5 / 200)  # four standard errors


def test_a_third_objective_that_all_share_multiplies_the_area():
    points, reference = some_points(20, 2), torch.ones(2, dtype=torch.float64)
    raised = torch.cat([points, torch.full((20, 1), 0.25, dtype=torch.float64)], dim=1)
    area = pareto.hypervolume(points, reference)
    volume = pareto.hypervolume(raised, torch.ones(3, dtype=torch.float64))
    assert_close(volume, 0.75 * area)


@pytest.mark.parametrize("n_objectives", [2, 3])
def test_a_dominated_point_adds_nothing_and_a_new_point_of_the_front_adds_something(n_objectives):
    points, reference = some_points(30, n_objectives), torch.ones(n_objectives).double()
    before = pareto.hypervolume(points, reference)
    front = points[pareto.non_dominated(points)]
    worse = front[:1] + 0.01
    better = front[:1] - 0.01

    assert_close(pareto.hypervolume(front, reference), before)
    assert_close(pareto.hypervolume(torch.cat([points, worse]), reference), before)
    assert_close(pareto.hypervolume(torch.cat([points, points]), reference), before)
    assert pareto.hypervolume(torch.cat([points, better]), reference) > before


@pytest.mark.parametrize("n_objectives", [2, 3])
def test_the_volume_moves_with_the_points_and_scales_with_the_units(n_objectives):
    points, reference = some_points(30, n_objectives), torch.ones(n_objectives).double()
    before = pareto.hypervolume(points, reference)
    units = torch.arange(2, 2 + n_objectives).double()
    shuffled = torch.randperm(30, generator=seeded(1))

    assert_close(pareto.hypervolume(points[shuffled] - 7, reference - 7), before)
    assert_close(pareto.hypervolume(points * units, reference * units), before * units.prod())


def test_a_point_beyond_the_reference_adds_nothing():
    reference = torch.tensor([1.0, 1.0])
    points = torch.tensor([[0.5, 0.5], [0.1, 1.5], [torch.inf, 0.0]])
    assert pareto.hypervolume(points, reference).item() == 0.25
    assert pareto.hypervolume(points[1:], reference).item() == 0


def test_a_diverged_training_is_refused():
    points = torch.tensor([[1.0, 2.0], [torch.nan, 0.0]])
    with pytest.raises(ValueError, match=r"found \[nan, 0\.0\] as point 1\. Did that training"):
        pareto.non_dominated(points)
    with pytest.raises(ValueError, match=r"found \[nan, 0\.0\] as point 1\."):
        pareto.hypervolume(points, torch.ones(2))
    with pytest.raises(ValueError, match=r"found \[1\.0, nan\] as point 0\."):
        pareto.hypervolume(points[:1], torch.tensor([1.0, torch.nan]))
