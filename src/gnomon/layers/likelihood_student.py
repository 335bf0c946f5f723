"""The probability of measured values over time: Student-t noise around what is expected, which follows itself.

A value deviates from what is expected by some share of the deviation one step before, and by something new. What is
new has Student's distribution: its long tails let single spikes be, where a normal distribution would bend for them.
The share, the freedom and the opening are learned for each channel. Where a level drifts, the share goes to 1 and only
the first step of a window pays for where it stands. Source: Lange, Little and Taylor, "Robust statistical modeling
using the t distribution", JASA 84, 1989; autoregressive noise: Chib, "Bayes regression with autoregressive errors",
Journal of Econometrics 58, 1993.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.layers.keyed_noise import Noise

LEAST_LOG_SCALE = -5.0
"""Noise is at least this large, in deviations of the channel, so that values that never change cannot be too likely."""
MOST_LOG_SCALE = 8.0
_LEAST_FREEDOM = 2.1
_MOST_SHARE = 0.999
_FREEDOM = 6.0


class StudentNoise(nn.Module):
    """Values ``(batch, time, channels)`` around expected ones: how probable, and drawn. All in deviations."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.share = nn.Parameter(torch.zeros(channels))
        self.freedom = nn.Parameter(torch.full((channels,), math.log(math.expm1(_FREEDOM - _LEAST_FREEDOM))))
        self.scale = nn.Parameter(torch.zeros(channels))
        self.opening = nn.Parameter(torch.zeros(channels))

    @torch.no_grad()
    def begin(self, values: Tensor) -> None:
        """Start as the noise of training values ``(n, time, channels)`` around nought."""
        if values.shape[1] < 2:
            self.opening.copy_(_log_size(values[:, 0]))
            return
        now, before = values[:, 1:].flatten(0, 1), values[:, :-1].flatten(0, 1)
        share = ((now * before).mean(0) / before.square().mean(0).clamp_min(1e-12)).clamp(-0.95, 0.95)
        self.share.copy_(torch.atanh(share / _MOST_SHARE))
        self.scale.copy_(_log_size(now - share * before))
        self.opening.copy_(_log_size(values[:, 0]) - self.scale)

    def shares(self) -> Tensor:
        """Return by how much of the deviation one step before a value deviates, ``(channels,)``, within -1 to 1."""
        return _MOST_SHARE * torch.tanh(self.share)

    def nats(self, expected: Tensor, log_scale: Tensor, values: Tensor) -> Tensor:
        """Return -log p of each value given those before it, ``(batch, time, channels)``, float32.

        ``log_scale`` is of the same shape, about nought: it is added to the channel's own.
        """
        apart = values.float() - expected.float()
        new = torch.cat([apart[:, :1], apart[:, 1:] - self.shares() * apart[:, :-1]], dim=1)
        scale, freedom = self._scales(log_scale), self._freedom()
        standard = new * torch.exp(-scale)
        constant = torch.lgamma((freedom + 1) / 2) - torch.lgamma(freedom / 2) - 0.5 * torch.log(freedom * math.pi)
        return scale - constant + (freedom + 1) / 2 * torch.log1p(standard.square() / freedom)

    def drawn(self, expected: Tensor, log_scale: Tensor, noise: Noise, temperature: float = 1.0) -> Tensor:
        """Return values that were drawn, ``(batch, time, channels)``; ``temperature`` multiplies what is new in them.

        Source: Bailey, "Polar generation of random variates with the t-distribution", Mathematics of Computation 62,
        1994, equation 2.
        """
        freedom, shape = self._freedom(), tuple(expected.shape)
        angle, radius = noise.uniform(shape), noise.uniform(shape).clamp_min(1e-9)
        size = torch.sqrt(freedom * torch.expm1(-2 / freedom * torch.log(radius)))
        new = size * torch.cos(2 * math.pi * angle) * torch.exp(self._scales(log_scale)) * temperature
        apart, share = [new[:, 0]], self.shares()
        for step in range(1, shape[1]):
            apart.append(share * apart[-1] + new[:, step])
        return expected.float() + torch.stack(apart, dim=1)

    def _scales(self, log_scale: Tensor) -> Tensor:
        """Return the logarithm of the size of what is new, within limits; the first step has an opening of its own."""
        raw = log_scale.float() + self.scale
        raw = torch.cat([raw[:, :1] + self.opening, raw[:, 1:]], dim=1)
        capped = MOST_LOG_SCALE - F.softplus(MOST_LOG_SCALE - raw)
        return LEAST_LOG_SCALE + F.softplus(capped - LEAST_LOG_SCALE)

    def _freedom(self) -> Tensor:
        return _LEAST_FREEDOM + F.softplus(self.freedom)


def _log_size(values: Tensor) -> Tensor:
    """Return the logarithm of the mean deviation from nought of values ``(n, channels)``."""
    return values.abs().mean(0).clamp_min(math.exp(LEAST_LOG_SCALE)).log()
