"""From the symbols of nodes to numbers: a closed list where there are few, words with their looks where there are many.

Feature 0 names the symbol. A node without a symbol has a number of its own there, and so has a symbol that the closed
list lacks; many unknown words share a few numbers, as in ``words.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from gnomon.data.tokenise import described, undescribed, well_formed
from gnomon.data.words import Listed, Words

Codes = npt.NDArray[np.int32]

MOST_CLOSED = 200
"""With more different symbols than this in training, new ones are to be expected."""


class Closed:
    """Symbols of a list: 1 is no symbol, 2 an unknown one, then those of the list, the most frequent first."""

    kind: ClassVar[str] = "closed"

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.vocabulary = tuple(vocabulary)
        self._number_of = {symbol: 3 + i for i, symbol in enumerate(self.vocabulary)} | {"": 1}

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each feature has."""
        return (3 + len(self.vocabulary),)

    def features(self, symbols: Sequence[str]) -> Codes:
        """Return one row of features for each symbol, shape ``(len(symbols), features)``."""
        return np.array([[self._number_of.get(well_formed(one), 2)] for one in symbols], np.int32).reshape(-1, 1)

    def is_known(self, symbols: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return which symbols have a number of their own."""
        return self.features(symbols)[:, 0] != 2

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values from which ``from_dict`` makes the same."""
        return {"kind": self.kind, "vocabulary": list(self.vocabulary)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Closed:
        """Return what ``as_dict`` described. Raises ``ArtefactError``."""
        vocabulary = described(values, "vocabulary", list)
        if not all(isinstance(one, str) for one in vocabulary) or len(set(vocabulary)) != len(vocabulary):
            raise undescribed("its vocabulary is not a list of different symbols")
        return cls(vocabulary)


class Open:
    """Symbols as words: 1 is no symbol, then the numbers of `Words`, each one higher; beginnings, endings, shape."""

    kind: ClassVar[str] = "words"

    def __init__(self, words: Words) -> None:
        self._words = words

    @property
    def vocabulary(self) -> Sequence[str]:
        """The words that have a number of their own."""
        return self._words.vocabulary

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each feature has."""
        return tuple(1 + size for size in self._words.sizes)

    def features(self, symbols: Sequence[str]) -> Codes:
        """Return one row of features for each symbol, shape ``(len(symbols), features)``."""
        found = 1 + self._words.features([well_formed(one) for one in symbols])
        found[[one == "" for one in symbols]] = 1
        return found.astype(np.int32)

    def is_known(self, symbols: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return which symbols have a number of their own."""
        found: npt.NDArray[np.bool_] = self.features(symbols)[:, 0] > self._words.first_known
        return found | np.array([one == "" for one in symbols], bool)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values from which ``from_dict`` makes the same."""
        return self._words.as_dict()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Open:
        """Return what ``as_dict`` described. Raises ``ArtefactError``."""
        return cls(Words.from_dict(values))


Symbols = Closed | Open


def fitted(distinct: Sequence[str], codes: Codes, *, most: int | None, lowercase: bool) -> Symbols:
    """Return the symbols of some nodes, whose symbols are ``distinct[codes]``.

    ``most`` is how many have a number of their own at most; ``lowercase`` takes capital and small letters for the same
    where the symbols are words.
    """
    counts = np.bincount(codes, minlength=len(distinct)).tolist()
    named = [(symbol, count) for symbol, count in zip(distinct, counts, strict=True) if symbol and count]
    if len(named) <= MOST_CLOSED:
        ranked = sorted(named, key=lambda pair: (-pair[1], pair[0]))
        return Closed(list(dict.fromkeys(well_formed(symbol) for symbol, _ in ranked))[:most])
    order = np.flatnonzero([symbol != "" for symbol in distinct])
    number = np.full(len(distinct), -1, np.int32)
    number[order] = np.arange(len(order))
    kept = number[codes]
    kept = kept[kept >= 0]
    listed = Listed(
        codes=kept,
        offsets=np.array([0, len(kept)], np.int64),
        distinct=[well_formed(distinct[i]) for i in order.tolist()],
    )
    return Open(Words.fitted(listed, most=most, lowercase=lowercase))


def from_dict(values: Mapping[str, Any]) -> Symbols:
    """Return what ``as_dict`` of either kind described. Raises ``ArtefactError``."""
    kind = values.get("kind")
    if kind == Closed.kind:
        return Closed.from_dict(values)
    if kind == Words.kind:
        return Open.from_dict(values)
    raise undescribed(f"symbols of the kind {kind!r} are not known")
