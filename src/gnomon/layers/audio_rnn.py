"""A recurrent network on log-mel frames: what class a recording has.

Sources: Rybakov et al., "Streaming keyword spotting on mobile devices", arXiv 2005.06720 (recurrence and attention
over frames); Graves, Mohamed and Hinton, "Speech recognition with deep recurrent neural networks", 2013 (both ways).
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import Output, Waveform
from gnomon.layers.attention_pool import AttentionPool
from gnomon.layers.dropouts import VariationalDropout
from gnomon.layers.head import Head
from gnomon.layers.hearing import Hearing, HearingConfig
from gnomon.layers.recurrence import Recurrence, RecurrenceConfig
from gnomon.layers.recurrent_networks import RecurrentNetwork

STACKED = 3
"""Frames that are read at once: a recurrence over thirds of the instants costs a third, and loses nothing."""


class AudioRnn(RecurrentNetwork):
    """Samples ``(batch, samples)`` int16 to logits ``(batch, classes)``: a recurrence both ways, and attention."""

    def __init__(
        self,
        sound: Waveform,
        num_classes: int,
        hearing: HearingConfig,
        recurrence: RecurrenceConfig,
        *,
        embedding: int,
    ) -> None:
        super().__init__()
        self.hearing = Hearing(hearing, sound)
        self.enter = nn.Linear(STACKED * hearing.num_mels, embedding)
        self.recurrence = Recurrence(replace(recurrence, bidirectional=True), embedding)
        self.dropout = VariationalDropout(recurrence.dropout)
        self.pool = AttentionPool(self.recurrence.output_width)
        self.head = Head(2 * self.recurrence.output_width, num_classes)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, classes)``."""
        frames, present = self.hearing(inputs)
        pad = -frames.shape[2] % STACKED
        stacked = F.pad(frames, (0, pad)).unflatten(2, (-1, STACKED)).permute(2, 0, 1, 3).flatten(2)
        mask = F.pad(present, (0, pad)).unflatten(1, (-1, STACKED)).any(2).t()
        states, _ = self.recurrence(self.dropout(F.gelu(self.enter(stacked))), mask)
        return Output(self.head(self.pool(self.dropout(states), mask)))

    @torch.no_grad()
    def prepare(self, inputs: Tensor) -> None:
        """Measure the mean spectrum of training recordings."""
        self.hearing.measure(inputs)
