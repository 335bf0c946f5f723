"""Classification: which one of several classes a sample belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals
from gnomon.core.config import Auto
from gnomon.core.errors import DataError, DivergedError, UsageError
from gnomon.core.spec import Column, Image, Label, Output, Score, Spec, Split
from gnomon.data import baseline

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TARGETS = (Label,)

NUM_BINS = 15
NUM_WORST = 48
NUM_CONFUSED = 10
NUM_TOP = 5

_ROWS_AT_ONCE = 8192
_LOG_HOTTEST = float(np.log(20.0))
_LOG_PRECISION = 1e-3
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the task."""

    label_smoothing: float | Auto = "auto"
    """Share of the target that is spread evenly over all classes, in [0, 1); ``auto`` is 0.1.

    Source: Szegedy et al., "Rethinking the Inception architecture", CVPR 2016, section 7.
    """


class Task:
    """Softmax classification of samples whose target is a `Label`."""

    headline = "accuracy"
    higher_is_better = True

    def __init__(self, config: Config, spec: Spec) -> None:
        if not isinstance(spec.target, Label):
            raise DataError(
                f"the target is a {type(spec.target).__name__}, not a label",
                fix="choose the column with --target",
            )
        self.spec = spec
        self.classes = spec.target.classes
        self.output_size = len(self.classes)
        self.label_smoothing = 0.1 if config.label_smoothing == "auto" else float(config.label_smoothing)
        if not 0 <= self.label_smoothing < 1:
            raise UsageError(
                f"task.label_smoothing = {self.label_smoothing} is not a share",
                fix="choose a number in [0, 1)",
            )

    def loss(self, output: Output, targets: Tensor) -> Tensor:
        """Return the mean smoothed cross-entropy (nats) of logits ``(batch, classes)``; no penalties."""
        from torch.nn import functional as F

        return F.cross_entropy(output.value.float(), targets, label_smoothing=self.label_smoothing)

    def progress_metrics(self, logits: Tensor, targets: Tensor) -> dict[str, float]:
        """Return accuracy and log-loss (nats, not smoothed) of logits ``(n, classes)`` for the live line."""
        from torch.nn import functional as F

        return {
            "accuracy": (logits.argmax(1) == targets).double().mean().item(),
            "log_loss": F.cross_entropy(logits.float(), targets).item(),
        }

    def metrics(self, logits: npt.NDArray[np.float32], targets: Ints, *, seed: int) -> dict[str, Score]:
        """Return every score of logits ``(n, classes)`` against targets ``(n,)``, with 95 % intervals.

        accuracy and top5 (from 11 classes on) have Wilson intervals; log_loss (nats), ece and macro f1 are
        bootstrapped with ``seed``. Raises ``DivergedError`` where a logit is not finite, ``DataError`` where
        there is no sample.
        """
        answers = _answers(logits, targets)
        scores = {"accuracy": _share(answers.rank == 0)}
        if self.output_size > 10:
            scores["top5"] = _share(answers.rank < NUM_TOP)
        scores["log_loss"] = _log_loss(answers, seed)
        scores["ece"] = _calibration_error(answers, seed)
        scores["f1"] = _macro_f1(answers, self.output_size, seed)
        return scores

    def details(self, logits: npt.NDArray[np.float32], targets: Ints, ids: Column) -> dict[str, Any]:
        """Return what stands behind the scores: per class, confusion, calibration and the worst mistakes."""
        answers = _answers(logits, targets)
        confusion = _confusion(answers, self.output_size)
        return {
            "classes": list(self.classes),
            "per_class": _per_class(confusion, self.classes),
            "confusion": confusion.tolist(),
            "calibration": _calibration(answers),
            "worst": self._worst(answers, ids),
            "confused": _confused(confusion, self.classes),
        }

    def temperature(self, logits: npt.NDArray[np.float32], targets: Ints) -> float:
        """Return the temperature by which dividing the logits ``(n, classes)`` gives the least log-loss on targets ``(n,)``.

        Source: temperature scaling, Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2;
        found by golden-section search over its logarithm between 1/20 and 20.
        """
        values = np.asarray(logits, dtype=np.float64)
        rows = np.arange(len(targets))

        def log_loss(log_temperature: float) -> float:
            scaled = values / np.exp(log_temperature)
            top = scaled.max(axis=1)
            log_sum = np.log(np.exp(scaled - top[:, None]).sum(axis=1)) + top
            return float((log_sum - scaled[rows, targets]).mean())

        low, high = -_LOG_HOTTEST, _LOG_HOTTEST
        while high - low > _LOG_PRECISION:
            span = (high - low) * _GOLDEN
            low, high = (low, low + span) if log_loss(high - span) < log_loss(low + span) else (high - span, high)
        return float(np.exp((low + high) / 2))

    def decode(self, logits: npt.NDArray[np.float32]) -> list[dict[str, Any]]:
        """Return for each row of logits ``(n, classes)`` its label, confidence and five likeliest classes."""
        probabilities = _softmax(np.asarray(logits, dtype=np.float64))
        best = np.argsort(-probabilities, axis=1, kind="stable")[:, :NUM_TOP]
        return [self._decode_row(row, order) for row, order in zip(probabilities, best, strict=True)]

    def baselines(self, train: Split, other: Split, *, seed: int) -> list[dict[str, Any]]:
        """Return what trivial models, fitted on ``train``, score on ``other``.

        The majority class answers with the shares of the classes in ``train`` (one sample added to each). The
        linear model is there for pictures of at most `baseline.MAX_FEATURES` values; its outputs are no
        probabilities, so that only accuracy, top5 and f1 are measured.
        """
        shares = np.bincount(train.targets, minlength=self.output_size) + 1.0
        logits = np.broadcast_to(np.log(shares / shares.sum()), (len(other), self.output_size))
        found = [{"name": "majority class", "scores": self.metrics(logits, other.targets, seed=seed)}]
        image = self.spec.input
        if (
            isinstance(image, Image)
            and image.height_px * image.width_px * image.channels <= baseline.MAX_FEATURES
        ):
            outputs = baseline.ridge(train, other.inputs, self.output_size, seed=seed)
            scores = self.metrics(outputs, other.targets, seed=seed)
            measured = {name: score for name, score in scores.items() if name in ("accuracy", "top5", "f1")}
            found.append({"name": "linear model (ridge)", "scores": measured})
        return found

    def _decode_row(self, probabilities: Floats, order: Ints) -> dict[str, Any]:
        top = [{"label": self.classes[k], "probability": float(probabilities[k])} for k in order]
        return {"label": top[0]["label"], "confidence": top[0]["probability"], "top": top}

    def _worst(self, answers: _Answers, ids: Column) -> list[dict[str, Any]]:
        wrong = np.flatnonzero(answers.rank > 0)
        order = wrong[np.argsort(-answers.confidence[wrong], kind="stable")][:NUM_WORST]
        names = ids[order]
        return [
            {
                "index": int(i),
                "id": str(name),
                "true": self.classes[answers.targets[i]],
                "predicted": self.classes[answers.predicted[i]],
                "confidence": float(answers.confidence[i]),
                "probability_of_true": float(np.exp(answers.log_prob_true[i])),
            }
            for i, name in zip(order, names, strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class _Answers:
    """What the metrics need of the logits, one value a sample; all of shape ``(n,)``."""

    targets: Ints
    predicted: Ints
    confidence: Floats
    log_prob_true: Floats
    rank: Ints
    """How many classes come before the true one; of equal logits the first class comes first."""


def _answers(logits: npt.NDArray[Any], targets: Ints) -> _Answers:
    if len(targets) == 0:
        raise DataError("there is no sample to measure", fix="name a split that holds samples")
    parts = [
        _answer_rows(logits[start : start + _ROWS_AT_ONCE], targets[start : start + _ROWS_AT_ONCE])
        for start in range(0, len(targets), _ROWS_AT_ONCE)
    ]
    predicted, confidence, log_prob_true, rank = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return _Answers(
        targets=targets, predicted=predicted, confidence=confidence, log_prob_true=log_prob_true, rank=rank
    )


def _answer_rows(logits: npt.NDArray[Any], targets: Ints) -> tuple[Ints, Floats, Floats, Ints]:
    logits = np.asarray(logits, dtype=np.float64)
    if not np.isfinite(logits).all():
        raise DivergedError(
            "the network's outputs are not finite numbers", fix="lower the learning rate: --set optim.lr=…"
        )
    log_sum = _log_sum_exp(logits)
    predicted = logits.argmax(axis=1)
    true = np.take_along_axis(logits, targets[:, None], axis=1)
    before = (logits == true) & (np.arange(logits.shape[1]) < targets[:, None])
    rank = ((logits > true) | before).sum(axis=1)
    return predicted, np.exp(logits.max(axis=1) - log_sum), true[:, 0] - log_sum, rank


def _log_sum_exp(logits: Floats) -> Floats:
    top = logits.max(axis=1)
    return top + np.log(np.exp(logits - top[:, None]).sum(axis=1))


def _softmax(logits: Floats) -> Floats:
    return np.exp(logits - _log_sum_exp(logits)[:, None])


def _share(hits: npt.NDArray[np.bool_]) -> Score:
    low, high = intervals.wilson(int(hits.sum()), len(hits))
    return Score(value=float(hits.mean()), low=low, high=high, n=len(hits))


def _log_loss(answers: _Answers, seed: int) -> Score:
    losses = -answers.log_prob_true
    low, high = intervals.bootstrap(lambda picks: losses[picks].mean(axis=1), len(losses), seed=seed)
    return Score(value=float(losses.mean()), low=low, high=high, n=len(losses))


def _bins(confidence: Floats) -> Ints:
    """Return the bin of each confidence; bin b holds (b / 15, (b + 1) / 15], as in the source below."""
    return np.clip(np.ceil(confidence * NUM_BINS).astype(np.int64) - 1, 0, NUM_BINS - 1)


def _calibration_error(answers: _Answers, seed: int) -> Score:
    """Return the expected calibration error over 15 bins of equal width.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017, equation 3.
    """
    bins = _bins(answers.confidence)
    gaps = (answers.rank == 0) - answers.confidence

    def statistic(picks: Ints) -> Floats:
        cells = bins[picks] + NUM_BINS * np.arange(len(picks))[:, None]
        sums = np.bincount(cells.ravel(), weights=gaps[picks].ravel(), minlength=NUM_BINS * len(picks))
        return np.abs(sums.reshape(-1, NUM_BINS)).sum(axis=1) / picks.shape[1]

    n = len(bins)
    value = float(statistic(np.arange(n)[None])[0])
    low, high = intervals.bootstrap(statistic, n, seed=seed, about=value)
    return Score(value=value, low=max(0.0, low), high=min(1.0, high), n=n)


def _calibration(answers: _Answers) -> list[dict[str, Any]]:
    bins = _bins(answers.confidence)
    counts = np.bincount(bins, minlength=NUM_BINS)
    filled = np.maximum(counts, 1)
    confidence = np.bincount(bins, weights=answers.confidence, minlength=NUM_BINS) / filled
    accuracy = np.bincount(bins, weights=answers.rank == 0, minlength=NUM_BINS) / filled
    return [
        {
            "low": b / NUM_BINS,
            "high": (b + 1) / NUM_BINS,
            "confidence": float(confidence[b]),
            "accuracy": float(accuracy[b]),
            "n": int(counts[b]),
        }
        for b in range(NUM_BINS)
    ]


def _macro_f1(answers: _Answers, num_classes: int, seed: int) -> Score:
    """Return F1 averaged over the classes that occur among targets or answers.

    Resampling samples without a mistake never shows one, so that a perfect score takes the lower end of the
    accuracy's Wilson interval instead of claiming certainty.
    """
    n = len(answers.targets)
    codes, counts = np.unique(answers.targets * num_classes + answers.predicted, return_counts=True)
    true, predicted = codes // num_classes, codes % num_classes
    by_true = _groups(true)
    by_predicted = _groups(predicted)

    def statistic(cells: Ints) -> Floats:
        sums = np.zeros((len(cells), num_classes))
        sums[:, by_true[1]] += np.add.reduceat(cells[:, by_true[0]], by_true[2], axis=1)
        sums[:, by_predicted[1]] += np.add.reduceat(cells[:, by_predicted[0]], by_predicted[2], axis=1)
        hits = np.zeros((len(cells), num_classes))
        hits[:, true[true == predicted]] = cells[:, true == predicted]
        f1 = 2 * hits / np.maximum(sums, 1)
        return f1.sum(axis=1) / (sums > 0).sum(axis=1)

    value = float(statistic(counts[None])[0])
    low, high = intervals.bootstrap_counts(statistic, counts, seed=seed, about=value)
    if value == 1.0:
        low = intervals.wilson(n, n)[0]
    return Score(value=value, low=max(0.0, low), high=min(1.0, high), n=n)


def _groups(labels: Ints) -> tuple[Ints, Ints, Ints]:
    """Return an order that sorts ``labels``, the distinct labels, and where each one starts in that order."""
    order = np.argsort(labels, kind="stable")
    distinct, starts = np.unique(labels[order], return_index=True)
    return order, distinct, starts


def _confusion(answers: _Answers, num_classes: int) -> Ints:
    codes = answers.targets * num_classes + answers.predicted
    return np.bincount(codes, minlength=num_classes**2).reshape(num_classes, num_classes)


def _per_class(confusion: Ints, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return precision, recall and F1 of each class; 0 where there is nothing to divide by."""
    hits, support, answered = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    precision = hits / np.maximum(answered, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(support + answered, 1)
    return [
        {
            "name": name,
            "precision": float(precision[k]),
            "recall": float(recall[k]),
            "f1": float(f1[k]),
            "support": int(support[k]),
        }
        for k, name in enumerate(classes)
    ]


def _confused(confusion: Ints, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    mistakes = confusion - np.diag(np.diag(confusion))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:NUM_CONFUSED]
    pairs = [(int(cell) // len(classes), int(cell) % len(classes)) for cell in order]
    return [
        {"true": classes[i], "predicted": classes[j], "n": int(mistakes[i, j])}
        for i, j in pairs
        if mistakes[i, j]
    ]
