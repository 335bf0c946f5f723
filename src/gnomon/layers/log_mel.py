"""From sound to powers over time and frequency, inside the network, so that a saved model needs nothing but samples.

Source: Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word recognition", 1980 (the
logarithm of energies in bands that follow the mel scale).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FULL_SCALE = 32768.0
"""The int16 value that is 1.0."""
FLOOR = 1e-6
"""Power that is added before the logarithm: digital silence is -60 dB, not minus infinity."""


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
        """Return ``(batch, bins, frames)`` float32; white noise of power p has the mean p in every bin."""
        waves = samples.float() / FULL_SCALE
        frames = self.num_frames(samples.shape[1])
        waves = F.pad(waves, (0, (frames - 1) * self.hop + self.num_samples - waves.shape[1]))
        cut = waves.unfold(1, self.num_samples, self.hop) * self.window
        found = torch.fft.rfft(cut, n=self.num_points)
        return (found.real.square() + found.imag.square()).transpose(1, 2)
