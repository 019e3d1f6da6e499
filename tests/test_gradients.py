"""Gradients: what each task asks of the shared parameters, and how conflicts are settled."""

from math import nan

import pytest
import torch
from torch.testing import assert_close
from torchjd import autojac
from torchjd.aggregation import MGDA, Mean, PCGrad, UPGrad

from mtl_course import gradients, losses, networks, simulation
from mtl_course.training import training_steps

# two tasks that pull apart, at 135 degrees: the cosine is -1 / sqrt(2)
CONFLICT = torch.tensor([[1.0, 0.0], [-1.0, 1.0]])
AGREEMENT = torch.tensor([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 2.0, 1.0]])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_jacobian(n_tasks: int, n_params: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n_tasks, n_params, generator=seeded(seed))


def small_network(n_tags: int = 0) -> networks.SharedBottom:
    torch.manual_seed(0)
    return networks.SharedBottom(6, 5, 3, dim=2, hidden=4, n_tags=n_tags)


def losses_of(model: torch.nn.Module) -> torch.Tensor:
    user, item = torch.arange(6), torch.arange(6) % 5
    return model(user, item).sigmoid().square().mean(dim=0)  # [tasks]


def flat_gradient(parameters) -> torch.Tensor:
    return torch.cat([parameter.grad.flatten() for parameter in parameters])


def shared_and_own(model: networks.SharedBottom):
    shared = model.shared_parameters()
    return shared, [parameter for parameter in model.parameters() if parameter not in {*shared}]


# --- the Jacobian -----------------------------------------------------------------------------


def test_the_jacobian_worked_by_hand():
    # losses a b and a^2 + c at a = 2, b = 3, c = 5: gradients (b, a, 0) and (2a, 0, 1)
    first = torch.tensor([2.0, 3.0], requires_grad=True)
    second = torch.tensor([5.0], requires_grad=True)
    found = gradients.task_gradients(
        torch.stack([first.prod(), first[0] ** 2 + second[0]]), [first, second]
    )
    assert_close(found, torch.tensor([[3.0, 2.0, 0.0], [4.0, 0.0, 1.0]]))


def test_each_row_is_the_gradient_of_a_backward_pass_of_that_task_alone():
    model = small_network()

    found = gradients.task_gradients(losses_of(model), model.shared_parameters())

    for task in range(3):
        model.zero_grad()
        losses_of(model)[task].backward()
        assert_close(found[task], flat_gradient(model.shared_parameters()))
        assert found[task].abs().max() > 0


def test_the_jacobian_is_torchjds():
    model = small_network()
    shared = model.shared_parameters()

    found = gradients.task_gradients(losses_of(model), shared)

    theirs = autojac.jac(losses_of(model), shared)
    assert_close(found, torch.cat([part.flatten(start_dim=1) for part in theirs], dim=1))


def test_a_tag_asks_nothing_of_the_bottom_and_of_the_items():
    model = small_network(n_tags=1)
    n_users = model.user_embedding.weight.numel()

    found = gradients.task_gradients(losses_of(model), model.shared_parameters())

    assert (found[2, n_users:] == 0).all()
    assert found[2, :n_users].abs().max() > 0


def test_a_parameter_that_no_task_uses_has_a_gradient_of_zero():
    used, unused = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
    found = gradients.task_gradients(2 * used, [used, unused])
    assert_close(found, torch.tensor([[2.0, 0.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0, 0.0]]))


def test_the_graph_is_kept_and_no_grad_is_filled():
    model = small_network()
    found = losses_of(model)

    gradients.task_gradients(found, model.shared_parameters())

    assert all(parameter.grad is None for parameter in model.parameters())
    found.sum().backward()  # would raise on a graph that is gone


# --- cosines ----------------------------------------------------------------------------------


def test_cosines_worked_by_hand():
    # (1, 0) and (-1, 1): -1 / sqrt(2); (0, 5) is at a right angle to the first
    found = gradients.cosine_similarities(torch.tensor([[1.0, 0.0], [-1.0, 1.0], [0.0, 5.0]]))
    half = 0.5**0.5
    assert_close(found, torch.tensor([[1.0, -half, 0.0], [-half, 1.0, half], [0.0, half, 1.0]]))


