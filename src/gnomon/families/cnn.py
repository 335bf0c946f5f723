"""Convolutional networks: for pictures, from 8 x 8 digits to photos of a few hundred pixels, text, series and sound.

Pictures: a frozen whitening layer, then groups of convolutions that halve the picture, then one linear layer. Notable:
identity-initialised filters, batch norm without a learned gain and with biases that learn fast, filters of fixed norm
that the optimizer orthogonalises, half the gradient noise by flipping every picture every other epoch (in the data),
and test-time views. Photos get more groups with residual connections and anti-aliased pooling. Over time: filters of
several lengths and residual groups that look ever farther. Where a text gets a class: the most that each filter finds
anywhere, and a linear model of n-grams beside the network, which learns by itself.

Sources: Jordan, arXiv 2404.00498 (whitening, identity start, bias rate, alternating flip, test-time views);
Jordan et al., "Muon" (2024); Zhang, "Making convolutional networks shift-invariant again", arXiv 1904.11486 (blur);
Touvron et al., arXiv 1906.06423 (train small, test larger).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.config import require_within
from gnomon.core.errors import UsageError
from gnomon.core.spec import Density, Image, Label, Output, Sequence, Series, Spec, Tags, Waveform
from gnomon.core.training import Allowance, Phases, Proposal, Speed
from gnomon.layers.audio_cnn import AudioCnn
from gnomon.layers.bags import ngram_orders
from gnomon.layers.continuation import Floor
from gnomon.layers.head import Head
from gnomon.layers.hearing import hearing_config
from gnomon.layers.margin_size import SHORT, margin_opening, margin_rows
from gnomon.layers.margins import HeldOutMargins
from gnomon.layers.network import Network, Role
from gnomon.layers.passes import enough_passes
from gnomon.layers.scaling import VALUES
from gnomon.layers.series_cnn import PatchCnn, SeriesCnn
from gnomon.layers.sound_size import cnn_rung, sound_settings
from gnomon.layers.standardise import Standardise
from gnomon.layers.token_cnn import TextCnn, TokenCnn
from gnomon.layers.whiten import WhitenedPatches

ACCEPTS = (Image, Sequence, Series, Waveform)

_NORM_MEMORY = 0.6
"""Share of the running statistics that one step keeps: short, so that averages of weights find matching statistics."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network."""

    widths: tuple[int, ...] = (64, 256, 256)
    """Channels of each group; each group halves height and width, or looks twice as far over time."""
    depth: int = 2
    """Convolutions in a group."""
    residual: bool = False
    """Add a group's pooled input of its inner convolutions to their result."""
    patch_px: int = 2
    """Side of the whitened patches."""
    stride: int = 1
    """Step of the whitened patches: 1 for small pictures, 2 or 4 for photos."""
    blur: bool = False
    """Anti-aliased instead of plain max pooling."""
    activation: Literal["gelu", "silu", "relu"] = "gelu"
    dropout: float = 0.0
    """Share of the pooled features that is dropped before the last layer; over time, of other layers' units too."""
    mirror: bool = False
    """Look at mirrored pictures too at test time: right where left and right mean nothing."""
    spans: tuple[int, ...] = (3,)
    """Lengths of the filters over time, side by side, in tokens or steps."""
    embedding: int = 64
    """Numbers of the vector of a token."""
    ngrams: tuple[int, ...] = ()
    """Lengths of the n-grams that are counted beside the filters where a text gets a class."""
    ngram_rows: int = 2**16
    """Rows of the table of n-grams."""
    opening: int = 0
    """Words at the beginning of a text that count by their place among the n-grams."""
    word_dropout: float = 0.0
    """Share of the vocabulary that a training step on texts that get a class does without."""
    patch_steps: int = 24
    """Steps of a series to be continued that become one vector."""
    floor: Floor = "learned"
    """How the linear part of a forecaster is found: ``exact`` is solved before the training, and kept."""
    mels: int = 64
    """Bands of frequency that a recording is heard in."""
    vary: float = 1.0
    """How much voices, rooms and devices are varied in training on recordings; 0 is not at all."""

    def __post_init__(self) -> None:
        require_within("family.widths: the number of groups", len(self.widths), 1, 12)
        for width in self.widths:
            require_within("family.widths", width, 1, 65_536)
        require_within("family.depth", self.depth, 1, 64)
        require_within("family.patch_px", self.patch_px, 1, 64)
        require_within("family.stride", self.stride, 1, 64)
        require_within("family.dropout", self.dropout, 0, 0.99)
        require_within("family.spans: how many", len(self.spans), 1, min(self.widths))
        for span in (*self.spans, *self.ngrams):
            require_within("family.spans and family.ngrams", span, 1, 1024)
        require_within("family.embedding", self.embedding, 1, 65_536)
        require_within("family.ngram_rows", self.ngram_rows, 16, 2**28)
        require_within("family.patch_steps", self.patch_steps, 1, 65_536)
        require_within("family.mels", self.mels, 4, 1024)
        require_within("family.vary", self.vary, 0, 3)


