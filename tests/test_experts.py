"""Mixtures of experts: what each is equal to, whom each expert serves, what a gate may do."""

import pytest
import torch
from torch.nn.functional import leaky_relu
from torch.testing import assert_close

from mtl_course import embeddings, experts, losses, networks, training
from mtl_course.interactions import Interactions

N_USERS, N_ITEMS = 6, 9


def test_with_one_expert_the_mixture_is_the_shared_bottom():
    bottom = networks.SharedBottom(
        N_USERS, N_ITEMS, 3, dim=4, hidden=8, n_tags=1, user_features=torch.eye(N_USERS)
    )
    mixture = mmoe(n_tasks=3, n_tags=1, n_experts=1, user_features=torch.eye(N_USERS))

    with torch.no_grad():
        for name in ("user_embedding", "item_embedding", "user_side"):
            getattr(mixture.embedding, name).weight.copy_(getattr(bottom, name).weight)
        copy(mixture.experts, [bottom.bottom[1]])
        copy(mixture.towers.layer, [tower[0] for tower in bottom.towers])
        copy(mixture.towers.heads, list(bottom.heads))
        mixture.tag_heads.load_state_dict(bottom.tag_heads.state_dict())

    assert_close(mixture(*all_pairs()), bottom(*all_pairs()))
    assert numbers(mixture) == numbers(bottom)
    assert (mixture.gate_weights(*all_pairs()) == 1).all()


def test_a_task_hears_each_expert_by_the_weight_that_its_gate_gives():
    model = mmoe(n_tasks=2, n_experts=3)
    x = model.embedding(*all_pairs())

    by_hand = []
    for task in range(2):
        weights = (x @ model.gates.weight[task]).exp()
        weights = weights / weights.sum(dim=1, keepdim=True)
        mixed = 0
        for expert in range(3):
            mixed = mixed + weights[:, expert, None] * one_of(model.experts, expert, x)
        by_hand.append(tower_of(model.towers, task, mixed))

    assert_close(model(*all_pairs()), torch.stack(by_hand, dim=1))


@pytest.mark.parametrize("n_levels", [1, 2, 3])
def test_the_levels_of_ple_are_what_their_experts_say_one_by_one(n_levels):
    model = ple(n_tasks=2, n_own=2, n_shared=3, n_levels=n_levels)
    x = model.embedding(*all_pairs())
    streams = {"first": x, "second": x, "shared": x}

    for level in model.levels:
        heard = {
            "first": [one_of(level.own, expert, streams["first"]) for expert in (0, 1)],
            "second": [one_of(level.own, expert, streams["second"]) for expert in (2, 3)],
            "shared": [one_of(level.shared, expert, streams["shared"]) for expert in range(3)],
        }
        mixed = {
            task: mixture_of(streams[task] @ level.gates.weight[t], heard[task] + heard["shared"])
            for t, task in enumerate(("first", "second"))
        }
        if level.shared_gate is not None:
            everyone = heard["first"] + heard["second"] + heard["shared"]
            mixed["shared"] = mixture_of(level.shared_gate(streams["shared"]), everyone)
        streams = mixed
    by_hand = [
        tower_of(model.towers, t, streams[task]) for t, task in ((0, "first"), (1, "second"))
    ]

    assert_close(model(*all_pairs()), torch.stack(by_hand, dim=1))
    assert [level.shared_gate is None for level in model.levels] == [False] * (n_levels - 1) + [
        True
    ]


@pytest.mark.parametrize("make", [lambda: mmoe(n_experts=5), lambda: ple(n_own=2, n_shared=3)])
def test_the_weights_of_a_gate_are_shares_that_differ_from_row_to_row_and_task_to_task(make):
    weights = make().gate_weights(*all_pairs())

    assert weights.shape[-3:] == (N_USERS * N_ITEMS, 2, 5)
    assert (weights > 0).all()
    assert_close(weights.sum(dim=-1), torch.ones(weights.shape[:-1]))
    assert (weights.std(dim=-3) > 0).all()
    assert (weights[..., 0, :] != weights[..., 1, :]).all()


def test_the_gates_of_ple_are_those_that_its_logits_use():
    model = ple(n_levels=2)
    before = model(*all_pairs())

    with torch.no_grad():
        model.levels[1].gates.weight[0, :, 0] += 1e4 * model.levels[1].gates.weight[0, :, 0].sign()
    weights = model.gate_weights(*all_pairs())

    assert weights.shape == (2, N_USERS * N_ITEMS, 2, 4)
    moved = (weights[1, :, 0, 0] - ple(n_levels=2).gate_weights(*all_pairs())[1, :, 0, 0]).abs()
    assert (moved > 0.1).all()
    assert (model(*all_pairs())[:, 0] != before[:, 0]).all()
    assert_close(model(*all_pairs())[:, 1], before[:, 1], rtol=0, atol=0)


