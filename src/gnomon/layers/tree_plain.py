"""The plain recursive network, and with a tensor the recursive neural tensor network (RNTN).

    p = tanh([c_1; c_2]^T V [c_1; c_2] + W [c_1; c_2] + W_x x + b)

Without the tensor V it is the plain one. Every place of a child has its columns; children that find all places taken
are added up in the last one. A leaf is the tanh of its input. Sources: Socher et al., "Parsing natural scenes and
natural language with recursive neural networks", ICML 2011, equation 1; Socher et al., "Recursive deep models for
semantic compositionality over a sentiment treebank", EMNLP 2013, section 4.3.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from gnomon.layers.tree_inputs import NodeLinear, TreeCell, hold
from gnomon.layers.tree_schedule import Forest, Slots, slots


class PlainCell(TreeCell):
    """Vectors of symbols, ``(kinds, width_in)``, to the states of the nodes, ``(nodes, width)``."""

    def __init__(self, width_in: int, width: int, num_places: int, *, tensor: bool = False) -> None:
        super().__init__()
        self.width = self.output_width = width
        self.num_places = num_places
        below = num_places * width
        self.enter = NodeLinear(width_in, width)
        self.recurrent = nn.Parameter(torch.randn(below, width) / math.sqrt(below))
        # (left, output * right): a product with the children gives the matrix of each output
        self.tensor = nn.Parameter(torch.randn(below, width * below) * (0.1 / below)) if tensor else None

    def forward(self, forest: Forest, symbols: Tensor) -> Tensor:
        """Return the state of every node, in float32."""
        with torch.autocast(symbols.device.type, enabled=False):
            x = self.enter(forest, symbols.float())
            where = slots(forest, self.num_places)
            states: Tensor = _Plain.apply(where, x, self.recurrent, self.tensor)
        return states


class _Plain(torch.autograd.Function):
    """The states of all nodes, ``(nodes, width)``, leaves first."""

    @staticmethod
    def forward(ctx: Any, where: Slots, x: Tensor, recurrent: Tensor, tensor: Tensor | None) -> Tensor:
        width, inner = x.shape[1], len(where.child)
        leaves = len(x) - inner
        h = torch.cat([x, x.new_zeros(1, width)])  # the last row is a child that is not there
        h[:leaves].tanh_()
        below = x.new_empty(inner, len(recurrent))
        for begin, end, first, until in where.levels:
            side = below[begin:end]
            torch.index_select(h, 0, where.child[begin:end].flatten(), out=side.view(-1, width))
            if until > first:
                parent = where.extra_parent[first:until] - begin
                side[:, -width:].index_add_(0, parent, h[where.extra[first:until]])
            node = h[leaves + begin : leaves + end].addmm_(side, recurrent)
            if tensor is not None:
                node += _bilinear(side, tensor, width)
            node.tanh_()
        ctx.where = where
        ctx.save_for_backward(h, below, recurrent, tensor)
        return h[:-1].clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        h, below, recurrent, tensor = ctx.saved_tensors
        where, width, leaves = ctx.where, h.shape[1], len(h) - 1 - len(below)
        of_h = torch.cat([gradient, gradient.new_zeros(1, width)])
        of_tensor = None if tensor is None else torch.zeros_like(tensor)
        for begin, end, first, until in reversed(where.levels):
            node, side = slice(leaves + begin, leaves + end), below[begin:end]
            of_x = torch.ops.aten.tanh_backward(hold(of_h[node], len(where.levels)), h[node])
            of_h[node] = of_x
            of_side = of_x @ recurrent.t()
            if tensor is not None and of_tensor is not None:
                of_side += _bilinear_backward(side, tensor, of_x, of_tensor)
            of_h.index_add_(0, where.child[begin:end].flatten(), of_side.view(-1, width))
            if until > first:
                parent = where.extra_parent[first:until] - begin
                of_h.index_add_(0, where.extra[first:until], of_side[parent, -width:])
        of_h[:leaves] = torch.ops.aten.tanh_backward(of_h[:leaves], h[:leaves])
        return None, of_h[:-1], below.t() @ of_h[leaves:-1], of_tensor


def _bilinear(side: Tensor, tensor: Tensor, width: int) -> Tensor:
    """Return for children ``(nodes, below)`` the quadratic form of each output, ``(nodes, width)``."""
    return torch.bmm((side @ tensor).view(len(side), width, -1), side[:, :, None])[:, :, 0]


def _bilinear_backward(side: Tensor, tensor: Tensor, of_result: Tensor, of_tensor: Tensor) -> Tensor:
    """Return the gradient of the children and add that of the tensor to ``of_tensor``."""
    forms = (side @ tensor).view(len(side), of_result.shape[1], -1)
    outer = (of_result[:, :, None] * side[:, None, :]).flatten(1)
    of_tensor.addmm_(side.t(), outer)
    return outer @ tensor.t() + torch.bmm(of_result[:, None, :], forms)[:, 0]
