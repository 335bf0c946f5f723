"""A convolutional network on log-mel frames: what class a recording has.

Filters look at frequency and time together, as on a picture, but what lies after a recording's end is 0 in every layer,
so that padding changes nothing; at the end each band of frequencies keeps its place, and time is pooled by attention.

Sources: Hershey et al., "CNN architectures for large-scale audio classification", arXiv 1609.09430; Kong et al.,
"PANNs", arXiv 1912.10211 (pooling over time); He et al., arXiv 1512.03385 (residual groups).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import Output, Waveform
from gnomon.layers.head import Head
from gnomon.layers.hearing import Hearing, HearingConfig
from gnomon.layers.network import Network

_NORM_MEMORY = 0.6
"""Share of the running statistics that one step keeps: short, so that averages of weights find matching statistics."""


class MaskedNorm(nn.BatchNorm2d):
    """Batch norm over the frames that are there, with a gain fixed at one; the others become 0."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-5, momentum=1 - _NORM_MEMORY)
        self.weight.requires_grad_(False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]
        """Return ``(batch, channels, mels, frames)`` normalised; ``mask`` is ``(batch, 1, 1, frames)``."""
        if not self.training:
            return super().forward(x) * mask
        values = x.float() * mask
        count = mask.sum() * x.shape[2]
        mean = values.sum((0, 2, 3)) / count
        square = values.square().sum((0, 2, 3)) / count
        variance = (square - mean.square()).clamp_min(0)
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1).clamp_min(1), self.momentum)
            self.num_batches_tracked.add_(1)
        scale = (variance + self.eps).rsqrt()
        offset = self.bias - mean * scale
        return torch.addcmul(offset[:, None, None], values, scale[:, None, None]) * mask


class SoundGroup(nn.Module):
    """Convolve to half the mels, normalise; then convolve on at the new size, with what came in added."""

    def __init__(self, channels_in: int, channels_out: int, *, depth: int, halve_time: bool) -> None:
        super().__init__()
        self.steps = 2 if halve_time else 1
        ins = [channels_in] + [channels_out] * (depth - 1)
        self.convs = nn.ModuleList(_convolution(width, channels_out) for width in ins)
        self.norms = nn.ModuleList(MaskedNorm(channels_out) for _ in ins)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """``(batch, channels_in, mels, frames)`` to ``(batch, channels_out, mels / 2, frames)`` and its mask."""
        mask = mask[..., :: self.steps]
        first = F.conv2d(x, self.convs[0].weight, stride=(2, self.steps), padding=1)
        x = F.gelu(self.norms[0](first, mask))
        for conv, norm in zip(self.convs[1:], self.norms[1:], strict=True):
            x = x + F.gelu(norm(conv(x), mask))
        return x, mask


class AudioCnn(Network):
    """Samples ``(batch, samples)`` int16 to logits ``(batch, classes)``."""

    def __init__(
        self,
        sound: Waveform,
        num_classes: int,
        hearing: HearingConfig,
        *,
        widths: tuple[int, ...],
        depth: int,
        dropout: float,
        halvings: int = 2,
    ) -> None:
        super().__init__()
        self.hearing = Hearing(hearing, sound)
        ins = (1, *widths)
        self.groups = nn.ModuleList(
            SoundGroup(a, b, depth=depth, halve_time=i < halvings)
            for i, (a, b) in enumerate(zip(ins, widths, strict=False))
        )
        bands = hearing.num_mels
        for _ in widths:
            bands = -(-bands // 2)
        self.dropout = nn.Dropout(dropout)
        self.mix = nn.Linear(bands * widths[-1], widths[-1], bias=False)
        self.norm = MaskedNorm(widths[-1])
        self.head = Head(2 * widths[-1], num_classes)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, classes)``."""
        frames, present = self.hearing(inputs)
        x, mask = frames[:, None], present[:, None, None].to(frames.dtype)
        for group in self.groups:
            x, mask = group(x, mask)
        x = self.mix(x.flatten(1, 2).transpose(1, 2)).transpose(1, 2)[:, :, None]
        x = F.gelu(self.norm(x, mask))[:, :, 0].float()
        over = mask[:, 0]
        mean = (x * over).sum(2) / over.sum(2)
        peak = x.masked_fill(over == 0, -torch.inf).amax(2)
        return Output(self.head(self.dropout(torch.cat((mean, peak), 1))))

    @torch.no_grad()
    def prepare(self, inputs: Tensor) -> None:
        """Measure the mean spectrum of training recordings."""
        self.hearing.measure(inputs)


def _convolution(channels_in: int, channels_out: int) -> nn.Conv2d:
    conv = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
    with torch.no_grad():
        nn.init.dirac_(conv.weight[:channels_in])
        conv.weight.mul_(channels_out**0.5 / conv.weight.norm())
    return conv
