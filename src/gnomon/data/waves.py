"""Recordings as networks take them: one length, one loudness; cut from the decoded cache when they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Column
from gnomon.data import sounddecode
from gnomon.data.ragged import Ragged
from gnomon.data.split import Subset

Samples = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int64]

LEVEL = 0.05
"""Root mean square that sounding parts are brought to, where full scale is 1: -26 dB leaves room for peaks."""

_FULL = 32768.0
_BLOCK_S = 0.01
_SOUNDING = 1e-3
"""Blocks with less than this share of the loudest block's power are pauses."""
_MOST_GAIN = 1000.0


def lengths_of(column: Column) -> Ints:
    """Return the samples of each recording, ``(num_recordings,)``. Raises ``TypeError`` for another kind of column."""
    if isinstance(column, Ragged):
        return column.lengths
    if isinstance(column, Subset):
        return lengths_of(column.parent)[column.indices]
    if isinstance(column, Resampled):
        return column.lengths
    raise TypeError(f"a {type(column).__name__} holds no recordings")


def loudness(samples: Samples, rate_hz: int) -> float:
    """Return the root mean square of the sounding parts of a recording ``(samples,)``, where full scale is 1."""
    powers = _block_powers(samples, rate_hz)
    return float(np.sqrt(powers[powers >= _SOUNDING * powers.max()].mean())) / _FULL


def levelled(samples: Samples, rate_hz: int) -> Samples:
    """Return a recording whose sounding parts have the root mean square ``LEVEL``, or less where it would clip."""
    heard = loudness(samples, rate_hz)
    peak = float(np.abs(samples.astype(np.int32)).max(initial=0))
    if heard == 0.0 or peak == 0.0:
        return samples
    gain = min(LEVEL / heard, (_FULL - 1) / peak, _MOST_GAIN)
    return np.rint(samples * gain).astype(np.int16)


def loudest(samples: Samples, length: int, rate_hz: int) -> int:
    """Return where the window of ``length`` samples with the most energy begins."""
    if len(samples) <= length:
        return 0
    block = max(1, round(_BLOCK_S * rate_hz))
    sums = np.concatenate([[0.0], np.cumsum(_block_powers(samples, rate_hz))])
    wide = max(1, min(length // block, len(sums) - 1))
    return int(min(block * int((sums[wide:] - sums[:-wide]).argmax()), len(samples) - length))


class Waves:
    """Recordings ``(length,)`` int16 each: cut where they are longer, zeros after the end where they are shorter.

    Of a longer one the loudest window is taken, or, with ``window``, another one.
    """

    def __init__(self, parent: Column, *, rate_hz: int, length: int, level: bool) -> None:
        self.parent = parent
        self.rate_hz = rate_hz
        self.length = length
        self.level = level
        self.lengths: Ints = np.minimum(lengths_of(parent), length)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, key: Any) -> Any:
        """Return ``(length,)`` for an int, ``(n, length)`` for a slice or an int array."""
        if isinstance(key, int | np.integer):
            return self._one(np.asarray(self.parent[int(key)]), None)
        places = np.arange(len(self))[key]
        found = np.zeros((len(places), self.length), np.int16)
        for row, samples in enumerate(self.parent[places]):
            found[row] = self._one(samples, None)
        return found

    def window(self, index: int, place: float) -> Samples:
        """Return a recording without padding, of a longer one the window at ``place``, from 0, the first, to 1."""
        return self.cut(np.asarray(self.parent[index]), place)

    def cut(self, samples: Samples, place: float | None) -> Samples:
        """Return samples ``(at most length,)`` at their loudness: the window at ``place``, or the loudest."""
        spare = len(samples) - self.length
        if spare > 0:
            start = loudest(samples, self.length, self.rate_hz) if place is None else round(place * spare)
            samples = samples[start : start + self.length]
        return levelled(samples, self.rate_hz) if self.level else samples

    def _one(self, samples: Samples, place: float | None) -> Samples:
        cut = self.cut(samples, place)
        return np.pad(cut, (0, self.length - len(cut)))


class Resampled:
    """Recordings at another rate than they are stored at, resampled whenever they are asked for."""

    def __init__(self, parent: Column, *, from_hz: int, to_hz: int) -> None:
        self.parent = parent
        self._rates = (from_hz, to_hz)
        self.lengths: Ints = np.maximum(1, np.rint(lengths_of(parent) * (to_hz / from_hz))).astype(np.int64)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, key: Any) -> Any:
        """Return one array ``(samples,)`` for an int, a list of arrays for a slice or an int array."""
        if isinstance(key, int | np.integer):
            return self._one(int(key))
        return [self._one(int(place)) for place in np.arange(len(self))[key]]

    def _one(self, place: int) -> Samples:
        waves = np.asarray(self.parent[place], np.float32) / np.float32(_FULL)
        return sounddecode.to_int16(sounddecode.resample(waves, *self._rates))


def _block_powers(samples: Samples, rate_hz: int) -> npt.NDArray[np.float64]:
    """Return the mean square of each block of 10 ms, the last one may be shorter."""
    block = max(1, round(_BLOCK_S * rate_hz))
    squares = np.square(samples, dtype=np.float64)
    starts = np.arange(0, max(1, len(samples)), block)
    sums = np.add.reduceat(squares, starts) if len(samples) else np.zeros(1)
    return np.asarray(sums / np.minimum(block, np.maximum(1, len(samples) - starts)), np.float64)
