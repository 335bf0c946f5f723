"""Log-mel spectrograms and cepstra in plain numpy: for the linear model that a network has to beat, and for the report.

Source: Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word recognition", 1980.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gnomon.core.mel import mel_filters

Floats = npt.NDArray[np.float64]

_FULL = 32768.0
_FLOOR = 1e-6


def log_mel(
    samples: npt.NDArray[np.int16], rate_hz: int, *, num_mels: int = 40, window_s: float = 0.03, hop_s: float = 0.01
) -> Floats:
    """Return the logarithm of the powers of a recording ``(samples,)`` in mel bands, ``(num_mels, frames)``.

    One frame begins every hop; its window (Hann) has unit energy, so that white noise of power p has the mean p.
    """
    hop, size = max(1, round(hop_s * rate_hz)), max(1, round(window_s * rate_hz))
    points = 2 ** int(2 * size - 1).bit_length()
    frames = max(1, -(-len(samples) // hop))
    waves = np.zeros((frames - 1) * hop + size)
    waves[: len(samples)] = np.asarray(samples[: len(waves)], np.float64) / _FULL
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    cut = np.lib.stride_tricks.sliding_window_view(waves, size)[::hop] * (window / np.sqrt(np.square(window).sum()))
    powers = np.square(np.abs(np.fft.rfft(cut, n=points, axis=1)))
    found: Floats = np.log(mel_filters(num_mels, points, rate_hz) @ powers.T + _FLOOR)
    return found


def cepstra(frames: Floats, count: int) -> Floats:
    """Return the first ``count`` cepstral coefficients of log-mel frames ``(mels, frames)``, ``(count, frames)``.

    Source: Davis and Mermelstein, equation 1: a cosine transform (type II, here orthonormal) over the bands.
    """
    mels = len(frames)
    angles = np.pi / mels * np.outer(np.arange(count), np.arange(mels) + 0.5)
    basis = np.cos(angles) * np.sqrt(2 / mels)
    basis[0] /= np.sqrt(2)
    found: Floats = basis @ frames
    return found


def statistics(samples: npt.NDArray[np.int16], rate_hz: int, *, count: int = 20, parts: int = 5) -> Floats:
    """Return a recording as numbers that do not depend on its length, ``(count * (parts + 4),)``.

    Means of the cepstra over equal parts, the deviation over all, and mean, deviation and largest value of their
    changes. Zeros after its end do not count.
    """
    sounding = np.flatnonzero(samples)
    samples = samples[: sounding[-1] + 1] if len(sounding) else samples[:1]
    found = cepstra(log_mel(samples, rate_hz), count)
    places = np.linspace(0, found.shape[1], parts + 1)
    means = [found[:, int(a) : max(int(a) + 1, int(np.ceil(b)))].mean(axis=1) for a, b in pairwise(places.tolist())]
    changes = np.diff(found, axis=1) if found.shape[1] > 1 else np.zeros((count, 1))
    rest = [found.std(axis=1), changes.mean(axis=1), changes.std(axis=1), np.abs(changes).max(axis=1)]
    return np.concatenate([*means, *rest])
