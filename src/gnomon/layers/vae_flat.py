"""A variational autoencoder with one vector of latents: the floor, and small enough for the smallest budgets.

The prior is the standard normal, or learned: the mean of the posteriors of some pictures that are learned too. Sources:
Kingma and Welling, "Auto-encoding variational Bayes", arXiv 1312.6114; Tomczak and Welling, "VAE with a VampPrior",
arXiv 1705.07120, equation 9.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import Density, Image
from gnomon.layers.gaussian_latents import Pick, Prior, bounded, divergence, log_normal, log_ratio
from gnomon.layers.mixture_prior import draw_mixture, log_mixture
from gnomon.layers.vae_network import Descent, Features, Generative, Latents, Likelihood, PixelHead


class Layers(nn.Module):
    """``depth`` full layers, each but the first beside a shortcut: ``(batch, from)`` to ``(batch, width)``."""

    def __init__(self, width_from: int, width: int, depth: int) -> None:
        super().__init__()
        self.first = nn.Linear(width_from, width)
        self.rest = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return features that an activation has not yet passed."""
        x = self.first(x)
        for layer in self.rest:
            x = x + layer(F.silu(x))
        return x


class FlatVae(Generative):
    """Pictures uint8 ``(batch, height, width, channels)`` to the terms of the bound ``(batch, 2)``.

    With ``components`` the prior is a mixture of that many posteriors, whose pseudo-pictures are learned; 0 is the
    standard normal.
    """

    def __init__(
        self,
        image: Image,
        density: Density,
        likelihood: Likelihood,
        *,
        width: int,
        depth: int,
        num_latents: int,
        components: int,
        warmup: float,
        free_nats: float,
    ) -> None:
        super().__init__(image, density, likelihood, warmup=warmup, free_nats=free_nats)
        self.num_latents = num_latents
        self.components = components
        pixels = image.height_px * image.width_px * image.channels
        self.encoder = Layers(pixels, width, depth)
        self.posterior = nn.Linear(width, 2 * num_latents)
        self.decoder = Layers(num_latents, width, depth)
        self.embedding = nn.Parameter(torch.zeros(self.num_classes + 1, width))
        self.head = PixelHead(width, image, likelihood, patch_px=1)
        self.head.linear = _EachPixel(width, likelihood.per_pixel, image)  # type: ignore[assignment]
        self.pseudo = nn.Parameter(torch.zeros(components, pixels)) if components else None
        self.groups = (Latents("the picture", num_latents, 0),)
        nn.init.normal_(self.posterior.weight, std=0.1 / math.sqrt(width))
        nn.init.zeros_(self.posterior.bias)

    @torch.no_grad()
    def prepare(self, inputs: Tensor) -> None:
        """Begin at the mean picture; the pseudo-pictures begin as training pictures."""
        super().prepare(inputs)
        if self.pseudo is not None:
            rows = torch.linspace(0, len(inputs) - 1, self.components).long()
            self.pseudo.copy_(
                torch.logit((inputs[rows].permute(0, 3, 1, 2).flatten(1).float() / 255).clamp(0.02, 0.98))
            )

    def look(self, pictures: Tensor, given: Tensor) -> Features:
        """Return mean and log-deviation of the posterior, ``(batch, latents)`` each."""
        return self._posterior(pictures.flatten(1) * 2 - 1, self.embedding[given])

    def descend(self, features: Features | None, pick: Pick, given: Tensor) -> Descent:
        """Pick the latents and decode them."""
        shape = (len(given), self.num_latents)
        mean, log_scale = features if features is not None else (None, None)
        if mean is None and self.pseudo is not None and isinstance(pick, Prior):
            latents = self._of_prior(pick, shape, given)
        else:
            latents = pick(0, shape, mean, log_scale)
        kls, ratios = [], []
        if mean is not None and log_scale is not None:
            ratio = (
                self._log_prior(latents, given) - log_normal(latents, mean, log_scale)
                if self.pseudo is not None
                else None
            )
            kls.append(divergence(mean, log_scale) if ratio is None else -ratio)
            ratios.append(log_ratio(latents, mean, log_scale) if ratio is None else ratio)
        x = self.decoder(latents) + self.embedding[given]
        return Descent(self.head(F.silu(x)[:, :, None, None]), kls, ratios, [latents])

    def _posterior(self, pixels: Tensor, embedded: Tensor) -> tuple[Tensor, Tensor]:
        found = self.posterior(F.silu(self.encoder(pixels) + embedded)).float()
        mean, raw = found.chunk(2, dim=1)
        return mean, bounded(raw)

    def _parts(self, given: Tensor) -> tuple[Tensor, Tensor]:
        """Return the components of the prior: those of no class in particular."""
        assert self.pseudo is not None
        unknown = self.embedding[torch.full((self.components,), self.num_classes, device=given.device)]
        return self._posterior(self.pseudo.sigmoid() * 2 - 1, unknown)

    def _log_prior(self, latents: Tensor, given: Tensor) -> Tensor:
        """Return the log-density of the mixture, ``(batch,)``."""
        return log_mixture(latents, *self._parts(given))

    def _of_prior(self, pick: Prior, shape: tuple[int, ...], given: Tensor) -> Tensor:
        return draw_mixture(pick, shape[0], *self._parts(given))


class _EachPixel(nn.Module):
    """Features ``(batch, width, 1, 1)`` to values for each pixel, ``(batch, per_pixel, height, width)``."""

    def __init__(self, width: int, per_pixel: int, image: Image) -> None:
        super().__init__()
        self.shape = (per_pixel, image.height_px, image.width_px)
        self.weight = nn.Parameter(torch.randn(math.prod(self.shape), width) * 0.1 / math.sqrt(width))

    def forward(self, features: Tensor) -> Tensor:
        return F.linear(features.flatten(1), self.weight).view(-1, *self.shape)
