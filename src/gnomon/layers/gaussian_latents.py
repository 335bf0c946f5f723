"""Groups of Gaussian latents, and the ways to pick their values on the way down from the top to the pixels.

A latent is ``mean + deviation * e`` of its prior, and the posterior is stated for the residual ``e``, whose prior is
the standard normal: the posterior can be no further from the prior than it is worth. Source: Vahdat and Kautz, "NVAE",
arXiv 2007.03898, section 3.2 (residual normal distributions).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from gnomon.layers.keyed_noise import Noise

MOST_LOG_SCALE = 1.0
LEAST_LOG_SCALE = -6.0


class Pick(Protocol):
    """How the residuals of a group of latents are chosen."""

    def __call__(self, index: int, shape: tuple[int, ...], mean: Tensor | None, log_scale: Tensor | None) -> Tensor:
        """Return residuals of a shape ``(batch, …)`` for the group ``index``, with its posterior if there is one."""
        ...


class Posterior:
    """Draws from the posterior."""

    def __init__(self, noise: Noise) -> None:
        self._noise = noise

    def __call__(self, index: int, shape: tuple[int, ...], mean: Tensor | None, log_scale: Tensor | None) -> Tensor:
        """Return ``mean + deviation * noise``. Source: Kingma and Welling, arXiv 1312.6114, section 2.4."""
        if mean is None or log_scale is None:
            raise ValueError("there is no posterior without a sample")
        return mean + log_scale.exp() * self._noise.normal(shape)


class Means:
    """Takes the mean of the posterior."""

    def __call__(self, index: int, shape: tuple[int, ...], mean: Tensor | None, log_scale: Tensor | None) -> Tensor:
        """Return the mean."""
        if mean is None:
            raise ValueError("there is no posterior without a sample")
        return mean


class Prior:
    """Draws from the prior, its deviations multiplied by a temperature."""

    def __init__(self, noise: Noise, temperature: float = 1.0) -> None:
        self.noise = noise
        self.temperature = temperature

    def __call__(self, index: int, shape: tuple[int, ...], mean: Tensor | None, log_scale: Tensor | None) -> Tensor:
        """Return noise."""
        return self.noise.normal(shape) * self.temperature


class Fixed:
    """Takes residuals that are given: one ``(batch, dims)`` for each group."""

    def __init__(self, codes: Sequence[Tensor]) -> None:
        self._codes = codes

    def __call__(self, index: int, shape: tuple[int, ...], mean: Tensor | None, log_scale: Tensor | None) -> Tensor:
        """Return those of the group."""
        return self._codes[index].reshape(shape)


def bounded(log_scale: Tensor) -> Tensor:
    """Return log-deviations that stay between two limits, smoothly, and near 0 are themselves.

    Source: bounded deviations against divergence: Hazami, Mama and Thurairatnam, "Efficient-VDVAE", arXiv 2203.13751,
    section 3.2 (softplus with a lower limit).
    """
    low, high = LEAST_LOG_SCALE, MOST_LOG_SCALE
    values = high - F.softplus(high - log_scale.float())
    return low + F.softplus(values - low)


def divergence(mean: Tensor, log_scale: Tensor) -> Tensor:
    """Return KL(N(mean, scale) || N(0, 1)) of each sample, nats ``(batch,)``.

    Source: Kingma and Welling, arXiv 1312.6114, appendix B.
    """
    each = 0.5 * (mean.square() + torch.exp(2 * log_scale) - 1) - log_scale
    return each.flatten(1).sum(1)


def log_normal(values: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """Return log N(values; mean, scale), summed over all but the first dimension, ``(batch,)``."""
    standard = (values - mean) * torch.exp(-log_scale)
    each = -0.5 * standard.square() - log_scale - 0.5 * math.log(2 * math.pi)
    return each.flatten(1).sum(1)


def log_ratio(values: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """Return log N(values; 0, 1) - log N(values; mean, scale), ``(batch,)``: what a draw weighs."""
    standard = (values - mean) * torch.exp(-log_scale)
    return (0.5 * (standard.square() - values.square()) + log_scale).flatten(1).sum(1)
