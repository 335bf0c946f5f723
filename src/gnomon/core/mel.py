"""The mel scale, on which steps of pitch that sound equal are equal, and filters that are evenly spaced on it.

Sources: Stevens, Volkmann and Newman, "A scale for the measurement of the psychological magnitude pitch", 1937; Young
et al., "The HTK Book" 3.4, section 5.4 (its formula, triangular filters).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def mel_of(hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return frequencies in Hz as mel. Source: The HTK Book, equation 5.13: ``2595 log10(1 + f / 700)``."""
    found: npt.NDArray[np.float64] = 2595.0 * np.log10(1.0 + np.asarray(hz, np.float64) / 700.0)
    return found


def hz_of(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return mel as frequencies in Hz: the inverse of `mel_of`."""
    found: npt.NDArray[np.float64] = 700.0 * (10.0 ** (np.asarray(mel, np.float64) / 2595.0) - 1.0)
    return found


def mel_filters(
    num_mels: int, num_points: int, rate_hz: int, *, low_hz: float = 20.0, warp: float = 1.0
) -> npt.NDArray[np.float32]:
    """Return triangular filters ``(num_mels, num_points // 2 + 1)`` over the bins of a Fourier transform.

    Their corners lie evenly on the mel scale between ``low_hz`` and half the rate; each filter sums to one, so that its
    output is a mean of powers. ``warp`` multiplies the corners' frequencies, which is what a voice of another size
    sounds like (Jaitly and Hinton, "Vocal tract length perturbation improves speech recognition", 2013); corners do
    not leave the range. A filter narrower than the distance of two bins takes the bin nearest to its middle.
    """
    top = rate_hz / 2
    ends = mel_of(np.array([low_hz, top]))
    corners = np.minimum(hz_of(np.linspace(ends[0], ends[1], num_mels + 2)) * warp, top)
    bins = np.arange(num_points // 2 + 1) * (rate_hz / num_points)
    low, middle, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising = (bins - low) / np.maximum(middle - low, 1e-9)
    falling = (high - bins) / np.maximum(high - middle, 1e-9)
    filters = np.clip(np.minimum(rising, falling), 0.0, None)
    empty = np.flatnonzero(filters.sum(axis=1) < 1e-9)
    filters[empty, np.abs(bins - middle[empty]).argmin(axis=1)] = 1.0
    found: npt.NDArray[np.float32] = (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)
    return found
