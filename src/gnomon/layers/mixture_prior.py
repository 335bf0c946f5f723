"""A prior of latents that is learned: a mixture of the posteriors of some samples, which are learned too.

Source: Tomczak and Welling, "VAE with a VampPrior", arXiv 1705.07120, equation 9.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gnomon.layers.keyed_noise import Noise


def log_mixture(latents: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """Return the log-density of latents ``(batch, dims)`` under the mean of normal distributions, nats ``(batch,)``.

    ``mean`` and ``log_scale`` are those of the components, ``(components, dims)``.
    """
    precision = torch.exp(-2 * log_scale)
    square = latents.square() @ precision.T - 2 * latents @ (mean * precision).T + (mean.square() * precision).sum(1)
    constant = log_scale.sum(1) + 0.5 * mean.shape[1] * math.log(2 * math.pi) + math.log(len(mean))
    return torch.logsumexp(-0.5 * square - constant, dim=1)


def divergence_from_mixture(mean: Tensor, log_scale: Tensor, means: Tensor, log_scales: Tensor) -> Tensor:
    """Return a bound from above on KL(N(mean, scale) || mixture), nats ``(batch,)``: without a draw, and never below 0.

    ``mean`` and ``log_scale`` are ``(batch, dims)``, those of the components ``(components, dims)``. Source: Hershey
    and Olsen, "Approximating the Kullback Leibler divergence between Gaussian mixture models", ICASSP 2007, equation
    18, for a single normal distribution on the left.
    """
    precision = torch.exp(-2 * log_scales)
    second = torch.exp(2 * log_scale) + mean.square()
    square = second @ precision.T - 2 * mean @ (means * precision).T + (means.square() * precision).sum(1)
    each = 0.5 * (square - mean.shape[1]) + log_scales.sum(1) - log_scale.sum(1, keepdim=True)
    return math.log(len(means)) - torch.logsumexp(-each.clamp_min(0), dim=1)


def draw_mixture(count: int, mean: Tensor, log_scale: Tensor, noise: Noise, temperature: float = 1.0) -> Tensor:
    """Return ``count`` latents ``(count, dims)``, each of a component drawn evenly.

    The deviations of the components are multiplied by ``temperature``.
    """
    chosen = (noise.uniform((count,)) * len(mean)).long().clamp(max=len(mean) - 1)
    return mean[chosen] + log_scale.exp()[chosen] * temperature * noise.normal((count, mean.shape[1]))
