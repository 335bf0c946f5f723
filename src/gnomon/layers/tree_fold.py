"""A recursive cell with gated, normalised residual composition: a node takes its children one after the other.

    hidden = bend(W_1 [l; r] + b_1),   half of its units a gelu, half a sine
    z_l, z_r, z_u, u = W_2 hidden + b_2
    state = norm(sigmoid(z_l) * l + sigmoid(z_r) * r + sigmoid(z_u) * u)

``l`` is what the node has made of its symbol and its earlier children, ``r`` the next child. So one pair of matrices
serves any number of children in their order; where they have none, ``r`` is their sum, in one step. The sines make
what comes round again, as a sum modulo ten does, a function that generalises.
Sources: Shen et al., "Ordered memory", arXiv 1910.13466, equations 15 and 16 (the gated recursive cell); Ray Chowdhury
and Caragea, "Modeling hierarchical structures with continuous recursive neural networks", arXiv 2106.06038 (gelu);
Sitzmann et al., "Implicit neural representations with periodic activation functions", arXiv 2006.09661 (sine);
Semeniuta, Severyn and Barth, "Recurrent dropout without memory loss", arXiv 1603.05118 (dropout of the candidate).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.layers.tree_inputs import NodeLinear, TreeCell, candidate_mask, hold
from gnomon.layers.tree_schedule import Forest, Steps, ordered_steps, unordered_steps

_EPS = 1e-5
_FREQUENCY = 4.0
"""Of the sines: the phases of a sum of children then differ by more than a turn."""


class FoldCell(TreeCell):
    """Vectors of symbols, ``(kinds, width_in)``, to the states of the nodes, ``(nodes, width)``.

    ``dropout`` is the share of a candidate's units that is dropped.
    """

    def __init__(self, width_in: int, width: int, hidden: int, *, ordered: bool = True, dropout: float = 0.0) -> None:
        super().__init__()
        self.width = self.output_width = width
        self.ordered = ordered
        self.dropout = dropout
        self.symbol = NodeLinear(width_in, width)
        nn.init.normal_(self.symbol.bias)
        self.enter = nn.Parameter(torch.randn(2 * width, hidden) / math.sqrt(2 * width))
        self.enter_bias = nn.Parameter(torch.zeros(hidden))
        self.leave = nn.Parameter(torch.randn(hidden, 4 * width) / math.sqrt(hidden))
        self.leave_bias = nn.Parameter(torch.zeros(4 * width))

    def forward(self, forest: Forest, symbols: Tensor) -> Tensor:
        """Return the state of every node, in float32 and of unit variance."""
        steps = ordered_steps(forest) if self.ordered else unordered_steps(forest)
        weights = (self.enter, self.enter_bias, self.leave, self.leave_bias)
        with torch.autocast(symbols.device.type, enabled=False):
            start = F.layer_norm(self.symbol(forest, symbols.float()), (self.width,), eps=_EPS)
            keep = candidate_mask(self, len(steps.left), self.width, start)
            states: Tensor = _Fold.apply(steps, keep, start, *weights)
        return states[steps.last]


class _Fold(torch.autograd.Function):
    """All states, those that nodes start from and then those of the steps, ``(nodes + steps, width)``."""

    @staticmethod
    def forward(
        ctx: Any,
        steps: Steps,
        keep: Tensor | None,
        start: Tensor,
        enter: Tensor,
        enter_bias: Tensor,
        leave: Tensor,
        leave_bias: Tensor,
    ) -> Tensor:
        num_nodes, width = start.shape
        num_steps = len(steps.left)
        states = start.new_empty(num_nodes + num_steps, width)
        states[:num_nodes] = start
        parts = start.new_empty(num_steps, 3 * width)  # left, right, candidate
        hidden = start.new_empty(num_steps, len(enter_bias))
        gates = start.new_empty(num_steps, 3 * width)
        scale = start.new_empty(num_steps, 1)
        pair = _pairs(steps)
        for begin, end, first, until in steps.turns:
            part, before = parts[begin:end], hidden[begin:end]
            _gather(states, steps, pair, part, (begin, end, first, until))
            torch.addmm(enter_bias, part[:, : 2 * width], enter, out=before)
            out = torch.addmm(leave_bias, _bent(before), leave)
            gate = torch.sigmoid(out[:, : 3 * width], out=gates[begin:end])
            candidate = out[:, 3 * width :]
            part[:, 2 * width :] = candidate if keep is None else candidate * keep[begin:end]
            mixed = (gate * part).view(-1, 3, width).sum(1)
            normed, _, scale[begin:end] = torch.native_layer_norm(mixed, (width,), None, None, _EPS)
            states[num_nodes + begin : num_nodes + end] = normed
        ctx.steps, ctx.pair, ctx.keep = steps, pair, keep
        ctx.save_for_backward(states, parts, hidden, gates, scale, enter, leave)
        return states

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        states, parts, hidden, gates, scale, enter, leave = ctx.saved_tensors
        steps, num_steps, width = ctx.steps, len(parts), states.shape[1]
        num_nodes = len(states) - num_steps
        of_states = gradient.clone()
        of_out = gates.new_empty(num_steps, 4 * width)
        of_hidden = torch.empty_like(hidden)
        enter_t, leave_t = enter.t().contiguous(), leave.t().contiguous()
        for begin, end, first, until in reversed(steps.turns):
            normed = slice(num_nodes + begin, num_nodes + end)
            part, gate, out = parts[begin:end], gates[begin:end], of_out[begin:end]
            of_normed = hold(of_states[normed], len(steps.turns))
            of_mixed = _norm_backward(of_normed, states[normed], scale[begin:end]).repeat(1, 3)
            torch.ops.aten.sigmoid_backward.grad_input(of_mixed * part, gate, grad_input=out[:, : 3 * width])
            of_parts = of_mixed.mul_(gate)
            candidate = of_parts[:, 2 * width :]
            out[:, 3 * width :] = candidate if ctx.keep is None else candidate * ctx.keep[begin:end]
            before = of_hidden[begin:end]
            _bent_backward(out @ leave_t, hidden[begin:end], before)
            of_pair = of_parts[:, : 2 * width] + before @ enter_t
            _scatter(of_states, steps, ctx.pair, of_pair, (begin, end, first, until))
        of_enter = parts[:, : 2 * width].t() @ of_hidden
        of_leave = _bent(hidden).t() @ of_out
        return None, None, of_states[:num_nodes], of_enter, of_hidden.sum(0), of_leave, of_out.sum(0)


def _pairs(steps: Steps) -> Tensor | None:
    """Return what each step goes on from and what it takes, one after the other, where it takes one."""
    return None if steps.taker is not None else torch.stack([steps.left, steps.right], 1).flatten()


def _gather(states: Tensor, steps: Steps, pair: Tensor | None, part: Tensor, turn: tuple[int, int, int, int]) -> None:
    """Put into ``part`` ``(steps, 3 * width)`` what the steps of a turn compose."""
    begin, end, first, until = turn
    width = states.shape[1]
    if pair is not None:
        part[:, : 2 * width] = states.index_select(0, pair[2 * begin : 2 * end]).view(-1, 2 * width)
        return
    assert steps.taker is not None
    part[:, :width] = states.index_select(0, steps.left[begin:end])
    taken = states.index_select(0, steps.right[first:until])
    part[:, width : 2 * width] = 0
    part[:, width : 2 * width].index_add_(0, steps.taker[first:until] - begin, taken)


def _scatter(
    of_states: Tensor, steps: Steps, pair: Tensor | None, of_pair: Tensor, turn: tuple[int, int, int, int]
) -> None:
    """Add the gradients of what the steps of a turn composed, ``(steps, 2 * width)``, to those of the states."""
    begin, end, first, until = turn
    width = of_states.shape[1]
    if pair is not None:
        of_states.index_add_(0, pair[2 * begin : 2 * end], of_pair.view(-1, width))
        return
    assert steps.taker is not None
    of_states.index_add_(0, steps.left[begin:end], of_pair[:, :width])
    of_taken = of_pair[:, width:].index_select(0, steps.taker[first:until] - begin)
    of_states.index_add_(0, steps.right[first:until], of_taken)


def _bent(before: Tensor) -> Tensor:
    """Return hidden units of what enters them: half of them by a gelu, half by a sine."""
    smooth, waving = before.chunk(2, 1)
    return torch.cat([F.gelu(smooth), torch.sin(_FREQUENCY * waving)], 1)


def _bent_backward(gradient: Tensor, before: Tensor, result: Tensor) -> None:
    """Put into ``result`` the gradient of what entered the hidden units."""
    (smooth, waving), half = before.chunk(2, 1), before.shape[1] // 2
    result[:, :half] = torch.ops.aten.gelu_backward(gradient[:, :half], smooth)
    torch.mul(gradient[:, half:], torch.cos(_FREQUENCY * waving).mul_(_FREQUENCY), out=result[:, half:])


def _norm_backward(gradient: Tensor, normed: Tensor, scale: Tensor) -> Tensor:
    """Return the gradient through a layer norm without gains, from its output and the scale that it applied."""
    centred = gradient - gradient.mean(1, keepdim=True)
    return (centred - normed * (gradient * normed).mean(1, keepdim=True)) * scale
