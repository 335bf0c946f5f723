"""The rows of a table as they were read: Arrow columns, seen as one column of samples."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.data import tablevalues

if TYPE_CHECKING:
    import pyarrow as pa

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

AT_ONCE = 1 << 16
"""Rows that are looked at together where a table may be larger than the memory."""

_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_STEP = np.uint64(0x9E3779B97F4A7C15)


class Cells:
    """Rows of an Arrow table, whose columns are texts, numbers or instants. It may lie in a memory-mapped file."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.table.column_names)

    def __getitem__(self, key: Any) -> Any:
        """Return one row as a ``dict`` for an int, `Cells` for a slice or an int array."""
        if isinstance(key, int | np.integer):
            place = range(len(self))[int(key)]
            return self.table.slice(place, 1).to_pylist()[0]
        if isinstance(key, slice) and (key.step or 1) == 1:
            start, stop, _ = key.indices(len(self))
            return Cells(self.table.slice(start, max(0, stop - start)))
        return Cells(self.table.take(np.arange(len(self))[key]))

    def column(self, name: str) -> pa.ChunkedArray:
        """Return one column."""
        return self.table.column(name)


class RowNames:
    """What rows are called: ``file.csv#17`` for the seventeenth row of a file, as a column of texts."""

    def __init__(self, name: str, rows: Ints) -> None:
        self._name = name
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: Any) -> Any:
        """Return one name for an int, a list of names for a slice or an int array."""
        if isinstance(key, int | np.integer):
            return f"{self._name}#{self._rows[int(key)]}"
        return [f"{self._name}#{row}" for row in self._rows[key].tolist()]


class Joined:
    """Several columns, one after the other, as one column of lists."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self._parts = tuple(parts)
        self._starts = np.cumsum([0, *map(len, self._parts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, key: Any) -> Any:
        """Return one item for an int, a list of items for a slice or an int array."""
        if isinstance(key, int | np.integer):
            return self._at(range(len(self))[int(key)])
        return [self._at(place) for place in np.arange(len(self))[key].tolist()]

    def _at(self, place: int) -> Any:
        part = int(np.searchsorted(self._starts, place, side="right")) - 1
        return self._parts[part][place - int(self._starts[part])]


def pieces(column: Any, size: int = AT_ONCE) -> Iterator[Cells]:
    """Yield the rows of a column of `Cells`, or of a view on one, in order and piece by piece."""
    for start in range(0, len(column), size):
        yield column[start : start + size]


def digests(cells: Any, names: Sequence[str]) -> npt.NDArray[np.void]:
    """Return 16-byte digests of rows over some columns, shape ``(n,)`` dtype ``V16``, equal for equal contents.

    A cell counts as the number that it is read as, else as the text that it is, so that ``1.0`` and ``1`` are equal.
    """
    made = [_mixed(part, names) for part in pieces(cells)]
    words = np.concatenate(made) if made else np.zeros((0, 2), np.uint64)
    return np.ascontiguousarray(words).view("V16").reshape(-1)


def codes(column: Any) -> npt.NDArray[np.int64]:
    """Return a number for each cell, ``(n,)``, equal for equal cells; missing ones are equal too."""
    _, found = np.unique(_words(column), return_inverse=True)
    return np.asarray(found, np.int64)


def _mixed(cells: Cells, names: Sequence[str]) -> Words:
    """Return two words for each row, ``(n, 2)``: the columns mixed in their order."""
    state = np.zeros((len(cells), 2), np.uint64)
    for name in names:
        words = _words(cells.column(name))
        for half, multiplier in enumerate(_MULTIPLIERS):
            state[:, half] = _scrambled((state[:, half] ^ words) * multiplier + _STEP)
    return state


def _words(column: Any) -> Words:
    """Return a word for each cell that is the same for the same number, or the same text, and 0 where it is missing."""
    array = tablevalues.flat(column)
    numbers = tablevalues.numbers(array)
    words = _scrambled((numbers.values + 0.0).view(np.uint64) + _STEP)
    words[np.isnan(numbers.values)] = 0
    if numbers.bad.any():
        texts = tablevalues.texts(array.filter(numbers.bad)).dictionary_encode()
        known = np.array([_word(text) for text in texts.dictionary.to_pylist()] + [0], np.uint64)
        words[numbers.bad] = known[np.asarray(texts.indices.fill_null(len(known) - 1))]
    return words


def _word(text: str | None) -> int:
    digest = hashlib.blake2b((text or "").encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") | 1


def _scrambled(words: Words) -> Words:
    """Return words in which every bit depends on every bit before.

    Source: SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014, figure 19.
    """
    words = (words ^ (words >> np.uint64(30))) * _MULTIPLIERS[0]
    words = (words ^ (words >> np.uint64(27))) * _MULTIPLIERS[1]
    return words ^ (words >> np.uint64(31))
