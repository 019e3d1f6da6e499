"""From a pair and the weights of the tasks to one logit per task: one network for every weight."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from mtl_course.embeddings import refuse_another_history, small_embedding
from mtl_course.interactions import Interactions
from mtl_course.ownership import all_but, decaying
from mtl_course.parallel import LEAK, Towers

FILM_WIDTH = 32  # of the layer between the weights and what they do to the bottom


class LossConditional(nn.Module):
    """A shared bottom that is told the weights of the losses, and answers as they ask.

        user vector  u = n_tasks * sum_t weights[t] U_t[user];  item vector v likewise
        scale, shift   = F2 leaky_relu(F1 (n_tasks * weights - 1) + f1) + f2
        shared       s = leaky_relu((1 + scale) * (B [u, v, u * v, history] + b) + shift)
        logit[t]       = h_t . leaky_relu(T_t s + d_t) + c_t

    Trained with other weights at every step, it holds a whole trade-off: after a single training
    any weights can be asked for. A vector is as wide as a shared bottom's of the same `dim`, and
    mixed of one table for each task: where the tasks fight over room in the embeddings, a scale and
    a shift further up can't give it to one of them.

    The weights are kept in `weights`; `condition_on` changes them. A training with weights drawn
    anew at each step has, as the `backward` of `training.training_steps`:

        def backward(losses):
            weighted_sum(losses, model.weights).backward()
            model.condition_on(random_weights(n_tasks, generator))

    Args:
        dim: width of a user's or an item's vector.
        hidden: width of the shared layer; a tower is half as wide.
        n_history: features of the pair's own history, the third input.

    Source: Dosovitskiy and Djolonga, You Only Train Once, ICLR 2020; scale and shift as in Perez et
    al., FiLM, AAAI 2018. The mixed tables are ours, and a whole minibatch has the same weights.
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
    ) -> None:
        super().__init__()
        self.n_history = n_history
        # a table for each task, side by side
        self.user_embedding = small_embedding(n_users, n_tasks * dim)
        self.item_embedding = small_embedding(n_items, n_tasks * dim)
        self.bottom = nn.Linear(3 * dim + n_history, hidden)
        self.film = nn.Sequential(
            nn.Linear(n_tasks, FILM_WIDTH), nn.LeakyReLU(LEAK), nn.Linear(FILM_WIDTH, 2 * hidden)
        )
        self.towers = Towers(n_tasks, hidden)
        # no state to be saved: whoever asks the network says for which weights
        self.register_buffer("weights", torch.full((n_tasks,), 1 / n_tasks), persistent=False)

    def forward(
        self,
        user: Int[Tensor, " n"],
        item: Int[Tensor, " n"],
        history: Float[Tensor, "n features"] | None = None,
    ) -> Float[Tensor, "n tasks"]:
        refuse_another_history(history, self.n_history)
        u, v = self.mixed(self.user_embedding(user)), self.mixed(self.item_embedding(item))
        pair = [u, v, u * v] if history is None else [u, v, u * v, history]
        n_tasks = len(self.weights)
        scale, shift = self.film(n_tasks * self.weights - 1).chunk(2)  # [hidden] each
        shared = leaky_relu((1 + scale) * self.bottom(torch.cat(pair, dim=1)) + shift, LEAK)
        return self.towers(shared[:, None].expand(-1, n_tasks, -1))

    def mixed(self, rows: Float[Tensor, "n tasks_dim"]) -> Float[Tensor, "n dim"]:
        """One vector of the tables' rows, which lie side by side, each as its task is weighed."""
        n_tasks = len(self.weights)
        by_task = rows.unflatten(1, (n_tasks, -1))  # [n, tasks, dim]
        return n_tasks * torch.einsum("ntd,t->nd", by_task, self.weights)

    def condition_on(self, weights: Float[Tensor, " tasks"]) -> None:
        """From now on the network answers for these weights.

        Raises:
            ValueError: not one weight a task, one below 0 or NaN, or a sum other than 1. The
                network has only seen weights that add up to 1, and can't say what twice them means.
        """
        if weights.shape != self.weights.shape:
            raise ValueError(
                f"`weights` must hold one weight for each of {len(self.weights)} tasks; found "
                f"{len(weights)}."
            )
        total = float(weights.sum())
        if not (bool((weights >= 0).all()) and abs(total - 1) < 1e-4):
            raise ValueError(
                f"`weights` must be 0 or more and add up to 1; found {weights.tolist()}, whose sum "
                f"is {total:g}. Divide them by it."
            )
        self.weights.copy_(weights)

    def parameter_groups(self, *, embedding_decay: float) -> list[dict[str, object]]:
        """For an optimiser: weight decay on the tables of embeddings, and on nothing else.

        Args:
            embedding_decay: `weight_decay` of the optimiser for the embeddings; 0 or more.
        """
        tables = [self.user_embedding.weight, self.item_embedding.weight]
        return decaying(self, tables, embedding_decay)

    def shared_parameters(self) -> list[nn.Parameter]:
        """The parameters below the towers, those that read the weights included."""
        return all_but(self, [self.towers])


def random_weights(n_tasks: int, generator: torch.Generator) -> Float[Tensor, " tasks"]:
    """Weights that add up to 1, each such vector as likely as any other.

    Raises:
        ValueError: `n_tasks` is below 1.

    Example:
        >>> float(random_weights(3, torch.Generator().manual_seed(0)).sum())
        1.0
    """
    if n_tasks < 1:
        raise ValueError(f"`n_tasks` must be 1 or more; found {n_tasks}.")
    # gaps between sorted uniform numbers: uniform on the simplex
    cuts = torch.rand(n_tasks - 1, generator=generator).sort().values
    return torch.cat([torch.zeros(1), cuts, torch.ones(1)]).diff()


@torch.no_grad()
def logits_at(
    model: LossConditional, weights: Float[Tensor, "points tasks"], log: Interactions
) -> Float[Tensor, "points n tasks"]:
    """What one network says of every row of `log` at each of many weights, without gradients.

    The network's own weights are put back afterwards.

    Raises:
        ValueError: weights that `condition_on` refuses.
    """
    before = model.weights.clone()
    try:
        said = []
        for point in weights:
            model.condition_on(point)
            said.append(model(*log.inputs))
    finally:
        model.condition_on(before)
    return torch.stack(said)
