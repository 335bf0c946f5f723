"""What trivial models say about stretches of a series: how probable they are, and how strange.

Stretches are ``(n, time, channels)``; all is said of values in deviations of their channel over the training rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.spec import Column, Series, Split

Floats = npt.NDArray[np.float64]

_MOST = 4000
_AT_ONCE = 1000
_COMPONENTS = 32
_LEAST_VARIANCE = 1e-6


def by_value(train: Split, other: Split, series: Series) -> Floats:
    """Return -log p in nats of each stretch, ``(n,)``, where each value is normal and independent of all others."""
    values = _some(train, series)
    mean, variance = _moments(values)
    return _by_parts(other.inputs, series, lambda part: _normal(part - mean, variance).sum(axis=(1, 2)))


def from_last_value(train: Split, other: Split, series: Series) -> Floats:
    """Return -log p in nats of each stretch, ``(n,)``, where each value follows the one before it in its channel.

    An autoregression of the first order with normal noise, fitted by least squares; the first value is independent.
    """
    values = _some(train, series)
    mean, opening = _moments(values)
    now, before = values[:, 1:] - mean, values[:, :-1] - mean
    square = (before**2).sum(axis=(0, 1))
    share = np.where(square > 0, (now * before).sum(axis=(0, 1)) / np.where(square > 0, square, 1.0), 0.0)
    noise = np.maximum(((now - share * before) ** 2).mean(axis=(0, 1)), _LEAST_VARIANCE)

    def nats(part: Floats) -> Floats:
        apart = part - mean
        first = _normal(apart[:, :1], opening).sum(axis=(1, 2))
        found: Floats = first + _normal(apart[:, 1:] - share * apart[:, :-1], noise).sum(axis=(1, 2))
        return found

    return _by_parts(other.inputs, series, nats)


def principal(train: Split, inputs: Column, series: Series) -> Floats:
    """Return the squared distance of each stretch, ``(n,)``, from the plane in which those of ``train`` spread most."""
    return _by_parts(inputs, series, principal_of(_some(train, series)))


def principal_of(values: Floats) -> Callable[[Floats], Floats]:
    """Return what tells the squared distance of stretches from the plane in which ``values`` spread most, ``(n,)``."""
    rest = plane_of(values)
    return lambda part: np.asarray((rest(part) ** 2).sum(axis=(1, 2)))


def plane_of(values: Floats) -> Callable[[Floats], Floats]:
    """Return what tells how stretches are off the plane in which ``values`` spread most, ``(n, time, channels)``."""
    flat = values.reshape(len(values), -1)
    mean = flat.mean(axis=0)
    _, _, axes = np.linalg.svd(flat - mean, full_matrices=False)
    axes = axes[: max(1, min(_COMPONENTS, len(flat) // 2, flat.shape[1] // 4))]

    def rest(part: Floats) -> Floats:
        centred = part.reshape(len(part), -1) - mean
        found: Floats = (centred - (centred @ axes.T) @ axes).reshape(part.shape)
        return found

    return rest


def isolation(train: Split, inputs: Column, series: Series, *, seed: int) -> Floats:
    """Return how easily each stretch, ``(n,)``, is told from those of ``train`` by random cuts.

    Source: Liu, Ting and Zhou, "Isolation forest", ICDM 2008, as scikit-learn has it.
    """
    return _by_parts(inputs, series, forest_of(_some(train, series), seed=seed))


def forest_of(values: Floats, *, seed: int) -> Callable[[Floats], Floats]:
    """Return what tells how easily stretches are told from ``values`` by random cuts, ``(n,)``."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(random_state=seeds.key("isolation", seed) % 2**31)
    forest.fit(values.reshape(len(values), -1))
    return lambda part: np.asarray(-forest.score_samples(part.reshape(len(part), -1)))


def scaled(values: npt.NDArray[Any], series: Series) -> Floats:
    """Return values ``(…, channels)`` in deviations of their channel, from its mean."""
    mean = np.array(series.mean or (0.0,) * len(series.names))
    found: Floats = (np.asarray(values, np.float64) - mean) / np.array(series.deviation or (1.0,) * len(series.names))
    return found


def _some(train: Split, series: Series) -> Floats:
    rows = np.unique(np.linspace(0, len(train) - 1, min(len(train), _MOST)).astype(np.int64))
    return scaled(train.inputs[rows], series)


def _moments(values: Floats) -> tuple[Floats, Floats]:
    return values.mean(axis=(0, 1)), np.maximum(values.var(axis=(0, 1)), _LEAST_VARIANCE)


def _normal(apart: Floats, variance: Floats) -> Floats:
    """Return -log p of values that are apart from the mean of a normal distribution, of the same shape."""
    found: Floats = 0.5 * (apart**2 / variance + np.log(2 * math.pi * variance))
    return found


def _by_parts(inputs: Column, series: Series, function: Callable[[Floats], Floats]) -> Floats:
    parts = [
        function(scaled(inputs[np.arange(start, min(start + _AT_ONCE, len(inputs)))], series))
        for start in range(0, len(inputs), _AT_ONCE)
    ]
    return np.concatenate([np.zeros(0), *parts])
