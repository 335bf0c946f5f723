"""What every cell of a tree needs at its door: a linear map of what stands at the nodes, and masks for candidates."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.layers.tree_schedule import Forest

_FREE_LEVELS = 1000
"""Levels through which gradients go back as they are."""
_LARGEST = 1.0
"""Of the gradient of one number of a state, where there are more levels."""


def hold(gradient: Tensor, num_levels: int) -> Tensor:
    """Return the gradient of the states of a level; held in place where it may have come through very many levels.

    What grows by a hair at each of 100,000 levels is larger than any number in the end, and the whole batch is lost.
    Source: Graves, "Generating sequences with recurrent neural networks", arXiv 1308.0850, section 2.1.
    """
    return gradient.clamp_(-_LARGEST, _LARGEST) if num_levels > _FREE_LEVELS else gradient


class TreeCell(nn.Module):
    """What all cells share: vectors of different symbols, ``(kinds, width_in)``, become the states of all nodes."""

    output_width: int

    def forward(self, forest: Forest, symbols: Tensor) -> Tensor:
        """Return the state of every node, ``(nodes, output_width)`` in float32."""
        raise NotImplementedError

    def whole(self, forest: Forest, states: Tensor) -> Tensor:
        """Return what stands for each tree as a whole, ``(batch, output_width)``: the state of its root."""
        return states[forest.roots]


class NodeLinear(nn.Module):
    """A linear map of the vectors of symbols, ``(kinds, width_in)`` to ``(nodes, width)``.

    A symbol costs one product, wherever it stands; nodes without one have the bias only.
    """

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width_in, width) / math.sqrt(width_in))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, forest: Forest, symbols: Tensor) -> Tensor:
        """Return ``(nodes, width)``."""
        if len(forest.named) == forest.num_nodes:
            return torch.addmm(self.bias, symbols, self.weight)[forest.kind]
        return self.bias.expand(forest.num_nodes, -1).index_add(0, forest.named, (symbols @ self.weight)[forest.kind])


def candidate_mask(cell: nn.Module, num_nodes: int, width: int, like: Tensor) -> Tensor | None:
    """Return factors for the candidates of a cell with a share ``dropout``, ``(nodes, width)``, or none.

    Source: Semeniuta, Severyn and Barth, arXiv 1603.05118, section 3.
    """
    share = float(cell.dropout)  # type: ignore[arg-type]
    if not cell.training or share == 0:
        return None
    return F.dropout(torch.ones(num_nodes, width, device=like.device), share)
