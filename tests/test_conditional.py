"""One network for every weight: what the weights do to it, what it refuses, and what it learns."""

import pytest
import torch
from torch.nn.functional import leaky_relu
from torch.testing import assert_close

from mtl_course import conditional, losses, metrics, scalarization, simulation, training
from mtl_course.interactions import only_tasks, split_at_random
from mtl_course.parallel import LEAK


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return conditional.LossConditional(5, 7, 2, dim=2, hidden=4, n_history=1)


@pytest.fixture
def pairs():
    return torch.tensor([0, 4, 2]), torch.tensor([6, 0, 1]), torch.tensor([[0.5], [-1.0], [2.0]])


def on_top(model, before):
    """What both towers say of the same row of the bottom, before its unit."""
    return model.towers(torch.stack([leaky_relu(before, LEAK)] * 2, dim=1))


def before_the_unit(model, user, item, history):
    """The bottom of the pair, for vectors that are mixed by hand of both tables."""
    first, second = (2 * weight for weight in model.weights)
    u, v = model.user_embedding(user), model.item_embedding(item)
    u = first * u[:, :2] + second * u[:, 2:]
    v = first * v[:, :2] + second * v[:, 2:]
    return model.bottom(torch.cat([u, v, u * v, history], dim=1))


def test_equal_weights_and_a_silent_film_leave_a_plain_shared_bottom(model, pairs):
    with torch.no_grad():
        model.film[2].weight.zero_()
        model.film[2].bias.zero_()

    found = model(*pairs)

    assert_close(found, on_top(model, before_the_unit(model, *pairs)))


def test_scale_and_shift_worked_by_hand(model, pairs):
    model.condition_on(torch.tensor([0.2, 0.8]))
    with torch.no_grad():
        model.film[2].weight.zero_()
        # scale 1 for the first unit and 0 for the others; shift 3 for the second
        model.film[2].bias.copy_(torch.tensor([1.0, 0, 0, 0, 0, 3.0, 0, 0]))

    found = model(*pairs)

    before = before_the_unit(model, *pairs)
    by_hand = torch.stack([2 * before[:, 0], before[:, 1] + 3, *before[:, 2:].T], dim=1)
    assert_close(found, on_top(model, by_hand))


def test_all_weight_on_a_task_reads_its_table_alone(model):
    model.condition_on(torch.tensor([0.0, 1.0]))
    rows = torch.tensor([[5.0, 6.0, 0.5, -1.0]])  # table of task 0, then of task 1
    assert_close(model.mixed(rows), torch.tensor([[1.0, -2.0]]))


def test_the_film_reads_the_weights_too(model, pairs):
    with torch.no_grad():
        model.user_embedding.weight.zero_()
        model.item_embedding.weight.zero_()
    before = model(*pairs)
    model.condition_on(torch.tensor([0.9, 0.1]))
    assert (model(*pairs) - before).abs().max() > 1e-4


def test_equal_weights_are_0_to_the_film_and_all_on_one_task_are_1_and_minus_1(model, pairs):
    seen = []
    model.film.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    model(*pairs)
    model.condition_on(torch.tensor([1.0, 0.0]))
    model(*pairs)
    assert_close(torch.stack(seen), torch.tensor([[0.0, 0.0], [1.0, -1.0]]))


def test_another_history_is_refused(model, pairs):
    with pytest.raises(ValueError, match="built for 1 history features; found 0"):
        model(*pairs[:2])


def test_it_starts_with_equal_weights_which_are_no_parameter_and_are_not_saved(model):
    assert_close(model.weights, torch.tensor([0.5, 0.5]))
    assert "weights" not in model.state_dict()
    assert all(parameter is not model.weights for parameter in model.parameters())


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ([0.5, 0.25, 0.25], "one weight for each of 2 tasks; found 3"),
        ([1.5, -0.5], r"0 or more and add up to 1; found \[1.5, -0.5\]"),
        ([1.0, 1.0], "whose sum is 2. Divide them by it"),
        ([float("nan"), 1.0], "whose sum is nan"),
    ],
)
def test_weights_it_has_never_seen_are_refused_and_the_old_ones_stay(model, weights, says):
    with pytest.raises(ValueError, match=says):
        model.condition_on(torch.tensor(weights))
    assert_close(model.weights, torch.tensor([0.5, 0.5]))


def test_weights_that_are_moved_later_do_not_move_the_network(model):
    weights = torch.tensor([0.3, 0.7])
    model.condition_on(weights)
    weights[0] = 99.0
    assert_close(model.weights, torch.tensor([0.3, 0.7]))