@pytest.mark.parametrize("make", [lambda: mmoe(), lambda: ple()])
def test_a_cold_gate_picks_one_expert_and_a_hot_one_takes_the_mean(make):
    model = make()
    with torch.no_grad():
        model.embedding.user_embedding.weight.normal_()
    plain = model.gate_weights(*all_pairs())

    model.temperature = 1e-4
    cold = model.gate_weights(*all_pairs())
    model.temperature = 1e6
    hot = model.gate_weights(*all_pairs())

    # of one level, or of the first of several: below it the streams move with the temperature, too
    assert (cold.amax(dim=-1) > 0.99).float().mean() > 0.95
    assert (cold.argmax(dim=-1) == plain.argmax(dim=-1)).all()
    assert_close(hot, torch.full_like(hot, 1 / hot.shape[-1]), rtol=0, atol=1e-4)
    logits_of_the_mean = model(*all_pairs())
    model.temperature = 1.0
    assert (model(*all_pairs()) != logits_of_the_mean).all()


@pytest.mark.parametrize("temperature", [0.0, -1.0])
def test_a_temperature_of_nothing_is_refused(temperature):
    model = mmoe(temperature=temperature)
    with pytest.raises(ValueError, match=rf"must be above 0; found {temperature}\. Near 0"):
        model(*all_pairs())


@pytest.mark.parametrize("n_levels", [1, 2, 3])
def test_shared_are_just_the_parameters_that_the_losses_of_two_tasks_reach(n_levels):
    for model in (mmoe(n_tasks=4, n_tags=1), ple(n_tasks=4, n_tags=1, n_levels=n_levels)):
        with torch.no_grad():
            model.embedding.user_embedding.weight.normal_()
            model.embedding.item_embedding.weight.normal_()
        logits = model(*all_pairs()).sum(dim=0)
        parameters = dict(model.named_parameters())
        reached = dict.fromkeys(parameters, 0)
        for logit in logits:
            gradients = torch.autograd.grad(
                logit, list(parameters.values()), retain_graph=True, allow_unused=True
            )
            for name, gradient in zip(parameters, gradients, strict=True):
                if gradient is not None:
                    reached[name] = reached[name] + (gradient != 0)

        by_two = {id(parameters[name]) for name, times in reached.items() if (times >= 2).any()}
        assert {id(parameter) for parameter in model.shared_parameters()} == by_two


@pytest.mark.parametrize("make", [lambda **k: mmoe(**k), lambda **k: ple(**k)])
def test_the_groups_hold_every_parameter_once_and_decay_the_embeddings_alone(make):
    model = make(n_tasks=3, n_tags=1, user_features=torch.eye(N_USERS))

    decayed, others = model.parameter_groups(embedding_decay=0.25)

    assert (decayed["weight_decay"], others["weight_decay"]) == (0.25, 0.0)
    assert [id(p) for p in decayed["params"]] == [
        id(model.embedding.user_embedding.weight),
        id(model.embedding.item_embedding.weight),
    ]
    everything = sorted(id(p) for group in (decayed, others) for p in group["params"])
    assert everything == sorted(id(p) for p in model.parameters())


@pytest.mark.parametrize("make", [lambda **k: mmoe(**k), lambda **k: ple(**k)])
def test_a_tag_of_the_user_is_the_same_whatever_the_item(make):
    model = make(n_tasks=4, n_tags=2, n_history=3)

    found = model(*all_pairs(), torch.randn(N_USERS * N_ITEMS, 3)).unflatten(0, (N_USERS, N_ITEMS))

    assert_close(found[:, :, 2:], found[:, :1, 2:].expand(-1, N_ITEMS, -1), rtol=0, atol=0)
    assert (found[:, 0, 2:].std(dim=0) > 0).all()
    assert (found[:, :, :2].std(dim=1) > 0).all()
    assert model.gate_weights(*all_pairs(), torch.zeros(N_USERS * N_ITEMS, 3)).shape[-2] == 2


