"""Multilayer perceptrons: fully connected layers on all inputs at once. The plainest network, and a floor for others.

Pictures are seen whole, a text as the bag of its n-grams, a token with its neighbours, a series through a weighted
sum of its past, a row of a table by several networks in one. Notable for pictures: one batch norm before every
activation, residual connections between layers of one width, matrices of fixed norm that the optimizer
orthogonalises. Sources: Rumelhart, Hinton and Williams, Nature 323 (1986); He et al., arXiv 1512.03385 (residual
connections); those of the layers for text, series and tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from gnomon.core.config import require_within
from gnomon.core.errors import UsageError
from gnomon.core.spec import Density, Image, Label, Number, Output, Sequence, Series, Spec, Tags, Vector, Waveform
from gnomon.core.training import Allowance, Proposal, Speed
from gnomon.layers.audio_mlp import AudioMlp
from gnomon.layers.bags import ngram_orders
from gnomon.layers.continuation import Floor
from gnomon.layers.head import Head
from gnomon.layers.hearing import hearing_config
from gnomon.layers.linear_rows import LinearRows
from gnomon.layers.network import Network
from gnomon.layers.passes import enough_passes
from gnomon.layers.scaling import VALUES
from gnomon.layers.series_mlp import LinearForecast, SeriesMlp
from gnomon.layers.sound_size import sound_settings
from gnomon.layers.standardise import Standardise
from gnomon.layers.table_network import TableNetwork
from gnomon.layers.table_size import table_size
from gnomon.layers.token_mlp import BagMlp, WindowMlp

ACCEPTS = (Image, Sequence, Series, Vector, Waveform)

_WIDTHS = (128, 256, 512, 1024)
_PASSES = 15
"""Passes over the data that a wider network should still get."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network."""

    width: int = 256
    """Units of each hidden layer."""
    depth: int = 3
    """Hidden layers; none makes the network linear."""
    dropout: float = 0.1
    """Share of the units that is dropped after each hidden layer."""
    embedding: int = 64
    """Numbers of the vector of a token, of an n-gram or of a column of a table."""
    ngrams: tuple[int, ...] = (1, 2)
    """Lengths of the n-grams by which a text is known."""
    ngram_rows: int = 2**16
    """Rows of the table of n-grams."""
    reach: int = 2
    """Tokens on each side that are seen where every token gets a tag."""
    members: int = 8
    """Networks in one that look at a row of a table; what they say is averaged."""
    bins: int = 32
    """Pieces into which the range of a number in a table is divided, at most."""
    linear: bool = False
    """Whether a linear model of the row answers beside the network; the validation rows decide how much it counts."""
    floor: Floor = "learned"
    """How the linear part of a forecaster is found: ``exact`` is solved before the training, and kept."""
    mels: int = 40
    """Bands of frequency that a recording is heard in."""
    vary: float = 1.0
    """How much voices, rooms and devices are varied in training on recordings; 0 is not at all."""

    def __post_init__(self) -> None:
        require_within("family.width", self.width, 1, 65_536)
        require_within("family.depth", self.depth, 0, 256)
        require_within("family.dropout", self.dropout, 0, 0.99)
        require_within("family.embedding", self.embedding, 1, 65_536)
        require_within("family.ngrams: how many", len(self.ngrams), 1, 16)
        for length in self.ngrams:
            require_within("family.ngrams", length, 1, 16)
        require_within("family.ngram_rows", self.ngram_rows, 16, 2**28)
        require_within("family.reach", self.reach, 0, 1024)
        require_within("family.members", self.members, 1, 1024)
        require_within("family.bins", self.bins, 1, 4096)
        require_within("family.mels", self.mels, 4, 1024)
        require_within("family.vary", self.vary, 0, 3)


