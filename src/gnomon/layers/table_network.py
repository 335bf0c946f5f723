"""A network for rows of numbers and codes that is several networks in one, which share most of their weights.

Sources: Gorishniy, Kotelnikov and Babenko, "TabM", arXiv 2410.24210 (members that differ by factors on what they
share, trained side by side, each by a loss of its own); Wen, Tran and Ba, "BatchEnsemble", arXiv 2002.06715.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import Output, Vector
from gnomon.layers.head import Head
from gnomon.layers.linear_rows import LinearRows
from gnomon.layers.network import Network, Role
from gnomon.layers.number_head import free_of
from gnomon.layers.scaling import VALUES, with_quantiles
from gnomon.layers.table_embed import TableEmbedding


class MemberHead(Head):
    """Features ``(members, batch, width)`` to values ``(members, batch, size)``: a matrix for each member."""

    def __init__(self, members: int, width: int, size: int) -> None:
        super().__init__(width, members * size)
        self.members = members
        self.size = size

    @torch.no_grad()
    def answer(self, values: Tensor) -> None:
        """Let every member give these values, shape ``(size,)``, for every input."""
        super().answer(values.repeat(self.members))

    def forward(self, features: Tensor) -> Tensor:
        """Return ``(members, batch, size)`` in float32."""
        matrices = self.linear.weight.view(self.members, self.size, -1).mT
        return torch.bmm(features, matrices).float() + self.offset.view(self.members, 1, self.size)


class NumberMemberHead(MemberHead):
    """The same for a number and its quantiles in rising order, standardised: ``size`` is ``1 + quantiles``."""

    def __init__(self, members: int, width: int) -> None:
        super().__init__(members, width, VALUES)

    @torch.no_grad()
    def answer(self, values: Tensor) -> None:
        """Let every member give this number and these quantiles, shape ``(1 + quantiles,)``."""
        super().answer(free_of(values))

    def forward(self, features: Tensor) -> Tensor:
        """Return ``(members, batch, 1 + quantiles)`` in float32."""
        return with_quantiles(super().forward(features))


class SharedDropout(nn.Module):
    """Drop units of ``(members, batch, width)``, for one sample the same ones in all members.

    Members differ anyway, and drawing is a third of the time of a step where each has draws of its own.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``, in training with a ``share`` of the units at nought and the others scaled up."""
        if not self.training or self.share == 0:
            return x
        return x * F.dropout(x.new_ones(1, *x.shape[1:]), self.share)


class MemberLayer(nn.Module):
    """One hidden layer of all members: ``(members, batch, units_in)`` to ``(members, batch, width)``.

    All share one matrix; each has factors and offsets of its own for what comes out. In the first layer the factors
    start at random, so that the members differ, and the input, which all share, goes through the matrix once.
    """

    def __init__(self, members: int, units_in: int, width: int, *, first: bool) -> None:
        super().__init__()
        self.first = first
        self.weight = nn.Parameter(torch.randn(width, units_in) * math.sqrt((1 if first else 2) / units_in))
        self.factor = nn.Parameter(torch.randn(members, 1, width) if first else torch.ones(members, 1, width))
        self.bias = nn.Parameter((torch.rand(members, 1, width) * 2 - 1) * (0.5 if first else 0.1))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(members, batch, width)``; the first layer takes ``(batch, units_in)``."""
        if self.first:
            return F.relu(torch.addcmul(self.bias, F.linear(x, self.weight), self.factor))
        return F.relu(torch.baddbmm(self.bias, x, self.weight.mT * self.factor))


class TableNetwork(Network):
    """Rows ``(batch, features)`` to logits ``(batch, classes)``, or to a number and its quantiles, standardised.

    ``num_classes`` is None where a number is wanted. The members' probabilities, or their numbers, are averaged. The
    last layer sees the embedded row beside what the layers made of it: what is linear need not be bent first.
    Source: Cheng et al., "Wide & deep learning for recommender systems", arXiv 1606.07792. A linear model that is
    solved may answer ``beside`` them, when the training is over.
    """

    def __init__(
        self,
        vector: Vector,
        num_classes: int | None,
        *,
        members: int,
        width: int,
        depth: int,
        dropout: float,
        embedding: int,
        bins: int,
        beside: LinearRows | None = None,
    ) -> None:
        super().__init__()
        self.beside = beside
        self.num_numbers = len(vector.names)
        self.members = members
        self.embed = TableEmbedding(vector, size=embedding, num_bins=bins)
        units = [self.embed.width] + [width] * depth
        self.layers = nn.ModuleList(
            MemberLayer(members, before, width, first=index == 0) for index, before in enumerate(units[:-1])
        )
        self.dropout = SharedDropout(dropout)
        self.averages_logits = num_classes is not None
        told = sum(units) - sum(units[1:-1]) if depth else units[0]
        if num_classes is None:
            self.head: MemberHead = NumberMemberHead(members, told)
        else:
            self.head = MemberHead(members, told, num_classes)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return the mean answer, and in training that of each member."""
        x = embedded = self.embed(inputs)
        for layer in self.layers:
            x = self.dropout(layer(x))
        told = embedded.expand(self.members, -1, -1)
        answers = self.head(torch.cat([told, x], -1) if self.layers else told)
        value = self._mean(answers)
        if self.training:
            return Output(value, members=answers)
        return Output(value if self.beside is None else self.beside.beside(value, inputs))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Shared matrices get orthogonalised updates; factors, offsets and embeddings do not decay."""
        if not parameter.requires_grad:
            return "frozen"
        if name.startswith("layers.") and name.endswith(".weight"):
            return "orthogonal"
        return "adam" if name.startswith("head.") else "embedding"

    @torch.no_grad()
    def prepare(self, inputs: Tensor) -> None:
        """Put the bins of the numbers where the training rows have their quantiles."""
        if self.num_numbers:
            self.embed.bins.measure(inputs[:, : self.num_numbers])

    @torch.no_grad()
    def solve(self, inputs: Tensor, targets: Tensor) -> None:
        """Fit the linear model, where there is one."""
        if self.beside is not None:
            self.beside.solve(inputs, targets)

    @torch.no_grad()
    def lean(self, share: float) -> bool:
        """Let the linear model count ``share``, in [0, 1]; False where there is none."""
        if self.beside is None:
            return False
        self.beside.share.fill_(share)
        return True

    def _mean(self, answers: Tensor) -> Tensor:
        if not self.averages_logits:
            return answers.mean(dim=0)
        return answers.log_softmax(dim=-1).logsumexp(dim=0) - math.log(self.members)
