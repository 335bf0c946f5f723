"""Recurrent networks: text to classify, to tag or to continue, and series.

Notable: recurrences that are trained in parallel over time beside fused LSTM and GRU; a linear model on hashed n-grams
beside the recurrence, on which short texts and small budgets live; n-grams in the input of a language model; one
dropout mask for all instants; the head of a large language model shares the table of its input.
Sources: Feng et al., "Were RNNs all we needed?", arXiv 2410.01201; Merity et al., arXiv 1708.02182; Joulin et al.,
arXiv 1607.01759; Cheng et al., "Wide & deep learning", arXiv 1606.07792.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gnomon.core.config import Auto, Off, require_within
from gnomon.core.errors import UsageError
from gnomon.core.spec import Density, Label, Sequence, Series, Spec, Tags, Waveform
from gnomon.core.training import Allowance, Proposal, Speed
from gnomon.layers.audio_rnn import AudioRnn
from gnomon.layers.continuation import Floor
from gnomon.layers.gated_cell import Candidates, Form
from gnomon.layers.hearing import hearing_config
from gnomon.layers.margin_size import margin_folds, margin_opening, margin_rows
from gnomon.layers.margins import HeldOutMargins
from gnomon.layers.network import Network
from gnomon.layers.ngrams import NgramEmbedding
from gnomon.layers.recurrence import Cell, RecurrenceConfig
from gnomon.layers.recurrent_networks import LanguageModel, SeriesClassifier, Tagger, TextClassifier
from gnomon.layers.scaling import VALUES
from gnomon.layers.segments import SegmentConfig, SegmentNetwork, segment_size
from gnomon.layers.sound_size import rnn_rung, sound_settings

ACCEPTS = (Sequence, Series, Waveform)

_ROW_WIDTH = 32
"""Numbers of a row of the n-gram table of a language model."""
_CONTEXT = 1
"""Neighbours that a tagger sees."""
_FEW_PASSES = 5
"""Passes over a text from which on a language model pays for its states."""
_MOST_PENALTY = 10.0
_TIED_FROM = 1000
"""Tokens from which on a language model reads and writes with one table."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network."""

    cell: Cell = "mingru"
    """``lstm`` and ``gru`` step through time; ``mingru`` and ``minlstm`` are trained in parallel over time."""
    width: int = 128
    """Units of each layer."""
    layers: int = 1
    """Recurrent layers, one on the other."""
    embedding: int = 128
    """Numbers of the vector of a token."""
    dropout: float = 0.1
    """Share of the units that is dropped, the same ones at all instants of a sample."""
    word_dropout: float = 0.0
    """Share of the vocabulary that a training step does without."""
    weight_dropout: float = 0.0
    """Share of the recurrent weights that is dropped, for LSTM and GRU."""
    context: int = 0
    """Neighbours on each side that a tagger sees with a token, before the recurrence."""
    candidates: Candidates = "linear"
    """What a minGRU or minLSTM may remember: any numbers, or positive ones."""
    form: Form = "real"
    """Whether minGRU and minLSTM compute with numbers or with their logarithms (positive candidates only)."""
    ngrams: int | Off = 2
    """Longest n-gram that has a hashed vector of its own."""
    ngram_rows: int = 2**16
    """Rows of the table of n-grams."""
    ngram_dropout: float = 0.0
    """Share of the n-grams that is dropped."""
    opening: int = 0
    """Tokens at the beginning of a text that count by their place too, beside the n-grams."""
    tie: bool | Auto = "auto"
    """Whether a language model reads and writes with one table; ``auto`` does from 1,000 tokens on."""
    activation_penalty: float = 0.0
    """Weight of the mean square of a language model's states."""
    slowness_penalty: float = 0.0
    """Weight of the mean square of their changes."""
    segment_steps: int = 24
    """Steps of a series that are read at once."""
    floor: Floor = "learned"
    """How the linear part of a forecaster is found: ``exact`` is solved before the training, and kept."""
    gain: float = 1.0
    """By what a forecaster's recurrent part is multiplied beside the linear one, in the point forecast."""
    mels: int = 48
    """Bands of frequency that a recording is heard in."""
    vary: float = 1.0
    """How much voices, rooms and devices are varied in training on recordings; 0 is not at all."""

    def __post_init__(self) -> None:
        for name in ("width", "embedding"):
            value = getattr(self, name)
            require_within(f"family.{name}", value, 4, 65_536)
            if value % 4:
                raise UsageError(f"family.{name} = {value} is not possible", fix="choose a multiple of 4")
        require_within("family.layers", self.layers, 1, 64)
        for name in ("dropout", "word_dropout", "weight_dropout", "ngram_dropout"):
            require_within(f"family.{name}", getattr(self, name), 0, 0.99)
        for name in ("activation_penalty", "slowness_penalty"):
            require_within(f"family.{name}", getattr(self, name), 0, 1e6)
        if self.ngrams != "off":
            require_within("family.ngrams", self.ngrams, 1, 16)
        require_within("family.opening", self.opening, 0, 1024)
        require_within("family.context", self.context, 0, 64)
        require_within("family.ngram_rows", self.ngram_rows, 16, 2**28)
        require_within("family.segment_steps", self.segment_steps, 1, 65_536)
        require_within("family.gain", self.gain, 0, 1)
        require_within("family.mels", self.mels, 4, 1024)
        require_within("family.vary", self.vary, 0, 3)
        if self.form == "log" and self.candidates != "positive":
            raise UsageError(
                "family.form = 'log' is not possible: only positive candidates have a logarithm",
                fix="choose family.candidates = 'positive' too",
            )