def test_only_the_embeddings_are_held_back_and_only_the_towers_are_not_shared(model):
    tables, others = model.parameter_groups(embedding_decay=0.1)

    assert tables["weight_decay"] == 0.1
    assert others["weight_decay"] == 0.0
    assert [tuple(table.shape) for table in tables["params"]] == [(5, 4), (7, 4)]
    assert len(tables["params"]) + len(others["params"]) == len(list(model.parameters()))
    shared = model.shared_parameters()
    assert len(shared) + len(list(model.towers.parameters())) == len(list(model.parameters()))
    assert any(parameter is model.film[0].weight for parameter in shared)


@pytest.mark.parametrize("n_tasks", [1, 2, 5])
def test_random_weights_lie_on_the_simplex(n_tasks):
    generator = seeded()
    drawn = torch.stack([conditional.random_weights(n_tasks, generator) for _ in range(50)])
    assert drawn.shape == (50, n_tasks)
    assert (drawn >= 0).all()
    assert_close(drawn.sum(dim=1), torch.ones(50))


def test_random_weights_are_uniform_on_it():
    generator = seeded()
    drawn = torch.stack([conditional.random_weights(3, generator) for _ in range(4000)])
    # the corner where one weight is above 1/2 is a quarter of the triangle, for each of the three
    assert_close(drawn.mean(dim=0), torch.full((3,), 1 / 3), atol=0.02, rtol=0)
    assert_close((drawn > 0.5).float().mean(dim=0), torch.full((3,), 0.25), atol=0.03, rtol=0)


def test_no_task_has_no_weights():
    with pytest.raises(ValueError, match="`n_tasks` must be 1 or more; found 0"):
        conditional.random_weights(0, seeded())


def a_shop():
    world = simulation.random_world(
        seeded(3), agreement=0.0, n_users=60, n_items=30, cold_share=0.0
    )
    log = only_tasks(simulation.show(world, 12_000, seeded(3)), ("purchase", "rating"))
    return world, split_at_random(log, (0.7, 0.1, 0.2), seeded(3))


def test_logits_at_many_weights_are_those_of_one_after_the_other():
    _, split = a_shop()
    model = conditional.LossConditional(60, 30, 2, dim=3, hidden=8)
    model.condition_on(torch.tensor([0.4, 0.6]))
    weights = torch.tensor([[1.0, 0.0], [0.25, 0.75]])

    found = conditional.logits_at(model, weights, split.validation)

    assert_close(model.weights, torch.tensor([0.4, 0.6]))
    model.condition_on(weights[1])
    assert_close(found[1], model(*split.validation.inputs))
    assert not found.requires_grad


def test_refused_weights_among_many_leave_the_network_as_it_was():
    _, split = a_shop()
    model = conditional.LossConditional(60, 30, 2, dim=3, hidden=8)
    with pytest.raises(ValueError, match="add up to 1"):
        conditional.logits_at(model, torch.tensor([[1.0, 0.0], [1.0, 1.0]]), split.validation)
    assert_close(model.weights, torch.tensor([0.5, 0.5]))


def test_one_training_serves_every_weight_between_chance_and_the_oracle():
    world, (train, _, test) = a_shop()
    torch.manual_seed(0)
    model = conditional.LossConditional(60, 30, 2, dim=3, hidden=12)
    generator = seeded()

    def backward(found):
        scalarization.weighted_sum(found, model.weights).backward()
        model.condition_on(conditional.random_weights(2, generator))

    optimizer = torch.optim.Adam(model.parameters(), lr=0.03, fused=True)
    for _ in training.training_steps(
        model,
        train,
        losses.task_losses,
        backward,
        optimizer,
        epochs=12,
        batch_size=256,
        generator=generator,
    ):
        pass

    alphas = torch.tensor([0.02, 0.5, 0.98])
    said = conditional.logits_at(model, torch.stack([alphas, 1 - alphas], dim=1), test)
    found = torch.stack([losses.task_losses(one, test) for one in said])
    # what a task's weight is for: near 0 the task is served worse than near 1
    assert found[2, 0] < found[0, 0] - 0.01
    assert found[0, 1] < found[2, 1] - 0.01
    truth = simulation.true_probabilities(world, test.user, test.item)[:, 1]
    ap = metrics.average_precision(said[2, :, 0], test.labels[:, 0])
    assert test.labels[:, 0].mean() + 0.15 < ap
    assert ap < metrics.average_precision(truth, test.labels[:, 0])
