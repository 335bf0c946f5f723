"""A residual hierarchical variational autoencoder: latents of the whole picture first, then on finer and finer maps.

A convolutional encoder looks from the pixels up; the decoder goes from the top down, and at each map groups of latents
are added to what it carries: their prior is said by what was decided above them, their posterior by that and what the
encoder saw. Sources: Sønderby et al., "Ladder variational autoencoders", arXiv 1602.02282; Child, "Very deep VAEs",
arXiv 2011.10650, sections 3 and 4 (nearest-neighbour upsampling, no normalisation, last convolutions that begin small);
Vahdat and Kautz, "NVAE", arXiv 2007.03898 (residual posteriors); most groups on small maps: Hazami et al.,
"Efficient-VDVAE", arXiv 2203.13751, section 3.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import Density, Image
from gnomon.layers.gaussian_latents import Pick, Prior, bounded, divergence, log_ratio
from gnomon.layers.keyed_noise import DrawnNoise
from gnomon.layers.likelihood_neighbours import NeighbourLikelihood
from gnomon.layers.network import Role
from gnomon.layers.vae_network import Descent, Features, Generative, Latents, Likelihood, PixelHead, as_bytes

_SMALLEST = 4
"""Maps of up to this side are followed by the vector that stands for the whole picture."""


class Block(nn.Module):
    """Two convolutions beside a shortcut, ``(batch, width, height, width)``; on a map of one pixel, two matrices."""

    def __init__(self, width: int, *, side: int, depth: int) -> None:
        super().__init__()
        self.first = convolution(width, width, side)
        self.second = convolution(width, width, side)
        with torch.no_grad():
            self.second.weight.mul_(0.5 / math.sqrt(depth))

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape."""
        return x + self.second(F.silu(self.first(F.silu(x))))


class Group(nn.Module):
    """One group of latents on one map: prior, posterior, and what they add to what the decoder carries."""

    def __init__(self, width: int, num_latents: int, *, side: int, depth: int) -> None:
        super().__init__()
        self.num_latents = num_latents
        self.prior = nn.Conv2d(width, 2 * num_latents, 1)
        self.joined = convolution(2 * width, width, side)
        self.posterior = nn.Conv2d(width, 2 * num_latents, 1)
        self.into = nn.Conv2d(num_latents, width, 1)
        self.block = Block(width, side=side, depth=depth)
        for layer in (self.prior, self.posterior):
            nn.init.normal_(layer.weight, std=0.1 / math.sqrt(width))
            nn.init.zeros_(layer.bias)
        with torch.no_grad():  # latents say something from the first step on, so that what follows learns to listen
            self.posterior.weight[:num_latents] *= 10
            self.posterior.bias[num_latents:] = -1.0

    def forward(self, x: Tensor, seen: Tensor | None, pick: Pick, index: int) -> tuple[Tensor, Tensor | None, Tensor]:
        """Return what is carried on, the statistics of the posterior ``(2, batch, …)`` if any, and the residuals."""
        mean, log_scale = self.prior(F.silu(x)).float().chunk(2, dim=1)
        residual_mean = residual_scale = None
        if seen is not None:
            joined = F.silu(self.joined(F.silu(torch.cat([x, seen], dim=1))))
            residual_mean, raw = self.posterior(joined).float().chunk(2, dim=1)
            residual_scale = bounded(raw)
        shape = (len(x), self.num_latents, *x.shape[2:])
        residual = pick(index, shape, residual_mean, residual_scale)
        latents = mean + bounded(log_scale).exp() * residual
        x = self.block(x + self.into(latents))
        stats = (
            None if residual_mean is None or residual_scale is None else torch.stack([residual_mean, residual_scale])
        )
        return x, stats, residual


class Stage(nn.Module):
    """All that happens on maps of one size."""

    def __init__(
        self, width: int, side: tuple[int, int], *, num_blocks: int, groups: int, num_latents: int, depth: int
    ) -> None:
        super().__init__()
        self.side = side
        largest = max(side)
        self.up = nn.Sequential(*(Block(width, side=largest, depth=depth) for _ in range(num_blocks)))
        self.down = nn.ModuleList(Group(width, num_latents, side=largest, depth=depth) for _ in range(groups))
        self.last = Block(width, side=largest, depth=depth) if not groups else nn.Identity()


