"""Training: an iterator over steps, and a grid of trainings at once that equals each alone."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from mtl_course import losses, networks, training
from mtl_course.interactions import Interactions, minibatches, take, without_history
from mtl_course.scalarization import weighted_sum
from mtl_course.stacking import in_one_group

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


POINTS = torch.tensor([[1.0, 0.0, 0.3], [0.5, 0.5, 0.1], [0.2, 2.0, 0.0]])
SEEDS = (3, 5)
SWEEP = {"batch_size": 50, "learning_rate": 0.02, "weight_decay": 0.05}


def _blueprint():
    return networks.AdditiveBlueprint(12, 10, 3, dim=4)


def _with_history():
    return networks.SharedBottom(12, 10, 3, dim=4, hidden=8, n_history=3)


def _in_double():
    return _with_history().double()


def _with_dropout():
    return networks.SharedBottom(12, 10, 3, dim=4, hidden=8, n_history=3, dropout=0.5)


def _with_tag_head():
    features = torch.eye(12)[:, :5]
    cold = torch.arange(12) < 3
    return networks.SharedBottom(
        12, 10, 3, dim=4, hidden=8, n_tags=1, user_features=features, cold_users=cold
    )


@pytest.mark.parametrize("make_model", [_blueprint, _with_history, _with_tag_head])
def test_all_trainings_at_once_equal_each_training_alone(shop_log, make_model):
    log = shop_log if make_model is _with_history else without_history(shop_log)
    held_out = take(log, torch.arange(0, 120, 3))

    sweep = _sweep(make_model, log, held_out, checkpoints=[0, 4, 11])  # 3 batches an epoch

    for point, weights in enumerate(POINTS):
        for s, seed in enumerate(SEEDS):
            model, curve = _one_training(make_model, log, held_out, weights, seed, n_steps=11)
            for name, parameter in model.named_parameters():
                assert_close(
                    sweep.parameters[name][point, s], parameter.detach(), rtol=0, atol=1e-4
                )
            expected = torch.stack([curve[0], curve[4], curve[11]])
            assert_close(sweep.curves[point, s], expected, rtol=0, atol=1e-4)


def test_a_group_of_parameters_keeps_its_own_weight_decay(shop_log):
    def decayed_embeddings(model):
        embeddings = [p for name, p in model.named_parameters() if "embedding" in name]
        others = [p for name, p in model.named_parameters() if "embedding" not in name]
        return [{"params": others, "weight_decay": 0.0}, {"params": embeddings}]

    sweep = _sweep(
        _with_history, shop_log, shop_log, checkpoints=[9], parameter_groups=decayed_embeddings
    )

    model, _ = _one_training(
        _with_history, shop_log, shop_log, POINTS[0], SEEDS[0], 9, decayed_embeddings
    )
    for name, parameter in model.named_parameters():
        assert_close(sweep.parameters[name][0, 0], parameter.detach(), rtol=0, atol=1e-4)
    everywhere = _sweep(_with_history, shop_log, shop_log, checkpoints=[9])
    for name, value in everywhere.parameters.items():
        assert (value - sweep.parameters[name]).abs().max() > 1e-3


def test_in_double_precision_the_agreement_outlasts_many_steps(shop_log):
    log = replace(shop_log, labels=shop_log.labels.double(), history=shop_log.history.double())
    weights = POINTS.double()

    sweep = _sweep(_in_double, log, log, checkpoints=[60], weights=weights)

    for point in (0, 2):
        model, _ = _one_training(_in_double, log, log, weights[point], SEEDS[1], n_steps=60)
        for name, parameter in model.named_parameters():
            found = sweep.parameters[name][point, 1]
            assert_close(found, parameter.detach(), rtol=0, atol=1e-10)


def test_the_sweeps_logits_are_those_of_each_network(shop_log):
    sweep = _sweep(_with_history, shop_log, shop_log, checkpoints=[5])

    found = training.sweep_logits(_with_history(), sweep, shop_log, batch_size=32)

    assert found.shape == (3, 2, 120, 3)
    model = _with_history()
    model.load_state_dict({name: value[2, 1] for name, value in sweep.parameters.items()})
    assert_close(found[2, 1], model(*shop_log.inputs).detach(), rtol=0, atol=1e-5)


def test_a_sweep_learns_what_it_is_asked_for(shop_log):
    weights = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])

    sweep = _sweep(
        _with_history,
        shop_log,
        shop_log,
        checkpoints=[0, 90],
        weights=weights,
        weight_decay=0.0,
    )

    purchase, kids = sweep.curves[0, :, :, 0], sweep.curves[1, :, :, 2]  # [seeds, checkpoints]
    assert (purchase[:, 1] < purchase[:, 0] - 0.1).all()
    assert (kids[:, 1] < kids[:, 0] - 0.1).all()


def test_a_sweep_leaves_the_global_random_numbers_alone(shop_log):
    torch.manual_seed(7)
    expected = torch.rand(3)

    torch.manual_seed(7)
    _sweep(_with_history, shop_log, shop_log, checkpoints=[2])

    assert_close(torch.rand(3), expected, rtol=0, atol=0)


def test_a_network_with_dropout_is_trained_with_it_and_read_without(shop_log):
    first = _sweep(_with_dropout, shop_log, shop_log, checkpoints=[3])
    again = _sweep(_with_dropout, shop_log, shop_log, checkpoints=[3])
    without = _sweep(_with_history, shop_log, shop_log, checkpoints=[3])

    assert_close(first.curves, again.curves, rtol=0, atol=0)
    assert (first.curves != without.curves).all()
    reader = _with_dropout().train()
    logits = [training.sweep_logits(reader, first, shop_log) for _ in range(2)]
    assert_close(logits[0], logits[1], rtol=0, atol=0)
    assert reader.training  # left as it was found


def test_an_interrupted_sweep_returns_nothing_and_passes_the_interruption_on(shop_log):
    def interrupted(steps):
        for step in steps:
            if step == 2:
                raise KeyboardInterrupt
            yield step

    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    with pytest.raises(KeyboardInterrupt):
        _sweep(_with_history, shop_log, shop_log, checkpoints=[9], progress=interrupted)
    assert_close(torch.rand(3), expected, rtol=0, atol=0)


@pytest.mark.parametrize(("disabled", "shown"), [(None, True), ("0", True), ("1", False)])
def test_the_progress_shown_by_default_counts_every_step_or_is_silent(
    shop_log, capsys, monkeypatch, disabled, shown
):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    if disabled is not None:
        monkeypatch.setenv("TQDM_DISABLE", disabled)
    _sweep(_with_history, shop_log, shop_log, checkpoints=[7], progress=training.progress_bar)
    assert ("7/7 [" in capsys.readouterr().err) == shown


def test_a_training_that_diverges_is_reported_with_its_weights_and_seed(shop_log):
    with pytest.raises(ValueError, match=r"(?s)diverged.*weights \[1\.0, 0\.0.*seed 3.*1e\+30"):
        _sweep(_with_history, shop_log, shop_log, checkpoints=[9], learning_rate=1e30)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": torch.tensor([[0.5, 0.5, -0.1]])}, "finite and 0 or more"),
        ({"weights": torch.tensor([[0.5, 0.5]])}, "2 columns"),
        ({"seeds": (1, 1)}, r"each seed once; found \[1, 1\]"),
        ({"seeds": ()}, r"each seed once; found \[\]"),
        ({"checkpoints": [5, 2]}, r"ascending.*found \[5, 2\]"),
        ({"batch_size": 0}, "`batch_size` must be 1 or more; found 0"),
        ({"checkpoints": [0]}, r"the last 1 or more; found \[0\]"),
    ],
)
def test_a_grid_that_cannot_be_trained_is_refused(shop_log, change, message):
    with pytest.raises(ValueError, match=message):
        _sweep(_with_history, shop_log, shop_log, **{"checkpoints": [2], **change})


def _sweep(make_model, log, held_out, **keywords) -> training.Sweep:
    chosen = {"weights": POINTS, "seeds": SEEDS, "progress": iter, **SWEEP, **keywords}
    return training.sweep_weights(
        make_model, log, held_out, task_losses=losses.task_losses, **chosen
    )


def _one_training(make_model, log, held_out, weights, seed, n_steps, groups=in_one_group):
    """The model after `n_steps`, and its held-out losses before each step and after the last."""
    torch.manual_seed(seed)
    model = make_model()
    optimizer = torch.optim.Adam(
        groups(model), lr=SWEEP["learning_rate"], weight_decay=SWEEP["weight_decay"]
    )
    steps = training.training_steps(
        model,
        log,
        losses.task_losses,
        lambda found: weighted_sum(found, weights).backward(),
        optimizer,
        epochs=99,
        batch_size=SWEEP["batch_size"],
        generator=torch.Generator().manual_seed(seed),
    )
    curve = []
    for _ in range(n_steps + 1):
        curve.append(losses.task_losses(model(*held_out.inputs), held_out).detach())
        if len(curve) <= n_steps:
            next(steps)
    return model, curve