def build(config: Config, spec: Spec) -> Network:
    """Return the network for the data and the targets of this spec."""
    read = {"embedding": config.embedding, "word_dropout": config.word_dropout}
    match spec.input, spec.target:
        case Sequence() as text, Label(classes=classes):
            wide = _margins(config, len(classes))
            return TextClassifier(text, len(classes), _recurrence(config), wide=wide, **read)
        case Sequence() as text, Tags(classes=classes):
            return Tagger(text, len(classes), _recurrence(config), context=config.context, **read)
        case Sequence() as text, Sequence():
            return _language_model(config, text)
        case Series() as series, Label(classes=classes):
            steps = {"embedding": config.embedding, "segment_steps": config.segment_steps}
            return SeriesClassifier(series, len(classes), _recurrence(config), **steps)
        case Series() as series, Series() as target:
            shared = {name: getattr(config, name) for name in ("width", "segment_steps", "dropout", "floor", "gain")}
            return SegmentNetwork(SegmentConfig(**shared), series, target, VALUES)
        case Waveform() as sound, Label(classes=classes):
            heard = hearing_config(config.mels, config.vary)
            return AudioRnn(sound, len(classes), heard, _recurrence(config), embedding=config.embedding)
    raise TypeError(f"an rnn does not take {type(spec.input).__name__} and give {type(spec.target).__name__}")


def _language_model(config: Config, text: Sequence) -> LanguageModel:
    return LanguageModel(
        text,
        _recurrence(config),
        embedding=config.embedding,
        word_dropout=config.word_dropout,
        ngrams=_ngram_embedding(config),
        tied=text.sizes[0] >= _TIED_FROM if config.tie == "auto" else config.tie,
        activation=config.activation_penalty,
        slowness=config.slowness_penalty,
    )


