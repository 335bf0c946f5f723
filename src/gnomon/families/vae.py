"""Variational autoencoders: they learn how probable samples are, draw new ones, and tell what does not belong.

The default is a residual hierarchy of latents on maps of pictures, decided from the coarse to the fine; the floor is
one vector of latents under a learned prior. Sources: those of `layers/vae_hierarchical.py` and `layers/vae_flat.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from gnomon.core.config import require_within
from gnomon.core.spec import Density, Image, MixedRow, Normality, Series, Spec
from gnomon.core.training import Allowance, Proposal, Speed
from gnomon.layers.likelihood_bernoulli import Bernoulli
from gnomon.layers.likelihood_categorical import Categorical
from gnomon.layers.likelihood_logistics import Logistics
from gnomon.layers.likelihood_neighbours import NeighbourLikelihood
from gnomon.layers.network import Network
from gnomon.layers.row_size import EMBEDDING, row_settings, row_shape
from gnomon.layers.vae_flat import FlatVae
from gnomon.layers.vae_hierarchical import HierarchicalVae, sides_of
from gnomon.layers.vae_network import Likelihood
from gnomon.layers.vae_rows import RowVae
from gnomon.layers.vae_series import Over, SeriesVae, SeriesVaeConfig
from gnomon.layers.vae_series_size import series_size

ACCEPTS = (Image, MixedRow, Series)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the network."""

    structure: Literal["hierarchical", "flat"] = "hierarchical"
    """Pictures: latents on maps, from the coarse to the fine, or one vector of them, as rows of tables always have."""
    patch_px: int = 4
    """Hierarchical: side of the squares of pixels that the finest map has one value for."""
    widths: tuple[int, ...] = (64, 64, 128)
    """Channels of each map, from the finest to the vector at the top; the last one is repeated as often as needed.
    Flat: the first is the width of all layers."""
    groups: tuple[int, ...] = (0, 2, 1)
    """Groups of latents on each map, likewise."""
    latents: tuple[int, ...] = (4, 8, 24)
    """Latents of a group for each pixel of its map, likewise. Flat: the last is the length of the vector."""
    blocks: int = 1
    """Residual blocks of the encoder on each map. Flat: layers of encoder and decoder."""
    components: int = 100
    """Flat: posteriors that the learned prior is made of; 0 for the standard normal."""
    embedding: int = EMBEDDING
    """Rows of tables: numbers that each cell becomes."""
    logistics: int = 5
    """Logistic distributions that 8-bit pixels are a mixture of."""
    reach_px: int = 2
    """Hierarchical: how far above and to the left of a pixel lie the pixels that it is told, beside the latents; 0: it
    is told none."""
    features: int = 16
    """Hierarchical: features of the decoder for each pixel, from which with its neighbours follows how probable it is;
    of no use where it is told none."""
    over: Over = "convolutional"
    """Series: what looks over time. The first of ``widths`` is the width, ``blocks`` are its layers, the last of
    ``latents`` is the length of the vector, and ``components`` make the prior."""
    patch_steps: int = 3
    """Series: steps that are read and written at once."""
    warmup: float = 0.1
    """Share of the training over which the weight of the divergence rises to 1."""
    free_nats: float = 0.0
    """Divergence of each group of latents that costs nothing."""

    def __post_init__(self) -> None:
        require_within("family.patch_px", self.patch_px, 1, 16)
        require_within("family.reach_px", self.reach_px, 0, 8)
        require_within("family.features", self.features, 1, 1024)
        require_within("family.components", self.components, 0, 10_000)
        require_within("family.patch_steps", self.patch_steps, 1, 65_536)
        require_within("family.warmup", self.warmup, 0, 1)


