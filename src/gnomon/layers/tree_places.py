"""The N-ary Tree-LSTM: every place of a child has matrices of its own; with two places, the binary Tree-LSTM.

    i = sigmoid(W_i x + sum_l U_il h_l + b_i)         o, u alike, u with tanh
    f_k = sigmoid(W_f x + sum_l U_fkl h_l + b_f)
    c = i * u + sum_k f_k * c_k,   h = o * tanh(c)

Children that find all places taken are added up in the last one. Sources: Tai, Socher and Manning, "Improved semantic
representations from tree-structured long short-term memory networks", arXiv 1503.00075, equations 9 to 14; Semeniuta,
Severyn and Barth, "Recurrent dropout without memory loss", arXiv 1603.05118 (dropout of the candidate u).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from gnomon.layers.tree_inputs import NodeLinear, TreeCell, candidate_mask, hold
from gnomon.layers.tree_schedule import Forest, Slots, slots


class PlaceLstm(TreeCell):
    """Vectors of symbols, ``(kinds, width_in)``, to the hidden states of the nodes, ``(nodes, width)``.

    ``dropout`` is the share of a candidate's units that is dropped.
    """

    def __init__(self, width_in: int, width: int, num_places: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.width = self.output_width = width
        self.num_places = num_places
        self.dropout = dropout
        self.enter = NodeLinear(width_in, 3 * width)  # i, o, u
        self.forget = NodeLinear(width_in, width)
        self.recurrent = nn.Parameter(
            torch.randn(num_places * width, (3 + num_places) * width) / math.sqrt(num_places * width)
        )
        with torch.no_grad():
            self.forget.bias.fill_(1.0)  # forget gates start open

    def forward(self, forest: Forest, symbols: Tensor) -> Tensor:
        """Return the hidden state of every node, in float32."""
        leaves = forest.num_leaves
        with torch.autocast(symbols.device.type, enabled=False):
            keep = candidate_mask(self, forest.num_nodes, self.width, symbols)
            x = self.enter(forest, symbols.float())
            i, o, u = x[:leaves].chunk(3, 1)
            cells = torch.sigmoid(i) * (torch.tanh(u) if keep is None else torch.tanh(u) * keep[:leaves])
            hidden = torch.sigmoid(o) * torch.tanh(cells)
            if leaves == forest.num_nodes:
                return hidden
            above = self._above(forest, symbols.float(), x)
            late = None if keep is None else keep[leaves:]
            states: Tensor = _Places.apply(slots(forest, self.num_places), late, hidden, cells, above, self.recurrent)
            return states

    def _above(self, forest: Forest, symbols: Tensor, x: Tensor) -> Tensor:
        """Return what enters the gates of inner nodes, ``(inner nodes, …)``; one row where none has a symbol."""
        if bool((forest.named < forest.num_leaves).all()):
            i, o, u = self.enter.bias[None].chunk(3, 1)
            forget = self.forget.bias[None]
        else:
            i, o, u = x[forest.num_leaves :].chunk(3, 1)
            forget = self.forget(forest, symbols)[forest.num_leaves :]
        return torch.cat([i, o, *[forget] * self.num_places, u], 1)


class _Places(torch.autograd.Function):
    """The hidden states of all nodes, ``(nodes, width)``, from those of the leaves."""

    @staticmethod
    def forward(
        ctx: Any, where: Slots, keep: Tensor | None, hidden: Tensor, cells: Tensor, x: Tensor, recurrent: Tensor
    ) -> Tensor:
        (leaves, width), total, (inner, places) = hidden.shape, x.shape[1], where.child.shape
        num_nodes = leaves + inner
        h, c = (x.new_zeros(num_nodes + 1, width) for _ in range(2))  # the last row is a child that is not there
        h[:leaves], c[:leaves] = hidden, cells
        below_h, below_c = (x.new_empty(inner, places * width) for _ in range(2))
        gates, bent = x.new_empty(inner, total), x.new_empty(inner, width)
        for begin, end, first, until in where.levels:
            child = where.child[begin:end].flatten()
            sides = []
            for states, below in ((h, below_h), (c, below_c)):
                side = below[begin:end]
                torch.index_select(states, 0, child, out=side.view(-1, width))
                if until > first:
                    parent = where.extra_parent[first:until] - begin
                    side[:, -width:].index_add_(0, parent, states[where.extra[first:until]])
                sides.append(side)
            gate = torch.addmm(x if len(x) == 1 else x[begin:end], sides[0], recurrent, out=gates[begin:end])
            gate[:, :-width].sigmoid_()
            gate[:, -width:].tanh_()
            candidate = gate[:, -width:] if keep is None else gate[:, -width:] * keep[begin:end]
            kept = (gate[:, 2 * width : -width] * sides[1]).view(-1, places, width).sum(1)
            cell = kept.addcmul_(gate[:, :width], candidate)
            torch.tanh(cell, out=bent[begin:end])
            c[leaves + begin : leaves + end] = cell
            torch.mul(gate[:, width : 2 * width], bent[begin:end], out=h[leaves + begin : leaves + end])
        ctx.where, ctx.keep, ctx.leaves, ctx.shared = where, keep, leaves, len(x) == 1
        ctx.save_for_backward(below_h, below_c, gates, bent, recurrent)
        return h[:num_nodes]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        below_h, below_c, gates, bent, recurrent = ctx.saved_tensors
        where, leaves, width = ctx.where, ctx.leaves, bent.shape[1]
        places = below_h.shape[1] // width
        of_h = gradient.new_zeros(len(gradient) + 1, width)
        of_h[:-1] = gradient
        of_c = torch.zeros_like(of_h)
        of_gates = torch.empty_like(gates)
        recurrent_t = recurrent.t().contiguous()
        for begin, end, first, until in reversed(where.levels):
            gate, of_gate = gates[begin:end], of_gates[begin:end]
            node = slice(leaves + begin, leaves + end)
            of_hidden = hold(of_h[node], len(where.levels))
            of_cell = torch.ops.aten.tanh_backward(of_hidden * gate[:, width : 2 * width], bent[begin:end])
            of_cell += hold(of_c[node], len(where.levels))
            keep = None if ctx.keep is None else ctx.keep[begin:end]
            candidate = gate[:, -width:] if keep is None else gate[:, -width:] * keep
            torch.mul(of_cell, candidate, out=of_gate[:, :width])
            torch.mul(of_h[node], bent[begin:end], out=of_gate[:, width : 2 * width])
            of_kept = of_cell.repeat(1, places)
            torch.mul(of_kept, below_c[begin:end], out=of_gate[:, 2 * width : -width])
            torch.ops.aten.sigmoid_backward.grad_input(
                of_gate[:, :-width], gate[:, :-width], grad_input=of_gate[:, :-width]
            )
            of_candidate = of_cell * gate[:, :width] if keep is None else of_cell * gate[:, :width] * keep
            torch.ops.aten.tanh_backward.grad_input(of_candidate, gate[:, -width:], grad_input=of_gate[:, -width:])
            of_kept *= gate[:, 2 * width : -width]
            child = where.child[begin:end].flatten()
            for of_states, of_side in ((of_h, of_gate @ recurrent_t), (of_c, of_kept)):
                of_states.index_add_(0, child, of_side.view(-1, width))
                if until > first:
                    parent = where.extra_parent[first:until] - begin
                    of_states.index_add_(0, where.extra[first:until], of_side[parent, -width:])
        of_x = of_gates.sum(0, keepdim=True) if ctx.shared else of_gates
        return None, None, of_h[:leaves], of_c[:leaves], of_x, below_h.t() @ of_gates