class HierarchicalVae(Generative):
    """Pictures uint8 ``(batch, height, width, channels)`` to the terms of the bound ``(batch, 1 + groups)``.

    ``widths``, ``groups`` and ``latents`` are those of the maps from the finest to the single vector at the top.
    """

    def __init__(
        self,
        image: Image,
        density: Density,
        likelihood: Likelihood,
        *,
        patch_px: int,
        widths: tuple[int, ...],
        groups: tuple[int, ...],
        latents: tuple[int, ...],
        num_blocks: int,
        warmup: float,
        free_nats: float,
    ) -> None:
        super().__init__(image, density, likelihood, warmup=warmup, free_nats=free_nats)
        sides = sides_of(image, patch_px)
        if not len(sides) == len(widths) == len(groups) == len(latents):
            raise ValueError(
                f"{len(sides)} maps with {len(widths)} widths, {len(groups)} groups, {len(latents)} latents"
            )
        self.patch_px = patch_px
        depth = sum(groups) + num_blocks * len(sides)
        self.stem = nn.Conv2d(image.channels * patch_px**2, widths[0], 3, padding=1)
        self.stages = nn.ModuleList(
            Stage(w, side, num_blocks=num_blocks, groups=g, num_latents=z, depth=depth)
            for w, side, g, z in zip(widths, sides, groups, latents, strict=True)
        )
        self.shrink = nn.ModuleList(_shrinking(widths[i : i + 2], sides[i : i + 2]) for i in range(len(sides) - 1))
        self.grow = nn.ModuleList(_growing(widths[i : i + 2], sides[i : i + 2]) for i in range(len(sides) - 1))
        self.embedding = nn.Parameter(torch.zeros(self.num_classes + 1, widths[-1]))
        nn.init.normal_(self.embedding, std=0.02 if not self.num_classes else 1.0)
        self.head = PixelHead(widths[0], image, likelihood, patch_px=patch_px)
        if isinstance(likelihood, NeighbourLikelihood):  # which begins small itself
            nn.init.normal_(self.head.linear.weight, std=1 / math.sqrt(widths[0]))
        self.groups = tuple(_listed(sides, groups, latents))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Everything moves by Adam: to orthogonalise many small matrices takes as long as to find their gradients."""
        return "adam" if parameter.requires_grad else "frozen"

    @torch.no_grad()
    def sample(
        self, count: int, *, generator: torch.Generator, given: Tensor | None = None, temperature: float = 1.0
    ) -> Tensor:
        """Return new pictures as `Generative.sample` does; where pixels are told their neighbours, those are drawn."""
        if not isinstance(self.likelihood, NeighbourLikelihood):
            return super().sample(count, generator=generator, given=given, temperature=temperature)
        classes = self._known(count, given)
        noise = DrawnNoise(classes.device, generator)
        found = self.descend(None, Prior(noise, temperature), classes)
        return as_bytes(self.likelihood.drawn(found.parameters, noise, temperature=temperature))

    def look(self, pictures: Tensor, given: Tensor) -> Features:
        """Return what the encoder sees on each map, the finest first."""
        x = pictures * 2 - 1
        height, width = x.shape[2:]
        x = F.pad(x, (0, -width % self.patch_px, 0, -height % self.patch_px))
        x = self.stem(F.pixel_unshuffle(x, self.patch_px))
        seen = []
        for index, stage in enumerate(self.stages):
            x = stage.up(x)
            seen.append(x)
            if index < len(self.shrink):
                x = self.shrink[index](F.silu(x))
        return tuple(seen)

    def descend(self, features: Features | None, pick: Pick, given: Tensor) -> Descent:
        """Go from the top latents down to the pixels."""
        x = self.embedding[given][:, :, None, None]
        kls, ratios, codes = [], [], []
        for index in range(len(self.stages) - 1, -1, -1):
            stage = self.stages[index]
            for group in stage.down:
                seen = None if features is None else features[index]
                x, stats, residual = group(x, seen, pick, len(codes))
                codes.append(residual)
                if stats is not None:
                    kls.append(divergence(*stats))
                    ratios.append(log_ratio(residual, *stats))
            x = stage.last(x)
            if index:
                x = self.grow[index - 1](F.silu(x))
        return Descent(self.head(F.silu(x)), kls, ratios, codes)


class _Spread(nn.Module):
    """A vector ``(batch, from, 1, 1)`` to a map ``(batch, to, *side)``."""

    def __init__(self, width_from: int, width_to: int, side: tuple[int, int]) -> None:
        super().__init__()
        self.shape = (width_to, *side)
        self.linear = nn.Linear(width_from, math.prod(self.shape))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.flatten(1)).view(-1, *self.shape)


class _Gather(nn.Module):
    """A map ``(batch, from, *side)`` to a vector ``(batch, to, 1, 1)``."""

    def __init__(self, width_from: int, width_to: int, side: tuple[int, int]) -> None:
        super().__init__()
        self.linear = nn.Linear(width_from * math.prod(side), width_to)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.flatten(1))[:, :, None, None]


class _Enlarge(nn.Module):
    """A map to one of about twice the side, each pixel repeated."""

    def __init__(self, width_from: int, width_to: int, side: tuple[int, int]) -> None:
        super().__init__()
        self.side = side
        self.linear = nn.Conv2d(width_from, width_to, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(self.linear(x), self.side, mode="nearest")


def sides_of(image: Image, patch_px: int) -> list[tuple[int, int]]:
    """Return the sizes of the maps ``(height, width)``, from the finest to the single vector."""
    side = (math.ceil(image.height_px / patch_px), math.ceil(image.width_px / patch_px))
    sides = [side]
    while max(side) > _SMALLEST:
        side = (math.ceil(side[0] / 2), math.ceil(side[1] / 2))
        sides.append(side)
    return sides if max(side) == 1 else [*sides, (1, 1)]


def convolution(width_in: int, width_out: int, side: int) -> nn.Conv2d:
    """Return a convolution of 3 by 3; of one pixel where the map has no more."""
    return nn.Conv2d(width_in, width_out, 3, padding=1) if side > 1 else nn.Conv2d(width_in, width_out, 1)


def _shrinking(widths: tuple[int, ...], sides: list[tuple[int, int]]) -> nn.Module:
    if max(sides[1]) == 1:
        return _Gather(widths[0], widths[1], sides[0])
    return nn.Conv2d(widths[0], widths[1], 3, stride=2, padding=1)


def _growing(widths: tuple[int, ...], sides: list[tuple[int, int]]) -> nn.Module:
    if max(sides[1]) == 1:
        return _Spread(widths[1], widths[0], sides[0])
    return _Enlarge(widths[1], widths[0], sides[0])


def _listed(sides: list[tuple[int, int]], groups: tuple[int, ...], latents: tuple[int, ...]) -> list[Latents]:
    found: list[Latents] = []
    start = 0
    for side, count, size in reversed(list(zip(sides, groups, latents, strict=True))):
        for number in range(count):
            dims = size * math.prod(side)
            name = f"{side[0]} x {side[1]}" + (f", {number + 1}" if count > 1 else "")
            found.append(Latents(name, dims, start))
            start += dims
    return found
