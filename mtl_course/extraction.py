"""Networks whose tasks have experts of their own beside shared ones, in levels: PLE and CGC."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from mtl_course.embeddings import FeatureEmbedding, PairEmbedding, refuse_more_tags_than_tasks
from mtl_course.ownership import all_but, decaying
from mtl_course.parallel import LEAK, ParallelLinear, Towers, gate, parallel_linear


class PLE(nn.Module):
    """Progressive layered extraction: experts of each task's own beside shared ones, in levels.

        streams      one per task and a shared one; before the first level each is x
        expert e     leaky_relu(W_e s + b_e), s the stream of its task, or the shared one
        task t       next stream = its gate's mixture of its own and the shared experts
        shared       next stream = its gate's mixture of all experts; the last level has none
        logit[t]     = h_t . leaky_relu(T_t s[t] + d_t) + c_t on the stream after the last level
        logit[tag]   = h_tag . u + c_tag                      for the tags of the user

    A gate is a softmax of G s / temperature. With one level it is customized gate control, CGC.

    Source: Tang et al., Progressive Layered Extraction (PLE), RecSys 2020. Units are leaky here,
    as in `networks`.

    Args:
        embedding: the input side, from (user, item, history) to a row x of features.
        n_tasks: logits returned, tags included.
        n_own: experts of each task, in each level.
        n_shared: experts for all tasks, in each level.
        hidden: width of an expert; a tower is half as wide.
        n_tags: how many of the tasks, the last ones, are tags, whose heads read the user alone.
        dropout: share of x that a training step silences.
        temperature: as in `experts.MMoE`.

    Raises:
        ValueError: no level or no expert of a kind, as many tags as tasks, or (when called) a
            temperature of 0 or less.
    """

    def __init__(
        self,
        embedding: PairEmbedding | FeatureEmbedding,
        n_tasks: int,
        *,
        n_own: int,
        n_shared: int,
        n_levels: int,
        hidden: int,
        n_tags: int = 0,
        dropout: float = 0.0,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        refuse_more_tags_than_tasks(n_tags, n_tasks)
        for name, value in (("n_own", n_own), ("n_shared", n_shared), ("n_levels", n_levels)):
            if value < 1:
                raise ValueError(f"`{name}` must be 1 or more; found {value}.")
        self.temperature = temperature
        self.embedding = embedding
        self.dropout = nn.Dropout(dropout)
        self.levels = nn.ModuleList(
            Level(
                hidden if level else embedding.n_features,
                n_tasks - n_tags,
                n_own=n_own,
                n_shared=n_shared,
                hidden=hidden,
                is_last=level == n_levels - 1,
            )
            for level in range(n_levels)
        )
        self.towers = Towers(n_tasks - n_tags, hidden)
        self.tag_heads = nn.Linear(embedding.n_user_features, n_tags) if n_tags else None

    def forward(
        self,
        user: Int[Tensor, " n"],
        item: Int[Tensor, " n"],
        history: Float[Tensor, "n history"] | None = None,
    ) -> Float[Tensor, "n tasks"]:
        streams = self.dropout(self.embedding(user, item, history))
        for level in self.levels:
            streams = level(streams, self.temperature).streams
        logits = self.towers(streams)
        if self.tag_heads is None:
            return logits
        return torch.cat([logits, self.tag_heads(self.embedding.user_vector(user))], dim=1)

    def gate_weights(
        self,
        user: Int[Tensor, " n"],
        item: Int[Tensor, " n"],
        history: Float[Tensor, "n history"] | None = None,
    ) -> Float[Tensor, "levels n tasks experts"]:
        """How much each task of the pair listens to its own experts and, after them, the shared.

        The weights of each level and task sum to 1. Experts of other tasks are not among them, nor
        are the weights by which the shared stream mixes all experts.
        """
        streams, weights = self.embedding(user, item, history), []
        for level in self.levels:
            mixture = level(streams, self.temperature)
            streams = mixture.streams
            weights.append(mixture.weights)
        return torch.stack(weights)

    def parameter_groups(self, *, embedding_decay: float) -> list[dict[str, object]]:
        """For an optimiser: weight decay on the tables of embeddings, and on nothing else."""
        return decaying(self, self.embedding.tables(), embedding_decay)

    def shared_parameters(self) -> list[nn.Parameter]:
        """What the tasks have in common and may fight over.

        That is the embeddings, the shared experts and their gates, and below the last level also
        each task's own experts: the shared stream mixes them in, and so carries them to all tasks.
        """
        own = [self.levels[-1].own, self.levels[-1].gates, self.towers, self.tag_heads]
        if len(self.levels) > 1:  # what it mixes goes into the last level's own experts alone
            own.append(self.levels[-2].gates)
        return all_but(self, own)


class Mixture(NamedTuple):
    """What one level of PLE makes of its streams."""

    streams: Float[Tensor, "n streams hidden"]  # of each task, then the shared one unless it's last
    weights: Float[Tensor, "n tasks experts"]  # of each task's own experts, then the shared ones


class Level(nn.Module):
    """One level of `PLE`; all its experts are computed in one product."""

    def __init__(
        self, n_in: int, n_tasks: int, *, n_own: int, n_shared: int, hidden: int, is_last: bool
    ) -> None:
        super().__init__()
        self.n_tasks, self.n_own, self.n_shared = n_tasks, n_own, n_shared
        n_experts = n_tasks * n_own + n_shared
        self.own = ParallelLinear(n_tasks * n_own, n_in, hidden)  # those of the first task first
        self.shared = ParallelLinear(n_shared, n_in, hidden)
        self.gates = ParallelLinear(n_tasks, n_in, n_own + n_shared, bias=False)
        self.shared_gate = None if is_last else nn.Linear(n_in, n_experts, bias=False)

    def forward(self, streams: Float[Tensor, "n *streams n_in"], temperature: float) -> Mixture:
        """The mixtures of the streams, or of the one row x that is every stream at first."""
        if streams.dim() == 2:
            for_experts = for_tasks = common = streams
        else:
            for_tasks, common = streams[:, :-1], streams[:, -1]
            own = for_tasks.repeat_interleave(self.n_own, dim=1)
            shared = common[:, None].expand(-1, self.n_shared, -1)
            for_experts = torch.cat([own, shared], dim=1)  # [n, experts, n_in]
        outputs = leaky_relu(
            parallel_linear(
                for_experts,
                torch.cat([self.own.weight, self.shared.weight]),
                torch.cat([self.own.bias, self.shared.bias]),
            ),
            LEAK,
        )  # [n, experts, hidden]
        n_own = self.n_tasks * self.n_own
        of_own = outputs[:, :n_own].unflatten(1, (self.n_tasks, self.n_own))
        weights = gate(self.gates(for_tasks), temperature)  # [n, tasks, own + shared]
        mixed = torch.einsum("nte,nteh->nth", weights[:, :, : self.n_own], of_own)
        mixed = mixed + weights[:, :, self.n_own :] @ outputs[:, n_own:]
        if self.shared_gate is None:
            return Mixture(mixed, weights)
        of_all = gate(self.shared_gate(common), temperature)[:, None]  # [n, 1, experts]
        return Mixture(torch.cat([mixed, of_all @ outputs], dim=1), weights)
