"""One interface for all recurrent layers: fused LSTM and GRU, and the cells that are trained in parallel over time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from gnomon.layers.dropouts import VariationalDropout
from gnomon.layers.fused import FusedLayer
from gnomon.layers.gated_block import GatedBlock
from gnomon.layers.gated_cell import Candidates, Form

Cell = Literal["lstm", "gru", "mingru", "minlstm"]


@dataclass(frozen=True, kw_only=True)
class RecurrenceConfig:
    """What a stack of recurrent layers is made of."""

    cell: Cell = "mingru"
    width: int = 256
    """Units of each layer; of each direction for LSTM and GRU, of both together for the others."""
    layers: int = 2
    bidirectional: bool = False
    dropout: float = 0.0
    """Share of the units dropped between layers, the same at all instants of a sample."""
    weight_dropout: float = 0.0
    """Share of the recurrent weights dropped, for LSTM and GRU."""
    candidates: Candidates = "linear"
    """What a minGRU or minLSTM may remember: any number, or positive ones."""
    form: Form = "real"
    """Whether minGRU and minLSTM compute with numbers or with their logarithms."""


class Recurrence(nn.Module):
    """``(time, batch, width_in)`` to ``(time, batch, output_width)``, layer upon layer.

    LSTM and GRU are stacked as they are; minGRU and minLSTM sit in residual blocks, with a norm at the end. The state
    of all layers is one tensor ``(batch, state_width)``, of width 0 where the layers go both ways.
    """

    def __init__(self, config: RecurrenceConfig, width_in: int) -> None:
        super().__init__()
        fused = config.cell in ("lstm", "gru")
        self.layers = nn.ModuleList(_fused(config, width_in) if fused else _gated(config))
        self.enter = nn.Identity() if fused or width_in == config.width else _projection(width_in, config.width)
        self.norm = nn.Identity() if fused else nn.LayerNorm(config.width, bias=False)
        self.between = VariationalDropout(config.dropout if fused else 0.0)
        self.state_widths = [layer.state_width for layer in self.layers]
        self.state_width = sum(self.state_widths)
        self.output_width = config.width * (2 if fused and config.bidirectional else 1)

    def forward(self, x: Tensor, mask: Tensor | None = None, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the outputs of the last layer and the state after the last instant.

        ``mask`` ``(time, batch)`` is true where a sample has tokens, which is at its start; none means everywhere.
        Without a ``state`` ``(batch, state_width)`` every sample starts anew.
        """
        parts = [None] * len(self.layers) if state is None else state.split(self.state_widths, -1)
        x = self.enter(x)
        states = []
        for i, (layer, part) in enumerate(zip(self.layers, parts, strict=True)):
            x, last = layer(x if i == 0 else self.between(x), mask, part)
            states.append(last)
        return self.norm(x), torch.cat(states, -1)


def _fused(config: RecurrenceConfig, width_in: int) -> list[FusedLayer]:
    directions = 2 if config.bidirectional else 1
    return [
        FusedLayer(
            "lstm" if config.cell == "lstm" else "gru",
            width_in if i == 0 else directions * config.width,
            config.width,
            bidirectional=config.bidirectional,
            weight_dropout=config.weight_dropout,
        )
        for i in range(config.layers)
    ]


def _gated(config: RecurrenceConfig) -> list[GatedBlock]:
    return [
        GatedBlock(
            "mingru" if config.cell == "mingru" else "minlstm",
            config.width,
            bidirectional=config.bidirectional,
            candidates=config.candidates,
            form=config.form,
            dropout=config.dropout,
        )
        for _ in range(config.layers)
    ]


def _projection(width_in: int, width: int) -> nn.Linear:
    linear = nn.Linear(width_in, width, bias=False)
    nn.init.normal_(linear.weight, std=1 / math.sqrt(width_in))
    return linear
