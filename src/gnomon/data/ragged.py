"""Columns of samples that differ in length: texts, and sequences of numbers in one flat array."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


class Items:
    """Any objects in a list, as a column: an int gives one of them, a slice or an int array a list of some."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int | np.integer):
            return self._items[int(key)]
        if isinstance(key, slice):
            return list(self._items[key])
        return [self._items[int(i)] for i in np.asarray(key)]


class Ragged:
    """Arrays ``(length_i, …)``, one after the other in ``values (total, …)``; sample i begins at ``offsets[i]``."""

    def __init__(self, values: npt.NDArray[Any], offsets: npt.NDArray[np.int64]) -> None:
        if offsets[0] != 0 or offsets[-1] != len(values) or (np.diff(offsets) < 0).any():
            raise ValueError(f"{len(offsets)} offsets do not cut {len(values)} values into samples")
        self.values = values
        self.offsets = offsets

    @classmethod
    def of(cls, arrays: Iterable[npt.NDArray[Any]], *, like: npt.NDArray[Any]) -> Ragged:
        """Return the column of these arrays; ``like`` gives dtype and inner shape where there is none of them."""
        found = list(arrays)
        offsets = np.zeros(len(found) + 1, np.int64)
        np.cumsum([len(array) for array in found], out=offsets[1:])
        return cls(np.concatenate([like[:0], *found]), offsets)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Length of each sample, shape ``(num_samples,)``."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, key: Any) -> Any:
        """Return one array for an int, a list of arrays for a slice or an int array."""
        if isinstance(key, int | np.integer):
            place = range(len(self))[int(key)]
            return self.values[self.offsets[place] : self.offsets[place + 1]]
        places = range(len(self))[key] if isinstance(key, slice) else np.asarray(key)
        return [self[int(place)] for place in places]


def digests(contents: Iterable[bytes]) -> npt.NDArray[np.void]:
    """Return 16-byte digests, shape ``(num_samples,)`` dtype ``V16``, equal for equal contents."""
    joined = b"".join(hashlib.blake2b(content, digest_size=16).digest() for content in contents)
    return np.frombuffer(joined, dtype="V16")
