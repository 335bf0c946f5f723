"""The linear models that a network on rows of numbers and codes has to beat."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.spec import Split, Vector

Floats = npt.NDArray[np.float64]

MAX_ROWS = 20_000
MAX_CELLS = 2e7
"""Largest table of inputs, rows times columns, that a linear model is fitted to: it should take seconds."""
PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
"""Ridge penalties to choose from, as shares of the rows."""

QUICK_CELLS = 1e6
"""Table of inputs, rows times columns, to which a linear model is fitted within a fraction of a second."""

_ROWS_AT_ONCE = 4096
_ROUNDS = 100
_FAR = 10.0
_FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class Design:
    """Rows ``(n, features)`` as a `Vector` describes them to columns for a linear model, standardised.

    A number, limited to ten times the usual spread, is one column, 0 where it is missing, and another that says so if
    any is missing in training; each code of a category that occurs in training is a column.
    """

    num_numbers: int
    absent: npt.NDArray[np.int64]
    """The numbers that are missing somewhere in training."""
    codes: tuple[npt.NDArray[np.float32], ...]
    """Codes of each category that occur in training."""
    mean: Floats
    scale: Floats

    @classmethod
    def fitted(cls, rows: npt.NDArray[np.float32], vector: Vector) -> Design:
        """Return the design of training rows."""
        count = len(vector.names)
        absent = np.flatnonzero(np.isnan(rows[:, :count]).any(axis=0))
        codes = tuple(np.unique(column) for column in rows[:, count:].T)
        plain = cls(num_numbers=count, absent=absent, codes=codes, mean=np.zeros(1), scale=np.ones(1))
        columns = plain(rows)
        deviation = columns.std(axis=0)
        scale = np.where(deviation > 0, deviation, 1.0)
        return cls(num_numbers=count, absent=absent, codes=codes, mean=columns.mean(axis=0), scale=scale)

    def __call__(self, rows: npt.NDArray[np.float32]) -> Floats:
        """Return the columns ``(n, columns)``."""
        numbers = rows[:, : self.num_numbers].astype(np.float64)
        parts = [np.nan_to_num(numbers, nan=0.0).clip(-_FAR, _FAR), np.isnan(numbers[:, self.absent])]
        parts += [rows[:, self.num_numbers + k, None] == codes for k, codes in enumerate(self.codes)]
        columns: Floats = (np.concatenate(parts, axis=1, dtype=np.float64) - self.mean) / self.scale
        return columns


def is_quick(train: Split, leaf: object) -> bool:
    """Return whether linear models of these training rows cost next to nothing; False where they are no rows."""
    return isinstance(leaf, Vector) and len(train) * _width(leaf) <= QUICK_CELLS


def ridge(train: Split, other: Split, vector: Vector, *, seed: int) -> Floats:
    """Return what a ridge regression, fitted to ``train``, answers for ``other``: ``(len(other),)``, in the units.

    At most ``MAX_ROWS`` training rows are used, drawn with ``seed``; the penalty is the one of `PENALTIES` with the
    least squared error over five folds.

    Source: Hoerl and Kennard, "Ridge regression", Technometrics 12, 1970, equation 2.1.
    """
    rows, design = _fitted(train, vector, seed)
    columns, true = design(rows.inputs), np.asarray(rows.targets, np.float64)
    mean = true.mean()
    penalty = _penalty(columns, true - mean)
    weights = _solve(columns.T @ columns, columns.T @ (true - mean), penalty * len(columns))
    return np.concatenate([np.zeros(0), *(design(some) @ weights + mean for some in _portions(other))])


def logistic(train: Split, other: Split, vector: Vector, num_classes: int, *, seed: int) -> npt.NDArray[np.float32]:
    """Return the logits ``(len(other), num_classes)`` of a logistic regression that is fitted to ``train``.

    At most ``MAX_ROWS`` training rows are used, drawn with ``seed``; a class that is not among them never wins.

    Source: Cox, "The regression analysis of binary sequences", JRSS B 20, 1958; L2 penalty 1, solved by L-BFGS.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    rows, design = _fitted(train, vector, seed)
    labels = np.asarray(rows.targets)
    present = np.unique(labels)
    logits = np.full((len(other), num_classes), -30.0, np.float32)
    if len(present) == 1:
        logits[:, present] = 0.0
        return logits
    model = LogisticRegression(max_iter=_ROUNDS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # its budget, whether or not it has converged
        model.fit(design(rows.inputs), labels)
    start = 0
    for some in _portions(other):
        logits[start : start + len(some), present] = model.predict_log_proba(design(some)).clip(-30.0)
        start += len(some)
    return logits


@dataclass(frozen=True, kw_only=True)
class _Rows:
    inputs: npt.NDArray[np.float32]
    targets: npt.NDArray[np.generic]


def _fitted(train: Split, vector: Vector, seed: int) -> tuple[_Rows, Design]:
    """Return the training rows that a linear model is fitted to, and the design fitted to them."""
    most = int(min(MAX_ROWS, max(200.0, MAX_CELLS / max(1, _width(vector)))))
    picked = np.sort(seeds.order(seeds.key("linear model", seed), 0, len(train))[:most])
    inputs = np.asarray(train.inputs[picked], np.float32)
    return _Rows(inputs=inputs, targets=np.asarray(train.targets[picked])), Design.fitted(inputs, vector)


def _width(vector: Vector) -> int:
    """Return the most columns that a design of such rows can have."""
    return len(vector.names) * 2 + sum(size for _, size in vector.categories)


def _portions(other: Split) -> list[npt.NDArray[np.float32]]:
    return [
        np.asarray(other.inputs[np.arange(start, min(start + _ROWS_AT_ONCE, len(other)))], np.float32)
        for start in range(0, len(other), _ROWS_AT_ONCE)
    ]


def _penalty(columns: Floats, centred: Floats) -> float:
    """Return the penalty with the least squared error on rows that the weights were not fitted to."""
    folds = np.arange(len(columns)) % _FOLDS
    if len(columns) < 2 * _FOLDS:
        return 1.0
    gram, products = columns.T @ columns, columns.T @ centred
    errors = np.zeros(len(PENALTIES))
    for fold in range(_FOLDS):
        held, true = columns[folds == fold], centred[folds == fold]
        inner, target = gram - held.T @ held, products - held.T @ true
        for index, penalty in enumerate(PENALTIES):
            weights = _solve(inner, target, penalty * (len(columns) - len(held)))
            errors[index] += ((held @ weights - true) ** 2).sum()
    return PENALTIES[int(errors.argmin())]


def _solve(gram: Floats, products: Floats, amount: float) -> Floats:
    weights: Floats = np.linalg.solve(gram + amount * np.eye(len(gram)), products)
    return weights
