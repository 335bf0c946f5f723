"""Does a model that says 90 % come true nine times in ten? Measured, tabulated, and mended by a temperature."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals
from gnomon.core.spec import Score

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NUM_BINS = 15
HOTTEST = 20.0
SPREAD = 0.5
"""How far from 1 a temperature is expected, before anything is measured: the deviation of its logarithm."""

_LOG_PRECISION = 1e-3
_GOLDEN = (5**0.5 - 1) / 2


def error(confidence: Floats, is_right: Bools, *, seed: int) -> Score:
    """Return the expected calibration error over 15 bins of equal width; both arrays ``(n,)``.

    Resampling makes this error larger on average; the bootstrap interval is shifted back by as much.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017, equation 3.
    """
    bins = _bins(confidence)
    gaps = is_right - confidence

    def statistic(picks: Ints) -> Floats:
        cells = bins[picks] + NUM_BINS * np.arange(len(picks))[:, None]
        sums = np.bincount(cells.ravel(), weights=gaps[picks].ravel(), minlength=NUM_BINS * len(picks))
        found: Floats = np.abs(sums.reshape(-1, NUM_BINS)).sum(axis=1) / picks.shape[1]
        return found

    n = len(bins)
    value = float(statistic(np.arange(n)[None])[0])
    low, high = intervals.bootstrap(statistic, n, seed=seed, about=value)
    return Score(value=value, low=max(0.0, low), high=min(1.0, high), n=n)


def table(confidence: Floats, is_right: Bools) -> list[dict[str, Any]]:
    """Return for each of the 15 bins its bounds, mean confidence, accuracy and number of samples."""
    bins = _bins(confidence)
    counts = np.bincount(bins, minlength=NUM_BINS)
    filled = np.maximum(counts, 1)
    means = np.bincount(bins, weights=confidence, minlength=NUM_BINS) / filled
    accuracies = np.bincount(bins, weights=is_right, minlength=NUM_BINS) / filled
    return [
        {
            "low": b / NUM_BINS,
            "high": (b + 1) / NUM_BINS,
            "confidence": float(means[b]),
            "accuracy": float(accuracies[b]),
            "n": int(counts[b]),
        }
        for b in range(NUM_BINS)
    ]


def temperature(logits: npt.NDArray[Any], targets: Ints) -> float:
    """Return the temperature by which to divide logits ``(n, classes)``: the likeliest one, given targets ``(n,)``.

    A few answers that are all right would say that no confidence is too high: their log-loss falls for ever as the
    temperature does. So the temperature is held to be near 1 before anything is measured, its logarithm normal with
    deviation `SPREAD`, and the log-loss of n samples must outweigh that; of many samples it does at once.
    Found by golden-section search over the logarithm between 1/20 and 20; there is one minimum.

    Source: temperature scaling, Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2; as the
    mode of its posterior, Bishop, "Pattern Recognition and Machine Learning", 2006, section 1.2.5.
    """
    values = np.asarray(logits, dtype=np.float64)
    values = values - values.max(axis=1, keepdims=True)
    true = values[np.arange(len(targets)), targets]

    def cost(log_temperature: float) -> float:
        heat = math.exp(log_temperature)
        log_loss = float((np.log(np.exp(values / heat).sum(axis=1)) - true / heat).sum())
        return log_loss + (log_temperature / SPREAD) ** 2 / 2

    low, high = -math.log(HOTTEST), math.log(HOTTEST)
    while high - low > _LOG_PRECISION:
        span = (high - low) * _GOLDEN
        low, high = (low, low + span) if cost(high - span) < cost(low + span) else (high - span, high)
    return math.exp((low + high) / 2)


def _bins(confidence: Floats) -> Ints:
    """Return the bin of each confidence; bin b holds (b / 15, (b + 1) / 15], as in the source of `error`."""
    return np.clip(np.ceil(confidence * NUM_BINS).astype(np.int64) - 1, 0, NUM_BINS - 1)
