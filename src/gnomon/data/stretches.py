"""Stretches of a series: windows of one length out of rows that are equally far apart in time, seen without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Column
from gnomon.data.ordered import within

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.float32]


class Stretches:
    """Windows of ``length`` rows of ``rows (rows, channels)``, as a column: window i begins at row ``starts[i]``.

    ``before`` rows at the beginning belong to what comes before: they may lie in a window, and are not asked about.
    """

    def __init__(self, rows: Rows, *, length: int, starts: Ints, before: int = 0) -> None:
        starts = np.asarray(starts, np.int64)
        if length < 1 or (len(starts) and not (starts.min() >= 0 and starts.max() <= len(rows) - length)):
            raise ValueError(f"windows of {length} rows do not all lie in {len(rows)} rows")
        self.rows = np.ascontiguousarray(rows, np.float32)
        self.length = length
        self.starts = starts
        self.before = before

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, key: Any) -> Any:
        """Return the rows of a window, ``(length, channels)`` for an int, ``(n, length, channels)`` for others."""
        views = np.lib.stride_tricks.sliding_window_view(self.rows, self.length, axis=0)
        return np.ascontiguousarray(np.moveaxis(views[self.starts[key]], -1, -2))


class Picked:
    """The samples of a column at some places: a view, not a copy."""

    def __init__(self, parent: Column, places: Ints) -> None:
        self.parent = parent
        self.places = np.asarray(places, np.int64)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, key: Any) -> Any:
        """Return the samples at an int, a slice or an int array, as the parent gives them."""
        if isinstance(key, slice):
            return self.parent[self.places[key]]
        return self.parent[self.places[within(key, len(self))]]


def every(num_rows: int, length: int) -> Ints:
    """Return where all windows begin that lie in so many rows."""
    return np.arange(max(0, num_rows - length + 1), dtype=np.int64)


def covering(num_rows: int, length: int, stride: int) -> Ints:
    """Return where windows begin that together cover all rows: one every ``stride`` rows, and one at the very end."""
    last = num_rows - length
    if last < 0:
        return np.zeros(0, np.int64)
    return np.unique(np.append(np.arange(0, last + 1, max(1, stride), dtype=np.int64), last))


def lengthened(rows: Rows, length: int) -> tuple[Rows, int]:
    """Return at least ``length`` rows and how many of them were put in front: the first rows, mirrored.

    Rows too few for a window can be looked at that way; where there are enough, they are returned as they are.
    """
    missing = length - len(rows)
    if missing <= 0:
        return rows, 0
    if not len(rows):
        raise ValueError("there is no row to mirror")
    return np.pad(rows, ((missing, 0), (0, 0)), mode="symmetric"), missing