def size_for(allowance: Allowance, spec: Spec, speed: Speed) -> Proposal:
    """Return the largest network of the ladder for such data that the allowance can train for long enough."""
    if isinstance(spec.target, Density):
        return Proposal(config=Config(), merit=0.0)
    match spec.input, spec.target:
        case Sequence() as text, Label() | Tags():
            return _proposed_reader(allowance, text, spec.target, speed)
        case Sequence() as text, Sequence():
            return _proposed_writer(allowance, text, speed)
        case Series() as series, Label():
            return _proposed_listener(allowance, series, speed)
        case Series(), Series():
            segments, settings, why = segment_size(allowance, spec, speed)
            config = Config(**vars(segments))
            return Proposal(config=config, merit=0.9, settings=settings, why=why)
        case Waveform() as sound, Label():
            return _proposed_ear(allowance, sound, speed)
    raise TypeError(f"an rnn does not take {type(spec.input).__name__} and give {type(spec.target).__name__}")


_READERS = ((64, 1, 0.0), (128, 1, 15.0), (256, 1, 40.0), (256, 2, 100.0))
"""Width, layers, and the passes over the data from which on this is better than the one before."""
_TAGGERS = ((64, 1, 0.0), (128, 1, 5.0), (256, 1, 20.0), (256, 2, 60.0))
"""The same for tags: each word is an example, so that wider networks pay earlier."""
_WRITERS = ((64, 1, 0.0), (128, 2, 2.0), (192, 3, 4.0), (256, 3, 4.0), (384, 4, 5.0), (512, 6, 6.0), (768, 8, 8.0))
"""Width, layers, and the tokens seen for each weight from which on this is better than the one before."""


def _proposed_reader(allowance: Allowance, text: Sequence, target: Label | Tags, speed: Speed) -> Proposal:
    """Return a network for texts that have a class, or words that have one each."""
    tags, num_classes = isinstance(target, Tags), len(target.classes)
    width, layers, passes = _largest(_TAGGERS if tags else _READERS, allowance, text.length, speed)
    config = Config(
        width=width,
        layers=layers,
        embedding=min(width, 128),
        dropout=0.5 if passes > 4 else 0.2,
        word_dropout=0.2 if tags else 0.1,
        context=_CONTEXT if tags else 0,
        ngrams="off" if tags else 2 if text.unit in ("word", "subword") else 5,
        ngram_rows=margin_rows(allowance.num_train, text, num_classes, folds=margin_folds(num_classes)),
        opening=margin_opening(text),
    )
    why = (f"width {width}, {layers} deep: the largest that reads the texts often enough",)
    settings = {
        "train.batch_size": 2 ** min(8, max(4, round(math.log2(max(1, allowance.num_train) / 100)))),
        "train.lr_adam": 2e-3,
        "train.lr_orthogonal": 2e-3,
        "train.lr_sparse": 0.3,
        "train.warmup": 0.05,
        "train.clip": 1.0,
        "train.average": 0.05,
        "train.max_epochs": 15.0 if tags else min(12.0, max(4.0, 300.0 / max(1, text.length))),
    }
    return Proposal(config=config, merit=0.9, settings=settings, why=why)


def _proposed_writer(allowance: Allowance, text: Sequence, speed: Speed) -> Proposal:
    """Return a language model."""
    chosen, seen = _WRITERS[0], 0.0
    for rung in _WRITERS:
        width, layers, wants = rung
        weights = layers * _weights(width) + 2 * text.sizes[0] * width
        tokens = text.length * allowance.samples_at(_flop_per_token(weights) * text.length, speed)
        if tokens < wants * weights and rung is not _WRITERS[0]:
            break
        chosen, seen = rung, tokens
    width, layers, _ = chosen
    passes = seen / max(1, allowance.num_train * text.length)
    config = Config(
        width=width,
        layers=layers,
        embedding=width,
        dropout=0.0 if passes < 3 else 0.1 if passes < 10 else 0.2 if passes < 50 else 0.4,
        activation_penalty=_activation_penalty(passes),
        ngrams=3,
        ngram_rows=2**16,
    )
    why = [f"width {width}, {layers} deep: the largest that reads enough text"]
    if config.activation_penalty:
        why.append(
            f"it reads the same text again and again: dropout {config.dropout}, and large states cost "
            f"{config.activation_penalty} times their mean square"
        )
    settings = {
        "train.batch_size": 16 if seen < 2e7 else 32,
        "train.lr_adam": 3e-3,
        "train.lr_orthogonal": 3e-3,
        "train.lr_sparse": 0.03,
        "train.warmup": 0.02,
        "train.clip": 1.0,
        "train.max_epochs": 200.0,
    }
    return Proposal(config=config, merit=0.9, settings=settings, why=tuple(why))