def test_a_cosine_does_not_know_how_large_the_losses_are():
    jacobian = random_jacobian(3, 50)
    scales = torch.tensor([[1e-30], [1.0], [1e10]])  # the squares of 1e-30 are 0 in float32

    found = gradients.cosine_similarities(scales * jacobian)

    assert_close(found, gradients.cosine_similarities(jacobian))
    assert_close(found, torch.nn.functional.cosine_similarity(jacobian[:, None], jacobian, dim=2))


def test_a_gradient_of_zero_has_no_cosine_and_leaves_the_others_theirs():
    found = gradients.cosine_similarities(torch.tensor([[3.0, 4.0], [0.0, 0.0], [3.0, 4.0]]))
    expected = torch.tensor([[1.0, nan, 1.0], [nan, nan, nan], [1.0, nan, 1.0]])
    assert_close(found, expected, equal_nan=True)


# --- PCGrad -----------------------------------------------------------------------------------


def test_two_conflicting_gradients_projected_by_hand():
    # (1,0) . (-1,1) = -1. First: (1,0) + 1/2 (-1,1) = (.5,.5). Second: (-1,1) + 1 (1,0) = (0,1).
    found = gradients.project_conflicts(CONFLICT, seeded())
    assert_close(found, torch.tensor([0.5, 1.5]))


@pytest.mark.parametrize("seed", range(20))
def test_two_conflicting_tasks_both_still_improve(seed):
    jacobian = random_jacobian(2, 3, seed)
    jacobian[1] *= -(jacobian[0] @ jacobian[1]).sign()  # now they conflict

    found = gradients.project_conflicts(jacobian, seeded())

    assert (jacobian @ found > 0).all()  # a small step against `found` lowers both losses


def test_the_sum_of_two_conflicting_gradients_may_make_a_task_worse():
    # (1,0) + (-3,1) = (-2,1), which opposes (1,0). Projected: (1,0) + 3/10 (-3,1) = (.1,.3) and
    # (-3,1) + 3 (1,0) = (0,1); their sum (.1,1.3) gains .1 for the first task, 1 for the second.
    jacobian = torch.tensor([[1.0, 0.0], [-3.0, 1.0]])

    found = gradients.project_conflicts(jacobian, seeded())

    assert_close(jacobian @ jacobian.sum(dim=0), torch.tensor([-2.0, 7.0]))
    assert_close(jacobian @ found, torch.tensor([0.1, 1.0]))


@pytest.mark.parametrize(("n_tasks", "n_params"), [(2, 4), (3, 4), (6, 2)])
@pytest.mark.parametrize("seed", range(5))
def test_projected_conflicts_are_torchjds_in_the_same_order(n_tasks, n_params, seed):
    jacobian = random_jacobian(n_tasks, n_params, seed)
    assert (jacobian @ jacobian.T < 0).any()

    torch.manual_seed(seed)
    theirs = PCGrad()(jacobian)

    assert_close(gradients.project_conflicts(jacobian, seeded(seed)), theirs)


def test_the_order_matters_from_three_tasks_on_and_is_the_generators():
    jacobian = random_jacobian(6, 3)

    found = [gradients.project_conflicts(jacobian, seeded(seed)) for seed in (1, 1, 2)]

    assert torch.equal(found[0], found[1])
    assert not torch.allclose(found[0], found[2])


def test_gradients_that_agree_are_added_up():
    found = gradients.project_conflicts(AGREEMENT, seeded())
    assert_close(found, AGREEMENT.sum(dim=0))


def test_projecting_leaves_the_jacobian_as_it_was():
    jacobian = CONFLICT.clone()
    gradients.project_conflicts(jacobian, seeded())
    assert torch.equal(jacobian, CONFLICT)


def test_a_gradient_of_zero_is_in_nobodys_way():
    jacobian = torch.cat([torch.zeros(1, 2), CONFLICT])
    assert_close(gradients.project_conflicts(jacobian, seeded()), torch.tensor([0.5, 1.5]))


