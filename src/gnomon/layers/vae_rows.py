"""A variational autoencoder of the rows of a table: one vector of latents under a learned prior.

Sources: Kingma and Welling, arXiv 1312.6114; its use for tables: Xu et al., "Modeling tabular data using conditional
GAN", arXiv 1907.00503, section 4.5 (TVAE); the prior: Tomczak and Welling, arXiv 1705.07120, equation 9, with shares of
its components that are learned for each class.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.mixed import marginals
from gnomon.core.spec import Density, MixedRow, Normality, Vector
from gnomon.layers.gaussian_latents import Pick, Prior, bounded, log_normal
from gnomon.layers.head import Head
from gnomon.layers.keyed_noise import DrawnNoise
from gnomon.layers.likelihood_mixed import MixedLikelihood
from gnomon.layers.mixture_prior import draw_mixture, log_mixture
from gnomon.layers.network import Role
from gnomon.layers.row_familiarity import RowFamiliarity
from gnomon.layers.table_embed import TableEmbedding
from gnomon.layers.vae_network import Descent, Features, Generative, Latents

_BINS = 24
_AT_ONCE = 4096
_HIDDEN = 0.02
"""Share of the cells that are kept from the encoder while it learns."""


class RowEmbedding(nn.Module):
    """Rows ``(batch, columns)`` to ``(batch, width)``: numbers about the middle of their column, and which spike."""

    centre: Tensor
    spread: Tensor
    spikes: Tensor

    def __init__(self, leaf: MixedRow, *, size: int) -> None:
        super().__init__()
        self.num_numbers = len(leaf.numbers)
        self.pointed = [k for k, number in enumerate(leaf.numbers) if number.spikes]
        codes = [(f"{leaf.numbers[k].name} (spike)", 2 + len(leaf.numbers[k].spikes)) for k in self.pointed]
        vector = Vector(names=tuple(number.name for number in leaf.numbers), categories=(*leaf.categories, *codes))
        self.cells = TableEmbedding(vector, size=size, num_bins=_BINS)
        self.width = self.cells.width
        most = max((len(leaf.numbers[k].spikes) for k in self.pointed), default=0)
        spikes = torch.full((len(self.pointed), most), -1e12)
        for row, k in enumerate(self.pointed):
            own = leaf.numbers[k].spikes
            spikes[row, : len(own)] = torch.tensor(own, dtype=torch.float32)
        middles = [(sum(number.means) / len(number.means), number.places / 4) for number in leaf.numbers]
        self.register_buffer("spikes", spikes, persistent=False)
        self.register_buffer("centre", torch.tensor([middle for middle, _ in middles]))
        self.register_buffer("spread", torch.tensor([spread for _, spread in middles]))

    def forward(self, rows: Tensor) -> Tensor:
        """Return ``(batch, width)``."""
        places, codes = rows[:, : self.num_numbers], rows[:, self.num_numbers :]
        parts = [(places - self.centre) / self.spread, codes]
        if self.pointed:
            at = places[:, self.pointed, None] == self.spikes
            spike = torch.where(at.any(2), 2 + at.long().argmax(2), 1)
            parts.append(spike.masked_fill(places[:, self.pointed].isnan(), 0).to(rows.dtype))
        return self.cells(torch.cat(parts, dim=1))

    @torch.no_grad()
    def measure(self, rows: Tensor) -> None:
        """Put the middle, the spread and the bins of each number where those of some rows are."""
        if not self.num_numbers:
            return
        places = rows[:, : self.num_numbers].double()
        first, middle, third = torch.nanquantile(places, torch.tensor([0.25, 0.5, 0.75]).double(), dim=0).nan_to_num()
        deviation = (places - middle).square().nanmean(0).nan_to_num().sqrt()
        spread = torch.where(third > first, third - first, deviation)
        self.centre.copy_(middle)
        self.spread.copy_(torch.where(spread > 0, spread, 1.0))
        self.cells.bins.measure((rows[:, : self.num_numbers] - self.centre) / self.spread)


class ShortcutLayers(nn.Module):
    """``depth`` full layers, each but the first on the normalised sum of those before: ``(batch, from)`` to width."""

    def __init__(self, width_from: int, width: int, depth: int) -> None:
        super().__init__()
        self.first = nn.Linear(width_from, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        self.rest = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Return features; ``context (batch, width)`` is added after the first layer."""
        x = self.first(x) + context
        for norm, layer in zip(self.norms[:-1], self.rest, strict=True):
            x = x + layer(F.silu(norm(x)))
        found: Tensor = F.silu(self.norms[-1](x))
        return found


