"""LSTM and GRU layers on torch's fused kernels, in one or both directions, for samples of any length.

Sources: Hochreiter and Schmidhuber, "Long short-term memory" (1997); Cho et al., arXiv 1406.1078 (GRU); Jozefowicz et
al., "An empirical exploration of recurrent network architectures" (2015) (a forget gate that starts open); Merity et
al., arXiv 1708.02182, section 2 (dropout on the recurrent weights).
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from gnomon.layers.reversal import reordered, reversal

_RECURRENT = "weight_hh_l0"


class FusedCell(nn.Module):
    """One layer in one direction: ``(time, batch, width_in)`` to ``(time, batch, width)``.

    The state is one tensor ``(batch, state_width)``: an LSTM keeps two vectors, a GRU one.
    """

    def __init__(self, kind: Literal["lstm", "gru"], width_in: int, width: int, *, weight_dropout: float = 0.0) -> None:
        super().__init__()
        self.cell = nn.LSTM(width_in, width) if kind == "lstm" else nn.GRU(width_in, width)
        self.num_vectors = 2 if kind == "lstm" else 1
        self.width = width
        self.state_width = self.num_vectors * width
        self.weight_dropout = weight_dropout
        _initialise(self.cell)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the hidden states and the last state."""
        if state is None:
            state = x.new_zeros(x.shape[1], self.state_width)
        with torch.autocast(x.device.type, enabled=torch.is_autocast_enabled("cuda") and x.is_cuda):
            y, last = self._run(x.float(), self._vectors(state.float()))
        vectors = last if isinstance(last, tuple) else (last,)
        return y, torch.cat([vector[0] for vector in vectors], -1)

    def _vectors(self, state: Tensor) -> Tensor | tuple[Tensor, ...]:
        vectors = tuple(vector.contiguous()[None] for vector in state.split(self.width, -1))
        return vectors if self.num_vectors > 1 else vectors[0]

    def _run(self, x: Tensor, state: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, Tensor | tuple[Tensor, ...]]:
        if not self.training or self.weight_dropout == 0:
            return self.cell(x, state)
        dropped = F.dropout(getattr(self.cell, _RECURRENT), self.weight_dropout)
        return functional_call(self.cell, {_RECURRENT: dropped}, (x, state))


class FusedLayer(nn.Module):
    """A `FusedCell`, or two of them in both directions: the second starts at each sample's own end."""

    def __init__(
        self,
        kind: Literal["lstm", "gru"],
        width_in: int,
        width: int,
        *,
        bidirectional: bool = False,
        weight_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.onward = FusedCell(kind, width_in, width, weight_dropout=weight_dropout)
        self.back = FusedCell(kind, width_in, width, weight_dropout=weight_dropout) if bidirectional else None
        self.state_width = 0 if bidirectional else self.onward.state_width
        self.output_width = 2 * width if bidirectional else width

    def forward(self, x: Tensor, mask: Tensor | None = None, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return ``(time, batch, output_width)`` and the state after the last instant, ``(batch, state_width)``.

        ``mask`` ``(time, batch)`` is true where a sample has tokens, which is at its start; none means everywhere.
        A layer of both directions has no state to go on from.
        """
        if self.back is None:
            return self.onward(x, state)
        order = reversal(x.new_ones(x.shape[:2], dtype=torch.bool) if mask is None else mask)
        there, _ = self.onward(x)
        backwards, _ = self.back(reordered(x, order))
        return torch.cat([there, reordered(backwards, order)], -1), x.new_zeros(x.shape[1], 0)


@torch.no_grad()
def _initialise(cell: nn.LSTM | nn.GRU) -> None:
    """Start with orthogonal recurrent matrices, one a gate, and for an LSTM with an open forget gate."""
    for name, parameter in cell.named_parameters():
        if name == _RECURRENT:
            for gate in parameter.split(cell.hidden_size):
                nn.init.orthogonal_(gate)
        elif name.startswith("weight"):
            nn.init.normal_(parameter, std=1 / math.sqrt(cell.input_size))
        else:
            parameter.zero_()
    if isinstance(cell, nn.LSTM):
        cell.bias_ih_l0[cell.hidden_size : 2 * cell.hidden_size] = 1.0
