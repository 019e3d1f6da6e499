"""How large networks are."""

import pytest
import torch
from torch import nn

from mtl_course.capacity import count_parameters, matched_width, training_bytes


def test_what_is_tied_counts_once_and_what_is_fixed_not_at_all():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 1))
    model[1].weight = model[0].weight  # 9 once, 3 + 3 biases, 3 + 1
    assert count_parameters(model) == 9 + 3 + 3 + 3 + 1

    model[2].requires_grad_(False)
    assert count_parameters(model) == 9 + 3 + 3


# a layer of 5 inputs has 6 numbers a unit: 60 is met exactly, 62 is nearer to 60, 64 nearer to 66
@pytest.mark.parametrize(("size", "width"), [(60, 10), (62, 10), (64, 11), (66, 11), (12, 2)])
def test_the_width_that_is_nearest_is_found_from_both_sides(size, width):
    assert matched_width(lambda width: nn.Linear(5, width), size) == width


def test_what_is_already_too_large_at_its_narrowest_is_refused():
    with pytest.raises(
        ValueError, match="of 11 parameters was to be matched; the narrowest has 12"
    ):
        matched_width(lambda width: nn.Linear(5, width), 11)


def test_counting_moves_no_random_number():
    before = torch.get_rng_state()
    matched_width(lambda width: nn.Linear(5, width), 60)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_linear_layer_holds_its_parameters_four_times_and_its_input_once():
    model, batch = nn.Linear(3, 2, bias=False), torch.randn(10, 3)
    # 6 parameters and 10 rows of 3, of 4 bytes each; a sum keeps nothing
    assert training_bytes(model, lambda: model(batch).sum()) == 4 * (4 * 6 + 10 * 3)


def test_what_two_layers_keep_is_counted_once():
    model, batch = nn.Linear(3, 3, bias=False), torch.randn(10, 3)
    # both products keep their inputs: the batch, and the first one's result
    twice = training_bytes(model, lambda: model(model(batch)).sum())
    assert twice == 4 * (4 * 9 + 10 * 3 + 10 * 3)
    view = training_bytes(model, lambda: (model(batch) + model(batch[:])).sum())
    assert view == 4 * (4 * 9 + 10 * 3)


def test_counting_bytes_leaves_the_model_as_it_was():
    model, batch = nn.Linear(3, 2), torch.randn(10, 3)
    before = [p.detach().clone() for p in model.parameters()]
    training_bytes(model, lambda: model(batch).square().sum())
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(p, old) for p, old in zip(model.parameters(), before, strict=True))