def _activation_penalty(passes: float) -> float:
    """Return how much a language model pays for large states: the more, the more often it reads the same text."""
    return 0.0 if passes < _FEW_PASSES else round(min(_MOST_PENALTY, passes / 10), 1)


def _proposed_listener(allowance: Allowance, series: Series, speed: Speed) -> Proposal:
    """Return a network for series that have a class."""
    steps = max(1, series.length // 64)
    width, layers, _ = _largest(_READERS, allowance, math.ceil(max(1, series.length) / steps), speed)
    config = Config(width=width, layers=layers, embedding=width, dropout=0.2, ngrams="off", segment_steps=steps)
    why = (f"width {width}, {layers} deep: the largest that sees the series often enough",)
    settings = {
        "train.batch_size": 2 ** min(7, max(3, round(math.log2(max(1, allowance.num_train) / 20)))),
        "train.warmup": 0.05,
        "train.clip": 1.0,
        "train.average": 0.05,
    }
    return Proposal(config=config, merit=0.7, settings=settings, why=why)


def _proposed_ear(allowance: Allowance, sound: Waveform, speed: Speed) -> Proposal:
    """Return a network for recordings that have a class."""
    width, layers = rnn_rung(allowance, sound, speed)
    config = Config(width=width, layers=layers, embedding=width, dropout=0.2, ngrams="off")
    why = (f"width {width}, {layers} deep: the largest that hears enough recordings",)
    settings = sound_settings(allowance) | {"train.warmup": 0.05, "train.clip": 1.0}
    return Proposal(config=config, merit=0.7, settings=settings, why=why)


def _largest(
    ladder: tuple[tuple[int, int, float], ...], allowance: Allowance, num_tokens: int, speed: Speed
) -> tuple[int, int, float]:
    """Return width, layers and passes of the last rung that makes the passes it wants."""
    chosen, passes = ladder[0], 0.0
    for rung in ladder:
        width, layers, wants = rung
        flop = _flop_per_token(layers * _weights(width)) * num_tokens
        affordable = allowance.samples_at(flop, speed) / max(1, allowance.num_train)
        if affordable < wants:
            break
        chosen, passes = rung, affordable
    return chosen[0], chosen[1], passes


def _weights(width: int) -> int:
    """Return the weights of one residual block."""
    return 10 * width**2


def _flop_per_token(num_weights: int) -> float:
    # What is not a product takes as long again as the products, on a processor more.
    return 3 * 3 * 2 * num_weights


def _recurrence(config: Config) -> RecurrenceConfig:
    return RecurrenceConfig(
        cell=config.cell,
        width=config.width,
        layers=config.layers,
        dropout=config.dropout,
        weight_dropout=config.weight_dropout,
        candidates=config.candidates,
        form=config.form,
    )


def _margins(config: Config, num_classes: int) -> HeldOutMargins | None:
    if config.ngrams == "off":
        return None
    orders = tuple(range(1, config.ngrams + 1))
    more = {"opening": config.opening, "dropout": config.ngram_dropout}
    return HeldOutMargins(orders, config.ngram_rows, num_classes, folds=margin_folds(num_classes), **more)


def _ngram_embedding(config: Config) -> NgramEmbedding | None:
    """Return vectors for the n-grams from two tokens on: single tokens have the embedding."""
    if config.ngrams == "off" or config.ngrams < 2:
        return None
    return NgramEmbedding(tuple(range(2, config.ngrams + 1)), config.ngram_rows, _ROW_WIDTH, config.embedding)
