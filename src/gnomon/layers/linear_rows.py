"""A linear model of rows that answers beside a network: on small tables neither is surely the better one.

Source: Wolpert, "Stacked generalization", Neural Networks 5, 1992: models of two kinds, weighed by what they say of
rows that neither has learned from.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import Label, Number, Vector
from gnomon.layers.linear_solvers import answers_of, ridge, softmax

_FAR = 10.0
"""Usual spreads from the centre beyond which a number is no farther."""


class LinearRows(nn.Module):
    """Rows ``(batch, features)`` as their leaf describes them to logits ``(batch, classes)``, or a standardised number.

    A number is one column, 0 where it is missing, and another that says so; each code of a category is a column.
    `solve` finds the weights; until then it says 0. ``share`` is how much it counts beside a network.
    """

    mean: Tensor
    scale: Tensor
    weights: Tensor
    share: Tensor

    def __init__(self, vector: Vector, target: Label | Number) -> None:
        super().__init__()
        self.num_numbers = len(vector.names)
        self.sizes = tuple(size for _, size in vector.categories)
        self.target = target
        width = columns_of(vector)
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.register_buffer("weights", torch.zeros(values_of(target), width + 1))
        self.register_buffer("share", torch.zeros(()))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return ``(batch, classes)`` or ``(batch, 1)``."""
        return answers_of((self._columns(inputs) - self.mean) / self.scale, self.weights)

    @torch.no_grad()
    def solve(self, inputs: Tensor, targets: Tensor) -> None:
        """Fit the model to training rows and their targets ``(n,)``: class indices, or numbers in their units."""
        columns = self._columns(inputs.double())
        deviation = columns.std(0, correction=0)
        mean, scale = columns.mean(0), torch.where(deviation > 0, deviation, 1.0)
        columns = (columns - mean) / scale
        if isinstance(self.target, Label):
            weights = softmax(columns, targets, len(self.target.classes))
        else:
            weights = ridge(columns, (targets.double() - self.target.mean) / self.target.deviation)
        for buffer, found in ((self.mean, mean), (self.scale, scale), (self.weights, weights)):
            buffer.copy_(found)

    def beside(self, answers: Tensor, inputs: Tensor) -> Tensor:
        """Return a network's answers ``(batch, values)`` with those of this model mixed in, as much as it counts.

        Probabilities are averaged; of a number and its quantiles all move by as much as the number does.
        """
        if not self.share:
            return answers
        own = self(inputs).to(answers.dtype)
        if isinstance(self.target, Number):
            return answers + self.share * (own - answers[:, :1])
        parts = torch.stack([answers.log_softmax(1), own.log_softmax(1)])
        counts = torch.stack([1 - self.share, self.share]).to(answers.dtype)
        return (parts + counts.log()[:, None, None]).logsumexp(0)

    def _columns(self, inputs: Tensor) -> Tensor:
        numbers, codes = inputs[:, : self.num_numbers], inputs[:, self.num_numbers :].long()
        absent = numbers.isnan()
        parts = [numbers.masked_fill(absent, 0.0).clamp(-_FAR, _FAR), absent]
        parts += [F.one_hot(codes[:, k], size) for k, size in enumerate(self.sizes)]
        return torch.cat([part.to(inputs.dtype) for part in parts], 1)


def columns_of(vector: Vector) -> int:
    """Return the columns that a linear model makes of a row."""
    return 2 * len(vector.names) + sum(size for _, size in vector.categories)


def values_of(target: Label | Number) -> int:
    """Return the numbers that it answers."""
    return len(target.classes) if isinstance(target, Label) else 1
