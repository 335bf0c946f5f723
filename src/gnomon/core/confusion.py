"""What is taken for what: the confusion matrix, and what is read off it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals
from gnomon.core.spec import Score

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NUM_CONFUSED = 10


def matrix(targets: Ints, predicted: Ints, num_classes: int) -> Ints:
    """Return counts ``(classes, classes)``: rows are true classes, columns predicted ones; both arrays ``(n,)``."""
    codes = targets * num_classes + predicted
    return np.bincount(codes, minlength=num_classes**2).reshape(num_classes, num_classes)


def per_class(confusion: Ints, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return precision, recall, F1 and support of each class; 0 where there is nothing to divide by."""
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


def most_confused(confusion: Ints, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the ten pairs of true and predicted class that are mistaken most often, where there are any."""
    mistakes = confusion - np.diag(np.diag(confusion))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:NUM_CONFUSED]
    pairs = [(int(cell) // len(classes), int(cell) % len(classes)) for cell in order]
    return [{"true": classes[i], "predicted": classes[j], "n": int(mistakes[i, j])} for i, j in pairs if mistakes[i, j]]


def macro_f1(targets: Ints, predicted: Ints, num_classes: int, *, seed: int) -> Score:
    """Return F1 averaged over the classes that occur among ``targets (n,)`` or ``predicted (n,)``.

    The interval is bootstrapped over the counts of the confusion matrix. Resampling samples without a mistake
    never shows one, so a perfect score takes the lower end of the accuracy's Wilson interval instead.
    """
    n = len(targets)
    codes, counts = np.unique(targets * num_classes + predicted, return_counts=True)
    rows, columns = codes // num_classes, codes % num_classes
    on_diagonal = rows == columns
    by_row, by_column = _groups(rows), _groups(columns)

    def statistic(cells: Ints) -> Floats:
        sums = np.zeros((len(cells), num_classes))
        for order, distinct, starts in (by_row, by_column):
            sums[:, distinct] += np.add.reduceat(cells[:, order], starts, axis=1)
        hits = np.zeros((len(cells), num_classes))
        hits[:, rows[on_diagonal]] = cells[:, on_diagonal]
        f1: Floats = (2 * hits / np.maximum(sums, 1)).sum(axis=1) / (sums > 0).sum(axis=1)
        return f1

    value = float(statistic(counts[None])[0])
    low, high = intervals.bootstrap_counts(statistic, counts, seed=seed, about=value)
    if on_diagonal.all():
        low = intervals.wilson(n, n)[0]
    return Score(value=value, low=max(0.0, low), high=min(1.0, high), n=n)


def balanced_accuracy(targets: Ints, predicted: Ints, num_classes: int, *, seed: int) -> Score:
    """Return the mean recall of the classes that occur among ``targets (n,)``: every class counts the same.

    The interval is bootstrapped as that of `macro_f1`; that of a perfect score takes the lower end of the Wilson
    interval of its rarest class.
    """
    n = len(targets)
    present, of_class = np.unique(targets, return_inverse=True)
    # One cell for the hits of each class, one for its misses: recall needs no more.
    counts = np.zeros(2 * len(present), np.int64)
    np.add.at(counts, 2 * of_class + (targets != predicted), 1)

    def statistic(cells: Ints) -> Floats:
        pairs = cells.reshape(len(cells), len(present), 2)
        support = pairs.sum(axis=2)
        recall: Floats = pairs[:, :, 0] / np.maximum(support, 1)
        mean: Floats = recall.sum(axis=1) / (support > 0).sum(axis=1)
        return mean

    value = float(statistic(counts[None])[0])
    low, high = intervals.bootstrap_counts(statistic, counts, seed=seed, about=value)
    if value == 1.0:
        rarest = int(np.bincount(of_class).min())
        low = intervals.wilson(rarest, rarest)[0]
    return Score(value=value, low=max(0.0, min(low, value)), high=min(1.0, max(high, value)), n=n)


def _groups(labels: Ints) -> tuple[Ints, Ints, Ints]:
    """Return an order that sorts ``labels``, the distinct labels, and where each one starts in that order."""
    order = np.argsort(labels, kind="stable")
    distinct, starts = np.unique(labels[order], return_index=True)
    return order, distinct, starts
