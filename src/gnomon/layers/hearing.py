"""The ear of networks on sound: log-mel frames, normalised, and varied in training as voices, rooms and devices vary.

What is varied here is drawn from torch's generator, which training sets anew for every step.
Sources: Jaitly and Hinton, "Vocal tract length perturbation (VTLP) improves speech recognition", ICML workshop 2013;
Ko et al., "Audio augmentation for speech recognition", 2015 (tempo and speed); Park et al., "SpecAugment", arXiv
1904.08779 (masks over time and frequency); Nam, Kim and Park, "FilterAugment", arXiv 2110.03282 (gains over
frequency).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.mel import mel_filters
from gnomon.core.spec import Waveform
from gnomon.layers.log_mel import FLOOR, Spectrum

NUM_WARPS = 17
"""Sets of filters for voices of different sizes; the middle one is the true one."""


@dataclass(frozen=True, kw_only=True)
class HearingConfig:
    """How sound becomes frames, and how much they are varied in training."""

    num_mels: int = 64
    window_s: float = 0.030
    hop_s: float = 0.010
    warp: float = 0.2
    """Largest change of all frequencies, as a share: a larger or smaller voice."""
    stretch: float = 0.2
    """Largest change of the tempo, as a share."""
    equalise: float = 1.5
    """Typical gain of a random equaliser, in units of the natural logarithm of power."""
    noise: float = 1.0
    """Share of the recordings that get noise."""
    masks: float = 1.0
    """Share of the recordings in which a band of frequencies and a span of time are masked."""


def hearing_config(mels: int, vary: float) -> HearingConfig:
    """Return an ear of so many bands, whose variations in training are ``vary`` times the usual ones."""
    usual = HearingConfig()
    return HearingConfig(
        num_mels=mels,
        warp=usual.warp * vary,
        stretch=usual.stretch * vary,
        equalise=usual.equalise * vary,
        noise=min(1.0, usual.noise * vary),
        masks=min(1.0, usual.masks * vary),
    )


class Hearing(nn.Module):
    """Samples ``(batch, samples)`` int16 to log-mel frames ``(batch, mels, frames)`` and which are there.

    Each mel has mean 0 and deviation 1 over the training recordings. Frames after the end are 0.
    """

    filters: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, config: HearingConfig, sound: Waveform) -> None:
        super().__init__()
        self.config = config
        self.spectrum = Spectrum(sound.rate_hz, window_s=config.window_s, hop_s=config.hop_s)
        points = self.spectrum.num_points
        warps = np.linspace(-1, 1, NUM_WARPS) if config.warp else np.zeros(1)
        made = [
            mel_filters(config.num_mels, points, sound.rate_hz, warp=float((1 + config.warp) ** warp)) for warp in warps
        ]
        self.register_buffer("filters", torch.from_numpy(np.stack(made)), persistent=False)
        self.register_buffer("mean", torch.zeros(config.num_mels, 1))
        self.register_buffer("scale", torch.ones(config.num_mels, 1))

    @torch.no_grad()
    def measure(self, samples: Tensor) -> None:
        """Set the mean and the deviation of each mel from training recordings ``(batch, samples)``."""
        frames, present = self._log_mel(samples, vary=False)
        there = frames.transpose(1, 2)[present].double()
        self.mean.copy_(there.mean(0)[:, None])
        self.scale.copy_(1 / there.std(0).clamp_min(1e-2)[:, None])

    @torch.no_grad()
    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Return frames ``(batch, mels, frames)`` and a mask ``(batch, frames)`` of those that are there."""
        with torch.autocast(samples.device.type, enabled=False):
            frames, present = self._log_mel(samples, vary=self.training)
            frames = (frames - self.mean) * self.scale
            if self.training:
                frames = masked(frames, present, self.config.masks)
            return frames * present[:, None], present

    def _log_mel(self, samples: Tensor, *, vary: bool) -> tuple[Tensor, Tensor]:
        powers, present = self.spectrum(samples), self.spectrum.present(samples)
        config = self.config
        if not vary:
            middle = len(self.filters) // 2
            return (self.filters[middle] @ powers + FLOOR).log(), present
        if config.noise:
            powers = noisy(powers, present, config.noise)
        chosen = torch.randint(len(self.filters), (len(samples),), device=samples.device)
        frames = (self.filters[chosen] @ powers + FLOOR).log()
        if config.stretch:
            frames, present = stretched(frames, present, config.stretch)
        if config.equalise:
            frames = frames + equaliser(frames, config.equalise)
        return frames, present


def noisy(powers: Tensor, present: Tensor, share: float) -> Tensor:
    """Return powers ``(batch, bins, frames)`` with noise that falls with frequency as drawn, 5 to 50 dB below."""
    batch, bins, frames = powers.shape
    level = (powers.mean(1) * present).amax(1)
    decibel = 5 + 45 * torch.rand(batch, device=powers.device)
    gain = level * 10 ** (-decibel / 10) * (torch.rand(batch, device=powers.device) < share)
    tilt = 2 * torch.rand(batch, device=powers.device)
    places = torch.linspace(1 / bins, 1, bins, device=powers.device)
    colour = places[None] ** -tilt[:, None]
    colour = colour / colour.mean(1, keepdim=True)
    draws = -torch.rand(batch, bins, frames, device=powers.device).clamp_min(1e-9).log()
    return powers + gain[:, None, None] * colour[:, :, None] * draws


def stretched(frames: Tensor, present: Tensor, most: float) -> tuple[Tensor, Tensor]:
    """Return frames ``(batch, mels, frames)`` read at another tempo, and which of them are there."""
    batch, mels, count = frames.shape
    factor = (1 + most) ** (2 * torch.rand(batch, 1, device=frames.device) - 1)
    lengths = present.sum(1, keepdim=True)
    places = torch.arange(count, device=frames.device)[None] * factor
    now = places <= (lengths - 1)
    left = places.floor().clamp_max(count - 1).long()
    share = (places - left).clamp(0, 1)[:, None]
    right = torch.minimum((left + 1).clamp_max(count - 1), lengths - 1).clamp_min(0)
    left, right = (index[:, None].expand(-1, mels, -1) for index in (left, right))
    return frames.gather(2, left) * (1 - share) + frames.gather(2, right) * share, now


def equaliser(frames: Tensor, size: float) -> Tensor:
    """Return smooth random gains over the mels, ``(batch, mels, 1)``, as of another device, room or distance."""
    knots = size * torch.randn(len(frames), 1, 5, device=frames.device)
    return F.interpolate(knots, frames.shape[1], mode="linear", align_corners=True).transpose(1, 2)


def masked(frames: Tensor, present: Tensor, share: float) -> Tensor:
    """Return frames ``(batch, mels, frames)`` with a band of mels and a span of time at 0, the mean."""
    batch, mels, count = frames.shape
    keep = _outside(batch, mels, mels * torch.ones(batch, device=frames.device), 0.25, share)[:, :, None]
    spans = _outside(batch, count, present.sum(1).float(), 0.25, share)[:, None, :]
    return frames * keep * spans


def _outside(batch: int, size: int, lengths: Tensor, most: float, share: float) -> Tensor:
    """Return a mask ``(batch, size)`` that is 0 in one span of up to ``most`` of each length."""
    draws = torch.rand(3, batch, device=lengths.device)
    width = draws[0] * most * lengths * (draws[2] < share)
    start = draws[1] * (lengths - width)
    places = torch.arange(size, device=lengths.device)[None]
    return ((places < start[:, None]) | (places >= (start + width)[:, None])).float()
