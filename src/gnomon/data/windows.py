"""Windows of a series: some steps that are known and the steps that follow them, and batches of such windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.ranks import Ranks
from gnomon.core.spec import Batch, Column, Split

if TYPE_CHECKING:
    import torch

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.float32]


class Windows:
    """All windows of rows ``(rows, channels)`` that are equally far apart in time, as a column.

    Window i knows the ``lookback`` rows before row ``first + i`` and is to forecast ``horizon`` rows from there on, of
    the channels ``columns``. There is one for every row from ``first`` on that has ``horizon`` rows from itself on.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        lookback: int,
        horizon: int,
        first: int,
        columns: tuple[int, ...] | None = None,
        before: Sequence[str] = (),
        names: Column | None = None,
    ) -> None:
        """The names of the rows, their times, are those of ``before`` and then those of ``names``, where given."""
        if not (1 <= lookback <= first and horizon >= 1):
            raise ValueError(f"windows of {lookback} and {horizon} rows from row {first} on")
        self.rows = np.ascontiguousarray(rows, np.float32)
        self.lookback = lookback
        self.horizon = horizon
        self.first = first
        self.columns = tuple(range(rows.shape[1])) if columns is None else columns
        self._before = before
        self._names = names

    def __len__(self) -> int:
        return max(0, len(self.rows) - self.first - self.horizon + 1)

    def __getitem__(self, key: Any) -> Any:
        """Return the known steps, ``(lookback, channels)`` for an int, ``(n, lookback, channels)`` for others."""
        return self._taken(key, -self.lookback, self.lookback)

    def futures(self, key: Any) -> Rows:
        """Return the steps to be forecast, ``(horizon, target channels)`` or ``(n, horizon, target channels)``."""
        taken: Rows = self._taken(key, 0, self.horizon)[..., list(self.columns)]
        return taken

    def times(self, window: int) -> list[str]:
        """Return the names of the known and the coming rows of one window; none where rows have no names."""
        if self._names is None:
            return []
        start = self.first + window - self.lookback
        stop, num_before = start + self.lookback + self.horizon, len(self._before)
        later = self._names[max(0, start - num_before) : max(0, stop - num_before)]
        return [*self._before[start:stop], *(str(name) for name in later)]

    def _taken(self, key: Any, shift: int, length: int) -> Any:
        places = np.arange(len(self))[key] + self.first + shift
        views = np.lib.stride_tricks.sliding_window_view(self.rows, length, axis=0)
        return np.ascontiguousarray(np.moveaxis(views[places], -1, -2))


class WindowFeed:
    """Training batches of windows in a seeded order. Epochs follow each other without a gap."""

    def __init__(self, split: Split, *, batch_size: int, seed: int, device: torch.device, ranks: Ranks) -> None:
        self._order = _Order(len(split), batch_size=batch_size, seed=seed, ranks=ranks)
        self._table = _Table(_windows(split), device)

    @property
    def num_samples(self) -> int:
        """Windows of one epoch."""
        return self._order.num_samples

    @property
    def typical_step(self) -> int:
        """Any step: all batches cost the same."""
        return 0

    def batch(self, step: int, *, size: int) -> Batch:
        """Return this rank's part of the batch of one step; ``size`` changes nothing."""
        return self._table.batch(self._order.ids(step))


def looks_windows(split: Split, *, batch_size: int, device: torch.device, rows: Ints | None = None) -> Iterator[Batch]:
    """Yield the windows of a split in order: all, or those at ``rows``; the last batch may be smaller."""
    table = _Table(_windows(split), device)
    for ids in _portions(len(split), batch_size, rows):
        yield table.batch(ids)


class ArrayFeed:
    """Training batches of samples of one shape, such as whole series with a label, in a seeded order."""

    def __init__(self, split: Split, *, batch_size: int, seed: int, device: torch.device, ranks: Ranks) -> None:
        self._order = _Order(len(split), batch_size=batch_size, seed=seed, ranks=ranks)
        self._split = split
        self._device = device

    @property
    def num_samples(self) -> int:
        """Samples of one epoch."""
        return self._order.num_samples

    @property
    def typical_step(self) -> int:
        """Any step: all batches cost the same."""
        return 0

    def batch(self, step: int, *, size: int) -> Batch:
        """Return this rank's part of the batch of one step; ``size`` changes nothing."""
        return _array_batch(self._split, self._order.ids(step), self._device)