def test_a_vanishing_gradient_still_takes_what_opposes_it():
    # (1,0) less its part along (-1,1) is (.5,.5), however short (-1,1) is
    jacobian = torch.tensor([[1.0, 0.0], [-1e-30, 1e-30]])
    assert_close(gradients.project_conflicts(jacobian, seeded()), torch.tensor([0.5, 0.5]))


# --- into .grad -------------------------------------------------------------------------------


@pytest.mark.parametrize("aggregator", [Mean(), MGDA(), UPGrad()])
def test_shared_parameters_get_the_aggregate_and_every_tower_its_own_tasks_gradient(aggregator):
    model = small_network(n_tags=1)
    shared, own = shared_and_own(model)
    jacobian = gradients.task_gradients(losses_of(model), shared)
    losses_of(model).sum().backward()
    expected = flat_gradient(own)
    model.zero_grad()

    gradients.aggregate_backward(
        losses_of(model), aggregator, shared=shared, parameters=model.parameters()
    )

    assert_close(flat_gradient(own), expected)
    assert_close(flat_gradient(shared), aggregator(jacobian))
    assert not any(hasattr(parameter, "jac") for parameter in model.parameters())


def test_a_head_is_moved_by_its_own_task_alone():
    model = small_network()
    losses_of(model)[1].backward()
    expected = flat_gradient(model.heads[1].parameters())
    model.zero_grad()

    gradients.aggregate_backward(
        losses_of(model), MGDA(), shared=model.shared_parameters(), parameters=model.parameters()
    )

    assert_close(flat_gradient(model.heads[1].parameters()), expected)


def test_any_function_of_the_jacobian_is_an_aggregator():
    model = small_network()
    shared = model.shared_parameters()
    jacobian = gradients.task_gradients(losses_of(model), shared)
    jacobian[1] *= -3  # `surgery` makes task 1 fight

    def surgery(found):
        signs = torch.tensor([[1.0], [-3.0], [1.0]])
        return gradients.project_conflicts(signs * found, seeded(4))

    gradients.aggregate_backward(losses_of(model), surgery, shared=shared, parameters=shared)

    assert_close(flat_gradient(shared), gradients.project_conflicts(jacobian, seeded(4)))


def test_a_network_without_parameters_of_its_own_needs_no_second_pass():
    weight = torch.tensor([1.0, 2.0], requires_grad=True)
    found = torch.stack([weight[0] * 2, weight.sum()])

    gradients.aggregate_backward(found, Mean(), shared=[weight], parameters=[weight])

    assert_close(weight.grad, torch.tensor([1.5, 0.5]))


def test_a_training_with_an_aggregator_lowers_every_loss():
    world = simulation.random_world(seeded(), agreement=-0.9, n_users=30, n_items=20)
    log = simulation.show(world, 2_000, seeded())
    torch.manual_seed(0)
    model = networks.SharedBottom(30, 20, 3, dim=4, hidden=8)
    with torch.no_grad():
        before = losses.task_losses(model(*log.inputs), log)

    def backward(found):
        gradients.aggregate_backward(
            found, UPGrad(), shared=model.shared_parameters(), parameters=model.parameters()
        )

    for _ in training_steps(
        model,
        log,
        losses.task_losses,
        backward,
        torch.optim.Adam(model.parameters(), lr=0.02),
        epochs=3,
        batch_size=100,
        generator=seeded(),
    ):
        pass

    with torch.no_grad():
        after = losses.task_losses(model(*log.inputs), log)
    assert (after < 0.95 * before).all()


@pytest.mark.parametrize("call", ["task_gradients", "aggregate_backward"])
def test_nothing_shared_is_refused_with_the_remedy(call):
    weight = torch.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match=r"`shared` must hold .*found none\. .*shared_parameters"):
        if call == "task_gradients":
            gradients.task_gradients(weight, [])
        else:
            gradients.aggregate_backward(weight, Mean(), shared=[], parameters=[weight])
