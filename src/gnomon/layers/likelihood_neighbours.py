"""Pixels that are told their neighbours: those above and to the left, beside what the decoder says.

What latents are for is what a picture shows; how an edge goes on from one pixel to the next is cheaper said by the
pixels before. Each pixel looks no further than a few pixels, so that what is far apart is left to the latents.
Sources: Gulrajani et al., "PixelVAE", arXiv 1611.05013, section 3; a reach so short that latents keep the rest: Chen et
al., "Variational lossy autoencoder", arXiv 1611.02731, section 3.1; masked convolutions: van den Oord, Kalchbrenner and
Kavukcuoglu, "Pixel recurrent neural networks", arXiv 1601.06759, section 3.4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import Image
from gnomon.layers.keyed_noise import Noise
from gnomon.layers.likelihood_bernoulli import Bernoulli


class PixelLikelihood(Protocol):
    """How probable pixels are, given parameters for each: what `NeighbourLikelihood` asks of what it wraps."""

    per_pixel: int

    def nats(self, parameters: Tensor, pixels: Tensor) -> Tensor:
        """Return -log p of each sample, ``(batch,)``."""
        ...

    def mean(self, parameters: Tensor) -> Tensor:
        """Return the expected pixels in [0, 1]."""
        ...

    def draw(self, parameters: Tensor, noise: Noise) -> Tensor:
        """Return drawn pixels in [0, 1]."""
        ...

    def start(self, mean: Tensor) -> Tensor:
        """Return parameters for which ``mean`` gives these values."""
        ...


class NeighbourLikelihood(nn.Module):
    """A likelihood whose parameters follow from ``features`` of the decoder for each pixel and from its neighbours.

    -log p is exact: pixels come row by row, and each is told only those before it, at most ``reach_px`` away.
    """

    mask: Tensor
    offset: Tensor

    def __init__(self, of_pixels: PixelLikelihood, image: Image, *, reach_px: int, features: int) -> None:
        super().__init__()
        self.of_pixels = of_pixels
        self.reach_px = reach_px
        self.per_pixel = features
        kernel = (image.channels + 1, reach_px + 1, 2 * reach_px + 1)
        mask = torch.ones(kernel[1:])
        mask[reach_px, reach_px:] = 0.0
        self.register_buffer("mask", mask, persistent=False)
        bound = 1 / math.sqrt(kernel[0] * (reach_px * (2 * reach_px + 1) + reach_px))
        self.around = nn.Parameter(torch.empty(features, *kernel).uniform_(-bound, bound))
        self.straight = nn.Parameter(torch.zeros(of_pixels.per_pixel, *kernel))
        self.said = nn.Conv2d(features, of_pixels.per_pixel, 1)
        nn.init.zeros_(self.said.weight)
        nn.init.zeros_(self.said.bias)
        self.register_buffer("offset", torch.zeros(of_pixels.per_pixel, image.height_px, image.width_px))

    def nats(self, parameters: Tensor, pixels: Tensor) -> Tensor:
        """Return -log p of each sample, ``(batch,)``, for features ``(batch, features, height, width)``."""
        reach = self.reach_px
        told = F.conv2d(F.pad(_marked(pixels), (reach, reach, reach, 0)), self._kernel())
        return self.of_pixels.nats(self._said(parameters, told) + self.offset, pixels)

    def mean(self, parameters: Tensor) -> Tensor:
        """Return the expected pixels in [0, 1] if those before were as expected, ``(batch, channels, height, width)``.

        Pixels that do not know of each other are computed together: those of one diagonal, steep enough.
        """

        def pick(here: Tensor) -> tuple[Tensor, Tensor]:
            expected = self.of_pixels.mean(here)
            return expected, expected

        return self._one_after_another(parameters.float(), pick)

    def drawn(self, parameters: Tensor, noise: Noise, *, temperature: float = 1.0) -> Tensor:
        """Return pixels in [0, 1] of which each was told those drawn before it, ``(batch, channels, height, width)``.

        Of two-valued pixels it is shown how probable white is, which for pictures that are drawn black or white is
        their grey. ``temperature`` scales how far what is drawn lies from what is expected.
        """

        def pick(here: Tensor) -> tuple[Tensor, Tensor]:
            expected = self.of_pixels.mean(here)
            told = (expected + temperature * (self.of_pixels.draw(here, noise) - expected)).clamp(0, 1)
            return told, expected if isinstance(self.of_pixels, Bernoulli) else told

        return self._one_after_another(parameters.float(), pick)

    def start(self, mean: Tensor) -> Tensor:
        """Return features ``(features, height, width)`` for which an untrained one gives these values in [0, 1]."""
        self.offset.copy_(self.of_pixels.start(mean))
        return torch.zeros(self.per_pixel, *mean.shape[1:], device=mean.device)

    def _kernel(self) -> Tensor:
        """Return what is told to the features and, straight, to the parameters, that of unknown pixels 0."""
        return torch.cat([self.around, self.straight]) * self.mask

    def _said(self, features: Tensor, told: Tensor) -> Tensor:
        around, straight = told.split([self.per_pixel, self.of_pixels.per_pixel], dim=1)
        found: Tensor = self.said(F.silu(features + around))
        return found.float() + straight.float()

    def _one_after_another(self, features: Tensor, pick: Callable[[Tensor], tuple[Tensor, Tensor]]) -> Tensor:
        """Return pixels that ``pick`` finds from parameters ``(batch, per_pixel, n, 1)``: told on, and shown."""
        batch, _, height, width = features.shape
        reach, channels = self.reach_px, self.around.shape[1] - 1
        shown = features.new_zeros(batch, channels, height, width)
        canvas = F.pad(_marked(shown), (reach, reach, reach, 0))
        windows = canvas.unfold(2, reach + 1, 1).unfold(3, 2 * reach + 1, 1)
        kernel = self._kernel().flatten(1).T.float()
        with torch.autocast(features.device.type, enabled=False):
            for rows, columns in _diagonals(height, width, reach + 1):
                near = windows[:, :, rows, columns].transpose(1, 2).flatten(2)
                said = self._said(features[:, :, rows, columns][..., None], (near @ kernel).mT[..., None])
                on, out = pick(said + self.offset[:, rows, columns][..., None])
                canvas[:, :channels, rows + reach, columns + reach] = on[..., 0] * 2 - 1
                shown[:, :, rows, columns] = out[..., 0]
        return shown


def _marked(pixels: Tensor) -> Tensor:
    """Return pixels in [-1, 1] and a channel of ones, which is 0 beyond the border: ``(batch, channels + 1, …)``."""
    return torch.cat([pixels * 2 - 1, torch.ones_like(pixels[:, :1])], dim=1)


def _diagonals(height: int, width: int, steep: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield rows and columns of pixels in an order in which each comes after those above it and to its left.

    A row begins ``steep`` steps after the one above, so that what is up to ``steep - 1`` to the right above is known.
    """
    for step in range(width + steep * (height - 1)):
        first, last = max(0, math.ceil((step - width + 1) / steep)), min(height - 1, step // steep)
        if first <= last:  # else in a picture narrower than that
            rows = torch.arange(first, last + 1)
            yield rows, step - steep * rows
