"""Convolutions over time for samples that differ in length: what is not there is nought, and changes nothing.

Sources: van den Oord et al., "WaveNet", arXiv 1609.03499 (causal, dilated); Bai, Kolter and Koltun, arXiv 1803.01271
(residual groups of them); Ismail Fawaz et al., "InceptionTime", arXiv 1909.04939 (filters of several lengths).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_EPS = 1e-6


class TimeConvolution(nn.Module):
    """Filters of one or several lengths side by side: ``(batch, channels_in, time)`` to ``(…, channels_out, time)``.

    A ``causal`` filter sees no later instant. Beyond both ends there are noughts. The channels are shared out evenly
    among the ``spans``, the first of them taking what is left over.
    """

    def __init__(
        self, channels_in: int, channels_out: int, spans: tuple[int, ...], *, dilation: int = 1, causal: bool = False
    ) -> None:
        super().__init__()
        if channels_out < len(spans):
            raise ValueError(f"{channels_out} channels cannot be shared among {len(spans)} spans")
        shares = [channels_out // len(spans)] * len(spans)
        shares[0] += channels_out % len(spans)
        self.convs = nn.ModuleList(
            nn.Conv1d(channels_in, share, span, dilation=dilation) for share, span in zip(shares, spans, strict=True)
        )
        reaches = [(span - 1) * dilation for span in spans]
        self.paddings = [(reach if causal else reach // 2, 0 if causal else reach - reach // 2) for reach in reaches]

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, channels_out, time)``."""
        parts = [conv(F.pad(x, padding)) for conv, padding in zip(self.convs, self.paddings, strict=True)]
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)


class ChannelNorm(nn.Module):
    """Scale the channels of every instant to a root mean square of one: ``(batch, channels, time)`` to the same.

    Each instant by itself, so that nothing depends on how long a sample is. Source: Zhang and Sennrich, arXiv
    1910.07467, equation 4.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return the scaled channels."""
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + _EPS) * self.gain[:, None]


class TimeGroup(nn.Module):
    """A residual group of convolutions over time: ``(batch, channels_in, time)`` to ``(batch, channels_out, time)``.

    ``norm`` is ``instant`` where samples differ in length, and may be ``batch`` where all have the same.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        spans: tuple[int, ...],
        *,
        depth: int,
        dilation: int = 1,
        causal: bool = False,
        norm: Literal["instant", "batch"] = "instant",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        ins = [channels_in] + [channels_out] * (depth - 1)
        self.norms = nn.ModuleList(_norm(norm, c) for c in ins)
        self.convs = nn.ModuleList(
            TimeConvolution(c, channels_out, spans, dilation=dilation, causal=causal) for c in ins
        )
        self.dropout = nn.Dropout1d(dropout)
        same = channels_in == channels_out
        self.shortcut = nn.Identity() if same else nn.Conv1d(channels_in, channels_out, 1, bias=False)

    def forward(self, x: Tensor, present: Tensor | None) -> Tensor:
        """Return the group's result; ``present`` ``(batch, 1, time)`` is 1 where there is an instant, else 0."""
        y = x
        for norm, conv in zip(self.norms, self.convs, strict=True):
            y = self.dropout(F.gelu(norm(y)))
            y = conv(y if present is None else y * present)
        return self.shortcut(x) + y


class TimeStack(nn.Module):
    """A convolution and residual groups that look ever farther: ``(batch, channels_in, time)`` to ``(…, width, time)``.

    The convolution gives the first of the ``widths``, each group the next one; from group to group the distance
    between the taps of the filters doubles.
    """

    def __init__(
        self,
        channels_in: int,
        widths: tuple[int, ...],
        spans: tuple[int, ...],
        *,
        depth: int,
        causal: bool = False,
        norm: Literal["instant", "batch"] = "instant",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.width = widths[-1]
        self.stem = TimeConvolution(channels_in, widths[0], spans, causal=causal)
        self.groups = nn.ModuleList(
            TimeGroup(a, b, spans, depth=depth, dilation=2**i, causal=causal, norm=norm, dropout=dropout)
            for i, (a, b) in enumerate(pairwise(widths))
        )
        self.norm = _norm(norm, self.width)

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """Return features; ``present`` ``(batch, 1, time)`` is 1 where there is an instant, else 0; none is all 1."""
        x = self.stem(x if present is None else x * present)
        for group in self.groups:
            x = group(x, present)
        return F.gelu(self.norm(x))


def _norm(kind: Literal["instant", "batch"], channels: int) -> nn.Module:
    return ChannelNorm(channels) if kind == "instant" else nn.BatchNorm1d(channels)
