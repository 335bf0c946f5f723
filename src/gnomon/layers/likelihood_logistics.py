"""The probability of 8-bit pictures: a mixture of logistic distributions, integrated over each of 256 steps.

Source: Salimans et al., "PixelCNN++", arXiv 1701.05517, equations 1 to 3: the mixture's components are shared by the
channels of a pixel, and the means of green and blue follow linearly from the channels before.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.layers.keyed_noise import Noise

_STEP = 2 / 255
_LEAST_LOG_SCALE = -7.0
_NARROW = 1e-5
"""Below this probability of a step, the density in its middle is used: the difference would be rounded to zero."""


class Logistics(nn.Module):
    """``components`` logistic distributions for each pixel, on values scaled to [-1, 1]."""

    levels = 256

    def __init__(self, channels: int, *, components: int = 5) -> None:
        super().__init__()
        self.channels = channels
        self.components = components
        self.num_slopes = channels * (channels - 1) // 2
        self.per_pixel = components * (1 + 2 * channels + self.num_slopes)

    def nats(self, parameters: Tensor, pixels: Tensor) -> Tensor:
        """Return -log p of each sample, ``(batch,)``, for pixels in [0, 1], ``(batch, channels, height, width)``."""
        values = (pixels.float() * 2 - 1)[:, None]
        log_weights, means, log_scales, slopes = self._parts(parameters)
        means = self._following(means, slopes, values)
        inside = _log_step(values, means, log_scales).sum(2)
        return -torch.logsumexp(inside + log_weights, dim=1).flatten(1).sum(1)

    def mean(self, parameters: Tensor) -> Tensor:
        """Return the expected pixels in [0, 1], ``(batch, channels, height, width)``."""
        log_weights, means, _, slopes = self._parts(parameters)
        parts = [means[:, :, 0]]
        at = 0
        for channel in range(1, self.channels):
            mean = means[:, :, channel]
            for before in range(channel):
                mean = mean + slopes[:, :, at] * parts[before]
                at += 1
            parts.append(mean)
        values = torch.stack(parts, dim=2).clamp(-1, 1)
        return ((values * log_weights.exp()[:, :, None]).sum(1) + 1) / 2

    def draw(self, parameters: Tensor, noise: Noise) -> Tensor:
        """Return pixels that were drawn, ``(batch, channels, height, width)`` in [0, 1].

        Source: Salimans et al., arXiv 1701.05517, section 2.1; the component by Gumbel noise.
        """
        log_weights, means, log_scales, slopes = self._parts(parameters)
        gumbel = -torch.log(-torch.log(noise.uniform(tuple(log_weights.shape)).clamp(1e-7, 1 - 1e-7)))
        chosen = (log_weights + gumbel).argmax(1)[:, None, None]
        mean, log_scale, slope = (_of(part, chosen) for part in (means, log_scales, slopes))
        logistic = torch.logit(noise.uniform(tuple(mean.shape)), eps=1e-6) * log_scale.exp()
        drawn: list[Tensor] = []
        at = 0
        for channel in range(self.channels):
            value = mean[:, channel] + logistic[:, channel]
            for before in range(channel):
                value = value + slope[:, at] * drawn[before]
                at += 1
            drawn.append(value.clamp(-1, 1))
        return (torch.stack(drawn, dim=1) + 1) / 2

    def start(self, mean: Tensor) -> Tensor:
        """Return parameters ``(per_pixel, height, width)`` for which `mean` gives these values in [0, 1]."""
        spread = torch.linspace(-0.4, 0.4, self.components)[:, None, None, None]
        means = (mean * 2 - 1)[None] + spread * (self.components > 1)
        weights = torch.zeros(self.components, *mean.shape[1:])
        scales = torch.full_like(means, math.log(0.15))
        slopes = torch.zeros(self.components * self.num_slopes, *mean.shape[1:])
        return torch.cat([weights, means.flatten(0, 1), scales.flatten(0, 1), slopes])

    def _parts(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        batch, _, height, width = parameters.shape
        k, c = self.components, self.channels
        weights, means, scales, slopes = parameters.float().split([k, k * c, k * c, k * self.num_slopes], dim=1)
        shape = (batch, k, -1, height, width)
        return (
            weights.log_softmax(1),
            means.reshape(shape),
            F.softplus(scales.reshape(shape) - _LEAST_LOG_SCALE) + _LEAST_LOG_SCALE,
            slopes.reshape(batch, k, self.num_slopes, height, width).tanh(),
        )

    def _following(self, means: Tensor, slopes: Tensor, values: Tensor) -> Tensor:
        """Return means in which each channel follows those before it, as they are in the data."""
        parts = [means[:, :, 0]]
        at = 0
        for channel in range(1, self.channels):
            mean = means[:, :, channel]
            for before in range(channel):
                mean = mean + slopes[:, :, at] * values[:, :, before]
                at += 1
            parts.append(mean)
        return torch.stack(parts, dim=2)


def _of(parts: Tensor, chosen: Tensor) -> Tensor:
    """Return what parts ``(batch, components, n, …)`` say of the chosen component, ``(batch, n, …)``."""
    return parts.gather(1, chosen.expand(-1, -1, parts.shape[2], *chosen.shape[3:]))[:, 0]


def _log_step(values: Tensor, means: Tensor, log_scales: Tensor) -> Tensor:
    """Return the log-probability of the step around each value; the outermost steps reach to infinity."""
    centred = values - means
    narrowed = torch.exp(-log_scales)
    upper = narrowed * (centred + _STEP / 2)
    lower = narrowed * (centred - _STEP / 2)
    between = upper.sigmoid() - lower.sigmoid()
    middle = narrowed * centred
    in_the_middle = middle - log_scales - 2 * F.softplus(middle) + math.log(_STEP)
    found = torch.where(between > _NARROW, between.clamp_min(1e-12).log(), in_the_middle)
    found = torch.where(values < -0.999, upper - F.softplus(upper), found)
    return torch.where(values > 0.999, -F.softplus(lower), found)
