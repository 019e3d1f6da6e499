"""Training: an iterator over steps, and a grid of trainings at once that equals each alone."""

import pytest
import torch

from mtl_course import losses, networks, training
from mtl_course.interactions import Interactions, minibatches
from mtl_course.scalarization import weighted_sum

WEIGHTS = torch.tensor([0.5, 0.5])


@pytest.fixture
def shop_log() -> Interactions:
    """All pairs of 12 users and 10 items; who buys what follows two tastes."""
    generator = torch.Generator().manual_seed(0)
    pairs = torch.cartesian_prod(torch.arange(12), torch.arange(10))
    taste = (pairs[:, 0] % 2 == pairs[:, 1] % 2).float()
    bought = (torch.rand(120, generator=generator) < 0.1 + 0.8 * taste).float()
    quantity = bought * torch.rand(120, generator=generator)
    kids = (pairs[:, 0] % 2).float()
    return Interactions(
        user=pairs[:, 0],
        item=pairs[:, 1],
        labels=torch.stack([bought, quantity, kids], dim=1),
        observed=torch.stack([bought >= 0, bought > 0, pairs[:, 0] < 8], dim=1),
        tasks=("purchase", "quantity", "any_kids"),
        n_users=12,
        n_items=10,
        history=torch.randn(120, 3, generator=generator),
    )


def test_nothing_happens_before_the_steps_are_iterated(shop_log):
    model, optimizer = _model_and_optimizer(shop_log)
    before = [parameter.detach().clone() for parameter in model.parameters()]

    steps = _steps(model, shop_log, optimizer)

    assert all(map(torch.equal, before, model.parameters()))
    next(steps)
    assert not all(map(torch.equal, before, model.parameters()))


def test_steps_are_counted_over_all_epochs_and_carry_one_loss_per_task(shop_log):
    model, optimizer = _model_and_optimizer(shop_log)

    steps = list(_steps(model, shop_log, optimizer, epochs=2, batch_size=50))

    assert [(step.epoch, step.step) for step in steps] == [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 3),
        (1, 4),
        (1, 5),
    ]
    assert all(step.losses.shape == (3,) and not step.losses.requires_grad for step in steps)


def test_the_steps_are_those_of_the_loop_written_out(shop_log):
    by_hand, optimizer = _model_and_optimizer(shop_log)
    generator = torch.Generator().manual_seed(0)
    for batch in minibatches(shop_log, 50, generator):
        loss = losses.task_losses(by_hand(*batch.inputs), batch).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    model, optimizer = _model_and_optimizer(shop_log)
    for _ in _steps(model, shop_log, optimizer, batch_size=50):
        pass

    assert all(map(torch.equal, by_hand.parameters(), model.parameters()))


def test_a_training_that_is_left_keeps_the_steps_it_has_made(shop_log):
    model, optimizer = _model_and_optimizer(shop_log)
    for step in _steps(model, shop_log, optimizer, epochs=9):
        if step.step == 1:
            break
    left = [parameter.detach().clone() for parameter in model.parameters()]

    model, optimizer = _model_and_optimizer(shop_log)
    steps = _steps(model, shop_log, optimizer, epochs=9)
    next(steps), next(steps)

    assert all(map(torch.equal, left, model.parameters()))


def test_weights_that_move_during_the_training_steer_the_next_step(shop_log):
    model, optimizer = _model_and_optimizer(shop_log)
    weights = torch.tensor([1.0, 0.0, 0.0])
    steps = training.training_steps(
        model,
        shop_log,
        losses.task_losses,
        lambda found: weighted_sum(found, weights).backward(),
        optimizer,
        epochs=200,
        batch_size=120,
        generator=torch.Generator().manual_seed(0),
    )

    watched = [next(steps).losses for _ in range(30)]
    weights.copy_(torch.tensor([0.0, 0.0, 1.0]))
    steered = [next(steps).losses for _ in range(30)]

    kids = 2
    assert watched[-1][kids] > 0.4  # a coin flip costs 0.69, and nobody asked for more
    assert steered[-1][kids] < 0.1


def _model_and_optimizer(log: Interactions):
    torch.manual_seed(0)
    model = networks.SharedBottom(
        log.n_users, log.n_items, 3, dim=4, hidden=8, n_history=3, n_tags=1
    )
    return model, torch.optim.Adam(model.parameters(), lr=0.05)


def _steps(model, log, optimizer, *, epochs=1, batch_size=50):
    return training.training_steps(
        model,
        log,
        losses.task_losses,
        lambda found: found.sum().backward(),
        optimizer,
        epochs=epochs,
        batch_size=batch_size,
        generator=torch.Generator().manual_seed(0),
    )
