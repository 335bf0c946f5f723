"""Which network on sound a budget can train, and how: what families propose for waveforms."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gnomon.core.spec import Waveform
from gnomon.core.training import Allowance, Speed
from gnomon.layers.hearing import HearingConfig

LEAST_PASSES = 4.0


@dataclass(frozen=True, kw_only=True)
class SoundRung:
    """One size of network, and the training samples from which on it beats the smaller ones."""

    widths: tuple[int, ...]
    mels: int
    wants: float


CNN_RUNGS = (
    SoundRung(widths=(16, 32, 48, 64), mels=40, wants=0.0),
    SoundRung(widths=(24, 48, 72, 96), mels=48, wants=20_000.0),
    SoundRung(widths=(32, 64, 96, 128), mels=64, wants=120_000.0),
    SoundRung(widths=(48, 96, 144, 192), mels=64, wants=600_000.0),
    SoundRung(widths=(64, 128, 256, 384), mels=64, wants=4_000_000.0),
)
RNN_RUNGS = ((64, 1, 0.0), (128, 1, 20_000.0), (192, 2, 120_000.0), (256, 2, 600_000.0), (384, 3, 4_000_000.0))
"""Width, layers, and the samples from which on this is better than the one before."""


def cnn_rung(allowance: Allowance, sound: Waveform, speed: Speed, depth: int) -> SoundRung:
    """Return the largest convolutional network that sees as many samples as it wants."""
    chosen = CNN_RUNGS[0]
    for rung in CNN_RUNGS[1:]:
        samples = allowance.samples_at(_cnn_flop(rung, sound, depth), speed)
        if samples < rung.wants:
            break
        chosen = rung
    return chosen


def rnn_rung(allowance: Allowance, sound: Waveform, speed: Speed) -> tuple[int, int]:
    """Return width and layers of the largest recurrent network that sees enough samples."""
    frames = num_frames(sound) / 3
    chosen = RNN_RUNGS[0]
    for rung in RNN_RUNGS:
        width, layers, wants = rung
        # What is not a product takes as long again as the products.
        flop = 3 * 3 * 2 * frames * (10 * layers * width**2 + 300 * width)
        samples = allowance.samples_at(flop, speed)
        if samples < wants:
            break
        chosen = rung
    return chosen[0], chosen[1]


def num_frames(sound: Waveform) -> int:
    """Return the frames of a recording of full length."""
    return max(1, round(sound.length / sound.rate_hz / HearingConfig().hop_s))


def sound_settings(allowance: Allowance) -> dict[str, object]:
    """Return the settings of training that suit recordings, whatever the network."""
    return {
        "train.batch_size": 2 ** min(7, max(4, round(math.log2(max(1, allowance.num_train) / 20)))),
        "train.average": 0.03,
        "task.label_smoothing": 0.1,
        "augment.shift_s": 0.03,
        "augment.mix": 0.2,
    }


def _cnn_flop(rung: SoundRung, sound: Waveform, depth: int) -> float:
    """Return multiplications and additions of one sample, forward and backward."""
    bands, frames, channels, flop = rung.mels, num_frames(sound), 1, 0.0
    for group, width in enumerate(rung.widths):
        bands, frames = max(1, bands // 2), max(1, frames // 2 if group < 2 else frames)
        flop += bands * frames * 9 * (channels * width + (depth - 1) * width**2)
        channels = width
    return 3 * 2 * (flop + frames * bands * channels**2)