@pytest.mark.parametrize("make", [lambda: mmoe(seed=None), lambda: ple(n_levels=2, seed=None)])
def test_a_sweep_trains_each_mixture_as_it_would_be_trained_alone(make):
    log = small_log()
    weights = torch.tensor([[0.2, 0.8], [0.7, 0.3]])

    sweep = training.sweep_weights(
        make,
        log,
        log,
        weights=weights,
        seeds=(3, 5),
        task_losses=losses.task_losses,
        checkpoints=[6],
        batch_size=4,
        learning_rate=0.05,
        parameter_groups=lambda model: model.parameter_groups(embedding_decay=0.1),
        progress=iter,
    )

    for point, seed in ((0, 1), (1, 0)):
        torch.manual_seed((3, 5)[seed])
        model = make()
        optimizer = torch.optim.Adam(model.parameter_groups(embedding_decay=0.1), lr=0.05)
        steps = training.training_steps(
            model,
            log,
            losses.task_losses,
            lambda found, point=point: (weights[point] @ found).backward(),
            optimizer,
            epochs=3,
            batch_size=4,
            generator=torch.Generator().manual_seed((3, 5)[seed]),
        )
        assert len(list(steps)) == 6
        for name, parameter in model.named_parameters():
            assert_close(sweep.parameters[name][point, seed], parameter.detach())
    gates = [name for name in sweep.parameters if "gate" in name]
    assert gates
    for name in gates:  # they were trained at all
        assert (sweep.parameters[name][0] != sweep.parameters[name][1]).any()


@pytest.mark.parametrize("make", [lambda **k: mmoe(**k), lambda **k: ple(**k)])
def test_dropout_silences_in_training_and_is_off_in_evaluation(make):
    model = make(dropout=0.5)
    pair = torch.zeros(64, dtype=torch.int64), torch.zeros(64, dtype=torch.int64)

    in_training = model.train()(*pair)
    in_evaluation = model.eval()(*pair)

    assert (in_training.std(dim=0) > 0).all()
    assert_close(in_evaluation, in_evaluation[:1].expand_as(in_evaluation))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mmoe(n_experts=0), "`n_experts` must be 1 or more; found 0"),
        (lambda: ple(n_own=0), "`n_own` must be 1 or more; found 0"),
        (lambda: ple(n_shared=0), "`n_shared` must be 1 or more; found 0"),
        (lambda: ple(n_levels=0), "`n_levels` must be 1 or more; found 0"),
        (lambda: mmoe(n_tasks=2, n_tags=2), r"from 0 to 1 of `n_tasks`=2; found 2"),
        (lambda: ple(n_tasks=2, n_tags=2), r"from 0 to 1 of `n_tasks`=2; found 2"),
    ],
)
def test_a_mixture_of_nothing_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def mmoe(n_tasks=2, *, n_tags=0, n_experts=4, dropout=0.0, temperature=1.0, seed=0, **inputs):
    if seed is not None:
        torch.manual_seed(seed)
    return experts.MMoE(
        embeddings.PairEmbedding(N_USERS, N_ITEMS, dim=4, **inputs),
        n_tasks,
        n_experts=n_experts,
        hidden=8,
        n_tags=n_tags,
        dropout=dropout,
        temperature=temperature,
    )


def ple(n_tasks=2, *, n_tags=0, n_own=2, n_shared=2, n_levels=1, dropout=0.0, seed=0, **inputs):
    if seed is not None:
        torch.manual_seed(seed)
    return experts.PLE(
        embeddings.PairEmbedding(N_USERS, N_ITEMS, dim=4, **inputs),
        n_tasks,
        n_own=n_own,
        n_shared=n_shared,
        n_levels=n_levels,
        hidden=8,
        n_tags=n_tags,
        dropout=dropout,
    )


def copy(layers, linears):
    layers.weight.copy_(torch.stack([linear.weight.T for linear in linears]))
    layers.bias.copy_(torch.stack([linear.bias for linear in linears]))


def one_of(layers, number, x):
    return leaky_relu(x @ layers.weight[number] + layers.bias[number], 0.1)


def mixture_of(gate_logits, outputs):
    shares = gate_logits.exp() / gate_logits.exp().sum(dim=1, keepdim=True)
    return sum(shares[:, number, None] * output for number, output in enumerate(outputs))


def tower_of(towers, task, mixed):
    return (
        one_of(towers.layer, task, mixed) @ towers.heads.weight[task, :, 0]
        + (towers.heads.bias[task, 0])
    )


def numbers(model):
    return sum(parameter.numel() for parameter in model.parameters())


def all_pairs():
    pairs = torch.cartesian_prod(torch.arange(N_USERS), torch.arange(N_ITEMS))
    return pairs[:, 0], pairs[:, 1]


def small_log():
    generator = torch.Generator().manual_seed(0)
    return Interactions(
        user=torch.randint(N_USERS, (8,), generator=generator),
        item=torch.randint(N_ITEMS, (8,), generator=generator),
        labels=torch.randint(2, (8, 2), generator=generator).float(),
        observed=torch.ones(8, 2, dtype=torch.bool),
        tasks=("purchase", "quantity"),
        n_users=N_USERS,
        n_items=N_ITEMS,
    )
