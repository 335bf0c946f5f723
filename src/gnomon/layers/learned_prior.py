"""A prior of latents that is learned: a mixture of normal distributions, the posteriors of inputs that are learned too.

Source: Tomczak and Welling, "VAE with a VampPrior", arXiv 1705.07120, equation 9; their shares may be learned too.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gnomon.layers.gaussian_latents import Prior


def log_mixture(latents: Tensor, mean: Tensor, log_scale: Tensor, log_shares: Tensor | None = None) -> Tensor:
    """Return the log-density ``(batch,)`` of latents ``(batch, dims)`` under components ``(components, dims)``.

    ``log_shares (batch, components)`` are those of the components for each sample; without them all are equal.
    """
    precision = torch.exp(-2 * log_scale)
    square = latents.square() @ precision.T - 2 * latents @ (mean * precision).T + (mean.square() * precision).sum(1)
    constant = log_scale.sum(1) + 0.5 * mean.shape[1] * math.log(2 * math.pi)
    shares = -math.log(len(mean)) if log_shares is None else log_shares
    return torch.logsumexp(shares - 0.5 * square - constant, dim=1)


def of_mixture(
    pick: Prior, shape: tuple[int, ...], mean: Tensor, log_scale: Tensor, log_shares: Tensor | None = None
) -> Tensor:
    """Return latents of a shape ``(batch, dims)`` drawn from the mixture, their deviations by the temperature."""
    drawn = pick.noise.uniform((shape[0],))
    if log_shares is None:
        chosen = (drawn * len(mean)).long()
    else:
        running = log_shares.exp().cumsum(1)
        chosen = torch.searchsorted(running, (drawn * running[:, -1])[:, None], right=True)[:, 0]
    chosen = chosen.clamp(max=len(mean) - 1)
    return mean[chosen] + log_scale.exp()[chosen] * pick.temperature * pick.noise.normal(shape)
