"""Networks whose tasks share a set of experts, and mix them each by a gate of its own."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from mtl_course.embeddings import FeatureEmbedding, PairEmbedding, refuse_more_tags_than_tasks
from mtl_course.extraction import PLE
from mtl_course.ownership import all_but, decaying
from mtl_course.parallel import LEAK, ParallelLinear, Towers, gate

__all__ = ["PLE", "MMoE"]


class MMoE(nn.Module):
    """Multi-gate mixture of experts: all tasks share all experts, each with weights of its own.

        expert e  f_e(x) = leaky_relu(W_e x + b_e)
        gate      g[t] = softmax over e of G_t x / temperature
        mixed     m[t] = sum_e g[t,e] f_e(x)
        logit[t]  = h_t . leaky_relu(T_t m[t] + d_t) + c_t    for the tasks of the pair
        logit[tag]= h_tag . u + c_tag                         for the tags of the user

    With one expert there is nothing to choose and no gate: it is the shared bottom.

    Source: Ma et al., Modeling Task Relationships in Multi-task Learning with Multi-gate
    Mixture-of-Experts, KDD 2018. Units are leaky here, as in `networks`.

    Args:
        embedding: the input side, from (user, item, history) to a row x of features.
        n_tasks: logits returned, tags included.
        hidden: width of an expert; a tower is half as wide.
        n_tags: how many of the tasks, the last ones, are tags, whose heads read the user alone.
        dropout: share of x that a training step silences.
        temperature: above 1 the gates weigh the experts more evenly, near 0 each picks one. It is
            an attribute, and may be changed after the training.

    Raises:
        ValueError: no expert, as many tags as tasks, or (when called) a temperature of 0 or less.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> model = MMoE(PairEmbedding(5, 7, dim=2), n_tasks=2, n_experts=4, hidden=6)
        >>> pair = torch.tensor([3]), torch.tensor([5])
        >>> model(*pair).shape, model.gate_weights(*pair).shape
        (torch.Size([1, 2]), torch.Size([1, 2, 4]))
    """

    def __init__(
        self,
        embedding: PairEmbedding | FeatureEmbedding,
        n_tasks: int,
        *,
        n_experts: int,
        hidden: int,
        n_tags: int = 0,
        dropout: float = 0.0,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        refuse_more_tags_than_tasks(n_tags, n_tasks)
        if n_experts < 1:
            raise ValueError(f"`n_experts` must be 1 or more; found {n_experts}.")
        n_mixed, n_features = n_tasks - n_tags, embedding.n_features
        self.temperature = temperature
        self.embedding = embedding
        self.dropout = nn.Dropout(dropout)
        self.experts = ParallelLinear(n_experts, n_features, hidden)
        chooses = n_experts > 1
        self.gates = ParallelLinear(n_mixed, n_features, n_experts, bias=False) if chooses else None
        self.towers = Towers(n_mixed, hidden)
        self.tag_heads = nn.Linear(embedding.n_user_features, n_tags) if n_tags else None

    def forward(
        self,
        user: Int[Tensor, " n"],
        item: Int[Tensor, " n"],
        history: Float[Tensor, "n history"] | None = None,
    ) -> Float[Tensor, "n tasks"]:
        x = self.dropout(self.embedding(user, item, history))
        outputs = leaky_relu(self.experts(x), LEAK)  # [n, experts, hidden]
        logits = self.towers(self._weights(x) @ outputs)
        if self.tag_heads is None:
            return logits
        return torch.cat([logits, self.tag_heads(self.embedding.user_vector(user))], dim=1)

    def gate_weights(
        self,
        user: Int[Tensor, " n"],
        item: Int[Tensor, " n"],
        history: Float[Tensor, "n history"] | None = None,
    ) -> Float[Tensor, "n tasks experts"]:
        """How much each task of the pair listens to each expert; sums to 1 over the experts."""
        return self._weights(self.embedding(user, item, history))

    def parameter_groups(self, *, embedding_decay: float) -> list[dict[str, object]]:
        """For an optimiser: weight decay on the tables of embeddings, and on nothing else."""
        return decaying(self, self.embedding.tables(), embedding_decay)

    def shared_parameters(self) -> list[nn.Parameter]:
        """The embeddings and the experts: what the tasks have in common and may fight over."""
        return all_but(self, [self.gates, self.towers, self.tag_heads])

    def _weights(self, x: Float[Tensor, "n features"]) -> Float[Tensor, "n tasks experts"]:
        if self.gates is None:
            return x.new_ones(len(x), self.towers.n_tasks, 1)
        return gate(self.gates(x), self.temperature)