def looks_arrays(split: Split, *, batch_size: int, device: torch.device, rows: Ints | None = None) -> Iterator[Batch]:
    """Yield the samples of a split in order: all, or those at ``rows``; the last batch may be smaller."""
    for ids in _portions(len(split), batch_size, rows):
        yield _array_batch(split, ids, device)


class _Order:
    """Which samples a rank sees in a step: a pure function of the step."""

    def __init__(self, num_samples: int, *, batch_size: int, seed: int, ranks: Ranks) -> None:
        self.num_samples = num_samples
        self._batch_size = batch_size
        self._seed = seed
        self._ranks = ranks
        self._orders: dict[int, Ints] = {}

    def ids(self, step: int) -> Ints:
        """Return this rank's samples of one step, shape ``(batch,)``."""
        positions = np.arange(step * self._batch_size, (step + 1) * self._batch_size, dtype=np.int64)
        epochs, within = np.divmod(positions[self._ranks.share(self._batch_size)], self.num_samples)
        ids = np.empty_like(epochs)
        for epoch in np.unique(epochs).tolist():
            chosen = epochs == epoch
            ids[chosen] = self._of_epoch(epoch)[within[chosen]]
        return ids

    def _of_epoch(self, epoch: int) -> Ints:
        if epoch not in self._orders:
            for old in [e for e in self._orders if e < epoch - 1]:
                del self._orders[old]
            self._orders[epoch] = seeds.order(self._seed, epoch, self.num_samples)
        return self._orders[epoch]


class _Table:
    """The rows of a series on the device, seen as a table in which every window is a line: nothing is copied for it."""

    def __init__(self, windows: Windows, device: torch.device) -> None:
        import torch

        self._windows = windows
        self._channels = windows.rows.shape[1]
        self._length = windows.lookback + windows.horizon
        rows = torch.tensor(windows.rows, device=device)
        start = (windows.first - windows.lookback) * self._channels
        # Rows that follow each other lie side by side in memory, so that window i + 1 begins one row after window i.
        self._lines = rows.as_strided(
            (len(windows), self._length * self._channels), (self._channels, 1), storage_offset=start
        )
        self._columns = torch.tensor(windows.columns, device=device)
        self._device = device

    def batch(self, ids: Ints) -> Batch:
        """Return inputs ``(batch, lookback, channels)`` and targets ``(batch, horizon, target channels)``."""
        import torch

        places = torch.from_numpy(ids).to(self._device, non_blocking=True)
        steps = self._lines.index_select(0, places).view(len(ids), self._length, self._channels)
        targets = steps[:, self._windows.lookback :]
        if self._windows.columns != tuple(range(self._channels)):
            targets = targets.index_select(2, self._columns)
        return Batch(inputs=steps[:, : self._windows.lookback], targets=targets, ids=ids)


def _array_batch(split: Split, ids: Ints, device: torch.device) -> Batch:
    import torch

    inputs = torch.from_numpy(np.array(split.inputs[ids], np.float32)).to(device, non_blocking=True)
    targets = torch.from_numpy(np.array(split.targets[ids])).to(device, non_blocking=True)
    return Batch(inputs=inputs, targets=targets, ids=ids)


def _windows(split: Split) -> Windows:
    if not isinstance(split.inputs, Windows):
        raise TypeError(f"a {type(split.inputs).__name__} holds no windows")
    return split.inputs


def _portions(num_samples: int, size: int, rows: Ints | None) -> Iterator[Ints]:
    chosen = np.arange(num_samples, dtype=np.int64) if rows is None else np.asarray(rows, np.int64)
    for start in range(0, len(chosen), size):
        yield chosen[start : start + size]