class Block(nn.Module):
    """One hidden layer: ``(batch, units_in)`` to ``(batch, width)``, added to its input where the widths agree."""

    def __init__(self, units_in: int, width: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(units_in, width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.norm.weight.requires_grad_(False)
        self.activation = nn.GELU()
        self.dropout = nn.Dropout(dropout)
        self.residual = units_in == width

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, width)``."""
        y: Tensor = self.dropout(self.activation(self.norm(self.linear(x))))
        return x + y if self.residual else y


class Mlp(Network):
    """Pixels ``(batch, height, width, channels)`` uint8 to logits ``(batch, classes)``."""

    def __init__(self, config: Config, image: Image, num_classes: int) -> None:
        super().__init__()
        self.standardise = Standardise(image.channels)
        units = [image.height_px * image.width_px * image.channels] + [config.width] * config.depth
        self.blocks = nn.Sequential(*(Block(a, b, config.dropout) for a, b in pairwise(units)))
        self.head = Head(units[-1], num_classes)

    def forward(self, inputs: Tensor) -> Output:
        """Return logits of shape ``(batch, classes)``."""
        pixels = self.standardise(inputs).flatten(1)
        return Output(self.head(self.blocks(pixels)))

    @torch.no_grad()
    def prepare(self, inputs: Tensor) -> None:
        """Measure pixel statistics on training pictures."""
        self.standardise.measure(inputs)


def build(config: Config, spec: Spec) -> Network:
    """Return the network for the data and the targets of this spec."""
    layers = {"width": config.width, "depth": config.depth, "dropout": config.dropout}
    match spec.input, spec.target:
        case Image() as image, Label(classes=classes):
            return Mlp(config, image, len(classes))
        case Sequence(), Label(classes=classes):
            bag = {"ngrams": config.ngrams, "num_rows": config.ngram_rows, "embedding": config.embedding}
            return BagMlp(len(classes), **bag, **layers)
        case Sequence() as text, Tags(classes=classes):
            return WindowMlp(text, len(classes), reach=config.reach, embedding=config.embedding, **layers)
        case Series() as series, Label(classes=classes):
            return SeriesMlp(series, len(classes), **layers)
        case Series() as series, Series() as target:
            return LinearForecast(series, target, VALUES, floor=config.floor, **layers)
        case Vector() as vector, Label() | Number() as target:
            about = {"members": config.members, "embedding": config.embedding, "bins": config.bins}
            about |= {"beside": LinearRows(vector, target) if config.linear else None}
            return TableNetwork(vector, len(target.classes) if isinstance(target, Label) else None, **about, **layers)
        case Waveform() as sound, Label(classes=classes):
            return AudioMlp(sound, len(classes), hearing_config(config.mels, config.vary), **layers)
        case Sequence(), Sequence():
            raise UsageError("an mlp cannot continue a text", fix="train with --family rnn or --family cnn")
    raise TypeError(f"an mlp does not take {type(spec.input).__name__} and give {type(spec.target).__name__}")


def size_for(allowance: Allowance, spec: Spec, speed: Speed) -> Proposal:
    """Return the widest network that the allowance can train for enough passes over the data."""
    if isinstance(spec.target, Density):
        return Proposal(config=Config(), merit=0.0)
    if isinstance(spec.input, Image):
        return _size_for_pictures(allowance, spec.input, speed)
    if isinstance(spec.input, Vector):
        network, settings, why = table_size(allowance, spec, speed)
        return Proposal(config=Config(**network), merit=0.9, settings=settings, why=why)
    ladder, merit = _ladder(spec), _merit(spec)
    chosen = ladder[0][0]
    for config, wants in ladder:
        affordable = allowance.samples_at(_flop(config, spec), speed) / max(1, allowance.num_train)
        if affordable < wants:
            break
        chosen = config
    size = f"width {chosen.width}" if chosen.depth else "without hidden layers"
    why = (f"{size}: the largest of its ladder that makes enough passes over the data",)
    return Proposal(config=chosen, merit=merit, settings=_settings(spec, allowance), why=why)


def _size_for_pictures(allowance: Allowance, image: Image, speed: Speed) -> Proposal:
    num_pixels = image.height_px * image.width_px * image.channels
    affordable = [
        width
        for width in _WIDTHS
        if allowance.samples_at(_flop_per_sample(width, num_pixels), speed) >= _PASSES * allowance.num_train
    ]
    config = Config(width=max(affordable, default=_WIDTHS[0]))
    batch_size = 2 ** min(9, max(5, round(math.log2(max(1, allowance.num_train) / 20))))
    side = max(image.height_px, image.width_px)
    settings = {
        "train.batch_size": batch_size,
        "train.phases": ((0.0, side),),
        "train.lr_matrix": 0.1,
        "train.average": 0.02,
        "task.label_smoothing": 0.1,
        "augment.flip": "alternate" if image.channels == 3 else "off",
        "augment.shift_px": max(1, side // 16),
    }
    why = (f"width {config.width}: the widest that makes {_PASSES} passes over the data in the budget",)
    return Proposal(config=config, merit=0.3, settings=settings, why=why)


def _flop_per_sample(width: int, num_pixels: int) -> float:
    # Products with vectors reach about a third of the rate of convolutions, which speed is measured in.
    return 3 * 3 * 2 * (num_pixels * width + 2 * width**2)


def _ladder(spec: Spec) -> tuple[tuple[Config, float], ...]:
    """Return networks for data over time, from small to large, each with the passes over the data that it wants."""
    match spec.input, spec.target:
        case Sequence(unit=unit), Label():
            ngrams = ngram_orders(unit)
            return tuple(
                (Config(ngrams=ngrams, ngram_rows=2**bits, embedding=width, width=width, depth=1, dropout=0.3), wants)
                for width, bits, wants in ((32, 15, 0.0), (64, 17, 4.0), (128, 18, 8.0), (256, 19, 30.0))
            )
        case Sequence(), Tags():
            return tuple(
                (Config(embedding=width // 2, width=width, depth=2, dropout=0.3), wants)
                for width, wants in ((128, 0.0), (256, 4.0), (512, 8.0))
            )
        case Series(), Label():
            return tuple(
                (Config(width=width, depth=2, dropout=0.2), wants)
                for width, wants in ((64, 0.0), (128, 30.0), (256, 60.0), (512, 120.0))
            )
        case Series(), Series():
            return ((Config(depth=0, dropout=0.0, floor="exact"), 0.0),)
        case Waveform(), Label():
            return tuple(
                (Config(width=width, depth=2, dropout=0.2), wants)
                for width, wants in ((128, 0.0), (256, 20.0), (512, 60.0))
            )
        case Sequence(), Sequence():
            return ((Config(), 0.0),)
    raise TypeError(f"an mlp does not take {type(spec.input).__name__} and give {type(spec.target).__name__}")


def _merit(spec: Spec) -> float:
    if isinstance(spec.input, Sequence):
        return 0.0 if isinstance(spec.target, Sequence) else 0.5
    return 0.6 if isinstance(spec.target, Series) else 0.4 if isinstance(spec.input, Series) else 0.3


def _settings(spec: Spec, allowance: Allowance) -> dict[str, object]:
    if isinstance(spec.input, Waveform):
        return sound_settings(allowance)
    batch_size = 2 ** min(7, max(4, round(math.log2(max(1, allowance.num_train) / 60))))
    settings: dict[str, object] = {"train.batch_size": batch_size, "train.average": 0.05}
    if isinstance(spec.target, Label):
        settings["task.label_smoothing"] = 0.1
    if isinstance(spec.target, Series):
        passes = enough_passes(allowance.num_train, spec.target.length, batch_size)
        settings |= {"train.lr_adam": 0.004, "train.max_epochs": passes}
    return settings


def _flop(config: Config, spec: Spec) -> float:
    """Return multiplications and additions of one sample over time, forward and backward."""
    hidden = config.width**2 * max(0, config.depth - 1)
    match spec.input, spec.target:
        case Sequence(length=length), Label():
            flop = 8.0 * length * len(config.ngrams) * config.embedding + config.embedding * config.width + hidden
        case Sequence(length=length), _:
            flop = length * ((2 * config.reach + 1) * config.embedding * config.width + hidden)
        case Series(length=length, names=names), Series():
            flop = len(spec.target.names) * spec.target.length * (length if config.depth == 0 else config.width)
            flop += (length * config.width + hidden) * len(names) if config.depth else 0
        case Waveform(rate_hz=rate_hz, length=length), _:
            flop = 100 * length / rate_hz * config.mels * 257 + 14 * config.mels * config.width + hidden
        case _:
            flop = spec.input.length * len(spec.input.names) * config.width + hidden
    # Products with vectors reach about a third of the rate of convolutions, which speed is measured in.
    return 3 * 3 * 2 * flop
