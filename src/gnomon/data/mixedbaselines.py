"""What trivial models say about the rows of a table: the plane in which they spread most, and random cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.spec import Column, MixedRow, Split

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]

_MOST_ROWS = 4000
_AT_ONCE = 4096
_FAR = 10.0
_MOST_CODES = 64
"""Codes of a category that get a column of their own, the most frequent ones; all others share one."""


@dataclass(frozen=True, kw_only=True)
class Standard:
    """Rows ``(n, columns)`` as `MixedRow` stores them to numbers ``(n, features)`` of deviation 1 over some rows.

    A number is one feature, limited to ten deviations, 0 where it is missing, and another that says so if any is; a
    code of a category is one.
    """

    leaf: MixedRow
    absent: tuple[int, ...]
    mean: Floats
    deviation: Floats

    @classmethod
    def fitted(cls, rows: Rows, leaf: MixedRow) -> Standard:
        """Return the features of training rows."""
        count = len(leaf.numbers)
        absent = tuple(np.flatnonzero(np.isnan(rows[:, :count]).any(axis=0)).tolist())
        plain = np.asarray(rows[:, :count], np.float64)
        there = np.isfinite(plain)
        sums = np.where(there, plain, 0.0).sum(axis=0)
        mean = sums / np.maximum(1, there.sum(axis=0))
        square = np.where(there, (plain - mean) ** 2, 0.0).sum(axis=0) / np.maximum(1, there.sum(axis=0))
        deviation = np.sqrt(square)
        return cls(leaf=leaf, absent=absent, mean=mean, deviation=np.where(deviation > 0, deviation, 1.0))

    def __call__(self, rows: Rows) -> Floats:
        """Return the features ``(n, features)``."""
        count = len(self.leaf.numbers)
        scaled = (np.asarray(rows[:, :count], np.float64) - self.mean) / self.deviation
        parts = [np.nan_to_num(scaled, nan=0.0).clip(-_FAR, _FAR), np.isnan(rows[:, list(self.absent)])]
        for place, (_, size) in enumerate(self.leaf.categories, start=count):
            codes = np.minimum(rows[:, place], min(size, _MOST_CODES) - 1)
            parts.append(codes[:, None] == np.arange(min(size, _MOST_CODES)))
        return np.concatenate(parts, axis=1, dtype=np.float64)


def some(part: Split, most: int = _MOST_ROWS) -> Rows:
    """Return at most ``most`` rows of a split, evenly spread."""
    rows = np.unique(np.linspace(0, len(part) - 1, min(len(part), most)).astype(np.int64))
    return np.asarray(part.inputs[rows], np.float32)


def principal(train: Split, inputs: Column, leaf: MixedRow) -> Floats:
    """Return the squared distance of each row, ``(n,)``, from the plane in which those of ``train`` spread most."""
    standard = Standard.fitted(some(train), leaf)
    known = standard(some(train))
    mean = known.mean(axis=0)
    _, _, axes = np.linalg.svd(known - mean, full_matrices=False)
    axes = axes[: max(1, min(len(known) // 2, known.shape[1] // 3))]

    def rest(part: Rows) -> Floats:
        centred = standard(part) - mean
        found: Floats = (centred**2).sum(axis=1) - ((centred @ axes.T) ** 2).sum(axis=1)
        return found

    return _by_parts(inputs, rest)


def isolation(train: Split, inputs: Column, leaf: MixedRow, *, seed: int) -> Floats:
    """Return how easily each row, ``(n,)``, is told from those of ``train`` by random cuts.

    Source: Liu, Ting and Zhou, "Isolation forest", ICDM 2008, as scikit-learn has it.
    """
    from sklearn.ensemble import IsolationForest

    standard = Standard.fitted(some(train), leaf)
    forest = IsolationForest(random_state=seeds.key("isolation", seed) % 2**31)
    forest.fit(standard(some(train)))
    return _by_parts(inputs, lambda part: -forest.score_samples(standard(part)))


def _by_parts(inputs: Column, function: object) -> Floats:
    parts = [
        function(np.asarray(inputs[np.arange(start, min(start + _AT_ONCE, len(inputs)))], np.float32))  # type: ignore[operator]
        for start in range(0, len(inputs), _AT_ONCE)
    ]
    return np.concatenate([np.zeros(0), *parts])
