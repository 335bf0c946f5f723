"""Splits in order: what is to be continued is cut, not drawn, so that what is held out comes after the training data.

A text is cut by characters, all documents one after the other; a series is cut by rows.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Column, Series, Spec, Split, Text
from gnomon.data.longtext import Filed
from gnomon.data.ragged import digests

Ints = npt.NDArray[np.int64]
Unit = Literal["characters", "rows"]

_AT_ONCE = 4096


def unit_of(spec: Spec) -> Unit | None:
    """Return in what data of this spec is counted when it is cut in order; None where its samples are drawn."""
    if isinstance(spec.target, Text):
        return "characters"
    return "rows" if isinstance(spec.target, Series) else None


class Span:
    """The samples of a column from ``start`` to before ``stop``: a view, not a copy.

    ``whole`` is the split that was cut, where this is the inputs of a part of it.
    """

    def __init__(self, parent: Column, start: int, stop: int, whole: Split | None = None) -> None:
        self.parent = parent
        self.start = start
        self.stop = stop
        self.whole = whole

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, key: Any) -> Any:
        """Return the samples at an int, a slice or an int array, as the parent gives them."""
        if isinstance(key, slice):
            places = range(self.start, self.stop)[key]
            if places.step > 0:
                return self.parent[places.start : places.stop : places.step]
            return self.parent[np.arange(places.start, places.stop, places.step)]
        return self.parent[self.start + within(key, len(self))]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        found = np.asarray(self[:], dtype=dtype)
        return found.copy() if copy else found


class Passage:
    """The texts between two characters of the texts of ``whole``, counted over all of them: a view, not a copy.

    The first text and the last may be cut. A text without characters lies in the part that ends at its place.
    ``offsets (num_texts + 1,)`` tells at which character each text of ``whole`` begins.
    """

    def __init__(self, whole: Split, offsets: Ints, start: int, stop: int) -> None:
        self.whole = whole
        self.start = start
        self.stop = stop
        self.first = _place(offsets, start)
        last = _place(offsets, stop)
        self._num_texts = last - self.first + bool(last < len(whole) and offsets[last] < stop)
        self._offsets = offsets

    def __len__(self) -> int:
        return self._num_texts

    def __getitem__(self, key: Any) -> Any:
        """Return one text for an int, a list of texts for a slice or an int array."""
        if isinstance(key, int | np.integer):
            place = within(key, len(self))
            return self._cut(place, self.whole.inputs[self.first + place])
        places = np.arange(len(self))[key]
        return [self._cut(*found) for found in zip(places, self.whole.inputs[self.first + places], strict=True)]

    def limits(self, place: int) -> tuple[int, int]:
        """Return from where to where the text at ``place`` goes, in characters of the whole text."""
        begin, end = self._offsets[self.first + place], self._offsets[self.first + place + 1]
        return max(0, self.start - int(begin)), min(self.stop, int(end)) - int(begin)

    def is_cut(self, place: int) -> bool:
        """Tell whether the text at ``place`` is only a piece of the whole text."""
        start, stop = self.limits(place)
        return stop - start < self._offsets[self.first + place + 1] - self._offsets[self.first + place]

    def _cut(self, place: int, text: Any) -> Any:
        if 0 < place < len(self) - 1:
            return text
        start, stop = self.limits(place)
        return text[start:stop]


class Tape:
    """A split as one long tape of characters or rows, from which parts are cut."""

    def __init__(self, whole: Split, unit: Unit) -> None:
        self.whole = whole
        self._offsets = offsets(whole.inputs) if unit == "characters" else None

    @property
    def size(self) -> int:
        """How many characters or rows there are."""
        return len(self.whole) if self._offsets is None else int(self._offsets[-1])

    def cut(self, start: int, stop: int) -> Split:
        """Return the part from ``start`` to before ``stop``. Raises ``ValueError`` where it does not lie inside."""
        if not 0 <= start <= stop <= self.size:
            raise ValueError(f"{start} to {stop} does not lie inside {self.size}")
        whole = self.whole
        if self._offsets is None:
            rows = Span(whole.inputs, start, stop, whole)
            return Split(inputs=rows, targets=rows, ids=Span(whole.ids, start, stop), hashes=whole.hashes[start:stop])
        texts = Passage(whole, self._offsets, start, stop)
        ids, hashes = _named(texts)
        return Split(inputs=texts, targets=texts, ids=ids, hashes=hashes)


def num_characters(texts: Column) -> int:
    """Return how many characters some texts have together; those of a large file are not read for it."""
    return texts.stop - texts.start if isinstance(texts, Passage) else int(offsets(texts)[-1])


def is_one_text(texts: Column) -> bool:
    """Return whether texts are pieces of one: a single one, or what a large file was cut into."""
    whole = texts.whole.inputs if isinstance(texts, Passage) else texts
    return len(texts) <= 1 or (isinstance(whole, Filed) and whole.one_text)


def limits(part: Split) -> tuple[int, int]:
    """Return from where to where a part was cut out of its whole. Raises ``TypeError`` where it was not cut."""
    if not isinstance(part.inputs, Span | Passage):
        raise TypeError(f"a {type(part.inputs).__name__} was not cut in order")
    return part.inputs.start, part.inputs.stop


def rows_before(part: Split, count: int) -> npt.NDArray[np.float32]:
    """Return up to ``count`` rows ``(rows, channels)`` that come right before a part of a series; a view.

    There are none where the part begins its whole, or is a whole of its own.
    """
    if not isinstance(part.inputs, Span):
        return np.asarray(part.inputs[:0])
    return np.asarray(part.inputs.parent[max(0, part.inputs.start - count) : part.inputs.start])


def names_before(part: Split, count: int) -> list[str]:
    """Return the ids of the rows that `rows_before` gives."""
    if not isinstance(part.ids, Span):
        return []
    return [str(name) for name in part.ids.parent[max(0, part.ids.start - count) : part.ids.start]]


def offsets(texts: Column) -> Ints:
    """Return at which character each text begins, and the number of all, shape ``(num_texts + 1,)``."""
    found = np.zeros(len(texts) + 1, np.int64)
    if isinstance(texts, Filed):
        np.cumsum(texts.lengths, out=found[1:])
        return found
    for start in range(0, len(texts), _AT_ONCE):
        places = np.arange(start, min(start + _AT_ONCE, len(texts)))
        found[1 + places] = [len(text) for text in texts[places]]
    return np.cumsum(found, out=found)


def within(key: Any, size: int) -> Any:
    """Return indices as ones from 0, where negative ones count from the end. Raises ``IndexError`` beyond the ends."""
    places = np.asarray(key, dtype=np.int64)
    if places.size and (places.min() < -size or places.max() >= size):
        raise IndexError(f"there are {size} samples")
    places = np.where(places < 0, places + size, places)
    return places if places.ndim else int(places)


def _place(offsets: Ints, at: int) -> int:
    """Return the number of the text that holds the character ``at``; at the very end, the number of texts."""
    if at == offsets[-1]:
        return len(offsets) - 1 if at else 0
    return int(np.searchsorted(offsets[:-1], at, side="right")) - 1 if at else 0


def _named(texts: Passage) -> tuple[npt.NDArray[Any], npt.NDArray[np.void]]:
    """Return ids and hashes of the texts of a passage; pieces have their own: ``book.txt[0:1000]``."""
    rows = texts.first + np.arange(len(texts))
    ids = np.empty(len(texts), dtype=object)
    ids[:] = list(texts.whole.ids[rows])
    hashes = texts.whole.hashes[rows]
    for place in {0, len(texts) - 1} if len(texts) else ():
        if texts.is_cut(place):
            start, stop = texts.limits(place)
            ids[place] = f"{ids[place]}[{start}:{stop}]"
            hashes[place] = digests([str(texts[place]).encode("utf-8", "surrogatepass")])[0]
    return ids, hashes
