"""From stored pixels to numbers that a network likes: inside the model, so that a saved model needs nothing else."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Standardise(nn.Module):
    """Pixels ``(batch, height, width, channels)`` 0..255 to ``(batch, channels, height, width)``, mean 0, deviation 1.

    The mean and the deviation are one number a channel, measured on training data. The result is a view in
    channels-last memory, so that no pixel is moved.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.full((channels,), 127.5))
        self.register_buffer("scale", torch.full((channels,), 1 / 64.0))

    @torch.no_grad()
    def measure(self, pixels: Tensor) -> None:
        """Set mean and deviation from pixels of shape ``(batch, height, width, channels)``."""
        flat = pixels.reshape(-1, pixels.shape[-1]).double()
        self.mean.copy_(flat.mean(0))
        self.scale.copy_(1 / flat.std(0).clamp_min(1.0))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return standardised pixels, shape ``(batch, channels, height, width)``, float32."""
        return ((pixels.float() - self.mean) * self.scale).permute(0, 3, 1, 2)
