"""A residual block around a recurrence that is trained in parallel over time.

    x = x + contract(states * silu(gate))     states of a minGRU or minLSTM over the normed x
    x = x + down(silu(gate) * up)             a gated linear unit at every instant

Sources: De et al., "Griffin", arXiv 2402.19427, section 2 (residual block with an output gate); Shazeer, "GLU variants
improve transformer", arXiv 2002.05202; Xiong et al., arXiv 2002.04745 (norm before the layer).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.layers.dropouts import VariationalDropout
from gnomon.layers.gated_cell import Candidates, Form, GatedCell, GatedKind


class GatedBlock(nn.Module):
    """``(time, batch, width)`` to the same. Both directions share the units: half of them go backwards."""

    def __init__(
        self,
        kind: GatedKind,
        width: int,
        *,
        bidirectional: bool = False,
        candidates: Candidates = "linear",
        form: Form = "real",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if width % 2 and bidirectional:
            raise ValueError(f"both directions cannot share {width} units")
        share = width // 2 if bidirectional else width
        directions = (False, True) if bidirectional else (False,)
        self.norm = nn.LayerNorm(width, bias=False)
        self.cells = nn.ModuleList(GatedCell(kind, width, share, candidates=candidates, form=form) for _ in directions)
        self.gate = nn.Linear(width, width, bias=False)
        self.contract = nn.Linear(width, width, bias=False)
        self.unit = GatedLinearUnit(width, 2 * width)
        self.dropout = VariationalDropout(dropout)
        self.state_width = 0 if bidirectional else width
        nn.init.normal_(self.gate.weight, std=1 / math.sqrt(width))
        nn.init.normal_(self.contract.weight, std=0.5 / math.sqrt(width))

    def forward(self, x: Tensor, mask: Tensor | None = None, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return ``(time, batch, width)`` and the state after the last instant, ``(batch, state_width)``.

        ``mask`` ``(time, batch)`` is true where a sample has tokens, which is at its start. A block of both
        directions has no state to go on from.
        """
        normed = self.norm(x)
        states = self._states(normed, mask, state)
        mixed = self.contract(states * F.silu(self.gate(normed)))
        x = x + self.dropout(mixed)
        x = x + self.dropout(self.unit(x))
        return x, states[-1] if self.state_width else states.new_zeros(x.shape[1], 0)

    def _states(self, normed: Tensor, mask: Tensor | None, state: Tensor | None) -> Tensor:
        width = self.cells[0].width
        initial = normed.new_zeros(normed.shape[1], width, dtype=torch.promote_types(normed.dtype, torch.float32))
        if len(self.cells) == 1:
            return self.cells[0](normed, initial if state is None else state)
        # Only a direction that begins among the padding has to stand still there.
        onward, backward = self.cells[0](normed, initial), self.cells[1](normed, initial, mask, reverse=True)
        return torch.cat([onward, backward], -1)


class GatedLinearUnit(nn.Module):
    """Norm, then ``down(silu(gate) * up)``: ``(…, width)`` to the same through ``hidden`` units."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, bias=False)
        self.up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)
        nn.init.normal_(self.up.weight, std=1 / math.sqrt(width))
        nn.init.normal_(self.down.weight, std=0.5 / math.sqrt(hidden))

    def forward(self, x: Tensor) -> Tensor:
        """Return what is to be added to ``x``."""
        gate, up = self.up(self.norm(x)).chunk(2, -1)
        return self.down(F.silu(gate) * up)
