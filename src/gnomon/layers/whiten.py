"""A first convolution that whitens small patches of the data and is never trained.

Source: the patch-whitening layer of Page, "How to train your ResNet 8" (2019), with frozen filters of both signs as in
Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", arXiv 2404.00498, section 3.1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_MAX_PATCHES = 1_000_000


class WhitenedPatches(nn.Module):
    """Project every patch on the principal axes of all patches, scaled to variance one, in both signs.

    ``(batch, channels, height, width)`` becomes ``(batch, 2 * channels * size**2, …, …)``. Only the bias learns.
    """

    def __init__(self, channels: int, *, size: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.width = 2 * channels * size**2
        self.weight = nn.Parameter(torch.zeros(self.width, channels, size, size), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(self.width))

    @torch.no_grad()
    def measure(self, images: Tensor, *, eps: float = 5e-4) -> None:
        """Set the filters from standardised images of shape ``(batch, channels, height, width)``."""
        channels, size = self.weight.shape[1], self.weight.shape[-1]
        # Every n-th picture: the first ones alone would be of the first classes only, where a folder is a class.
        images = images[:: math.ceil(len(images) * images[0, 0].numel() / _MAX_PATCHES)].float()
        patches = F.unfold(images, size).transpose(1, 2).reshape(-1, channels * size**2).double()
        covariance = patches.T @ patches / len(patches)
        values, vectors = torch.linalg.eigh(covariance)
        filters = vectors.T / torch.sqrt(values.clamp_min(0) + eps)[:, None]
        # The sign of an eigenvector is arbitrary: fix it, so that the same data gives the same network anywhere.
        filters = filters * torch.sign(filters.sum(1, keepdim=True) + 1e-12)
        filters = filters.float().reshape(-1, channels, size, size)
        self.weight.copy_(torch.cat([filters, -filters]))

    def forward(self, images: Tensor) -> Tensor:
        """Return the whitened patches, shape ``(batch, 2 * channels * size**2, height', width')``."""
        return F.conv2d(images, self.weight, self.bias, stride=self.stride)
