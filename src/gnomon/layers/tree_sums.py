"""The child-sum Tree-LSTM, for any number of children in no order; turned round, it carries states down from the root.

    s = sum_k h_k,   i = sigmoid(W_i x + U_i s + b_i)         o, u alike, u with tanh
    f_k = sigmoid(W_f x + U_f h_k + b_f)
    c = i * u + sum_k f_k * c_k,   h = o * tanh(c)

Sources: Tai, Socher and Manning, arXiv 1503.00075, equations 2 to 8; Semeniuta, Severyn and Barth, arXiv 1603.05118
(dropout of the candidate u).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from gnomon.layers.tree_inputs import NodeLinear, TreeCell, candidate_mask, hold
from gnomon.layers.tree_schedule import Flow, Forest, upward


class SumLstm(nn.Module):
    """What enters at the nodes, ``(nodes, 4 * width)`` for i, o, u, f, to their hidden states, ``(nodes, width)``.

    ``dropout`` is the share of a candidate's units that is dropped.
    """

    def __init__(self, width: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.width = width
        self.dropout = dropout
        self.recurrent = nn.Parameter(torch.randn(width, 3 * width) / math.sqrt(width))
        self.forget = nn.Parameter(torch.randn(width, width) / math.sqrt(width))

    def forward(self, flow: Flow, x: Tensor) -> Tensor:
        """Return the hidden state of every node of the forest, in float32; so are the rows of ``x`` numbered."""
        with torch.autocast(x.device.type, enabled=False):
            keep = candidate_mask(self, len(x), self.width, x)
            states: Tensor = _Sums.apply(flow, keep, x.float()[flow.node], self.recurrent, self.forget)
        return torch.empty_like(states).index_copy(0, flow.node, states)


class ChildSum(TreeCell):
    """Vectors of symbols, ``(kinds, width_in)``, to the hidden states of the nodes, ``(nodes, width)``."""

    def __init__(self, width_in: int, width: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.output_width = width
        self.enter = NodeLinear(width_in, 4 * width)
        self.cell = SumLstm(width, dropout=dropout)
        with torch.no_grad():
            self.enter.bias[3 * width :] = 1.0  # forget gates start open

    def forward(self, forest: Forest, symbols: Tensor) -> Tensor:
        """Return the hidden state of every node, in float32."""
        return self.cell(upward(forest), self.enter(forest, symbols))


class _Sums(torch.autograd.Function):
    """The hidden states of all nodes, ``(nodes, width)``, in the numbers of the flow."""

    @staticmethod
    def forward(ctx: Any, flow: Flow, keep: Tensor | None, x: Tensor, recurrent: Tensor, forget: Tensor) -> Tensor:
        num_nodes, width = len(x), len(forget)
        h, c, bent = (x.new_empty(num_nodes, width) for _ in range(3))
        total = x.new_zeros(num_nodes, width)
        below, shares = (x.new_empty(len(flow.source), width) for _ in range(2))
        gates = x[:, : 3 * width].clone()
        _finish(gates, None, (0, flow.num_first), keep, (h, c, bent))
        for begin, end, first, until in flow.levels:
            source, target = flow.source[first:until], flow.target[first:until] - begin
            hidden = torch.index_select(h, 0, source, out=below[first:until])
            summed = total[begin:end].index_add_(0, target, hidden)
            gates[begin:end].addmm_(summed, recurrent)
            share = torch.addmm(x[begin:end, 3 * width :].index_select(0, target), hidden, forget)
            torch.sigmoid(share, out=shares[first:until])
            kept = x.new_zeros(end - begin, width).index_add_(
                0, target, shares[first:until] * c.index_select(0, source)
            )
            _finish(gates, kept, (begin, end), keep, (h, c, bent))
        ctx.flow, ctx.keep = flow, keep
        ctx.save_for_backward(c, bent, total, below, shares, gates, recurrent, forget)
        return h

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        c, bent, total, below, shares, gates, recurrent, forget = ctx.saved_tensors
        flow, keep, width = ctx.flow, ctx.keep, c.shape[1]
        of_h, of_c = gradient.clone(), torch.zeros_like(c)
        of_gates, of_shares = torch.empty_like(gates), torch.empty_like(shares)
        of_forget = gates.new_zeros(len(c), width)
        recurrent_t, forget_t = recurrent.t().contiguous(), forget.t().contiguous()
        for begin, end, first, until in reversed(flow.levels):
            source, target = flow.source[first:until], flow.target[first:until] - begin
            for gradients in (of_h, of_c):
                hold(gradients[begin:end], len(flow.levels))
            of_cell = _through(gates, bent, (begin, end), keep, (of_h, of_c, of_gates))
            share, of_kept = shares[first:until], of_cell.index_select(0, target)
            of_share = of_shares[first:until]
            torch.ops.aten.sigmoid_backward.grad_input(of_kept * c.index_select(0, source), share, grad_input=of_share)
            of_forget[begin:end].index_add_(0, target, of_share)
            of_summed = of_gates[begin:end] @ recurrent_t
            of_h.index_add_(0, source, torch.addmm(of_summed.index_select(0, target), of_share, forget_t))
            of_c.index_add_(0, source, of_kept.mul_(share))
        _through(gates, bent, (0, flow.num_first), keep, (of_h, of_c, of_gates))
        of_x = torch.cat([of_gates, of_forget], 1)
        return None, None, of_x, total.t() @ of_gates, below.t() @ of_shares


def _finish(
    gates: Tensor,
    kept: Tensor | None,
    span: tuple[int, int],
    keep: Tensor | None,
    states: tuple[Tensor, Tensor, Tensor],
) -> None:
    """Bend the gates of some nodes and write their hidden states, cells and the tanh of their cells."""
    begin, end = span
    gate = gates[begin:end]
    width = gate.shape[1] // 3
    h, c, bent = (state[begin:end] for state in states)
    gate[:, : 2 * width].sigmoid_()
    candidate = gate[:, 2 * width :].tanh_()
    if keep is not None:
        candidate = candidate * keep[begin:end]
    torch.mul(gate[:, :width], candidate, out=c)
    if kept is not None:
        c += kept
    torch.tanh(c, out=bent)
    torch.mul(gate[:, width : 2 * width], bent, out=h)


def _through(
    gates: Tensor,
    bent: Tensor,
    span: tuple[int, int],
    keep: Tensor | None,
    gradients: tuple[Tensor, Tensor, Tensor],
) -> Tensor:
    """Write the gradients of what enters the gates of some nodes; return that of their cells."""
    begin, end = span
    gate, tanh = gates[begin:end], bent[begin:end]
    width = gate.shape[1] // 3
    of_h, of_c, of_gate = (gradient[begin:end] for gradient in gradients)
    of_cell = torch.ops.aten.tanh_backward(of_h * gate[:, width : 2 * width], tanh)
    of_cell += of_c
    candidate, of_candidate = gate[:, 2 * width :], of_cell * gate[:, :width]
    if keep is not None:
        of_candidate *= keep[begin:end]
    torch.mul(of_cell, candidate if keep is None else candidate * keep[begin:end], out=of_gate[:, :width])
    torch.mul(of_h, tanh, out=of_gate[:, width : 2 * width])
    torch.ops.aten.sigmoid_backward.grad_input(
        of_gate[:, : 2 * width], gate[:, : 2 * width], grad_input=of_gate[:, : 2 * width]
    )
    torch.ops.aten.tanh_backward.grad_input(of_candidate, candidate, grad_input=of_gate[:, 2 * width :])
    return of_cell
