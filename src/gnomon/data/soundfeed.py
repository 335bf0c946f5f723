"""Batches of waveforms: alike in length while training, and varied in ways that are drawn for (seed, epoch, sample).

What is varied here happens to samples: which part of a long recording is heard, when it begins, what else sounds with
it. Voices, rooms and masks are varied on the frames, inside the network (`layers/hearing.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gnomon.core import seed as seeds
from gnomon.core.ranks import Ranks
from gnomon.core.spec import Batch, Label, Spec, Split
from gnomon.core.training import AugmentConfig
from gnomon.data.sequences import placed
from gnomon.data.waves import Samples, Waves

Ints = npt.NDArray[np.int64]

_POOL_BATCHES = 4
_STEPS_OF_LENGTH = 16
"""Widths of batches are multiples of this part of the full length: few different shapes."""
_NUM_DRAWS = 5


class SoundFeed:
    """Training batches of one split. Epochs follow each other without a gap.

    The samples of a few batches, in the order of the epoch, are sorted by length and cut into batches, so that little
    is spent on padding; these come in a seeded order.
    """

    def __init__(
        self,
        split: Split,
        spec: Spec,
        *,
        batch_size: int,
        augment: AugmentConfig,
        seed: int,
        device: torch.device,
        ranks: Ranks,
    ) -> None:
        self._waves = _waves(split.inputs)
        self._targets = np.asarray(split.targets)
        self._num_classes = len(spec.target.classes) if isinstance(spec.target, Label) else 0
        self._batch_size = batch_size
        self._augment = augment
        self._seed = seed
        self._key = seeds.key("sound", seed)
        self._device = device
        self._ranks = ranks
        self._pool_batches = max(1, min(_POOL_BATCHES, len(split) // (2 * batch_size)))
        self._orders: dict[int, Ints] = {}
        self._pools: dict[int, tuple[Ints, Ints]] = {}

    @property
    def num_samples(self) -> int:
        """Samples of one epoch."""
        return len(self._waves)

    @property
    def typical_step(self) -> int:
        """The step of the first pool whose batch is of about the mean width."""
        widths = np.array([self._width(ids) for ids in self._pool(0)[0]])
        return int(np.abs(widths - widths.mean()).argmin())

    def batch(self, step: int, *, size: int) -> Batch:
        """Return this rank's part of the batch of one step; ``size`` changes nothing.

        Inputs are int16 ``(batch, samples)``; where recordings are mixed the targets are shares of the classes,
        float32 ``(batch, classes)``.
        """
        ids, epochs = self.ids(step)
        width = self._width(ids)
        mine = self._ranks.share(self._batch_size)
        waves, targets = self._varied(ids[mine], epochs[mine], width)
        return Batch(inputs=placed(waves, self._device), targets=placed(targets, self._device), ids=ids[mine])

    def ids(self, step: int) -> tuple[Ints, Ints]:
        """Return which samples all ranks see in a step, and in which epoch each is: shapes ``(batch,)``."""
        pool, within = divmod(step, self._pool_batches)
        ids, epochs = self._pool(pool)
        return ids[within], epochs[within]

    def _width(self, ids: Ints) -> int:
        """Return the samples of a batch: those of its longest recording, its latest beginning included."""
        step = max(1, -(-self._waves.length // _STEPS_OF_LENGTH))
        longest = int(self._waves.lengths[ids].max()) + self._shift
        return min(self._waves.length, -(-longest // step) * step)

    @property
    def _shift(self) -> int:
        return round(self._augment.shift_s * self._waves.rate_hz)

    def _varied(self, ids: Ints, epochs: Ints, width: int) -> tuple[Samples, npt.NDArray[Any]]:
        draws = seeds.uniform(self._key, ids * 1_000_003 + epochs, _NUM_DRAWS)
        waves = np.zeros((len(ids), width), np.int16)
        for row, index in enumerate(ids.tolist()):
            self._place(waves[row], index, draws[row, 0], draws[row, 1])
        if not (self._augment.mix and self._num_classes):
            return waves, self._targets[ids].astype(np.int64 if self._num_classes else self._targets.dtype)
        return self._mixed(waves, ids, draws)

    def _place(self, row: Samples, index: int, window: float, when: float) -> None:
        """Write a recording into a row of zeros, a little later or with a little of its beginning left out."""
        samples = self._waves.window(index, window)
        late = round((2 * when - 1) * self._shift)
        samples = samples[min(max(0, -late), len(samples) // 8) :]
        begin = max(0, late)
        some = samples[: len(row) - begin]
        row[begin : begin + len(some)] = some

    def _mixed(self, waves: Samples, ids: Ints, draws: npt.NDArray[np.float64]) -> tuple[Samples, npt.NDArray[Any]]:
        """Return recordings with another one sounding more softly below some of them, and the shares of the classes.

        Source: Zhang et al., "mixup", arXiv 1710.09412, equation 1, with shares uniform below one half.
        """
        others = (draws[:, 2] * len(self._waves)).astype(np.int64)
        share = np.where(draws[:, 3] < self._augment.mix, 0.5 * draws[:, 4], 0.0)
        mixed = waves.copy()
        for row in np.flatnonzero(share).tolist():
            other = np.zeros(waves.shape[1], np.int16)
            self._place(other, int(others[row]), 0.5, 0.5)
            mixed[row] = np.rint((1 - share[row]) * waves[row] + share[row] * other).astype(np.int16)
        classes = np.eye(self._num_classes, dtype=np.float32)
        part = share[:, None].astype(np.float32)
        return mixed, (1 - part) * classes[self._targets[ids]] + part * classes[self._targets[others]]

    def _pool(self, pool: int) -> tuple[Ints, Ints]:
        """Return the samples of the batches of one pool, and their epochs: shapes ``(batches, batch)``."""
        if pool not in self._pools:
            for old in [p for p in self._pools if p < pool - 1]:
                del self._pools[old]
            size = self._pool_batches * self._batch_size
            positions = np.arange(pool * size, (pool + 1) * size, dtype=np.int64)
            epochs, within = np.divmod(positions, len(self._waves))
            ids = np.empty_like(positions)
            for epoch in np.unique(epochs).tolist():
                chosen = epochs == epoch
                ids[chosen] = self._order(epoch)[within[chosen]]
            ranked = np.argsort(self._waves.lengths[ids], kind="stable")
            shape = (self._pool_batches, self._batch_size)
            turn = seeds.order(seeds.key("pool", self._seed), pool, self._pool_batches)
            self._pools[pool] = (ids[ranked].reshape(shape)[turn], epochs[ranked].reshape(shape)[turn])
        return self._pools[pool]

    def _order(self, epoch: int) -> Ints:
        if epoch not in self._orders:
            for old in [e for e in self._orders if e < epoch - 1]:
                del self._orders[old]
            self._orders[epoch] = seeds.order(self._seed, epoch, len(self._waves))
        return self._orders[epoch]


def looks_sounds(split: Split, *, batch_size: int, device: torch.device, rows: Ints | None = None) -> Iterator[Batch]:
    """Yield the samples of a split in order, unvaried: all, or those at ``rows``; the last batch may be smaller."""
    waves = _waves(split.inputs)
    chosen = np.arange(len(split), dtype=np.int64) if rows is None else np.asarray(rows, np.int64)
    for start in range(0, len(chosen), batch_size):
        ids = chosen[start : start + batch_size]
        targets = np.array(np.asarray(split.targets)[ids])
        yield Batch(inputs=placed(waves[ids], device), targets=placed(targets, device), ids=ids)


def _waves(column: Any) -> Waves:
    if not isinstance(column, Waves):
        raise TypeError(f"a {type(column).__name__} is no column of waveforms")
    return column
