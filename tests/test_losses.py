"""Losses: one number per task, moved by what was observed and by nothing else."""

import subprocess
import sys
from dataclasses import replace
from math import log

import pytest
import torch
from torch.nn.functional import binary_cross_entropy
from torch.testing import assert_close

from mtl_course import losses
from mtl_course.interactions import Interactions, take


@pytest.fixture
def four_pairs() -> Interactions:
    """Four pairs, two purchases; the quantity is known only where there was a purchase."""
    return Interactions(
        user=torch.tensor([0, 0, 1, 2]),
        item=torch.tensor([0, 1, 0, 1]),
        labels=torch.tensor([[1.0, 0.75], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]),
        observed=torch.tensor([[True, True], [True, True], [True, False], [True, False]]),
        tasks=("purchase", "quantity"),
        n_users=3,
        n_items=2,
    )


def test_losses_worked_by_hand(four_pairs):
    # sigmoid(log 3) = 3/4. Purchase: two rows pay -log(3/4), two pay -log(1/4).
    # Quantity, two rows observed: 0.75 pays -3/4 log(3/4) - 1/4 log(1/4), 0 pays -log(1/4).
    logits = torch.full((4, 2), log(3))

    found = losses.task_losses(logits, four_pairs)

    purchase = (2 * log(4 / 3) + 2 * log(4)) / 4
    quantity = (0.75 * log(4 / 3) + 0.25 * log(4) + log(4)) / 2
    assert_close(found, torch.tensor([purchase, quantity]))


def test_losses_equal_pytorchs_own_on_the_observed_rows():
    generator = torch.Generator().manual_seed(0)
    batch = _random_batch(200, generator)
    logits = 3 * torch.randn(200, 3, generator=generator)

    found = losses.task_losses(logits, batch)

    for task in range(3):
        seen = batch.observed[:, task]
        probabilities = logits[seen, task].double().sigmoid()
        expected = binary_cross_entropy(probabilities, batch.labels[seen, task].double())
        assert_close(found[task].double(), expected, rtol=1e-5, atol=0)


def test_a_label_nobody_could_observe_cannot_move_a_loss(four_pairs):
    logits = torch.tensor([[0.5, -1.0], [2.0, 3.0], [0.0, 1.0], [-1.0, 4.0]])
    unseen = ~four_pairs.observed
    flipped = replace(four_pairs, labels=torch.where(unseen, 1.0, four_pairs.labels))

    assert_close(losses.task_losses(logits, four_pairs), losses.task_losses(logits, flipped))


def test_an_unobserved_label_sends_no_gradient_even_from_an_infinite_logit(four_pairs):
    logits = torch.zeros(4, 2)
    logits[2, 1] = torch.inf
    logits.requires_grad_()

    found = losses.task_losses(logits, four_pairs)
    found.sum().backward()

    assert found.isfinite().all()
    assert (logits.grad[~four_pairs.observed] == 0).all()


def test_a_task_without_an_observed_label_costs_nothing_and_sends_no_gradient(four_pairs):
    logits = torch.ones(2, 2, requires_grad=True)
    batch = take(four_pairs, torch.tensor([2, 3]))  # no purchase, so no quantity

    found = losses.task_losses(logits, batch)
    found.sum().backward()

    assert found[1] == 0
    assert (logits.grad[:, 1] == 0).all()
    assert (logits.grad[:, 0] > 0).all()


def test_logits_far_out_cost_their_own_size_and_stay_finite(four_pairs):
    # at +-200 the sigmoid rounds to 0 or 1; a wrong answer there costs 200 nats, a right one none
    found = losses.task_losses(torch.full((4, 2), 200.0), four_pairs)
    # quantity: a label of 3/4 pays a quarter of 200, a label of 0 pays all of it
    assert_close(found, torch.tensor([100.0, 125.0]))


def test_many_models_at_once_have_the_losses_of_each_alone():
    generator = torch.Generator().manual_seed(0)
    batch = _random_batch(50, generator)
    logits = torch.randn(5, 50, 3, generator=generator)

    found = torch.func.vmap(lambda one: losses.task_losses(one, batch))(logits)

    assert_close(found, torch.stack([losses.task_losses(one, batch) for one in logits]))


def test_importing_losses_loads_no_screen_and_no_tables():
    code = (
        "import sys, mtl_course.losses;"
        "print([name for name in ('matplotlib', 'ipywidgets', 'IPython', 'anywidget', 'pandas',"
        " 'sklearn', 'scipy') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8"
    )
    assert found.stdout.strip() == "[]"


def _random_batch(n: int, generator: torch.Generator) -> Interactions:
    return Interactions(
        user=torch.randint(9, (n,), generator=generator),
        item=torch.randint(7, (n,), generator=generator),
        labels=torch.rand(n, 3, generator=generator),
        observed=torch.rand(n, 3, generator=generator) < 0.6,
        tasks=("purchase", "quantity", "any_kids"),
        n_users=9,
        n_items=7,
    )