class RowVae(Generative):
    """Rows of a table, as `MixedRow` stores them, to the terms of the bound ``(batch, 3)``."""

    shares: Tensor

    def __init__(
        self,
        leaf: MixedRow,
        density: Density,
        *,
        width: int,
        depth: int,
        num_latents: int,
        components: int,
        embedding: int,
        warmup: float,
        free_nats: float,
    ) -> None:
        likelihood = MixedLikelihood(leaf)
        super().__init__(leaf, density, likelihood, warmup=warmup, free_nats=free_nats)
        self.leaf = leaf
        self.mixed = likelihood
        self.num_latents = num_latents
        self.components = max(1, components)
        self.embed = RowEmbedding(leaf, size=embedding)
        self.encoder = ShortcutLayers(self.embed.width, width, depth)
        self.posterior = nn.Linear(width, 2 * num_latents)
        self.decoder = ShortcutLayers(num_latents, width, depth)
        self.of_class = nn.Parameter(torch.randn(2, self.num_classes + 1, width) * 0.1)
        self.pseudo = nn.Parameter(torch.randn(self.components, self.embed.width) * 0.5)
        self.share = nn.Parameter(torch.zeros(self.num_classes + 1, self.components))
        self.head = Head(width, likelihood.num_parameters)  # type: ignore[assignment]
        self.groups = (Latents("the row", num_latents, 0),)
        self.acquaintance = RowFamiliarity(leaf) if isinstance(density, Normality) else None
        shares = torch.tensor(density.shares or (1.0,) * self.num_classes)[: self.num_classes]
        self.register_buffer("shares", shares / shares.sum() if len(shares) else shares, persistent=False)
        nn.init.normal_(self.posterior.weight, std=0.1 / math.sqrt(width))
        nn.init.zeros_(self.posterior.bias)
        nn.init.normal_(self.head.linear.weight, std=0.1 / math.sqrt(width))  # type: ignore[union-attr]

    def observed(self, inputs: Tensor, *, anew: bool) -> Tensor:
        """Return the rows as they are."""
        return inputs

    def naming(self, classes: Tensor) -> Tensor:
        """Return -log of the share of each class, ``(batch,)``; 0 where it is unknown."""
        costs = torch.cat([-torch.log(self.shares.clamp_min(1e-9)), self.shares.new_zeros(1)])
        return costs[classes]

    def look(self, pictures: Tensor, given: Tensor) -> Features:
        """Return mean and log-deviation of the posterior of rows, ``(batch, latents)`` each."""
        return self._posterior(self.embed(self._some_hidden(pictures) if self.training else pictures), given)

    def descend(self, features: Features | None, pick: Pick, given: Tensor) -> Descent:
        """Pick the latents and decode them."""
        shape = (len(given), self.num_latents)
        if features is None and isinstance(pick, Prior):
            latents = draw_mixture(pick, len(given), *self._parts(given.device), self._log_shares(given))
            return Descent(self._decoded(latents, given), [], [], [latents])
        mean, log_scale = features if features is not None else (None, None)
        latents = pick(0, shape, mean, log_scale)
        kls, ratios = [], []
        if mean is not None and log_scale is not None:
            prior = log_mixture(latents, *self._parts(given.device), self._log_shares(given))
            ratios.append(prior - log_normal(latents, mean, log_scale))
            kls.append(-ratios[0])
        return Descent(self._decoded(latents, given), kls, ratios, [latents])

    def strangeness(self, inputs: Tensor, features: Features, classes: Tensor, bound: Tensor) -> Tensor:
        """Return how strange rows are whose bound is known, ``(batch,)``: that bound where nothing is remembered."""
        if self.acquaintance is None or not self.acquaintance.ready:
            return bound
        return self.acquaintance(inputs, bound).to(bound.dtype)

    @torch.no_grad()
    def remember(self, inputs: Tensor) -> None:
        """Remember usual rows ``(n, columns)``, where anomalies are to be told."""
        if self.acquaintance is not None:
            inputs = inputs.to(self.shares.device)
            self.acquaintance.fit(inputs, self._bounds(inputs))

    @torch.no_grad()
    def temper(self, inputs: Tensor) -> None:
        """See how usual rows look that it was not trained on: see `RowFamiliarity.temper`."""
        if self.acquaintance is not None:
            inputs = inputs.to(self.shares.device)
            self.acquaintance.temper(inputs, self._bounds(inputs))

    @torch.no_grad()
    def cells(self, inputs: Tensor, given: Tensor | None = None, *, hidden: int | None = None) -> Tensor:
        """Return how surprising each cell of rows is by the mean latents, nats ``(batch, columns)``.

        The cell of the column ``hidden`` is kept from the encoder: what it says of that cell it knows from the others.
        """
        classes = self._classes(inputs, given)
        shown = inputs
        if hidden is not None:
            shown = inputs.clone()
            shown[:, hidden] = torch.nan if hidden < len(self.leaf.numbers) else 0.0
        mean = self.look(shown, classes)[0]
        return self.mixed.cells(self._decoded(mean, classes), inputs)

    @torch.no_grad()
    def sample(
        self, count: int, *, generator: torch.Generator, given: Tensor | None = None, temperature: float = 1.0
    ) -> Tensor:
        """Return new rows ``(count, columns)``, each cell drawn; ``temperature`` scales the spread of the latents."""
        classes = self._known(count, given)
        noise = DrawnNoise(classes.device, generator)
        found = self.descend(None, Prior(noise, temperature), classes)
        return self.mixed.draw(found.parameters, noise)

    @torch.no_grad()
    def prepare(self, inputs: Tensor) -> None:
        """Begin with columns that know nothing of each other; the pseudo-rows begin as training rows."""
        self.embed.measure(inputs)
        own = marginals(inputs.cpu().numpy(), self.leaf)
        self.head.offset.copy_(torch.from_numpy(own))
        rows = torch.linspace(0, len(inputs) - 1, self.components).long()
        self.pseudo.copy_(self.embed(inputs[rows]))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Matrices of the layers move by orthogonalised updates; embeddings and the prior do not decay."""
        if not parameter.requires_grad:
            return "frozen"
        if name.startswith(("embed.", "pseudo", "share", "of_class")):
            return "embedding"
        layers = name.startswith(("encoder.", "decoder.")) and parameter.ndim == 2
        return "orthogonal" if layers and min(parameter.shape) > 1 else "adam"

    def _bounds(self, rows: Tensor) -> Tensor:
        """Return the bound on -log p of each row, nats ``(n,)``."""
        values = [self(part).value for part in rows.split(_AT_ONCE)]
        return torch.cat([value[:, 0] + value[:, 2:].sum(1) for value in values])

    def _pixels(self, found: Descent) -> Tensor:
        return self.mixed.likeliest(found.parameters)

    def _some_hidden(self, rows: Tensor) -> Tensor:
        """Return rows in which a few cells are missing, so that the encoder knows what to do without them."""
        hidden = torch.rand(rows.shape, device=rows.device) < _HIDDEN
        count = len(self.leaf.numbers)
        numbers = rows[:, :count].masked_fill(hidden[:, :count], torch.nan)
        return torch.cat([numbers, rows[:, count:].masked_fill(hidden[:, count:], 0.0)], dim=1)

    def _posterior(self, embedded: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        mean, raw = self.posterior(self.encoder(embedded, self.of_class[0][given])).float().chunk(2, dim=1)
        return mean, bounded(raw)

    def _decoded(self, latents: Tensor, given: Tensor) -> Tensor:
        found: Tensor = self.head(self.decoder(latents, self.of_class[1][given]))  # type: ignore[arg-type]
        return found

    def _parts(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return the components of the prior: the posteriors of the pseudo-rows, of no class in particular."""
        return self._posterior(self.pseudo, torch.full((self.components,), self.num_classes, device=device))

    def _log_shares(self, given: Tensor) -> Tensor:
        return self.share.log_softmax(1)[given]
