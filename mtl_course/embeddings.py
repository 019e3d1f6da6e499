"""From who and what to one row of numbers: the input sides that networks of experts stand on.

Each has `n_features`, the width of what it returns, and `n_user_features`, that of the user's part.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn


class PairEmbedding(nn.Module):
    """A pair as one row: both vectors, their product, and the pair's own history.

        u = user embedding + W_u user features; v likewise
        x = [u, v, u * v, history]

    It is the input side of `networks.SharedBottom` and of the experts.

    Args:
        dim: width of an embedding.
        n_history: features of the pair's own history, the third input.
        user_features: one row per user, looked up by row number; not trained.
        item_features: one row per item.
        cold_users: True for the users who have no embedding of their own.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        *,
        dim: int,
        n_history: int = 0,
        user_features: Float[Tensor, "users user_features"] | None = None,
        item_features: Float[Tensor, "items item_features"] | None = None,
        cold_users: Bool[Tensor, " users"] | None = None,
    ) -> None:
        super().__init__()
        self.n_history = n_history
        self.n_features = 3 * dim + n_history
        self.n_user_features = dim
        self.user_embedding = small_embedding(n_users, dim)
        self.item_embedding = small_embedding(n_items, dim)
        self.register_buffer("user_features", user_features)
        self.register_buffer("item_features", item_features)
        self.register_buffer("cold_users", cold_users)
        self.user_side = feature_layer(user_features, dim)
        self.item_side = feature_layer(item_features, dim)

    def forward(
        self,
        user: Int[Tensor, " n"],
        item: Int[Tensor, " n"],
        history: Float[Tensor, "n history"] | None = None,
    ) -> Float[Tensor, "n features"]:
        refuse_another_history(history, self.n_history)
        u, v = self.user_vector(user), self.item_vector(item)
        pair = [u, v, u * v] if history is None else [u, v, u * v, history]
        return torch.cat(pair, dim=1)

    def user_vector(self, user: Int[Tensor, " n"]) -> Float[Tensor, "n dim"]:
        """All that is known of each user: the embedding, plus the features' part."""
        return side_vector(
            user, self.user_embedding, self.user_side, self.user_features, self.cold_users
        )

    def item_vector(self, item: Int[Tensor, " n"]) -> Float[Tensor, "n dim"]:
        """All that is known of each item: the embedding, plus the features' part."""
        return side_vector(item, self.item_embedding, self.item_side, self.item_features)

    def tables(self) -> list[nn.Parameter]:
        """The tables of embeddings, which learn each row from its own labels alone."""
        return [self.user_embedding.weight, self.item_embedding.weight]


class FeatureEmbedding(nn.Module):
    """A user as what is written about them, without any id: for users who are seen only once.

        x = [embedding of the 1st category, ..., of the last, numbers]

    A table of people, such as the census, is a log like any other: each person is a user, its
    answers are labels of the user, and there is one item, the form. An embedding of the id would
    learn that one row by heart; so nobody has one, and neither item nor history is read.

    Args:
        categories: codes from 0 of each user's categories; looked up by row number, not trained.
        numbers: the rest of what is known of each user.
        sizes: how many codes each column of `categories` has.
        dim: width of the embedding of one category.

    Raises:
        ValueError: a code that its column does not have, or another number of columns or users.
    """

    def __init__(
        self,
        categories: Int[Tensor, "users columns"],
        numbers: Float[Tensor, "users numbers"],
        sizes: tuple[int, ...],
        *,
        dim: int,
    ) -> None:
        super().__init__()
        _refuse_other_codes(categories, sizes)
        self.n_features = len(sizes) * dim + numbers.shape[1]
        self.n_user_features = self.n_features
        # the tables of all columns lie one below the other in a single one: one look-up a batch
        firsts = torch.tensor([0, *sizes[:-1]]).cumsum(dim=0)
        self.register_buffer("rows", categories + firsts)  # [users, columns]
        self.register_buffer("numbers", numbers)
        self.category_embedding = small_embedding(sum(sizes), dim)

    def forward(
        self,
        user: Int[Tensor, " n"],
        item: Int[Tensor, " n"],  # noqa: ARG002  a network calls every input side alike
        history: Float[Tensor, "n history"] | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "n features"]:
        return self.user_vector(user)

    def user_vector(self, user: Int[Tensor, " n"]) -> Float[Tensor, "n features"]:
        """All that is known of each user, which here is all that there is."""
        rows = self.rows[user].flatten()
        # the backward pass of `index_select` takes a fifth of the time of the module's own call
        embedded = self.category_embedding.weight.index_select(0, rows)  # [n * columns, dim]
        return torch.cat([embedded.reshape(len(user), -1), self.numbers[user]], dim=1)

    def tables(self) -> list[nn.Parameter]:
        """The tables of embeddings."""
        return [self.category_embedding.weight]


def side_vector(
    rows: Int[Tensor, " n"],
    embedding: nn.Embedding,
    layer: nn.Linear | None,
    features: Float[Tensor, "rows features"] | None,
    cold: Bool[Tensor, " rows"] | None = None,
) -> Float[Tensor, "n dim"]:
    """One side of the pairs: each row's embedding, unless it is cold, plus its features' part."""
    vector = embedding(rows)
    if cold is not None:
        vector = vector.masked_fill(cold[rows][:, None], 0.0)
    if layer is not None:
        vector = vector + layer(features[rows])
    return vector


def small_embedding(n_rows: int, dim: int) -> nn.Embedding:
    """A table of embeddings that starts near 0."""
    embedding = nn.Embedding(n_rows, dim)
    # PyTorch's own start, a standard deviation of 1, drowns the few labels of a rare row
    nn.init.normal_(embedding.weight, std=0.05)
    return embedding


def feature_layer(features: Float[Tensor, "rows features"] | None, dim: int) -> nn.Linear | None:
    """What turns features into a part of the embedding; None where there are none."""
    return None if features is None else nn.Linear(features.shape[1], dim, bias=False)


def refuse_another_history(history: Float[Tensor, "n history"] | None, n_history: int) -> None:
    """Raises a ValueError where the network was built for another number of history features."""
    found = 0 if history is None else history.shape[1]
    if found != n_history:
        raise ValueError(
            f"This network was built for {n_history} history features; found {found}. "
            f"Build it with `n_history={found}`, or drop them from the log by "
            f"`interactions.without_history`."
        )


def refuse_more_tags_than_tasks(n_tags: int, n_tasks: int) -> None:
    """Raises a ValueError where no task would be left that looks at the item."""
    if not 0 <= n_tags < n_tasks:
        raise ValueError(
            f"`n_tags` counts tasks that are tags, from 0 to {n_tasks - 1} of `n_tasks`="
            f"{n_tasks}; found {n_tags}."
        )


def _refuse_other_codes(categories: Int[Tensor, "users columns"], sizes: tuple[int, ...]) -> None:
    if categories.shape[1] != len(sizes):
        raise ValueError(
            f"`sizes` must count the codes of each column of `categories`, {categories.shape[1]} "
            f"of them; found {len(sizes)}."
        )
    for column, size in enumerate(sizes):
        low, high = int(categories[:, column].min()), int(categories[:, column].max())
        if low < 0 or high >= size:
            raise ValueError(
                f"Column {column} of `categories` must hold codes from 0 to {size - 1}; found "
                f"values from {low} to {high}."
            )
