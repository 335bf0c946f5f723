"""The linear model that a network on recordings has to beat: ridge regression on statistics of cepstra (MFCC)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.spec import Column, Split, Waveform
from gnomon.data import baseline, spectrogram

MAX_ROWS = 5000


class _Statistics:
    """A column of the statistics of recordings, float32 ``(n, features)`` for an int array."""

    def __init__(self, waves: Column, rate_hz: int) -> None:
        self._waves = waves
        self._rate_hz = rate_hz

    def __len__(self) -> int:
        return len(self._waves)

    def __getitem__(self, key: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        found = [spectrogram.statistics(self._waves[int(row)], self._rate_hz) for row in np.asarray(key)]
        return np.asarray(found, np.float32)


def cepstral_ridge(
    train: Split, inputs: Column, sound: Waveform, num_classes: int, *, seed: int
) -> npt.NDArray[np.float32]:
    """Return scores ``(len(inputs), num_classes)`` of a ridge model on cepstra, fitted on ``train``.

    At most ``MAX_ROWS`` training recordings are used, drawn with ``seed``.
    """
    rows = np.sort(seeds.order(seeds.key("cepstra", seed), 0, len(train))[:MAX_ROWS])
    known = _Statistics(train.inputs, sound.rate_hz)[rows]
    fitted = Split(
        inputs=known, targets=np.asarray(train.targets)[rows], ids=np.zeros(len(rows)), hashes=train.hashes[rows]
    )
    return baseline.ridge(fitted, _Statistics(inputs, sound.rate_hz), num_classes, seed=seed)
