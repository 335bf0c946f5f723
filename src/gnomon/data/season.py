"""After how many steps a series repeats itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST_REPEATS = 4
"""A season must be seen this many times before it is believed."""
LEAST_STRENGTH = 0.3
"""Correlation of a series with itself one season before, below which there is no season."""
NEAR_BEST = 0.9
"""The shortest season wins whose strength is at least this share of the strongest one's."""

_SMOOTHED_OVER = (8, 16, 32, 64)
"""Steps of the running means that are taken away where slow changes hide a season."""
_ROWS_PER_STEP = 32
_HIDDEN_STRENGTH = 0.4
_MAX_ROWS = 100_000
_MAX_CHANNELS = 16
_WHITE_NOISE_DEVIATIONS = 4.0


def find_period(rows: npt.NDArray[np.floating]) -> tuple[int, float]:
    """Return the season of rows ``(time, channels)`` in steps and its strength in [0, 1]; ``(1, 0.0)`` for none.

    The strength is the correlation of the series with itself one season before, its linear trend taken away and
    averaged over the channels. A season is a peak of it as a function of the distance, with a second peak at twice
    the distance: a trend or a random walk has no such pair. Of peaks that are nearly as high, as those at one day and
    at two are, the first is the season.

    A season may ride on slow changes that are much larger, as a day does on the temperature of a year: where none is
    seen, running means of several lengths are taken away, and the strongest season in what is left counts.

    Source: Vlachos, Yu and Castelli, "On periodicity detection and structural periodic similarity", SDM 2005, whose
    last step accepts a period only on a hill of the autocorrelation.
    """
    chosen = _some(rows)
    found = _visible(chosen)
    if found[0] > 1:
        return found
    lengths = [steps for steps in _SMOOTHED_OVER if steps * _ROWS_PER_STEP <= len(chosen)]
    hidden = [_visible(_without_slow(chosen, steps)) for steps in lengths]
    period, strength = max(hidden, key=lambda one: one[1], default=(1, 0.0))
    return (period, strength) if strength >= _HIDDEN_STRENGTH else (1, 0.0)


def _visible(chosen: npt.NDArray[np.floating]) -> tuple[int, float]:
    longest = len(chosen) // LEAST_REPEATS
    if longest < 2:
        return 1, 0.0
    strength = autocorrelation(chosen, 2 * longest)
    least = max(LEAST_STRENGTH, _WHITE_NOISE_DEVIATIONS / np.sqrt(len(chosen)))
    peaks = [lag for lag in range(2, longest + 1) if _is_season(strength, lag, least)]
    if not peaks:
        return 1, 0.0
    best = max(strength[lag] for lag in peaks)
    period = next(lag for lag in peaks if strength[lag] >= NEAR_BEST * best)
    return period, float(min(1.0, strength[period]))


def autocorrelation(rows: npt.NDArray[np.floating], longest: int) -> Floats:
    """Return the mean autocorrelation of the detrended channels for the lags 0 … ``longest``, shape ``(longest + 1,)``.

    Each lag is divided by the number of its products, so that long lags are not made smaller. Channels that never
    change are left out; where all are such, the result is 0 everywhere.
    """
    residues = _detrended(np.asarray(rows, np.float64))
    variance = (residues**2).mean(axis=0)
    residues = residues[:, variance > 1e-12 * max(1.0, float(np.abs(rows).max(initial=0)) ** 2)]
    found = np.zeros(longest + 1)
    if not residues.shape[1]:
        return found
    size = 1 << int(np.ceil(np.log2(len(residues) + longest + 1)))
    for channel in residues.T:  # one at a time: the transforms of all would take the memory of several copies
        spectrum = np.fft.rfft(channel, size)
        products = np.fft.irfft(spectrum * spectrum.conj(), size)[: longest + 1]
        found += products / (len(channel) - np.arange(longest + 1)) / (products[0] / len(channel))
    correlation: Floats = found / residues.shape[1]
    return correlation


def _is_season(strength: Floats, lag: int, least: float) -> bool:
    reach = max(1, lag // 4)
    hill = strength[lag - min(reach, lag - 1) : lag + reach + 1]
    if strength[lag] < least or strength[lag] < hill.max():
        return False
    valley = strength[: lag + 1].min()
    again = strength[2 * lag - reach : 2 * lag + reach + 1].max()
    between = strength[lag : 2 * lag + 1].min()
    depth = least / 2
    return bool(strength[lag] - valley >= depth and again - between >= depth and again >= least)


def _without_slow(rows: npt.NDArray[np.floating], steps: int) -> Floats:
    """Return rows less their running mean over about ``steps`` rows."""
    values = np.asarray(rows, np.float64)
    running = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values - values.mean(axis=0), axis=0)])
    place = np.arange(len(values))
    first, last = np.maximum(place - steps // 2, 0), np.minimum(place + steps // 2 + 1, len(values))
    means = (running[last] - running[first]) / (last - first)[:, None] + values.mean(axis=0)
    fast: Floats = values - means
    return fast


def _some(rows: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return the latest rows and evenly spread channels, few enough to look at in a moment."""
    channels = np.unique(np.linspace(0, rows.shape[1] - 1, min(_MAX_CHANNELS, rows.shape[1])).astype(int))
    return rows[-_MAX_ROWS:, channels]


def _detrended(rows: Floats) -> Floats:
    time = np.linspace(-1, 1, len(rows))[:, None]
    centred = rows - rows.mean(axis=0)
    slope = (time * centred).sum(axis=0) / max(float((time**2).sum()), 1e-300)
    residues: Floats = centred - slope * time
    return residues
