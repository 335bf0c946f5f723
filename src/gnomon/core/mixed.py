"""How the parameters of a density over mixed rows are laid out, and those of columns that know nothing of each other.

For each number, in order: a logit for missing cells, one for each spike, one for each mode; then how far each mode is
moved, and how much wider it is made. For each category a logit a code.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Density, MixedRow, Quantity

Floats = npt.NDArray[np.float64]

_ADDED = 0.5
"""Rows that are added to each count, so that nothing is impossible."""


def num_options(number: Quantity) -> int:
    """Return how many logits a number has."""
    return 1 + len(number.spikes) + len(number.means)


def num_parameters(leaf: MixedRow) -> int:
    """Return how many parameters a row has."""
    numbers = sum(num_options(number) + 2 * len(number.means) for number in leaf.numbers)
    return numbers + sum(size for _, size in leaf.categories)


def marginals(rows: npt.NDArray[np.float32], leaf: MixedRow) -> npt.NDArray[np.float32]:
    """Return the parameters ``(num_parameters,)`` for which each column is spread as in ``rows``, whatever the others.

    The shares of modes are those of one round of expectation and maximisation.
    """
    parts: list[Floats] = []
    for index, number in enumerate(leaf.numbers):
        counts = _counted(np.asarray(rows[:, index], np.float64), number) + _ADDED
        parts += [np.log(counts / counts.sum()), np.zeros(2 * len(number.means))]
    for index, (_, size) in enumerate(leaf.categories, start=len(leaf.numbers)):
        codes = rows[:, index].astype(np.int64)
        counts = np.bincount(codes, minlength=size).astype(np.float64) + _ADDED
        parts.append(np.log(counts / counts.sum()))
    return np.concatenate(parts).astype(np.float32)


def naming(classes: npt.ArrayLike, target: Density) -> Floats:
    """Return what it costs to name each class ``(n,)``, nats: -log of its share; 0 where it is unknown or not told."""
    given = np.asarray(classes, np.int64)
    if not target.conditional or not target.shares:
        return np.zeros(len(given))
    costs = -np.log(np.maximum(np.asarray(target.shares), 1e-9))
    return np.append(costs, 0.0)[given]


def _counted(places: Floats, number: Quantity) -> Floats:
    """Return how many cells are missing, at each spike, and of each mode."""
    there = places[np.isfinite(places)]
    spikes = np.array([(there == spike).sum() for spike in number.spikes], np.float64)
    others = there[~np.isin(there, number.spikes)]
    means, deviations = np.asarray(number.means), np.asarray(number.deviations)
    logs = -0.5 * ((others[:, None] - means) / deviations) ** 2 - np.log(deviations)
    shares = np.exp(logs - logs.max(axis=1, keepdims=True)) if len(others) else np.zeros((0, len(means)))
    modes = (shares / shares.sum(axis=1, keepdims=True)).sum(axis=0) if len(others) else np.zeros(len(means))
    return np.concatenate([[len(places) - len(there)], spikes, modes])
