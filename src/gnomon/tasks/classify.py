"""Classification: which one of several classes a sample belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core import calibration, confusion, intervals, ranking
from gnomon.core.config import Auto
from gnomon.core.errors import DataError, DivergedError, UsageError
from gnomon.core.spec import Column, Image, Label, Output, Score, Sequence, Spec, Split, Tree, Vector, Waveform
from gnomon.data import baseline, soundbaselines, tablebaselines, textbaselines, treebaselines

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TARGETS = (Label,)

NUM_WORST = 48
NUM_TOP = 5
RARE = 0.5
"""A class is rare whose share is below this part of what an equal share would be."""

_ROWS_AT_ONCE = 8192
_WITHOUT_PROBABILITIES = ("accuracy", "top5", "f1", "balanced_accuracy")


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
    calibrates = True

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
        """Return the mean smoothed cross-entropy (nats) of logits ``(batch, classes)``; no penalties.

        Margins learn by a loss of their own, which adds a gradient and no value.
        """
        from torch.nn import functional as F

        loss = F.cross_entropy(output.value.float(), targets, label_smoothing=self.label_smoothing)
        if output.margins is None:
            return loss
        beside = _squared_hinge(output.margins.float(), targets)
        return loss + (beside - beside.detach())

    def keep(self, output: Output, targets: Tensor) -> Tensor:
        """Return what is measured of a batch: its logits ``(batch, classes)``."""
        return output.value.float()

    def prior(self, train: Split) -> npt.NDArray[np.float32]:
        """Return the logits ``(classes,)`` that a model without any training should give: the shares of the classes."""
        counts = np.bincount(train.targets, minlength=self.output_size) + 1.0
        return np.log(counts / counts.sum()).astype(np.float32)

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
        bootstrapped with ``seed``. Where there are two classes or a rare one (see `RARE`), also balanced_accuracy,
        the mean of the recalls of the classes that occur; of two classes auroc and auprc too, of the rarer one of
        them against the other. Raises ``DivergedError`` where a logit is not finite, ``DataError`` where
        there is no sample.
        """
        answers = _answers(logits, targets)
        scores = {"accuracy": _share(answers.rank == 0)}
        if self.output_size > 10:
            scores["top5"] = _share(answers.rank < NUM_TOP)
        scores["log_loss"] = _log_loss(answers, seed)
        scores["ece"] = calibration.error(answers.confidence, answers.rank == 0, seed=seed)
        scores["f1"] = confusion.macro_f1(targets, answers.predicted, self.output_size, seed=seed)
        shares = np.bincount(targets, minlength=self.output_size) / len(targets)
        if self.output_size == 2 or 0 < shares.min() < RARE / self.output_size:
            found = confusion.balanced_accuracy(targets, answers.predicted, self.output_size, seed=seed)
            scores["balanced_accuracy"] = found
        if self.output_size == 2 and shares.all():
            rarer = int(shares[1] <= shares[0])
            margins = np.asarray(logits[:, rarer], np.float64) - logits[:, 1 - rarer]
            scores["auroc"] = ranking.auroc(margins, targets == rarer)
            scores["auprc"] = ranking.auprc(margins, targets == rarer)
        return scores

    def costs(self, logits: npt.NDArray[np.float32], targets: Ints) -> Floats:
        """Return what each answer costs, ``(n,)``: 1 where it is wrong, so that their mean is 1 minus the accuracy."""
        return (np.asarray(logits).argmax(axis=1) != targets).astype(np.float64)

    def shown(self, logits: npt.NDArray[np.float32]) -> dict[str, Floats]:
        """Return what an answer comes to, by name, each ``(n,)``: the probabilities of the classes.

        Of two classes the second, of many those that are likeliest on the whole.
        """
        probabilities = _softmax(np.asarray(logits, np.float64))
        if self.output_size == 2:
            return {self.classes[1]: probabilities[:, 1]}
        likely = np.sort(np.argsort(-probabilities.mean(axis=0), kind="stable")[:NUM_TOP])
        return {self.classes[k]: probabilities[:, k] for k in likely}

    def details(self, logits: npt.NDArray[np.float32], targets: Ints, ids: Column) -> dict[str, Any]:
        """Return what stands behind the scores: per class, confusion, calibration and the worst mistakes."""
        answers = _answers(logits, targets)
        matrix = confusion.matrix(targets, answers.predicted, self.output_size)
        return {
            "classes": list(self.classes),
            "per_class": confusion.per_class(matrix, self.classes),
            "confusion": matrix.tolist(),
            "calibration": calibration.table(answers.confidence, answers.rank == 0),
            "worst": self._worst(answers, ids),
            "confused": confusion.most_confused(matrix, self.classes),
        }

    def temperature(self, logits: npt.NDArray[np.float32], targets: Ints) -> float:
        """Return the temperature, found by `calibration.temperature`, by which to divide logits ``(n, classes)``."""
        return calibration.temperature(logits, targets)

    def tempered(self, logits: npt.NDArray[np.float32], temperature: float) -> npt.NDArray[np.float32]:
        """Return logits ``(n, classes)`` divided by a temperature: above 1, the model is less sure."""
        return logits / np.float32(temperature)

    def decode(self, logits: npt.NDArray[np.float32], inputs: npt.NDArray[Any]) -> list[dict[str, Any]]:
        """Return for each row of logits ``(n, classes)`` its label, confidence and five likeliest classes."""
        probabilities = _softmax(np.asarray(logits, dtype=np.float64))
        best = np.argsort(-probabilities, axis=1, kind="stable")[:, :NUM_TOP]
        return [self._decode_row(row, order) for row, order in zip(probabilities, best, strict=True)]

    def baselines(self, train: Split, other: Split, *, seed: int, thorough: bool = True) -> list[dict[str, Any]]:
        """Return what trivial models, fitted on ``train``, score on ``other``.

        The majority class answers with the shares of the classes in ``train`` (one sample added to each). Linear
        models are there for texts, trees, recordings, rows of a table and pictures of at most `baseline.MAX_FEATURES`
        values; but for rows, their outputs are no probabilities, so that only accuracy, top5, f1 and balanced_accuracy
        are measured. Not ``thorough``, there are none.
        """
        shares = np.bincount(train.targets, minlength=self.output_size) + 1.0
        logits = np.broadcast_to(np.log(shares / shares.sum()), (len(other), self.output_size))
        found = [{"name": "majority class", "scores": self.metrics(logits, other.targets, seed=seed)}]
        for name, outputs in self._linear(train, other, seed) if thorough else ():
            scores = self.metrics(outputs, other.targets, seed=seed)
            if not isinstance(self.spec.input, Vector):
                scores = {name: score for name, score in scores.items() if name in _WITHOUT_PROBABILITIES}
            found.append({"name": name, "scores": scores})
        return found

    def _linear(self, train: Split, other: Split, seed: int) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
        """Yield the linear models that there are for this kind of data, with their outputs ``(n, classes)``."""
        leaf = self.spec.input
        if isinstance(leaf, Image) and leaf.height_px * leaf.width_px * leaf.channels <= baseline.MAX_FEATURES:
            yield "linear model (ridge)", baseline.ridge(train, other.inputs, self.output_size, seed=seed)
        if isinstance(leaf, Sequence):
            unit = leaf.unit
            outputs = textbaselines.bag_of_words(train, other, self.output_size, unit=unit, seed=seed)
            yield "linear model of n-grams", outputs
        if isinstance(leaf, Tree):
            yield from treebaselines.linear(train, other, self.output_size, seed=seed)
        if isinstance(leaf, Vector):
            outputs = tablebaselines.logistic(train, other, leaf, self.output_size, seed=seed)
            yield "logistic regression", outputs
        if isinstance(leaf, Waveform):
            outputs = soundbaselines.cepstral_ridge(train, other.inputs, leaf, self.output_size, seed=seed)
            yield "linear model of MFCC", outputs

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