class Norm(nn.BatchNorm2d):
    """Batch norm with a gain fixed at one: ``(batch, channels, height, width)`` to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-5, momentum=1 - _NORM_MEMORY)
        self.weight.requires_grad_(False)


class Pool(nn.Module):
    """Halve height and width by the maximum, anti-aliased where ``blur`` is set."""

    kernel: Tensor

    def __init__(self, channels: int, *, blur: bool) -> None:
        super().__init__()
        self.blur = blur
        if blur:
            row = torch.tensor([1.0, 2.0, 1.0]) / 4
            self.register_buffer(
                "kernel", torch.outer(row, row).expand(channels, 1, 3, 3).contiguous(), persistent=False
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, channels, height // 2, width // 2)``; a side of one pixel is left alone."""
        tall, wide = min(2, x.shape[2]), min(2, x.shape[3])
        if not self.blur or min(x.shape[2:]) < 4:
            return F.max_pool2d(x, (tall, wide))
        dense = F.max_pool2d(x, 2, stride=1)
        return F.conv2d(dense, self.kernel.to(dense.dtype), stride=2, padding=1, groups=x.shape[1])


class Group(nn.Module):
    """Convolve, halve, normalise; then convolve on at the new size."""

    def __init__(self, channels_in: int, channels_out: int, config: Config) -> None:
        super().__init__()
        self.residual = config.residual
        self.pool = Pool(channels_out, blur=config.blur)
        ins = [channels_in] + [channels_out] * (config.depth - 1)
        self.convs = nn.ModuleList(_convolution(c, channels_out) for c in ins)
        self.norms = nn.ModuleList(Norm(channels_out) for _ in ins)
        self.activation = _activation(config.activation)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, channels_in, height, width)`` to ``(batch, channels_out, height // 2, width // 2)``."""
        x = self.activation(self.norms[0](self.pool(self.convs[0](x))))
        entry = x
        for conv, norm in zip(self.convs[1:], self.norms[1:], strict=True):
            x = self.activation(norm(conv(x)))
        return x + entry if self.residual and len(self.convs) > 1 else x


class Cnn(Network):
    """Pixels ``(batch, height, width, channels)`` uint8 to logits ``(batch, classes)``."""

    def __init__(self, config: Config, image: Image, num_classes: int) -> None:
        super().__init__()
        self.mirror = config.mirror
        self.standardise = Standardise(image.channels)
        self.whiten = WhitenedPatches(image.channels, size=config.patch_px, stride=config.stride)
        self.activation = _activation(config.activation)
        ins = (self.whiten.width, *config.widths)
        self.groups = nn.Sequential(*(Group(a, b, config) for a, b in zip(ins, config.widths, strict=False)))
        self.dropout = nn.Dropout(config.dropout)
        self.head = Head(config.widths[-1], num_classes)

    def forward(self, inputs: Tensor) -> Output:
        """Return logits of shape ``(batch, classes)``."""
        x = self.activation(self.whiten(self.standardise(inputs)))
        x = self.groups(x).amax(dim=(2, 3))
        return Output(self.head(self.dropout(x)))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """The bias of the whitening layer learns early only."""
        return "early" if name == "whiten.bias" else super().role(name, parameter)

    @torch.no_grad()
    def prepare(self, inputs: Tensor) -> None:
        """Measure pixel statistics and whitened patches on training pictures."""
        self.standardise.measure(inputs)
        self.whiten.measure(self.standardise(inputs))

    def views(self, inputs: Tensor) -> Iterator[tuple[float, Tensor]]:
        """Yield the pictures, moved by one pixel along each diagonal, and all of that mirrored."""
        planes = F.pad(inputs.permute(0, 3, 1, 2).float(), (1,) * 4, mode="replicate")
        padded = planes.to(inputs.dtype).permute(0, 2, 3, 1)
        moved = [(0.5, inputs), (0.25, padded[:, :-2, :-2]), (0.25, padded[:, 2:, 2:])]
        yield from moved
        if self.mirror:
            yield from ((weight, view.flip(2)) for weight, view in moved)


def build(config: Config, spec: Spec) -> Network:
    """Return the network for the data and the targets of this spec."""
    over_time = {"widths": config.widths, "spans": config.spans, "depth": config.depth, "dropout": config.dropout}
    match spec.input, spec.target:
        case Image() as image, Label(classes=classes):
            return _for_pictures(config, image, len(classes))
        case Sequence() as text, Label(classes=classes):
            wide = _linear_model(config, len(classes)) if config.ngrams else None
            read = {"embedding": config.embedding, "word_dropout": config.word_dropout}
            return TextCnn(text, len(classes), wide=wide, **read, **over_time)
        case Sequence() as text, Tags(classes=classes):
            return TokenCnn(text, len(classes), embedding=config.embedding, causal=False, **over_time)
        case Sequence() as text, Sequence():
            return TokenCnn(text, text.sizes[0], embedding=config.embedding, causal=True, **over_time)
        case Series() as series, Label(classes=classes):
            return SeriesCnn(series, len(classes), **over_time)
        case Series() as series, Series() as target:
            return PatchCnn(series, target, VALUES, patch_steps=config.patch_steps, floor=config.floor, **over_time)
        case Waveform() as sound, Label(classes=classes):
            heard = hearing_config(config.mels, config.vary)
            layers = {"widths": config.widths, "depth": config.depth, "dropout": config.dropout}
            return AudioCnn(sound, len(classes), heard, **layers)
    raise TypeError(f"a cnn does not take {type(spec.input).__name__} and give {type(spec.target).__name__}")


def _linear_model(config: Config, num_classes: int) -> HeldOutMargins:
    return HeldOutMargins(config.ngrams, config.ngram_rows, num_classes, folds=0, opening=config.opening)


def _for_pictures(config: Config, image: Image, num_classes: int) -> Cnn:
    if min(image.height_px, image.width_px) < config.patch_px:
        raise UsageError(
            f"pictures of {image.height_px} x {image.width_px} pixels are too small for a cnn",
            fix="train with --family mlp",
        )
    return Cnn(config, image, num_classes)


def size_for(allowance: Allowance, spec: Spec, speed: Speed) -> Proposal:
    """Return the largest network of the ladder that the allowance can train for as many samples as it needs."""
    if isinstance(spec.target, Density):
        return Proposal(config=Config(), merit=0.0)
    if isinstance(spec.input, Image):
        return _size_for_pictures(allowance, spec, speed)
    if isinstance(spec.input, Waveform):
        return _size_for_sound(allowance, spec.input, speed)
    if isinstance(spec.input, Sequence) and isinstance(spec.target, Label):
        return _size_for_texts(allowance, spec, speed)
    chosen = _largest_over_time(_ladder_over_time(spec), allowance, spec, speed)
    why = (f"width {chosen.config.widths[-1]}: the largest of its ladder that makes enough passes over the data",)
    settings = _settings_over_time(spec, allowance)
    return Proposal(config=chosen.config, merit=_merit_over_time(spec), settings=settings, why=why)


def _size_for_pictures(allowance: Allowance, spec: Spec, speed: Speed) -> Proposal:
    assert isinstance(spec.input, Image)
    side = max(spec.input.height_px, spec.input.width_px)
    photo = side > _SMALL_PX
    colour = spec.input.channels == 3
    chosen, seen = _RUNGS[0], 0.0
    for rung in _RUNGS:
        samples = allowance.samples_at(_flop_per_sample(_config(rung, side, photo), spec.input, _phases(side)), speed)
        if samples < rung.wants and rung is not _RUNGS[0]:
            break
        chosen, seen = rung, samples
    config = replace(_config(chosen, side, photo), mirror=colour or photo)
    why = (f"width {config.widths[-1]}: the largest network of its ladder that sees enough pictures in the budget",)
    return Proposal(
        config=config,
        merit=0.9 if min(spec.input.height_px, spec.input.width_px) >= _LEAST_PX else 0.1,
        settings=_settings(side, photo, colour, seen / allowance.num_train, allowance),
        why=why,
    )


def _size_for_texts(allowance: Allowance, spec: Spec, speed: Speed) -> Proposal:
    assert isinstance(spec.input, Sequence)
    assert isinstance(spec.target, Label)
    text, num_classes = spec.input, len(spec.target.classes)
    like = Config(
        spans=(3, 5, 7) if text.unit in ("byte", "character") else (1, 2, 3, 4),
        depth=1,
        dropout=0.5,
        word_dropout=0.1,
        ngrams=ngram_orders(text.unit),
        ngram_rows=margin_rows(allowance.num_train, text, num_classes, folds=0),
        opening=margin_opening(text),
    )
    ladder = tuple(
        _TimeRung(config=replace(like, widths=widths, embedding=embedding), passes=passes)
        for widths, embedding, passes in (((96,), 64, 0.0), ((256,), 128, 4.0), ((400,), 128, 60.0))
    )
    chosen = _largest_over_time(ladder, allowance, spec, speed)
    why = (f"{chosen.config.widths[-1]} filters: the most that read the texts often enough",)
    settings = {
        "train.batch_size": 2 ** min(8, max(4, round(math.log2(max(1, allowance.num_train) / 100)))),
        "train.lr_adam": 2e-3,
        "train.lr_orthogonal": 2e-3,
        "train.lr_sparse": 0.3,
        "train.warmup": 0.05,
        "train.clip": 1.0,
        "train.average": 0.05,
        "train.max_epochs": min(8.0, max(4.0, 300.0 / max(1, text.length))),
    }
    short = text.unit == "word" and text.length <= SHORT
    return Proposal(config=chosen.config, merit=0.95 if short else 0.6, settings=settings, why=why)


def _size_for_sound(allowance: Allowance, sound: Waveform, speed: Speed) -> Proposal:
    rung = cnn_rung(allowance, sound, speed, depth=2)
    config = Config(widths=rung.widths, depth=2, dropout=0.2, mels=rung.mels)
    why = (f"width {config.widths[-1]}: the largest network of its ladder that hears enough recordings in the budget",)
    return Proposal(config=config, merit=0.9, settings=sound_settings(allowance), why=why)


@dataclass(frozen=True, kw_only=True)
class _Rung:
    """One size of network, and the training samples from which on it beats the smaller ones."""

    widths: tuple[int, ...]
    wants: float


_SMALL_PX = 64
_LEAST_PX = 4
_RUNGS = (
    _Rung(widths=(32, 64, 128), wants=0),
    _Rung(widths=(32, 128, 256), wants=80_000),
    _Rung(widths=(64, 128, 256), wants=250_000),
    _Rung(widths=(64, 256, 256), wants=400_000),
    _Rung(widths=(128, 384, 512), wants=2_000_000),
)


def _config(rung: _Rung, side: int, photo: bool) -> Config:
    """Return the network of a rung for pictures of a side: as many groups as leave a map of two to four pixels."""
    stride = 4 if side >= 128 else 2 if photo else 1
    num_groups = max(1, round(math.log2(side / stride / 3.5)))
    widths = (rung.widths + rung.widths[-1:] * num_groups)[:num_groups]
    return Config(
        widths=widths, depth=3 if photo else 2, residual=photo, patch_px=4 if photo else 2, stride=stride, blur=photo
    )


def _phases(side: int) -> Phases:
    """Return resolutions that rise over the training: half, three quarters, all of the side.

    Photos are cut at random while training, which makes things look larger, so that they are tested at more pixels.
    """
    if side < 24:
        return ((0.0, side),)
    last = side if side <= _SMALL_PX else 4 * round(0.8 * side / 4)
    small, middle = (max(12, 4 * round(last * share / 4)) for share in (0.5, 0.75))
    return ((0.0, small), (0.3, middle), (0.7, last))


def _settings(side: int, photo: bool, colour: bool, passes: float, allowance: Allowance) -> dict[str, object]:
    batch_size = 2 ** min(9, max(5, round(math.log2(max(1, allowance.num_train) / 20))))
    return {
        "train.batch_size": batch_size,
        "train.phases": _phases(side),
        "train.test_size_px": side,
        "train.average": 0.02,
        "task.label_smoothing": 0.2 if passes < 20 else 0.1,
        "augment.flip": "alternate" if colour or photo else "off",
        "augment.shift_px": 0 if photo else max(1, round(side / 16)),
        "augment.crop_min_area": 0.35 if photo else 1.0,
    }


def _flop_per_sample(config: Config, image: Image, phases: Phases) -> float:
    """Return multiplications and additions of one training sample, forward and backward, over all resolutions."""
    starts = [start for start, _ in phases] + [1.0]
    shares = [end - start for start, end in pairwise(starts)]
    return sum(share * _flop_at(config, image, size) for share, (_, size) in zip(shares, phases, strict=True))


def _flop_at(config: Config, image: Image, size_px: int) -> float:
    scale = size_px / max(image.height_px, image.width_px)
    area = image.height_px * image.width_px * scale**2 / config.stride**2
    channels = 2 * image.channels * config.patch_px**2
    flop = 2.0 * channels * channels / 2 * area
    for width in config.widths:
        flop += 2 * 9 * channels * width * area
        area /= 4
        flop += (config.depth - 1) * 2 * 9 * width * width * area
        channels = width
    return 3 * flop


def _convolution(channels_in: int, channels_out: int) -> nn.Conv2d:
    conv = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
    with torch.no_grad():
        nn.init.dirac_(conv.weight[:channels_in])
        conv.weight.mul_(math.sqrt(channels_out) / conv.weight.norm())
    return conv


def _activation(name: str) -> nn.Module:
    return {"gelu": nn.GELU, "silu": nn.SiLU, "relu": nn.ReLU}[name]()


@dataclass(frozen=True, kw_only=True)
class _TimeRung:
    """One size of network over time, and the passes over the data from which on it beats the smaller ones."""

    config: Config
    passes: float


def _ladder_over_time(spec: Spec) -> tuple[_TimeRung, ...]:
    """Return the networks for this kind of data, from small to large."""
    match spec.input, spec.target:
        case Sequence(), Tags():
            return _alike(
                ((96, 2), (160, 3), (256, 3), (384, 4)), (0.0, 4.0, 8.0, 30.0), Config(spans=(3,), dropout=0.3)
            )
        case Sequence(), Sequence():
            return _alike(
                ((96, 5), (192, 5), (320, 6), (512, 6)), (0.0, 2.0, 4.0, 8.0), Config(spans=(3,), dropout=0.1)
            )
        case Series(length=length), Label():
            spans = tuple(span for span in (3, 9, 27) if span <= max(3, length // 2))
            return _alike(((48, 2), (96, 3), (144, 4)), (0.0, 30.0, 100.0), Config(spans=spans, dropout=0.2))
        case Series(), Series():
            return _alike(
                ((32, 3), (64, 3), (128, 4)), (0.0, 10.0, 40.0), Config(spans=(3,), depth=1, dropout=0.3, floor="exact")
            )
    raise TypeError(f"a cnn does not take {type(spec.input).__name__} and give {type(spec.target).__name__}")


def _largest_over_time(ladder: tuple[_TimeRung, ...], allowance: Allowance, spec: Spec, speed: Speed) -> _TimeRung:
    """Return the last rung that makes the passes it wants."""
    chosen = ladder[0]
    for rung in ladder:
        affordable = allowance.samples_at(_flop_over_time(rung.config, spec), speed) / max(1, allowance.num_train)
        if affordable < rung.passes:
            break
        chosen = rung
    return chosen


def _alike(sizes: tuple[tuple[int, int], ...], passes: tuple[float, ...], like: Config) -> tuple[_TimeRung, ...]:
    """Return rungs of ``(width, groups)`` whose groups are all of one width, otherwise as ``like``."""
    return tuple(
        _TimeRung(config=replace(like, widths=(width,) * count, embedding=width), passes=wants)
        for (width, count), wants in zip(sizes, passes, strict=True)
    )


def _merit_over_time(spec: Spec) -> float:
    if isinstance(spec.target, Series):
        return 0.5
    return 0.6 if isinstance(spec.input, Sequence) else 0.85


def _settings_over_time(spec: Spec, allowance: Allowance) -> dict[str, object]:
    batch_size = 2 ** min(7, max(4, round(math.log2(max(1, allowance.num_train) / 60))))
    settings: dict[str, object] = {"train.batch_size": batch_size, "train.average": 0.05, "train.clip": 1.0}
    if isinstance(spec.target, Label):
        settings["task.label_smoothing"] = 0.1
    if isinstance(spec.target, Series):
        settings["train.max_epochs"] = enough_passes(allowance.num_train, spec.target.length, batch_size)
    return settings


def _flop_over_time(config: Config, spec: Spec) -> float:
    """Return multiplications and additions of one sample, forward and backward."""
    width, taps = config.widths[-1], sum(config.spans) / len(config.spans)
    convolutions = 1 + (len(config.widths) - 1) * config.depth
    match spec.input:
        case Sequence(length=length):
            instants, first = length, config.embedding
        case Series(length=length, names=names):
            instants, first = length, len(names)
            if isinstance(spec.target, Series):
                instants, first = len(spec.target.names) * max(1, length // config.patch_steps), config.widths[0]
    out = len(spec.target.names) * spec.target.length if isinstance(spec.target, Series) else 0
    if isinstance(spec.target, Sequence):
        out = instants * spec.target.sizes[0]
    filters = instants * taps * width * (first + (convolutions - 1) * width)
    # Short convolutions reach about a third of the rate of those on pictures, which speed is measured in.
    return 3 * 3 * 2 * (filters + width * out)
