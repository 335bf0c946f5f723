"""A prior of latents that is learned: a mixture of normal distributions, the posteriors of inputs that are learned too.

Source: Tomczak and Welling, "VAE with a VampPrior", arXiv 1705.07120, equation 9; their shares may be learned too.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gnomon.layers.gaussian_latents import Prior


def log_mixture(latents: Tensor, mean: Tensor, log_scale: Tensor, log_shares: Tensor | None = None) -> Tensor:
    """Return the log-density ``(batch,)``, nats, of latents ``(batch, dims)`` under components ``(components, dims)``.

    ``log_shares (batch, components)`` are those of the components for each sample; without them all are equal.
    """
    precision = torch.exp(-2 * log_scale)
    square = latents.square() @ precision.T - 2 * latents @ (mean * precision).T + (mean.square() * precision).sum(1)
    constant = log_scale.sum(1) + 0.5 * mean.shape[1] * math.log(2 * math.pi)
    shares = -math.log(len(mean)) if log_shares is None else log_shares
    return torch.logsumexp(shares - 0.5 * square - constant, dim=1)


def divergence_from_mixture(mean: Tensor, log_scale: Tensor, means: Tensor, log_scales: Tensor) -> Tensor:
    """Return a bound from above on KL(N(mean, scale) || mixture), nats ``(batch,)``: without a draw, and never below 0.

    ``mean`` and ``log_scale`` are ``(batch, dims)``, those of the components ``(components, dims)``, of equal shares.
    Source: Hershey and Olsen, "Approximating the Kullback Leibler divergence between Gaussian mixture models", ICASSP
    2007, equation 18, for a single normal distribution on the left.
    """
    precision = torch.exp(-2 * log_scales)
    second = torch.exp(2 * log_scale) + mean.square()
    square = second @ precision.T - 2 * mean @ (means * precision).T + (means.square() * precision).sum(1)
    each = 0.5 * (square - mean.shape[1]) + log_scales.sum(1) - log_scale.sum(1, keepdim=True)
    return math.log(len(means)) - torch.logsumexp(-each.clamp_min(0), dim=1)


def draw_mixture(pick: Prior, count: int, mean: Tensor, log_scale: Tensor, log_shares: Tensor | None = None) -> Tensor:
    """Return ``count`` latents ``(count, dims)`` drawn from the mixture, their deviations by the temperature.

    ``log_shares (count, components)`` are those of the components for each sample; without them all are equal.
    """
    drawn = pick.noise.uniform((count,))
    if log_shares is None:
        chosen = (drawn * len(mean)).long()
    else:
        running = log_shares.exp().cumsum(1)
        chosen = torch.searchsorted(running, (drawn * running[:, -1])[:, None], right=True)[:, 0]
    chosen = chosen.clamp(max=len(mean) - 1)
    return mean[chosen] + log_scale.exp()[chosen] * pick.temperature * pick.noise.normal((count, mean.shape[1]))