def _squared_hinge(margins: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of machines that tell each class from the rest: margins ``(batch, models, classes)``.

    The mean over the batch, the sum over models and classes. Source: Lee and Mangasarian, "SSVM", Computational
    Optimization and Applications 20, 2001; one class against the rest as in Rifkin and Klautau, JMLR 5 (2004).
    """
    from torch.nn import functional as F

    signs = 2 * F.one_hot(targets, margins.shape[-1]).to(margins.dtype) - 1
    return F.relu(1 - signs[:, None] * margins).square().sum((1, 2)).mean()


def _answers(logits: npt.NDArray[Any], targets: Ints) -> _Answers:
    if len(targets) == 0:
        raise DataError("there is no sample to measure", fix="name a split that holds samples")
    parts = [
        _answer_rows(logits[start : start + _ROWS_AT_ONCE], targets[start : start + _ROWS_AT_ONCE])
        for start in range(0, len(targets), _ROWS_AT_ONCE)
    ]
    predicted, confidence, log_prob_true, rank = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _Answers(targets=targets, predicted=predicted, confidence=confidence, log_prob_true=log_prob_true, rank=rank)


def _answer_rows(logits: npt.NDArray[Any], targets: Ints) -> tuple[Ints, Floats, Floats, Ints]:
    logits = np.asarray(logits, dtype=np.float64)
    if not np.isfinite(logits).all():
        raise DivergedError(
            "the network's outputs are not finite numbers",
            fix="lower the learning rates: --set train.lr_matrix=… or --set train.lr_adam=…",
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
    probabilities: Floats = np.exp(logits - _log_sum_exp(logits)[:, None])
    return probabilities


def _share(hits: npt.NDArray[np.bool_]) -> Score:
    low, high = intervals.wilson(int(hits.sum()), len(hits))
    return Score(value=float(hits.mean()), low=low, high=high, n=len(hits))


def _log_loss(answers: _Answers, seed: int) -> Score:
    losses = -answers.log_prob_true
    low, high = intervals.bootstrap(lambda picks: losses[picks].mean(axis=1), len(losses), seed=seed)
    return Score(value=float(losses.mean()), low=low, high=high, n=len(losses))
