"""Networks: what each can express, and what each input may move."""

import pytest
import torch
from torch.testing import assert_close

from mtl_course import networks

N_USERS, N_ITEMS = 6, 9


def test_the_additive_blueprint_ranks_the_items_the_same_for_every_user():
    torch.manual_seed(0)
    model = networks.AdditiveBlueprint(N_USERS, N_ITEMS, n_tasks=2, dim=4).double()

    logits = _all_pairs(model)  # [users, items, tasks]

    order = logits.argsort(dim=1)
    assert (order == order[0]).all()
    # the theorem behind it: a_u + b_i + c, so what one user adds to another is the same everywhere
    assert_close(logits - logits[:, :1], (logits - logits[:, :1])[:1].expand_as(logits))


def test_the_additive_blueprint_is_one_sigmoid_unit_per_task_on_both_embeddings():
    torch.manual_seed(0)
    model = networks.AdditiveBlueprint(N_USERS, N_ITEMS, n_tasks=2, dim=4)
    user, item = torch.tensor([3]), torch.tensor([5])

    found = model(user, item)[0, 1]

    weight, bias = model.heads.weight[1], model.heads.bias[1]
    by_hand = (
        weight[:4] @ model.user_embedding.weight[3] + weight[4:] @ model.item_embedding.weight[5]
    )
    assert_close(found, by_hand + bias)
    sizes = [parameter.numel() for parameter in model.parameters()]
    assert sorted(sizes) == sorted([N_USERS * 4, N_ITEMS * 4, 2 * 2 * 4, 2])


def test_the_shared_bottom_can_rank_the_items_differently_for_two_users():
    model = _shared_bottom()
    with torch.no_grad():  # as if trained: at the start the embeddings are near 0
        model.user_embedding.weight.normal_()
        model.item_embedding.weight.normal_()

    order = _all_pairs(model).argsort(dim=1)

    assert (order[0] != order[1]).any()


def test_no_unit_of_the_shared_bottom_falls_silent():
    model = _shared_bottom(n_history=1)
    with torch.no_grad():
        for layer in (model.bottom[1], *(tower[0] for tower in model.towers)):
            layer.bias -= 100  # every unit is below 0 for every pair

    pairs = torch.zeros(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)
    logits = model(*pairs, torch.tensor([[0.0], [1.0]]))

    assert (logits[0] != logits[1]).all()


@pytest.mark.parametrize("kind", ["additive", "shared bottom"])
def test_the_parameter_groups_hold_every_parameter_once_and_decay_the_embeddings_alone(kind):
    model = {
        "additive": networks.AdditiveBlueprint(N_USERS, N_ITEMS, n_tasks=3, dim=4),
        "shared bottom": _shared_bottom(
            n_tasks=3, n_tags=1, n_history=2, user_features=torch.eye(N_USERS)
        ),
    }[kind]

    decayed, others = model.parameter_groups(embedding_decay=0.25)

    assert (decayed["weight_decay"], others["weight_decay"]) == (0.25, 0.0)
    assert [id(p) for p in decayed["params"]] == [
        id(model.user_embedding.weight),
        id(model.item_embedding.weight),
    ]
    everything = sorted(id(p) for group in (decayed, others) for p in group["params"])
    assert everything == sorted(id(p) for p in model.parameters())


def test_a_tag_of_the_user_is_the_same_whatever_the_item_and_the_history():
    model = _shared_bottom(n_tasks=4, n_tags=2, n_history=3, item_features=torch.eye(N_ITEMS))
    user = torch.full((N_ITEMS,), 2)
    item = torch.arange(N_ITEMS)

    found = model(user, item, torch.randn(N_ITEMS, 3))

    assert found.shape == (N_ITEMS, 4)
    assert_close(found[:, 2:], found[:1, 2:].expand(N_ITEMS, 2), rtol=0, atol=0)
    assert (found[:, :2].std(dim=0) > 0).all()


