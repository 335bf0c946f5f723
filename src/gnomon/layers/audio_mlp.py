"""A fully connected network on the statistics of log-mel frames: what class a recording has.

Source: Tzanetakis and Cook, "Musical genre classification of audio signals", 2002 (mean and deviation over time).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnomon.core.spec import Output, Waveform
from gnomon.layers.dense import DenseStack
from gnomon.layers.head import Head
from gnomon.layers.hearing import Hearing, HearingConfig
from gnomon.layers.network import Network, Role

PARTS = 6
"""Stretches of equal length that a recording is cut into; each gives its mean spectrum."""


class AudioMlp(Network):
    """Samples ``(batch, samples)`` int16 to logits ``(batch, classes)``."""

    def __init__(
        self,
        sound: Waveform,
        num_classes: int,
        hearing: HearingConfig,
        *,
        width: int,
        depth: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.hearing = Hearing(hearing, sound)
        units = hearing.num_mels * (PARTS + 1)
        self.dense = DenseStack(units, width, depth, dropout)
        self.norm = nn.RMSNorm(self.dense.width, eps=1e-6)
        self.head = Head(self.dense.width, num_classes)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, classes)``."""
        frames, present = self.hearing(inputs)
        return Output(self.head(self.norm(self.dense(statistics(frames, present).flatten(1)))))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Hidden matrices are orthogonalised, the rest learns by Adam."""
        if not parameter.requires_grad:
            return "frozen"
        return "orthogonal" if parameter.ndim >= 2 and not name.startswith("head.") else "adam"

    @torch.no_grad()
    def prepare(self, inputs: Tensor) -> None:
        """Measure the mean spectrum of training recordings."""
        self.hearing.measure(inputs)


def statistics(frames: Tensor, present: Tensor) -> Tensor:
    """Return of frames ``(batch, mels, frames)`` the mean of each part and the deviation over all of them.

    ``present`` ``(batch, frames)`` is true where frames are; the result is ``(batch, mels, PARTS + 1)``.
    """
    lengths = present.sum(1, keepdim=True)
    places = torch.arange(present.shape[1], device=frames.device)[None]
    part = torch.where(present, places * PARTS // lengths, -1)
    belongs = (part[:, :, None] == torch.arange(PARTS, device=frames.device)).to(frames.dtype)
    means = frames @ belongs / belongs.sum(1)[:, None].clamp_min(1)
    weights = present[:, None].to(frames.dtype) / lengths[:, None]
    mean = (frames * weights).sum(2, keepdim=True)
    deviation = ((frames - mean).square() * weights).sum(2, keepdim=True).sqrt()
    return torch.cat((means, deviation), 2)
