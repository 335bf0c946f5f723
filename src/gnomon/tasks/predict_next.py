"""Language modelling: which token comes next."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals
from gnomon.core.config import require_within
from gnomon.core.errors import DataError, DivergedError
from gnomon.core.spec import Column, Output, Score, Sequence, Spec, Split
from gnomon.data import textbaselines
from gnomon.data.stream import Stream

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.float64]

TARGETS = (Sequence,)

NUM_WORST = 48
NUM_STRETCHES = 200

_BITS = {
    "byte": ("bits_per_byte",),
    "character": ("bits_per_character", "bits_per_byte"),
    "subword": ("bits_per_byte", "bits_per_character"),
    "word": (),
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the task."""

    label_smoothing: float = 0.0
    """Share of the target that is spread evenly over all tokens in training, in [0, 0.9]; never in measuring."""


class Task:
    """Prediction of each token of a text from the ones before it; targets that are -1 do not count."""

    headline = "loss"
    higher_is_better = False
    calibrates = False

    def __init__(self, config: Config, spec: Spec) -> None:
        if not isinstance(spec.target, Sequence) or not isinstance(spec.input, Sequence):
            raise DataError(
                f"a {type(spec.input).__name__} with a {type(spec.target).__name__} is no text to be continued",
                fix="give a plain text file, or choose another --task",
            )
        require_within("task.label_smoothing", config.label_smoothing, 0, 0.9)
        self.spec = spec
        self.unit = spec.target.unit
        self.output_size = spec.target.sizes[0]
        self.label_smoothing = config.label_smoothing

    def loss(self, output: Output, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy (nats a token) of logits ``(batch, time, values)``; no penalties."""
        from torch.nn import functional as F

        logits = output.value.flatten(0, 1).float()
        return F.cross_entropy(logits, targets.flatten(), ignore_index=-1, label_smoothing=self.label_smoothing)

    def keep(self, output: Output, targets: Tensor) -> Tensor:
        """Return of each window the sum of nats, the number of tokens that count, and of those guessed right.

        Logits ``(batch, time, values)`` and targets ``(batch, time)`` give float64 ``(batch, 3)``.
        """
        import torch
        from torch.nn import functional as F

        logits = output.value.flatten(0, 1).float()
        nats = F.cross_entropy(logits, targets.flatten(), ignore_index=-1, reduction="none").view(targets.shape)
        right = (output.value.argmax(2) == targets) & (targets >= 0)
        sums = [part.sum(1, dtype=torch.float64) for part in (nats, targets >= 0, right)]
        return torch.stack(sums, dim=1)

    def progress_metrics(self, kept: Tensor, targets: Any) -> dict[str, float]:
        """Return the loss (nats a token) of what was kept, for the live line."""
        sums = kept.double().sum(0)
        return {"loss": (sums[0] / sums[1].clamp(min=1)).item()}

    def metrics(self, kept: npt.NDArray[Any], targets: Stream, *, seed: int) -> dict[str, Score]:
        """Return every score of what was kept of a stream, ``(windows, 3)``, with 95 % intervals.

        loss (nats a token), perplexity, bits_per_byte and bits_per_character where the tokens are all of the text, and
        token_accuracy. Neighbouring windows of a text are alike, so they are bootstrapped in blocks, with ``seed``; the
        samples behind a score are windows. Raises ``DivergedError`` where a loss is not finite, ``DataError`` where no
        token counts.
        """
        sums = _checked(kept)
        return {**self._losses(sums[:, :2], targets, seed), "token_accuracy": _accuracy(sums[:, 1:], seed)}

    def details(self, kept: npt.NDArray[Any], targets: Any, ids: Column) -> dict[str, Any]:
        """Return what stands behind the scores: the loss along the text, and the windows that are hardest.

        ``along`` has the loss of at most 200 stretches of equally many windows, in order, None where no token counts.
        """
        sums = _checked(kept)
        loss = sums[:, 0] / np.maximum(sums[:, 1], 1)
        order = np.argsort(-loss, kind="stable")[:NUM_WORST]
        order = order[sums[order, 1] > 0]
        return {
            "num_tokens": int(sums[:, 1].sum()),
            "along": [_ratio(part) for part in np.array_split(sums, min(NUM_STRETCHES, len(sums)))],
            "worst": [
                {"index": int(i), "id": str(name), "loss": float(loss[i]), "num_tokens": int(sums[i, 1])}
                for i, name in zip(order, ids[order], strict=True)
            ],
        }

    def decode(self, value: npt.NDArray[np.float32], inputs: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
        """Return for each text how well it was foreseen: its loss (nats a token) and perplexity, None for one token.

        ``value`` are logits ``(batch, time, values)`` of ``inputs (batch, time, features)``, which are 0 after the end.
        """
        return [_foreseen(logits, tokens[:, 0]) for logits, tokens in zip(value, inputs, strict=True)]

    def prior(self, train: Split) -> npt.NDArray[np.float32]:
        """Return the logits ``(values,)`` that a model without any training should give: the tokens' frequencies."""
        counts = textbaselines.frequencies(_stream(train).tokens, self.output_size) + 1.0
        return np.log(counts / counts.sum()).astype(np.float32)

    def baselines(self, train: Split, other: Split, *, seed: int, thorough: bool = True) -> list[dict[str, Any]]:
        """Return what counts of n-grams in ``train`` score on the tokens of ``other``, from the second on.

        Not ``thorough``, single tokens are counted only.
        """
        stream = _stream(other)
        tokens = np.asarray(stream.tokens, dtype=np.int64)
        orders = textbaselines.ORDERS[self.unit] if thorough else (1,)
        found = []
        counted = textbaselines.ngrams(_stream(train).tokens, tokens, self.output_size, max(orders))
        for order, probability in enumerate(counted, start=1):
            if order in orders:
                sums = _windows(-np.log(probability[1:]), stream.window)
                found.append({"name": _NAMES.get(order, f"{order}-grams"), "scores": self._losses(sums, stream, seed)})
        return found

    def _losses(self, sums: Floats, stream: Stream, seed: int) -> dict[str, Score]:
        loss = _score(sums, seed)
        scores = {"loss": loss, "perplexity": _perplexity(loss)}
        lengths = {"bits_per_byte": stream.num_bytes, "bits_per_character": stream.num_characters}
        for name in _BITS[self.unit]:
            if lengths[name]:
                bits = len(stream.tokens) / lengths[name] / math.log(2)
                scores[name] = Score(value=loss.value * bits, low=loss.low * bits, high=loss.high * bits, n=loss.n)
        return scores


_NAMES = {1: "token frequencies", 2: "pairs of tokens"}


def _stream(split: Split) -> Stream:
    if not isinstance(split.inputs, Stream):
        raise TypeError(f"a {type(split.inputs).__name__} is no text to be continued")
    return split.inputs


def _checked(kept: npt.NDArray[Any]) -> Floats:
    sums: Floats = np.asarray(kept, dtype=np.float64)
    if not len(sums) or not sums[:, 1].sum():
        raise DataError("there is no token to measure", fix="name a split that holds at least two tokens")
    if not np.isfinite(sums).all():
        raise DivergedError(
            "the network's outputs are not finite numbers", fix="lower the learning rate: --set train.lr_adam=…"
        )
    return sums


def _score(sums: Floats, seed: int) -> Score:
    """Return the ratio of the sums of two columns ``(windows, 2)``, with its interval over blocks of windows.

    Blocks have about the cube root of the number of windows: the rate that Hall, Horowitz and Jing, "On blocking rules
    for the bootstrap with dependent data", Biometrika 82, 1995, find for a variance.
    """
    total, count = sums.sum(axis=0)
    value = float(total / count)
    low, high = intervals.block_bootstrap_sums(
        lambda drawn: drawn[:, 0] / np.maximum(drawn[:, 1], 1),
        sums,
        block=math.ceil(len(sums) ** (1 / 3)),
        seed=seed,
    )
    return Score(value=value, low=min(low, value), high=max(high, value), n=len(sums))


def _accuracy(sums: Floats, seed: int) -> Score:
    """Return the share of right tokens of columns ``(tokens, right tokens)``.

    Resampling windows without a mistake never shows one, nor windows without a hit: then the other end of the interval
    is Wilson's for windows.
    """
    score = _score(sums[:, ::-1], seed)
    low = intervals.wilson(len(sums), len(sums))[0] if score.value == 1 else score.low
    high = intervals.wilson(0, len(sums))[1] if score.value == 0 else score.high
    return Score(value=score.value, low=low, high=high, n=score.n)


def _perplexity(loss: Score) -> Score:
    return Score(value=_exp(loss.value), low=_exp(loss.low), high=_exp(loss.high), n=loss.n)


def _exp(nats: float) -> float:
    return math.exp(min(nats, 700.0))


def _ratio(sums: Floats) -> float | None:
    total, count = sums[:, :2].sum(axis=0)
    return float(total / count) if count else None


def _windows(nats: Floats, window: int) -> Floats:
    """Return the sum of nats and the number of tokens of each window, ``(windows, 2)``."""
    starts = np.arange(0, len(nats), window)
    if not len(starts):
        raise DataError("there is no token to measure", fix="name a split that holds at least two tokens")
    return np.stack([np.add.reduceat(nats, starts), np.diff(np.append(starts, len(nats)))], axis=1)


def _foreseen(logits: npt.NDArray[np.float32], tokens: npt.NDArray[np.int64]) -> dict[str, Any]:
    count = int((tokens != 0).sum()) - 1
    if count < 1:
        return {"loss": None, "perplexity": None, "num_tokens": 0}
    rows = logits[:count].astype(np.float64)
    top = rows.max(axis=1, keepdims=True)
    log_sum = (top + np.log(np.exp(rows - top).sum(axis=1, keepdims=True)))[:, 0]
    loss = float((log_sum - rows[np.arange(count), tokens[1 : count + 1]]).mean())
    return {"loss": loss, "perplexity": _exp(loss), "num_tokens": count}
