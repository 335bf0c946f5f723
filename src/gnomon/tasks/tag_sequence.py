"""Tagging: which one of several classes each word of a sentence belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core import confusion, intervals, spans
from gnomon.core.config import require_within
from gnomon.core.errors import DataError, DivergedError
from gnomon.core.spec import Column, Output, Score, Sequence, Spec, Split, Tags
from gnomon.data import textbaselines

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TARGETS = (Tags,)

NUM_WORST = 48
NUM_MISTAKES = 20


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the task."""

    label_smoothing: float = 0.0
    """Share of the target that is spread evenly over all tags in training, in [0, 0.9]; never in measuring."""


class Task:
    """Softmax classification of every token of a sentence; tokens whose target is -1 do not count."""

    headline = "token_accuracy"
    higher_is_better = True
    calibrates = False

    def __init__(self, config: Config, spec: Spec) -> None:
        if not isinstance(spec.target, Tags) or not isinstance(spec.input, Sequence):
            raise DataError(
                f"a {type(spec.input).__name__} with a {type(spec.target).__name__} is no tagged text",
                fix="give a file with a word and its tag on each line, or choose another --task",
            )
        require_within("task.label_smoothing", config.label_smoothing, 0, 0.9)
        self.spec = spec
        self.classes = spec.target.classes
        self.output_size = len(self.classes)
        self.label_smoothing = config.label_smoothing
        self.has_spans = spans.are_spans(self.classes)

    def loss(self, output: Output, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy (nats a token) of logits ``(batch, time, tags)``; no penalties."""
        from torch.nn import functional as F

        logits = output.value.flatten(0, 1).float()
        return F.cross_entropy(logits, targets.flatten(), ignore_index=-1, label_smoothing=self.label_smoothing)

    def keep(self, output: Output, targets: Tensor) -> Tensor:
        """Return of each token that counts, in order: the predicted tag, nats of the true tag, the true tag.

        Logits ``(batch, time, tags)`` and targets ``(batch, time)`` give float32 ``(tokens, 3)``.
        """
        import torch
        from torch.nn import functional as F

        counts = targets >= 0
        logits, true = output.value[counts].float(), targets[counts]
        nats = F.cross_entropy(logits, true, reduction="none")
        return torch.stack([logits.argmax(1).float(), nats, true.float()], dim=1)

    def progress_metrics(self, kept: Tensor, targets: Any) -> dict[str, float]:
        """Return token accuracy and log-loss (nats a token) of what was kept, for the live line."""
        rows = kept.double()
        return {
            "token_accuracy": (rows[:, 0] == rows[:, 2]).double().mean().item(),
            "log_loss": rows[:, 1].mean().item(),
        }

    def metrics(self, kept: npt.NDArray[Any], targets: Any, *, seed: int) -> dict[str, Score]:
        """Return every score of what was kept, ``(tokens, 3)``, of sentences with the tags ``targets``, with intervals.

        token_accuracy, span_f1 where the tags name spans, log_loss (nats a token), sentence_accuracy. Words of a
        sentence depend on each other, so that sentences are bootstrapped with ``seed``; they are the samples behind a
        score. Raises ``DivergedError`` where a loss is not finite, ``DataError`` where no token counts.
        """
        answers = _answers(kept, targets)
        scores = self._scores(answers, seed)
        sums = np.stack([_sums(answers.nats, answers.lengths), answers.lengths], axis=1)
        return scores | {"log_loss": _ratio(sums, seed)}

    def details(self, kept: npt.NDArray[Any], targets: Any, ids: Column) -> dict[str, Any]:
        """Return what stands behind the scores: per tag, confusion, kinds of spans, and the sentences told worst."""
        answers = _answers(kept, targets)
        matrix = confusion.matrix(answers.true, answers.predicted, self.output_size)
        found = {
            "classes": list(self.classes),
            "num_tokens": len(answers.true),
            "per_class": confusion.per_class(matrix, self.classes),
            "confusion": matrix.tolist(),
            "confused": confusion.most_confused(matrix, self.classes),
            "worst": self._worst(answers, ids),
        }
        if self.has_spans:
            found["spans"] = spans.per_kind(answers.true, answers.predicted, answers.lengths, self.classes)
        return found

    def decode(self, value: npt.NDArray[np.float32], inputs: Ints) -> list[dict[str, Any]]:
        """Return for each sentence its tags and how sure each of them is.

        ``value`` are logits ``(batch, time, tags)`` of ``inputs (batch, time, features)``, which are 0 after the end.
        """
        return [
            self._decode_row(row[: int((tokens[:, 0] != 0).sum())]) for row, tokens in zip(value, inputs, strict=True)
        ]

    def prior(self, train: Split) -> npt.NDArray[np.float32]:
        """Return the logits ``(tags,)`` that a model without any training should give: the shares of the tags."""
        _, tags = textbaselines.tagged_words(train)
        counts = np.bincount(tags, minlength=self.output_size) + 1.0
        return np.log(counts / counts.sum()).astype(np.float32)

    def baselines(self, train: Split, other: Split, *, seed: int, thorough: bool = True) -> list[dict[str, Any]]:
        """Return what the most frequent tag of ``train``, and that of each word, score on ``other``.

        Both cost so little that they are there whether ``thorough`` or not.
        """
        _, true = textbaselines.tagged_words(other)
        guesses = textbaselines.usual_tags(train, other, self.output_size)
        return [
            {
                "name": name,
                "scores": self._scores(
                    _Answers(predicted=guess, true=true, nats=np.zeros(0), lengths=_lengths(other.targets)), seed
                ),
            }
            for name, guess in zip(("most frequent tag", "most frequent tag of each word"), guesses, strict=True)
        ]

    def _scores(self, answers: _Answers, seed: int) -> dict[str, Score]:
        if not len(answers.true):
            raise DataError("there is no tagged word to measure", fix="name a split that holds tagged words")
        right = _sums(answers.predicted == answers.true, answers.lengths)
        scores = {"token_accuracy": _share(np.stack([right, answers.lengths], axis=1), seed)}
        if self.has_spans:
            counts = spans.per_sentence(answers.true, answers.predicted, answers.lengths, self.classes)
            scores["span_f1"] = _share(np.stack([2 * counts[:, 0], counts[:, 1] + counts[:, 2]], axis=1), seed)
        filled = answers.lengths > 0
        whole, num_sentences = int((right == answers.lengths)[filled].sum()), int(filled.sum())
        low, high = intervals.wilson(whole, num_sentences)
        scores["sentence_accuracy"] = Score(value=whole / num_sentences, low=low, high=high, n=num_sentences)
        return scores

    def _worst(self, answers: _Answers, ids: Column) -> list[dict[str, Any]]:
        """Return the sentences with mistakes, those with the highest mean loss first."""
        wrong = _sums(answers.predicted != answers.true, answers.lengths)
        loss = _sums(answers.nats, answers.lengths) / np.maximum(answers.lengths, 1)
        order = np.argsort(np.where(wrong > 0, -loss, np.inf), kind="stable")[:NUM_WORST]
        order = order[wrong[order] > 0]
        starts = np.cumsum(answers.lengths) - answers.lengths
        return [
            {
                "index": int(i),
                "id": str(name),
                "loss": float(loss[i]),
                "num_tokens": int(answers.lengths[i]),
                "num_wrong": int(wrong[i]),
                "mistakes": self._mistakes(answers, int(starts[i]), int(answers.lengths[i])),
            }
            for i, name in zip(order, ids[order], strict=True)
        ]

    def _mistakes(self, answers: _Answers, start: int, length: int) -> list[dict[str, Any]]:
        true, predicted = (tags[start : start + length] for tags in (answers.true, answers.predicted))
        places = np.flatnonzero(true != predicted)[:NUM_MISTAKES]
        return [
            {"place": int(t), "true": self.classes[true[t]], "predicted": self.classes[predicted[t]]} for t in places
        ]

    def _decode_row(self, logits: npt.NDArray[np.float32]) -> dict[str, Any]:
        rows = logits.astype(np.float64)
        best = rows.argmax(axis=1)
        confidence = 1 / np.exp(rows - rows.max(axis=1, keepdims=True)).sum(axis=1)
        return {"tags": [self.classes[k] for k in best], "confidence": [float(share) for share in confidence]}


@dataclass(frozen=True, kw_only=True)
class _Answers:
    """What the metrics need: one value a token, shape ``(tokens,)``, and the sentences' ``lengths (sentences,)``."""

    predicted: Ints
    true: Ints
    nats: Floats
    lengths: Ints


def _answers(kept: npt.NDArray[Any], targets: Any) -> _Answers:
    lengths = _lengths(targets)
    if len(kept) != lengths.sum():
        raise ValueError(f"{len(kept)} tokens were measured, and {lengths.sum()} have a tag")
    nats = np.asarray(kept[:, 1], dtype=np.float64)
    if not np.isfinite(nats).all():
        raise DivergedError(
            "the network's outputs are not finite numbers", fix="lower the learning rate: --set train.lr_adam=…"
        )
    predicted, true = kept[:, 0].astype(np.int64), kept[:, 2].astype(np.int64)
    return _Answers(predicted=predicted, true=true, nats=nats, lengths=lengths)


def _lengths(targets: Any) -> Ints:
    """Return how many tokens of each sentence have a tag."""
    return np.array([int((tags >= 0).sum()) for tags in targets[np.arange(len(targets))]], dtype=np.int64)


def _sums(values: npt.NDArray[Any], lengths: Ints) -> Floats:
    """Return the sum over each sentence of one value a token."""
    sentence = np.repeat(np.arange(len(lengths)), lengths)
    return np.bincount(sentence, weights=values, minlength=len(lengths))


def _ratio(sums: Floats, seed: int) -> Score:
    """Return the ratio of the sums of two columns ``(sentences, 2)``; its interval is bootstrapped over sentences."""
    value = float(sums[:, 0].sum() / max(sums[:, 1].sum(), 1))
    low, high = intervals.block_bootstrap_sums(
        lambda drawn: drawn[:, 0] / np.maximum(drawn[:, 1], 1), sums.astype(np.float64), block=1, seed=seed
    )
    return Score(value=value, low=min(low, value), high=max(high, value), n=len(sums))


def _share(sums: Floats, seed: int) -> Score:
    """Return the same for a share: sentences without a mistake, or without a hit, do not claim certainty."""
    score = _ratio(sums, seed)
    low = intervals.wilson(len(sums), len(sums))[0] if score.value == 1 else score.low
    high = intervals.wilson(0, len(sums))[1] if score.value == 0 else score.high
    return Score(value=score.value, low=low, high=high, n=score.n)
