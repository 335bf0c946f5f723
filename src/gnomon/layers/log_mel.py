"""From sound to log-mel frames, inside the network, so that a saved model needs nothing but samples.

Sources: Stevens, Volkmann and Newman, "A scale for the measurement of the psychological magnitude pitch", 1937 (mel);
Young et al., "The HTK Book" 3.4, section 5.4 (its formula, triangular filters); Davis and Mermelstein, "Comparison of
parametric representations for monosyllabic word recognition", 1980 (logarithm of the energies).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

FULL_SCALE = 32768.0
"""The int16 value that is 1.0."""
FLOOR = 1e-6
"""Power that is added before the logarithm: digital silence is -60 dB, not minus infinity."""


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
    return (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)


class Spectrum(nn.Module):
    """Samples ``(batch, samples)`` int16 to powers ``(batch, bins, frames)`` of a short-time Fourier transform."""

    window: Tensor

    def __init__(self, rate_hz: int, *, window_s: float, hop_s: float) -> None:
        super().__init__()
        self.hop = max(1, round(hop_s * rate_hz))
        self.num_samples = max(self.hop, round(window_s * rate_hz))
        self.num_points = 2 ** (2 * self.num_samples - 1).bit_length()
        window = torch.hann_window(self.num_samples)
        self.register_buffer("window", window / window.square().sum().sqrt(), persistent=False)

    @property
    def num_bins(self) -> int:
        """Frequencies of a frame, from 0 to half the rate."""
        return self.num_points // 2 + 1

    def num_frames(self, num_samples: int) -> int:
        """Return how many frames there are of so many samples: one begins every hop."""
        return -(-num_samples // self.hop)

    def present(self, samples: Tensor) -> Tensor:
        """Return which frames begin before the last sample that is not 0, bool ``(batch, frames)``; at least one.

        Zeros after the end of a recording are padding, or mean as little.
        """
        frames = self.num_frames(samples.shape[1])
        padded = F.pad(samples != 0, (0, frames * self.hop - samples.shape[1]))
        sounding = padded.unflatten(1, (frames, self.hop)).any(2)
        places = torch.arange(frames, device=samples.device)
        last = (sounding * places).amax(1, keepdim=True)
        return places <= last

    def forward(self, samples: Tensor) -> Tensor:
        """Return ``(batch, bins, frames)`` float32; a sine of full scale gives 1/4 of its window's energy in its bin."""
        waves = samples.float() / FULL_SCALE
        frames = self.num_frames(samples.shape[1])
        waves = F.pad(waves, (0, (frames - 1) * self.hop + self.num_samples - waves.shape[1]))
        cut = waves.unfold(1, self.num_samples, self.hop) * self.window
        found = torch.fft.rfft(cut, n=self.num_points)
        return (found.real.square() + found.imag.square()).transpose(1, 2)
