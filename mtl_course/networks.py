"""From (user, item) and, where it is given, the pair's history to one logit per task."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mtl_course.embeddings import (
    PairEmbedding,
    refuse_another_history,
    refuse_more_tags_than_tasks,
    small_embedding,
)
from mtl_course.ownership import all_but, decaying
from mtl_course.parallel import LEAK


class AdditiveBlueprint(nn.Module):
    """The two-input blueprint: both embeddings side by side, one sigmoid unit per task on top.

        logit[t] = w_t . [user_embedding, item_embedding] + c_t = a_t(user) + b_t(item) + c_t

    Nothing stands between the embeddings and the units, so the score is a sum of a part of the user
    and a part of the item: it ranks the items in the same order for every user. The logits are
    returned; the sigmoid belongs to the loss.
    """

    def __init__(self, n_users: int, n_items: int, n_tasks: int, *, dim: int) -> None:
        super().__init__()
        self.user_embedding = small_embedding(n_users, dim)
        self.item_embedding = small_embedding(n_items, dim)
        self.heads = nn.Linear(2 * dim, n_tasks)  # row t: the unit of task t

    def forward(self, user: Int[Tensor, " n"], item: Int[Tensor, " n"]) -> Float[Tensor, "n tasks"]:
        pair = torch.cat([self.user_embedding(user), self.item_embedding(item)], dim=1)
        return self.heads(pair)

    def parameter_groups(self, *, embedding_decay: float) -> list[dict[str, object]]:
        """For an optimiser: weight decay on the two tables of embeddings, and on nothing else."""
        tables = [self.user_embedding.weight, self.item_embedding.weight]
        return decaying(self, tables, embedding_decay)


class SharedBottom(PairEmbedding):
    """Hard parameter sharing: embeddings and a bottom that all tasks use, then a tower for each.

        user vector u = user embedding + W_u user features; item vector v likewise
        shared      s = leaky_relu(B [u, v, u * v, history] + b)
        logit[t]      = h_t . leaky_relu(T_t s + d_t) + c_t  for the tasks of the pair
        logit[tag]    = h_tag . u + c_tag                    for the tags of the user

    A tag is a label of the user, so its head reads the user's vector alone: a user has one tag
    prediction whatever the item.

    Source: Caruana, Multitask Learning, Machine Learning 28, 1997 (one hidden layer shared by all
    tasks). Features added to the embedding as in Kula, LightFM, CBRecSys 2015.

    Args:
        n_tasks: logits returned, tags included.
        dim: width of an embedding.
        hidden: width of the shared layer; a tower is half as wide.
        n_history: features of the pair's own history, the third input.
        n_tags: how many of the tasks, the last ones, are tags of the user.
        user_features: one row per user, looked up by row number; not trained.
        item_features: one row per item.
        cold_users: True for the users who have no embedding of their own: only their features
            speak for them.
        dropout: share of the shared layer's inputs that a training step silences.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        n_tasks: int,
        *,
        dim: int,
        hidden: int,
        n_history: int = 0,
        n_tags: int = 0,
        user_features: Float[Tensor, "users user_features"] | None = None,
        item_features: Float[Tensor, "items item_features"] | None = None,
        cold_users: Bool[Tensor, " users"] | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(
            n_users,
            n_items,
            dim=dim,
            n_history=n_history,
            user_features=user_features,
            item_features=item_features,
            cold_users=cold_users,
        )
        refuse_more_tags_than_tasks(n_tags, n_tasks)
        self.bottom = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(self.n_features, hidden), nn.LeakyReLU(LEAK)
        )
        self.towers = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, hidden // 2), nn.LeakyReLU(LEAK))
            for _ in range(n_tasks - n_tags)
        )
        self.heads = nn.ModuleList(nn.Linear(hidden // 2, 1) for _ in range(n_tasks - n_tags))
        self.tag_heads = nn.Linear(dim, n_tags) if n_tags else None

    def forward(
        self,
        user: Int[Tensor, " n"],
        item: Int[Tensor, " n"],
        history: Float[Tensor, "n features"] | None = None,
    ) -> Float[Tensor, "n tasks"]:
        refuse_another_history(history, self.n_history)
        u, v = self.user_vector(user), self.item_vector(item)
        pair = [u, v, u * v] if history is None else [u, v, u * v, history]
        shared = self.bottom(torch.cat(pair, dim=1))  # [n, hidden]
        logits = [head(tower(shared)) for tower, head in zip(self.towers, self.heads, strict=True)]
        if self.tag_heads is not None:
            logits.append(self.tag_heads(u))
        return torch.cat(logits, dim=1)

    def parameter_groups(self, *, embedding_decay: float) -> list[dict[str, object]]:
        """For an optimiser: weight decay on the two tables of embeddings, and on nothing else.

        An embedding sees the labels of its own row alone and can learn them by heart; the layers
        see all labels. So only the former are held back.

        Args:
            embedding_decay: `weight_decay` of the optimiser for the embeddings; 0 or more.

        Example:
            >>> model = SharedBottom(5, 7, 1, dim=2, hidden=4)
            >>> optimizer = torch.optim.Adam(model.parameter_groups(embedding_decay=0.1))
            >>> [group["weight_decay"] for group in optimizer.param_groups]
            [0.1, 0.0]
        """
        return decaying(self, self.tables(), embedding_decay)

    def shared_parameters(self) -> list[nn.Parameter]:
        """The parameters below the towers: what the tasks have in common and may fight over."""
        return all_but(self, [self.towers, self.heads, self.tag_heads])
