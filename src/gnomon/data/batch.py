"""Batches as a pure function of the step: no iterator holds a position that a checkpoint could forget."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gnomon.core import seed as seeds
from gnomon.core.ranks import Ranks
from gnomon.core.spec import Batch, Split
from gnomon.data.augment import Augment, resize

_SHARE_OF_DEVICE = 0.3


class Feed:
    """Training batches of one split. Epochs follow each other without a gap: a batch may end one and begin the next."""

    def __init__(
        self, split: Split, *, batch_size: int, seed: int, augment: Augment, device: torch.device, ranks: Ranks
    ) -> None:
        self._split = split
        self._batch_size = batch_size
        self._seed = seed
        self._augment = augment
        self._device = device
        self._ranks = ranks
        self._resident = _resident(split, device)
        self._targets = torch.from_numpy(np.array(split.targets)).to(device)  # a copy: they may be mapped read-only
        self._orders: dict[int, npt.NDArray[np.int64]] = {}

    @property
    def num_samples(self) -> int:
        """Samples of one epoch."""
        return len(self._split)

    @property
    def typical_step(self) -> int:
        """Any step: all batches cost the same."""
        return 0

    def batch(self, step: int, *, size: int) -> Batch:
        """Return this rank's part of the batch of one step, pictures with ``size`` pixels on the longer side."""
        ids, epochs = self.ids(step)
        inputs = self._augment(self._pick(ids), ids, epochs, size)
        rows = torch.from_numpy(ids).to(self._device, non_blocking=True)
        return Batch(inputs=inputs, targets=self._targets[rows], ids=ids)

    def ids(self, step: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return which samples this rank sees in a step, and in which epoch each: shapes ``(batch,)``."""
        positions = np.arange(step * self._batch_size, (step + 1) * self._batch_size, dtype=np.int64)
        positions = positions[self._ranks.share(self._batch_size)]
        epochs, within = np.divmod(positions, len(self._split))
        ids = np.empty_like(positions)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            ids[chosen] = self._order(int(epoch))[within[chosen]]
        return ids, epochs

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        if epoch not in self._orders:
            for old in [e for e in self._orders if e < epoch - 1]:
                del self._orders[old]
            self._orders[epoch] = seeds.order(self._seed, epoch, len(self._split))
        return self._orders[epoch]

    def _pick(self, ids: npt.NDArray[np.int64]) -> Tensor:
        if self._resident is not None:
            return self._resident[torch.from_numpy(ids).to(self._device, non_blocking=True)]
        return torch.from_numpy(np.ascontiguousarray(self._split.inputs[ids])).to(self._device, non_blocking=True)


def looks(
    split: Split, *, batch_size: int, size: int, device: torch.device, rows: npt.NDArray[np.int64] | None = None
) -> Iterator[Batch]:
    """Yield the samples of a split, all or those at ``rows``, in order, unvaried; the last batch may be smaller."""
    chosen = np.arange(len(split), dtype=np.int64) if rows is None else rows
    for start in range(0, len(chosen), batch_size):
        ids = chosen[start : start + batch_size]
        pixels = torch.from_numpy(np.ascontiguousarray(split.inputs[ids])).to(device, non_blocking=True)
        targets = torch.from_numpy(split.targets[ids]).to(device, non_blocking=True)
        yield Batch(inputs=resize(pixels, size), targets=targets, ids=ids)


def _resident(split: Split, device: torch.device) -> Tensor | None:
    """Return the whole split on the GPU where it takes a modest share of its memory; on a processor it stays mapped."""
    if device.type != "cuda" or not len(split):
        return None
    sample = np.asarray(split.inputs[np.zeros(1, dtype=np.int64)])
    free, _ = torch.cuda.mem_get_info(device)
    if sample.nbytes * len(split) > _SHARE_OF_DEVICE * free:
        return None
    return torch.from_numpy(np.ascontiguousarray(split.inputs[np.arange(len(split))])).to(device)