def build(config: Config, spec: Spec) -> Network:
    """Return the network for pictures, rows of a table or series of which the density is asked."""
    match spec.input, spec.target:
        case Series() as series, Density() as density:
            return SeriesVae(series, density, _of_series(config))
        case Image() as image, Density() as density:
            likelihood = _likelihood(config, image, density)
            if config.structure == "hierarchical" and config.reach_px:
                likelihood = NeighbourLikelihood(likelihood, image, reach_px=config.reach_px, features=config.features)
            about = {"warmup": config.warmup, "free_nats": config.free_nats}
            if config.structure == "flat":
                return FlatVae(
                    image,
                    density,
                    likelihood,
                    width=config.widths[0],
                    depth=config.blocks,
                    num_latents=config.latents[-1],
                    components=config.components,
                    **about,
                )
            num = len(sides_of(image, config.patch_px))
            return HierarchicalVae(
                image,
                density,
                likelihood,
                patch_px=config.patch_px,
                widths=_repeated(config.widths, num),
                groups=_repeated(config.groups, num),
                latents=_repeated(config.latents, num),
                num_blocks=config.blocks,
                **about,
            )
        case MixedRow() as leaf, Density() as density:
            return RowVae(
                leaf,
                density,
                width=config.widths[0],
                depth=config.blocks,
                num_latents=config.latents[-1],
                components=config.components,
                embedding=config.embedding,
                warmup=config.warmup,
                free_nats=config.free_nats,
            )
    raise TypeError(f"a vae does not take {type(spec.input).__name__} and give {type(spec.target).__name__}")


def size_for(allowance: Allowance, spec: Spec, speed: Speed) -> Proposal:
    """Return the largest network of the ladder that sees as many samples as it needs in the allowance."""
    if not isinstance(spec.input, ACCEPTS):
        raise TypeError(f"a vae does not take {type(spec.input).__name__}")
    if not isinstance(spec.target, Density):
        return Proposal(config=Config(), merit=0.0)
    if isinstance(spec.input, MixedRow):
        return _for_rows(allowance, spec.input, speed)
    if isinstance(spec.input, Series):
        return _for_series(allowance, spec.input, speed)
    chosen = _RUNGS[0]
    for rung in _RUNGS:
        samples = allowance.samples_at(_flop(_config(rung, spec), spec), speed)
        if samples < rung.wants and rung is not _RUNGS[0]:
            break
        chosen = rung
    config = _config(chosen, spec)
    why = (
        f"{config.structure}, width {config.widths[0]}: the largest network of its ladder that sees enough pictures in "
        "the budget",
        f"each pixel is told those up to {config.reach_px} px above it and to its left, beside the latents "
        "(--set family.reach_px=0 tells it none)",
    )
    return Proposal(config=config, merit=0.9, settings=_settings(spec, allowance), why=why)


@dataclass(frozen=True, kw_only=True)
class _Rung:
    """One size of network, and the training samples from which on it beats the smaller ones."""

    config: Config
    wants: float


_RUNGS = (
    _Rung(config=Config(widths=(32, 32, 64)), wants=0),
    _Rung(config=Config(widths=(64, 64, 128)), wants=20_000),
    _Rung(config=Config(widths=(96, 96, 192)), wants=1_000_000),
    _Rung(config=Config(widths=(128, 128, 256), blocks=2), wants=4_000_000),
)
FEW = 32
"""Up to this many grey values, a pixel has little to say."""
_FEATURES = 16
_WARMUP = 0.5
_FREE_NATS = 2.0
"""Where pixels are told their neighbours, latents must be given time and room, or they are soon not listened to."""
_SMALL_PX = 16
_LARGE_PX = 48


def _for_rows(allowance: Allowance, leaf: MixedRow, speed: Speed) -> Proposal:
    """Return the proposal for rows of a table."""
    shape = row_shape(allowance, leaf, speed)
    config = Config(
        structure="flat",
        widths=(shape.width,),
        blocks=shape.depth,
        latents=(shape.num_latents,),
        components=shape.components,
    )
    why = (
        f"width {shape.width}, {shape.num_latents} latents: the largest network of its ladder that sees enough rows in "
        "the budget",
    )
    return Proposal(config=config, merit=0.9, settings=row_settings(allowance), why=why)


