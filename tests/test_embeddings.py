"""The input sides: what a row of features is made of."""

import copy

import pytest
import torch
from torch.testing import assert_close

from mtl_course import embeddings, experts, losses, training
from mtl_course.interactions import Interactions

CATEGORIES = torch.tensor([[0, 2], [1, 0], [1, 1], [0, 2]])  # of four people; the last is the first
NUMBERS = torch.tensor([[0.5], [0.0], [1.0], [0.5]])


def test_a_pair_is_both_vectors_their_product_and_the_history():
    user_features = torch.eye(5)
    cold = torch.tensor([False, False, False, False, True])
    side = embeddings.PairEmbedding(
        5, 7, dim=3, n_history=2, user_features=user_features, cold_users=cold
    )
    history = torch.tensor([[1.0, 2.0], [3.0, 4.0]])

    found = side(torch.tensor([4, 0]), torch.tensor([6, 6]), history)

    of_features = (
        side.user_side.weight.T
    )  # its row is the user's, as the features are a unit matrix
    u = torch.stack([of_features[4], side.user_embedding.weight[0] + of_features[0]])
    v = side.item_embedding.weight[[6, 6]]
    assert_close(found, torch.cat([u, v, u * v, history], dim=1))
    assert found.shape[1] == side.n_features
    assert side.user_vector(torch.tensor([4])).shape[1] == side.n_user_features


def test_the_tables_start_near_0_so_that_a_rare_row_can_still_move():
    torch.manual_seed(0)
    table = embeddings.small_embedding(1000, 8).weight
    assert_close(table.std(), torch.tensor(0.05), rtol=0.05, atol=0)


def test_a_pair_of_another_history_is_refused():
    side = embeddings.PairEmbedding(5, 7, dim=3, n_history=2)
    with pytest.raises(ValueError, match=r"built for 2 history features; found 0"):
        side(torch.tensor([0]), torch.tensor([0]))


def test_a_user_as_features_is_an_embedding_of_each_category_beside_the_numbers():
    side = embeddings.FeatureEmbedding(CATEGORIES, NUMBERS, (2, 3), dim=4)

    found = side(torch.tensor([2, 1]), torch.zeros(2, dtype=torch.int64))

    # the second column's codes come after the two of the first: 1 is row 3 there, and 0 is row 2
    table = side.category_embedding.weight
    assert_close(found[0], torch.cat([table[1], table[3], torch.tensor([1.0])]))
    assert_close(found[1], torch.cat([table[1], table[2], torch.tensor([0.0])]))
    assert found.shape[1] == side.n_features == side.n_user_features == 9
    assert sum(p.numel() for p in side.parameters()) == (2 + 3) * 4


def test_two_people_who_answer_alike_are_one_to_the_network():
    side = embeddings.FeatureEmbedding(CATEGORIES, NUMBERS, (2, 3), dim=4)
    model = experts.MMoE(side, 3, n_experts=2, hidden=4, n_tags=1)

    logits = model(torch.arange(4), torch.zeros(4, dtype=torch.int64))

    assert_close(logits[0], logits[3], rtol=0, atol=0)
    assert (logits[0] != logits[1]).all()
    decayed, _ = model.parameter_groups(embedding_decay=0.1)
    assert [id(p) for p in decayed["params"]] == [id(side.category_embedding.weight)]


def test_people_known_by_features_alone_can_be_swept_too():
    side = embeddings.FeatureEmbedding(CATEGORIES, NUMBERS, (2, 3), dim=4)
    people = Interactions(
        user=torch.arange(4),
        item=torch.zeros(4, dtype=torch.int64),
        labels=torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]),
        observed=torch.ones(4, 2, dtype=torch.bool),
        tasks=("income", "never married"),
        n_users=4,
        n_items=1,
    )

    sweep = training.sweep_weights(
        lambda: experts.MMoE(copy.deepcopy(side), 2, n_experts=2, hidden=4),
        people,
        people,
        weights=torch.tensor([[1.0, 0.0], [0.0, 1.0]]),
        seeds=(0, 1),
        task_losses=losses.task_losses,
        checkpoints=[0, 200],
        batch_size=4,
        learning_rate=0.05,
        progress=iter,
    )

    start, end = sweep.curves[:, :, 0], sweep.curves[:, :, 1]  # [points, seeds, tasks]
    for point in (0, 1):  # four people are learned by heart, in the task that weighs anything
        assert (end[point, :, point] < 0.05).all()
        assert (start[point, :, point] > 0.4).all()
    assert (sweep.curves[0, :, 1, 1] > 0.05).all()


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((2, 2), "Column 1 of `categories` must hold codes from 0 to 1; found values from 0 to 2"),
        ((2,), "each column of `categories`, 2 of them; found 1"),
    ],
)
def test_codes_without_a_row_of_their_own_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        embeddings.FeatureEmbedding(CATEGORIES, NUMBERS, sizes, dim=4)
    with pytest.raises(ValueError, match=r"Column 0 .* from 0 to 1; found values from -1 to 0"):
        embeddings.FeatureEmbedding(CATEGORIES - 1, NUMBERS, (2, 3), dim=4)
