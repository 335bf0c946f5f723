"""What all variational autoencoders share: the bound, exact repetition of what is measured, drawing and rebuilding.

Sources: Kingma and Welling, "Auto-encoding variational Bayes", arXiv 1312.6114, equation 3; the importance-weighted
bound: Burda, Grosse and Salakhutdinov, arXiv 1509.00519, equation 8.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import Density, Image, MixedRow, Normality, Output
from gnomon.layers.binarise import binarise
from gnomon.layers.familiarity import EXPLAINED, Familiarity, unexplained
from gnomon.layers.gaussian_latents import Fixed, Means, Pick, Posterior, Prior
from gnomon.layers.importance_bound import BOUND_SALT, importance_bound, portions, together, warmed
from gnomon.layers.keyed_noise import DrawnNoise, KeyedNoise, keys_of, mixed
from gnomon.layers.network import Network, Role
from gnomon.layers.told_classes import class_indices, some_hidden

Features = tuple[Tensor, ...]


class Latents(NamedTuple):
    """One group of latents: its name, how many they are, and where they begin in a code."""

    name: str
    dims: int
    start: int


class Descent(NamedTuple):
    """What came out at the bottom, and what each group of latents did on the way.

    ``parameters`` are those of the likelihood, ``kls`` the divergences of each group, nats ``(batch,)``, ``ratios``
    log p(z) - log q(z) of what was drawn, ``(batch,)``, and ``codes`` the latents in units of their prior.
    """

    parameters: Tensor
    kls: list[Tensor]
    ratios: list[Tensor]
    codes: list[Tensor]


class Likelihood(Protocol):
    """How probable pixels are, given what the decoder says."""

    per_pixel: int

    def nats(self, parameters: Tensor, pixels: Tensor) -> Tensor:
        """Return -log p of each sample, ``(batch,)``."""
        ...

    def mean(self, parameters: Tensor) -> Tensor:
        """Return the expected pixels in [0, 1]."""
        ...

    def start(self, mean: Tensor) -> Tensor:
        """Return parameters for which ``mean`` gives these values."""
        ...


class PixelHead(nn.Module):
    """Features ``(batch, width, height / patch, width / patch)`` to what the likelihood needs for every pixel."""

    offset: Tensor

    def __init__(self, width: int, image: Image, likelihood: Likelihood, *, patch_px: int) -> None:
        super().__init__()
        self.shape = (image.height_px, image.width_px)
        self._of = (
            likelihood,
        )  # the network's own, whose tensors would be listed twice were it a part of the head too
        self.patch_px = patch_px
        self.linear = nn.Conv2d(width, likelihood.per_pixel * patch_px**2, 1, bias=False)
        nn.init.normal_(self.linear.weight, std=0.1 / width**0.5)
        self.register_buffer("offset", torch.zeros(likelihood.per_pixel, *self.shape))

    @torch.no_grad()
    def begin(self, mean: Tensor) -> None:
        """Let features of zero stand for the mean picture, ``(height, width, channels)`` in [0, 1]."""
        self.offset.copy_(self._of[0].start(mean.permute(2, 0, 1).float().to(self.offset.device)))

    @torch.no_grad()
    def answer(self, values: Tensor) -> None:
        """Give the mean picture, ``(height, width, channels)`` in [0, 1], whatever the features are."""
        self.linear.weight.zero_()
        self.begin(values)

    def forward(self, features: Tensor) -> Tensor:
        """Return parameters ``(batch, per_pixel, height, width)``, float32."""
        found = F.pixel_shuffle(self.linear(features), self.patch_px)
        return found[:, :, : self.shape[0], : self.shape[1]].float() + self.offset


class Generative(Network):
    """A network that says how probable a picture is, draws new ones, and finds latents that stand for one.

    In evaluation mode all noise is a function of the sample's own pixels, so that numbers repeat exactly.
    """

    head: PixelHead  # type: ignore[assignment]
    groups: tuple[Latents, ...]

    def __init__(
        self, image: Image | MixedRow, density: Density, likelihood: Likelihood, *, warmup: float, free_nats: float
    ) -> None:
        super().__init__()
        self.density = density
        self.conditional = density.conditional
        self.likelihood = likelihood
        self.familiarity = Familiarity(image) if isinstance(density, Normality) and isinstance(image, Image) else None
        self.warmup = warmup
        self.free_nats = free_nats

    @abstractmethod
    def look(self, pictures: Tensor, given: Tensor) -> Features:
        """Return what the posteriors need of pictures ``(batch, channels, height, width)`` in [0, 1]."""

    def observed(self, inputs: Tensor, *, anew: bool) -> Tensor:
        """Return the samples as encoder and likelihood take them: of pictures ``(batch, channels, height, width)``."""
        return binarise(inputs, self.density.binarize, anew=anew)

    def naming(self, classes: Tensor) -> Tensor:
        """Return what it costs to name the class of each sample, nats ``(batch,)``: 0 where the task adds that."""
        return torch.zeros(len(classes), device=classes.device)

    @abstractmethod
    def descend(self, features: Features | None, pick: Pick, given: Tensor) -> Descent:
        """Go from the top latents down to the pixels, each group picked by ``pick``."""

    def forward(self, inputs: Tensor, carry: Tensor | None = None, given: Tensor | None = None) -> Output:
        """Return for uint8 pictures ``(batch, height, width, channels)`` the terms of the bound, in nats.

        ``value`` is ``(batch, 2 + groups)``: the reconstruction, how strange the sample is, then the divergence of each
        group of latents. The bound itself says how strange a sample is; where anomalies are to be told, simple pictures
        would pass for normal ones, and the distance from remembered ones says it, with the share of the picture that
        the latents do not explain. The penalty ``kl`` is their weighted mean: the weight rises over the warm-up, and a
        group costs no less than its free nats. Source: free bits: Kingma et al., arXiv 1606.04934, appendix C.8;
        warm-up: Sønderby et al., arXiv 1602.02282, section 3.
        """
        classes = self._classes(inputs, given)
        pictures = self.observed(inputs, anew=self.training)
        noise = DrawnNoise(inputs.device) if self.training else KeyedNoise(keys_of(inputs))
        features = self.look(pictures, classes)
        found = self.descend(features, Posterior(noise), classes)
        rebuilt = self.likelihood.nats(found.parameters, pictures) + self.naming(classes)
        divergences = torch.stack(found.kls, dim=1)
        penalty = divergences.mean(0).clamp_min(self.free_nats).sum() * self.weight()
        strange = (rebuilt + divergences.sum(1)).detach()
        if not self.training:
            strange = self.strangeness(inputs, features, classes, strange)
        value = torch.cat([torch.stack([rebuilt, strange], dim=1), divergences], dim=1)
        return Output(value.float(), penalties={"kl": penalty})

    def strangeness(self, inputs: Tensor, features: Features, classes: Tensor, bound: Tensor) -> Tensor:
        """Return how strange samples are whose bound is known, ``(batch,)``: that bound where nothing is remembered."""
        if self.familiarity is None:
            return bound
        if not self.familiarity.ready:
            return torch.zeros_like(bound)
        return self.familiarity(inputs, self._unexplained(inputs, features, classes)).to(bound.dtype)

    @torch.no_grad()
    def remember(self, inputs: Tensor) -> None:
        """Remember normal pictures uint8 ``(n, height, width, channels)``, where anomalies are to be told."""
        if self.familiarity is None:
            return
        rows = torch.linspace(0, len(inputs) - 1, min(EXPLAINED, len(inputs))).long()
        found = []
        for part in inputs[rows].split(together(inputs[:1].numel())):
            part = part.to(self.head.offset.device)
            classes = self._known(len(part), None)
            found.append(self._unexplained(part, self.look(self.observed(part, anew=False), classes), classes))
        self.familiarity.fit(inputs, torch.cat(found))

    @torch.no_grad()
    def places(self, inputs: Tensor) -> Tensor | None:
        """Return how far each place of pictures stands out, ``(batch, height, width)``: above 1 what is unusual.

        None where no anomalies are to be told.
        """
        return None if self.familiarity is None else self.familiarity.plane.where(inputs)

    def _unexplained(self, inputs: Tensor, features: Features, classes: Tensor) -> Tensor:
        """Return what the mean latents leave unexplained of pictures, ``(batch,)``: see `familiarity.unexplained`."""
        rebuilt = self.likelihood.mean(self.descend(features, Means(), classes).parameters)
        return unexplained(inputs, rebuilt)

    def weight(self) -> float:
        """Return the weight of the divergence at this progress."""
        return warmed(self.progress, self.warmup)

    @torch.no_grad()
    def bound(self, inputs: Tensor, given: Tensor | None = None, *, k: int) -> Tensor:
        """Return the importance-weighted bound on -log p of each sample and its Monte-Carlo variance.

        ``inputs`` are uint8 ``(batch, height, width, channels)``; the result is float64 ``(batch, 2)``, nats.
        """
        classes = self._classes(inputs, given)
        pictures = self.observed(inputs, anew=False)
        features = self.look(pictures, classes)
        keys = keys_of(inputs, salt=BOUND_SALT)
        weights = [
            self._log_weights(pictures, features, classes, keys, start, stop)
            for start, stop in portions(len(inputs), k, values=inputs[:1].numel())
        ]
        return importance_bound(torch.cat(weights, dim=1))

    def _log_weights(
        self, pictures: Tensor, features: Features, classes: Tensor, keys: Tensor, start: int, stop: int
    ) -> Tensor:
        """Return log p(x, z) - log q(z | x) for the draws ``start`` to ``stop``, float64 ``(batch, draws)``."""
        times = stop - start
        draws = torch.arange(start, stop, device=keys.device)
        noise = KeyedNoise(mixed(keys[:, None] + mixed(draws + 1)[None, :]).flatten())
        many = tuple(part.repeat_interleave(times, dim=0) for part in features)
        again = classes.repeat_interleave(times)
        found = self.descend(many, Posterior(noise), again)
        nats = self.likelihood.nats(found.parameters, pictures.repeat_interleave(times, dim=0)) + self.naming(again)
        logs = -nats.double()
        for ratio in found.ratios:
            logs = logs + ratio.double()
        return logs.view(-1, times)

    @torch.no_grad()
    def sample(
        self, count: int, *, generator: torch.Generator, given: Tensor | None = None, temperature: float = 1.0
    ) -> Tensor:
        """Return new pictures, uint8 ``(count, height, width, channels)``: the mean picture for drawn latents.

        ``temperature`` scales the deviations of the latents; ``given`` are class indices ``(count,)``.
        """
        classes = self._known(count, given)
        return self._pixels(self.descend(None, Prior(DrawnNoise(classes.device, generator), temperature), classes))

    @torch.no_grad()
    def reconstruct(self, inputs: Tensor, given: Tensor | None = None) -> Tensor:
        """Return the mean pictures for the mean latents of pictures, uint8 ``(batch, height, width, channels)``."""
        classes = self._classes(inputs, given)
        pictures = self.observed(inputs, anew=False)
        return self._pixels(self.descend(self.look(pictures, classes), Means(), classes))

    @torch.no_grad()
    def encode(self, inputs: Tensor, given: Tensor | None = None) -> Tensor:
        """Return the mean latents of pictures, float32 ``(batch, dims)``, in units of their prior, top group first."""
        classes = self._classes(inputs, given)
        pictures = self.observed(inputs, anew=False)
        found = self.descend(self.look(pictures, classes), Means(), classes)
        return torch.cat([code.flatten(1).float() for code in found.codes], dim=1)

    @torch.no_grad()
    def decode(self, codes: Tensor, given: Tensor | None = None) -> Tensor:
        """Return the mean pictures for codes ``(batch, dims)`` as `encode` gives them, uint8."""
        parts = [codes[:, group.start : group.start + group.dims] for group in self.groups]
        return self._pixels(self.descend(None, Fixed(parts), self._known(len(codes), given)))

    @torch.no_grad()
    def prepare(self, inputs: Tensor) -> None:
        """Let the untrained network give the mean of some training pictures."""
        self.head.begin(inputs.float().mean(0) / 255)

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Hidden matrices move by orthogonalised updates, everything else by Adam."""
        if not parameter.requires_grad:
            return "frozen"
        hidden = parameter.ndim in (2, 4) and not name.startswith("head.") and min(parameter.shape[:2]) > 1
        return "orthogonal" if hidden and "embedding" not in name else "adam"

    @property
    def num_classes(self) -> int:
        """Classes that can be given."""
        return len(self.density.classes) if self.conditional else 0

    def _classes(self, inputs: Tensor, given: Tensor | None) -> Tensor:
        """Return the class of each sample, the last index where unknown; some are hidden in training."""
        classes = self._known(len(inputs), given)
        return some_hidden(classes, self.num_classes) if self.training and self.conditional else classes

    def _known(self, count: int, given: Tensor | None) -> Tensor:
        return class_indices(count, given, self.num_classes, self.head.offset.device)

    def _pixels(self, found: Descent) -> Tensor:
        return as_bytes(self.likelihood.mean(found.parameters))


def as_bytes(pixels: Tensor) -> Tensor:
    """Return pixels in [0, 1], ``(batch, channels, height, width)``, as uint8 ``(batch, height, width, channels)``."""
    return (pixels * 255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()