def _for_series(allowance: Allowance, series: Series, speed: Speed) -> Proposal:
    """Return the proposal for stretches of a series."""
    chosen, settings, why = series_size(allowance, series, speed)
    config = Config(
        over=chosen.over,
        patch_steps=chosen.patch_steps,
        widths=(chosen.width,),
        latents=(chosen.num_latents,),
        blocks=chosen.blocks,
        components=chosen.components,
    )
    return Proposal(config=config, merit=0.9, settings=settings, why=why)


def _of_series(config: Config) -> SeriesVaeConfig:
    return SeriesVaeConfig(
        over=config.over,
        patch_steps=config.patch_steps,
        width=config.widths[0],
        blocks=config.blocks,
        num_latents=config.latents[-1],
        components=config.components,
        warmup=config.warmup,
        free_nats=config.free_nats,
    )


def _config(rung: _Rung, spec: Spec) -> Config:
    """Return the network of a rung for pictures of a size and a kind of likelihood."""
    assert isinstance(spec.input, Image)
    assert isinstance(spec.target, Density)
    side = max(spec.input.height_px, spec.input.width_px)
    patch_px = 2 if side <= _SMALL_PX else 8 if side > 2 * _LARGE_PX else 4
    fine = 4 if spec.target.levels <= FEW else 2 * spec.input.channels * patch_px
    features = _FEATURES * (1 if spec.input.channels == 1 else 2)
    config = replace(rung.config, patch_px=patch_px, latents=(fine, 8, 24), features=features)
    return replace(config, warmup=_WARMUP, free_nats=_FREE_NATS)


def _settings(spec: Spec, allowance: Allowance) -> dict[str, object]:
    assert isinstance(spec.input, Image)
    batch_size = 2 ** min(5, max(4, round(math.log2(max(1, allowance.num_train) / 60))))
    return {
        "train.batch_size": batch_size,
        "train.average": 0.02,
        "train.warmup": 0.02,
        "train.clip": 200.0,
        "train.test_views": False,
        "train.max_epochs": 1000.0,
        "augment.flip": "alternate" if spec.input.channels == 3 and not isinstance(spec.target, Normality) else "off",
    }


def _likelihood(config: Config, image: Image, density: Density) -> Likelihood:
    if density.binarize != "off":
        return Bernoulli(image.channels)
    if density.values:
        return Categorical(density.values)
    return Logistics(image.channels, components=config.logistics)


def _flop(config: Config, spec: Spec) -> float:
    """Return multiplications and additions of one training sample, forward and backward."""
    assert isinstance(spec.input, Image)
    assert isinstance(spec.target, Density)
    per_pixel = _likelihood(config, spec.input, spec.target).per_pixel
    pixels = spec.input.height_px * spec.input.width_px
    width = config.widths[0]
    if config.structure == "flat":
        ends = pixels * (spec.input.channels + per_pixel) * width
        return 3 * 3 * 2 * (ends * 2 + 2 * config.blocks * width**2)
    sides = sides_of(spec.input, config.patch_px)
    widths, groups = _repeated(config.widths, len(sides)), _repeated(config.groups, len(sides))
    channels = spec.input.channels
    if config.reach_px:
        near = (config.reach_px * (2 * config.reach_px + 1) + config.reach_px) * (channels + 1)
        ends = config.features * (widths[0] + near + per_pixel) + per_pixel * near
    else:
        ends = per_pixel * widths[0]
    flop = float(pixels * ends)
    for (height, wide), width, count in zip(sides, widths, groups, strict=True):
        taps = 9 if height * wide > 1 else 1
        flop += height * wide * taps * width**2 * (2 * config.blocks + 1 + (4 * count or 2))
    # What lies between the convolutions takes a fifth of their time.
    return 1.2 * 3 * 2 * flop


def _repeated(values: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Return ``count`` values, the last one for the vector at the top: of too many the last, of too few some again."""
    if len(values) >= count:
        return values[len(values) - count :]
    return (*values[:-1], *[values[-1] if len(values) == 1 else values[-2]] * (count - len(values)), values[-1])
