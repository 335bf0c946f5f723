"""The probability of two-valued pictures: each pixel is white with a probability of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.layers.keyed_noise import Noise


class Bernoulli(nn.Module):
    """A logit for each pixel and channel. Source: Kingma and Welling, arXiv 1312.6114, appendix C.1."""

    levels = 2

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.per_pixel = channels

    def nats(self, parameters: Tensor, pixels: Tensor) -> Tensor:
        """Return -log p of each sample, ``(batch,)``, for logits and pixels 0 or 1, ``(batch, channels, h, w)``."""
        return F.binary_cross_entropy_with_logits(parameters.float(), pixels, reduction="none").flatten(1).sum(1)

    def mean(self, parameters: Tensor) -> Tensor:
        """Return the expected pixels in [0, 1], ``(batch, channels, height, width)``."""
        return parameters.float().sigmoid()

    def draw(self, parameters: Tensor, noise: Noise) -> Tensor:
        """Return pixels 0 or 1 that were drawn, ``(batch, channels, height, width)``."""
        return (noise.uniform(tuple(parameters.shape)) < parameters.float().sigmoid()).float()

    def start(self, mean: Tensor) -> Tensor:
        """Return parameters ``(channels, height, width)`` for which `mean` gives these values in [0, 1]."""
        return torch.logit(mean.clamp(1e-3, 1 - 1e-3))
