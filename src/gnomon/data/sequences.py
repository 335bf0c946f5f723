"""Batches of sequences that differ in length: alike in length, padded with zeros, a pure function of the step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.ranks import Ranks
from gnomon.core.spec import Batch, Split
from gnomon.data.ragged import Ragged

if TYPE_CHECKING:
    import torch

Ints = npt.NDArray[np.int64]

NO_TAG = -1
"""The target where there is no token."""
MULTIPLE = 8
"""Lengths of batches are multiples of this: few different shapes, which vector units like."""

_POOL_BATCHES = 50
_POOLS_OF_EPOCH = 4


class SequenceFeed:
    """Training batches of one split. Epochs follow each other without a gap.

    The samples of about 50 batches, in the order of the epoch, form a pool; they are sorted by length and cut into
    batches, which come in a seeded order. A pool is at most a quarter of an epoch, so that hardly a batch holds a
    sample twice where an epoch ends and the next one begins.
    """

    def __init__(self, split: Split, *, batch_size: int, seed: int, device: torch.device, ranks: Ranks) -> None:
        self._inputs = _ragged(split.inputs)
        self._targets = split.targets
        self._lengths = self._inputs.lengths
        self._batch_size = batch_size
        self._seed = seed
        self._device = device
        self._ranks = ranks
        self._pool_batches = max(1, min(_POOL_BATCHES, len(split) // (_POOLS_OF_EPOCH * batch_size)))
        self._orders: dict[int, Ints] = {}
        self._pools: dict[int, Ints] = {}

    @property
    def num_samples(self) -> int:
        """Samples of one epoch."""
        return len(self._inputs)

    @property
    def typical_step(self) -> int:
        """The step of the first pool whose batch is padded to about the mean length of them all."""
        longest = self._lengths[self._pool(0)].max(axis=1)
        return int(np.abs(longest - longest.mean()).argmin())

    def batch(self, step: int, *, size: int) -> Batch:
        """Return this rank's part of the batch of one step; ``size`` changes nothing, for a text has its own length.

        All ranks pad to the longest sample of the whole batch.
        """
        ids = self.ids(step)
        mine = ids[self._ranks.share(self._batch_size)]
        return _collated(self._inputs, self._targets, mine, _width(self._lengths[ids]), self._device)

    def ids(self, step: int) -> Ints:
        """Return which samples all ranks together see in a step, shape ``(batch,)``, shorter ones first."""
        pool, within = divmod(step, self._pool_batches)
        return self._pool(pool)[within]

    def _pool(self, pool: int) -> Ints:
        """Return the samples of the batches of one pool, shape ``(batches, batch)``."""
        if pool not in self._pools:
            for old in [p for p in self._pools if p < pool - 1]:
                del self._pools[old]
            size = self._pool_batches * self._batch_size
            ids = self._ids_at(np.arange(pool * size, (pool + 1) * size, dtype=np.int64))
            ids = ids[np.argsort(self._lengths[ids], kind="stable")].reshape(self._pool_batches, self._batch_size)
            self._pools[pool] = ids[seeds.order(seeds.key("pool", self._seed), pool, self._pool_batches)]
        return self._pools[pool]

    def _ids_at(self, positions: Ints) -> Ints:
        epochs, within = np.divmod(positions, len(self._inputs))
        ids = np.empty_like(positions)
        for epoch in np.unique(epochs).tolist():
            chosen = epochs == epoch
            ids[chosen] = self._order(epoch)[within[chosen]]
        return ids

    def _order(self, epoch: int) -> Ints:
        if epoch not in self._orders:
            for old in [e for e in self._orders if e < epoch - 1]:
                del self._orders[old]
            self._orders[epoch] = seeds.order(self._seed, epoch, len(self._inputs))
        return self._orders[epoch]


def looks_sequences(
    split: Split, *, batch_size: int, device: torch.device, rows: Ints | None = None
) -> Iterator[Batch]:
    """Yield the samples of a split in order: all, or those at ``rows``; the last batch may be smaller."""
    inputs = _ragged(split.inputs)
    chosen = np.arange(len(split), dtype=np.int64) if rows is None else np.asarray(rows, np.int64)
    for start in range(0, len(chosen), batch_size):
        ids = chosen[start : start + batch_size]
        yield _collated(inputs, split.targets, ids, _width(inputs.lengths[ids]), device)


def collate(column: Ragged, ids: Ints, width: int, empty: int) -> Ints:
    """Return samples side by side, int64 ``(len(ids), width, …)``, with ``empty`` behind the end of each.

    ``width`` is at least the length of the longest of them.
    """
    lengths = column.lengths[ids]
    rows = np.repeat(np.arange(len(ids)), lengths)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    inner = column.values.shape[1:]
    padded = np.full((len(ids) * width, *inner), empty, np.int64)
    padded[rows * width + within] = column.values[np.repeat(column.offsets[ids], lengths) + within]
    return padded.reshape(len(ids), width, *inner)


def placed(array: npt.NDArray[Any], device: torch.device) -> torch.Tensor:
    """Return an array that nobody else uses as a tensor on ``device``; a GPU fetches it while others compute."""
    import torch

    tensor = torch.from_numpy(array)
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def _collated(inputs: Ragged, targets: Any, ids: Ints, width: int, device: torch.device) -> Batch:
    tokens = collate(inputs, ids, width, 0)
    wanted = collate(targets, ids, width, NO_TAG) if isinstance(targets, Ragged) else _whole(targets[ids])
    return Batch(inputs=placed(tokens, device), targets=placed(wanted, device), ids=ids)


def _whole(targets: Any) -> npt.NDArray[Any]:
    """Return the targets of whole samples: classes int64, or numbers float64."""
    return np.array(targets, np.float64 if np.asarray(targets).dtype.kind == "f" else np.int64)


def _width(lengths: Ints) -> int:
    return max(MULTIPLE, -(-int(lengths.max(initial=0)) // MULTIPLE) * MULTIPLE)


def _ragged(column: Any) -> Ragged:
    if not isinstance(column, Ragged):
        raise TypeError(f"a {type(column).__name__} is no column of sequences")
    return column