def test_the_tags_loss_reaches_the_users_embedding_and_nothing_of_the_item():
    model = _shared_bottom(n_tasks=3, n_tags=1)

    model(torch.tensor([2]), torch.tensor([4]))[0, 2].backward()

    assert (model.user_embedding.weight.grad[2] != 0).all()
    assert (model.item_embedding.weight.grad == 0).all()
    assert all((parameter.grad == 0).all() for parameter in model.bottom.parameters())


def test_the_history_moves_the_logits_of_its_own_row_alone():
    model = _shared_bottom(n_history=3)
    user, item = torch.tensor([0, 1]), torch.tensor([4, 4])
    before, after = torch.zeros(2, 3), torch.tensor([[0.0, 0.0, 0.0], [5.0, 5.0, 5.0]])

    moved = (model(user, item, before) != model(user, item, after)).all(dim=1)

    assert moved.tolist() == [False, True]


def test_a_history_of_another_width_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r"built for 3 history features; found 0"):
        _shared_bottom(n_history=3)(torch.tensor([0]), torch.tensor([0]))
    with pytest.raises(ValueError, match="without_history"):
        _shared_bottom()(torch.tensor([0]), torch.tensor([0]), torch.zeros(1, 3))


def test_more_tags_than_tasks_are_refused():
    with pytest.raises(ValueError, match=r"from 0 to 1 of `n_tasks`=2; found 2"):
        _shared_bottom(n_tasks=2, n_tags=2)


def test_features_are_looked_up_by_row_number_and_are_no_parameters():
    features = torch.randn(N_USERS, 5, generator=torch.Generator().manual_seed(1))
    model = _shared_bottom(user_features=features)

    found = model.user_vector(torch.tensor([4, 1]))

    by_hand = model.user_embedding.weight[[4, 1]] + features[[4, 1]] @ model.user_side.weight.T
    assert_close(found, by_hand)
    assert "user_features" not in dict(model.named_parameters())
    assert "user_features" in dict(model.named_buffers())


def test_two_cold_users_with_the_same_features_get_the_same_list():
    features = torch.tensor(
        [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    )
    cold = torch.tensor([True, True, True, False, False, False])
    model = _shared_bottom(user_features=features, cold_users=cold)

    logits = _all_pairs(model)

    assert_close(logits[0], logits[1], rtol=0, atol=0)
    assert (logits[0] != logits[2]).any()  # other features
    assert (logits[0] != logits[3]).any()  # the same features, and an embedding of one's own


def test_the_shared_parameters_are_all_but_the_towers_and_heads():
    model = _shared_bottom(n_tasks=4, n_tags=1, user_features=torch.eye(N_USERS))

    shared = {id(parameter) for parameter in model.shared_parameters()}

    names = {name.split(".")[0] for name, p in model.named_parameters() if id(p) in shared}
    assert names == {"user_embedding", "item_embedding", "user_side", "bottom"}
    others = {name.split(".")[0] for name, p in model.named_parameters() if id(p) not in shared}
    assert others == {"towers", "heads", "tag_heads"}


def test_dropout_silences_in_training_and_is_off_in_evaluation():
    model = _shared_bottom(dropout=0.5)
    user, item = torch.zeros(64, dtype=torch.int64), torch.zeros(64, dtype=torch.int64)

    in_training = model.train()(user, item)
    in_evaluation = model.eval()(user, item)

    assert (in_training.std(dim=0) > 0).all()
    assert_close(in_evaluation, in_evaluation[:1].expand_as(in_evaluation))


def _shared_bottom(n_tasks: int = 2, **keywords) -> networks.SharedBottom:
    torch.manual_seed(0)
    return networks.SharedBottom(N_USERS, N_ITEMS, n_tasks, dim=4, hidden=8, **keywords)


def _all_pairs(model: torch.nn.Module) -> torch.Tensor:
    """Logits of every user for every item, [users, items, tasks]."""
    pairs = torch.cartesian_prod(torch.arange(N_USERS), torch.arange(N_ITEMS))
    return model(pairs[:, 0], pairs[:, 1]).detach().unflatten(0, (N_USERS, N_ITEMS))
