"""A variational autoencoder of stretches of a series: one vector of latents under a learned prior, noise that follows
itself, and layers over time that are dense, convolutional or recurrent.

Sources: Kingma and Welling, "Auto-encoding variational Bayes", arXiv 1312.6114; Tomczak and Welling, arXiv 1705.07120
(the prior); Xu et al., "Unsupervised anomaly detection via variational auto-encoder for seasonal KPIs", arXiv
1802.03903 (likelihood of windows as a score).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import Density, Normality, Output, Series
from gnomon.layers.conv1d import TimeStack
from gnomon.layers.gaussian_latents import Prior, bounded, divergence, log_normal
from gnomon.layers.importance_bound import BOUND_SALT, importance_bound, portions, warmed
from gnomon.layers.keyed_noise import DrawnNoise, KeyedNoise, Noise, keys_of, mixed
from gnomon.layers.likelihood_student import StudentNoise
from gnomon.layers.mixture_prior import divergence_from_mixture, draw_mixture, log_mixture
from gnomon.layers.network import Network, Role
from gnomon.layers.recurrence import Recurrence, RecurrenceConfig
from gnomon.layers.scaling import SeriesScale
from gnomon.layers.series_views import SeriesViews, rarity
from gnomon.layers.told_classes import class_indices, some_hidden

Over = Literal["dense", "convolutional", "recurrent"]
_AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class SeriesVaeConfig:
    """What a network of series is made of."""

    over: Over = "convolutional"
    """What looks over time."""
    patch_steps: int = 3
    """Steps that are read and written at once."""
    width: int = 64
    blocks: int = 2
    """Layers over time, of the encoder and of the decoder."""
    num_latents: int = 16
    components: int = 100
    """Posteriors that the learned prior is made of; 0 for the standard normal."""
    warmup: float = 0.1
    free_nats: float = 0.0


class Decoded(NamedTuple):
    """What a decoder says of windows ``(batch, time, channels)``, in deviations."""

    expected: Tensor
    log_scale: Tensor


class Steps(NamedTuple):
    """What is known of every value of windows, ``(batch, time, channels)`` each.

    ``expected`` is in the units of the series, ``nats`` is -log p given the steps before it and the mean latents,
    ``strange`` has no unit; ``kl (batch,)`` are the nats of the latents, of a learned prior at most so many.
    """

    expected: Tensor
    nats: Tensor
    strange: Tensor
    kl: Tensor


class OverTime(nn.Module):
    """Layers over patches of time: ``(batch, patches, width)`` to the same."""

    def __init__(self, config: SeriesVaeConfig) -> None:
        super().__init__()
        self.over = config.over
        width, blocks = config.width, config.blocks
        if config.over == "convolutional":
            self.layers: nn.Module = TimeStack(width, (width,) * (blocks + 1), (3,), depth=1)
        elif config.over == "recurrent":
            self.layers = Recurrence(RecurrenceConfig(width=width, layers=blocks, bidirectional=True), width)
        else:
            self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(blocks))

    def forward(self, x: Tensor) -> Tensor:
        """Return features that an activation has passed."""
        if isinstance(self.layers, TimeStack):
            found: Tensor = self.layers(x.transpose(1, 2))
            return found.transpose(1, 2)
        if isinstance(self.layers, Recurrence):
            states, _ = self.layers(x.transpose(0, 1))
            return F.silu(states.transpose(0, 1))
        for layer in self.layers.children():
            x = x + layer(F.silu(x))
        return F.silu(x)


class StepsHead(nn.Module):
    """Features ``(batch, patches, width)`` to expected values and the logarithm of their noise for every step."""

    offset: Tensor

    def __init__(self, scale: SeriesScale, length: int, channels: int, config: SeriesVaeConfig) -> None:
        super().__init__()
        self.length = length
        self.channels = channels
        self.linear = nn.Linear(config.width, 2 * config.patch_steps * channels, bias=False)
        nn.init.normal_(self.linear.weight, std=0.1 / config.width**0.5)
        self.register_buffer("offset", torch.zeros(channels))
        self._scale = [scale]  # not a part: its buffers belong to the network

    @torch.no_grad()
    def answer(self, values: Tensor) -> None:
        """Expect these values, ``(channels,)`` in the units of the series, at every step."""
        self.linear.weight.zero_()
        self.offset.copy_(self._scale[0](values.to(self.offset.device)))

    def forward(self, features: Tensor) -> Decoded:
        """Return what is expected at each step."""
        found = self.linear(features).float().unflatten(2, (-1, self.channels, 2)).flatten(1, 2)[:, : self.length]
        return Decoded(found[..., 0] + self.offset, 2 * torch.tanh(found[..., 1]))


class SeriesVae(Network):
    """Windows float32 ``(batch, time, channels)``, in their units, to the terms of the bound ``(batch, 3)``.

    All nats are of values divided by the deviation of their channel. In evaluation mode all noise is a function of the
    window's own values, so that numbers repeat exactly.
    """

    head: StepsHead  # type: ignore[assignment]

    def __init__(self, series: Series, density: Density, config: SeriesVaeConfig) -> None:
        super().__init__()
        self.series = series
        self.density = density
        self.config = config
        self.conditional = density.conditional
        self.num_latents = config.num_latents
        channels, width = len(series.names), config.width
        self.num_patches = -(-series.length // config.patch_steps)
        self.scale = SeriesScale(series)
        self.enter = nn.Linear(config.patch_steps * channels, width)
        self.encoder = OverTime(config)
        self.posterior = nn.Linear(self.num_patches * width, 2 * config.num_latents)
        self.leave = nn.Linear(config.num_latents, self.num_patches * width)
        self.decoder = OverTime(config)
        self.embedding = nn.Parameter(torch.zeros(self.num_classes + 1, width))
        self.head = StepsHead(self.scale, series.length, channels, config)
        self.noise = StudentNoise(channels)
        self.pseudo = (
            nn.Parameter(torch.zeros(config.components, series.length, channels)) if config.components else None
        )
        self.views_of = SeriesViews(channels, series.length, series.period) if isinstance(density, Normality) else None
        nn.init.normal_(self.posterior.weight, std=0.1 / math.sqrt(self.num_patches * width))
        nn.init.zeros_(self.posterior.bias)

    @property
    def num_classes(self) -> int:
        """Classes that can be given."""
        return len(self.density.classes) if self.conditional else 0

    def forward(self, inputs: Tensor, carry: Tensor | None = None, given: Tensor | None = None) -> Output:
        """Return for each window its reconstruction term, how strange it is, and its divergence, ``(batch, 3)``.

        The penalty ``kl`` is the mean divergence, weighted less in the warm-up, no less than the free nats. How strange
        a window is, is its bound; where anomalies are to be told, and usual windows are remembered, it is how strange
        its steps are, the mean over them of the strangest channel.
        """
        values, classes = self.scale(inputs), self._classes(inputs, given)
        noise: Noise = DrawnNoise(inputs.device) if self.training else KeyedNoise(keys_of(inputs))
        mean, log_scale = self._posterior(values, classes)
        latents = mean + log_scale.exp() * noise.normal(tuple(mean.shape))
        rebuilt = self._nats(values, self._decode(latents, classes)).flatten(1).sum(1)
        divergences = log_normal(latents, mean, log_scale) - self._log_prior(latents)
        penalty = divergences.mean()
        if self.config.free_nats:  # an estimate may be below 0, where a limit of 0 would stop the learning
            penalty = penalty.clamp_min(self.config.free_nats)
        strange = (rebuilt + divergences).detach()
        if self.views_of is not None and not self.training and bool(self.views_of.ready):
            strange = self.steps(inputs, given).strange.amax(2).mean(1)
        return Output(
            torch.stack([rebuilt, strange, divergences], dim=1).float(),
            penalties={"kl": penalty * self.weight()},
        )

    def weight(self) -> float:
        """Return the weight of the divergence at this progress."""
        return warmed(self.progress, self.config.warmup)

    @torch.no_grad()
    def bound(self, inputs: Tensor, given: Tensor | None = None, *, k: int) -> Tensor:
        """Return the importance-weighted bound on -log p of each window and its Monte-Carlo variance.

        ``inputs`` are ``(batch, time, channels)``; the result is float64 ``(batch, 2)``, nats.
        """
        values, classes = self.scale(inputs), self._classes(inputs, given)
        posterior, keys = self._posterior(values, classes), keys_of(inputs, salt=BOUND_SALT)
        weights = [
            self._log_weights(values, posterior, classes, keys, range(start, stop))
            for start, stop in portions(len(inputs), k, values=inputs[:1].numel())
        ]
        return importance_bound(torch.cat(weights, dim=1))

    def _log_weights(
        self, values: Tensor, posterior: tuple[Tensor, Tensor], classes: Tensor, keys: Tensor, draws: range
    ) -> Tensor:
        """Return log p(x, z) - log q(z) of some draws of the latents, float64 ``(batch, draws)``."""
        times = len(draws)
        places = torch.arange(draws.start, draws.stop, device=values.device)
        noise = KeyedNoise(mixed(keys[:, None] + mixed(places)[None, :]).flatten())
        mean, log_scale = (part.repeat_interleave(times, dim=0) for part in posterior)
        latents = mean + log_scale.exp() * noise.normal(tuple(mean.shape))
        decoded = self._decode(latents, classes.repeat_interleave(times))
        logs = -self._nats(values.repeat_interleave(times, dim=0), decoded).double().flatten(1).sum(1)
        logs = logs + self._log_prior(latents).double() - log_normal(latents, mean, log_scale).double()
        return logs.view(-1, times)

    @torch.no_grad()
    def steps(self, inputs: Tensor, given: Tensor | None = None) -> Steps:
        """Return what the mean latents say of every value of windows ``(batch, time, channels)``."""
        values, classes = self.scale(inputs), self._classes(inputs, given)
        mean, log_scale = self._posterior(values, classes)
        decoded = self._decode(mean, classes)
        nats, kl = self._nats(values, decoded), self._divergence(mean, log_scale)
        strange = nats
        if self.views_of is not None and bool(self.views_of.ready):
            strange = rarity(self.views_of(self.views_of.seen(values, nats, kl)))
        return Steps(self._in_units(decoded.expected), nats, strange, kl)

    @torch.no_grad()
    def remember(self, inputs: Tensor) -> None:
        """Remember how usual windows ``(n, time, channels)`` look, where anomalies are to be told."""
        if self.views_of is not None:
            self.views_of.lay(
                torch.cat([self.scale(part.to(self.embedding.device)) for part in inputs.split(_AT_ONCE)])
            )
            self.views_of.fit(self._seen(inputs))

    @torch.no_grad()
    def temper(self, inputs: Tensor) -> None:
        """See how rare usual windows look that it was not trained on: see `SeriesViews.temper`."""
        if self.views_of is not None and bool(self.views_of.ready):
            self.views_of.temper(self._seen(inputs))

    @torch.no_grad()
    def sample(
        self, count: int, *, generator: torch.Generator, given: Tensor | None = None, temperature: float = 1.0
    ) -> Tensor:
        """Return new windows in units, float32 ``(count, time, channels)``: latents of the prior, and their noise.

        ``temperature`` scales the deviations of both; ``given`` are class indices ``(count,)``.
        """
        classes = self._known(count, given)
        noise = DrawnNoise(classes.device, generator)
        if self.pseudo is None:
            latents = noise.normal((count, self.num_latents)) * temperature
        else:
            latents = draw_mixture(Prior(noise, temperature), count, *self._components())
        decoded = self._decode(latents, classes)
        return self._in_units(self.noise.drawn(*decoded, noise, temperature))

    @torch.no_grad()
    def reconstruct(self, inputs: Tensor, given: Tensor | None = None) -> Tensor:
        """Return what is expected for the mean latents of windows, in units, ``(batch, time, channels)``."""
        classes = self._classes(inputs, given)
        mean, _ = self._posterior(self.scale(inputs), classes)
        return self._in_units(self._decode(mean, classes).expected)

    @torch.no_grad()
    def encode(self, inputs: Tensor, given: Tensor | None = None) -> Tensor:
        """Return the mean latents of windows, float32 ``(batch, latents)``."""
        mean, _ = self._posterior(self.scale(inputs), self._classes(inputs, given))
        return mean

    @torch.no_grad()
    def decode(self, codes: Tensor, given: Tensor | None = None) -> Tensor:
        """Return what is expected for latents ``(batch, latents)``, in units, ``(batch, time, channels)``."""
        return self._in_units(self._decode(codes, self._known(len(codes), given)).expected)

    @torch.no_grad()
    def prepare(self, inputs: Tensor) -> None:
        """Begin with the noise of training windows, some of which the learned prior begins as."""
        values = self.scale(inputs)
        self.noise.begin(values)
        if self.pseudo is not None:
            rows = torch.linspace(0, len(values) - 1, len(self.pseudo)).long()
            self.pseudo.copy_(torch.asinh(values[rows]))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Matrices of the layers over time are orthogonalised, the rest learns by Adam."""
        if not parameter.requires_grad:
            return "frozen"
        return "orthogonal" if parameter.ndim >= 2 and name.startswith(("encoder.", "decoder.")) else "adam"

    def _posterior(self, values: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-deviation of the posterior of values in deviations, ``(batch, latents)`` each."""
        return self._looked(torch.asinh(values), classes)

    def _looked(self, squashed: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Return the posterior of values that were squashed, so that no spike drowns the others."""
        missing = self.num_patches * self.config.patch_steps - squashed.shape[1]
        patches = F.pad(squashed, (0, 0, 0, missing)).unflatten(1, (self.num_patches, -1)).flatten(2)
        features = self.encoder(self.enter(patches) + self.embedding[classes][:, None])
        mean, raw = self.posterior(features.flatten(1)).float().chunk(2, dim=1)
        return mean, bounded(raw)

    def _decode(self, latents: Tensor, classes: Tensor) -> Decoded:
        x = self.leave(latents).unflatten(1, (self.num_patches, -1)) + self.embedding[classes][:, None]
        decoded: Decoded = self.head(self.decoder(x))
        return decoded

    def _nats(self, values: Tensor, decoded: Decoded) -> Tensor:
        return self.noise.nats(decoded.expected, decoded.log_scale, values)

    def _components(self) -> tuple[Tensor, Tensor]:
        """Return the components of the prior, those of no class in particular: ``(components, latents)`` each."""
        assert self.pseudo is not None
        unknown = torch.full((len(self.pseudo),), self.num_classes, device=self.pseudo.device)
        return self._looked(self.pseudo, unknown)

    def _log_prior(self, latents: Tensor) -> Tensor:
        """Return the log-density of latents under the prior, ``(batch,)``."""
        if self.pseudo is None:
            return log_normal(latents, torch.zeros_like(latents), torch.zeros_like(latents))
        return log_mixture(latents, *self._components())

    def _divergence(self, mean: Tensor, log_scale: Tensor) -> Tensor:
        """Return the divergence of the posterior without a draw, ``(batch,)``; of a learned prior, a bound on it."""
        if self.pseudo is None:
            return divergence(mean, log_scale)
        return divergence_from_mixture(mean, log_scale, *self._components())

    def _seen(self, inputs: Tensor) -> Tensor:
        """Return the views of windows in their units, ``(n, time, channels, views)``."""
        assert self.views_of is not None
        parts = []
        for part in inputs.split(_AT_ONCE):
            part = part.to(self.embedding.device)
            values, classes = self.scale(part), self._classes(part, None)
            mean, log_scale = self._posterior(values, classes)
            nats = self._nats(values, self._decode(mean, classes))
            parts.append(self.views_of.seen(values, nats, self._divergence(mean, log_scale)))
        return torch.cat(parts)

    def _in_units(self, values: Tensor) -> Tensor:
        return values.float() * self.scale.deviation + self.scale.mean

    def _classes(self, inputs: Tensor, given: Tensor | None) -> Tensor:
        """Return the class of each sample, the last index where unknown; some are hidden in training."""
        classes = self._known(len(inputs), given)
        return some_hidden(classes, self.num_classes) if self.training and self.conditional else classes

    def _known(self, count: int, given: Tensor | None) -> Tensor:
        return class_indices(count, given, self.num_classes, self.embedding.device)
