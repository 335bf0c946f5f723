"""What a word looks like, in small numbers: an unknown word still tells its beginning, its ending and its shape.

Source: orthographic features of taggers since Ratnaparkhi, "A Maximum Entropy Model for Part-Of-Speech Tagging", EMNLP
1996; hashing: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

PREFIXES = (1, 2, 3)
SUFFIXES = (1, 2, 3, 4)
NUM_FEATURES = len(PREFIXES) + len(SUFFIXES) + 1
"""Beginnings, endings, and the shape."""

_FEWEST, _MOST = 16, 1 << 14
_LONGEST_RUN = 4
_LONGEST_SHAPE = 12
# FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv
_START, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


def hashes(keys: Sequence[str], words: Sequence[str]) -> Hashes:
    """Return 64-bit hashes of the features of some words, shape ``(len(words), NUM_FEATURES)``: always the same ones.

    ``keys`` are the words as they are looked up (in lower case), for beginnings and endings; ``words`` as they were
    written, for the shape.
    """
    beginnings = _codes([key[: PREFIXES[-1]] for key in keys], PREFIXES[-1])
    endings = _codes([key[: -SUFFIXES[-1] - 1 : -1] for key in keys], SUFFIXES[-1])
    shapes = _codes([shape(word) for word in words], _LONGEST_SHAPE)
    parts = [beginnings[:, :n] for n in PREFIXES] + [endings[:, :n] for n in SUFFIXES] + [shapes]
    return np.stack([_hashed(part) for part in parts], axis=1)


def buckets_for(hashed: Hashes) -> tuple[int, ...]:
    """Return into how many buckets each feature goes: a power of two, about twice as many as it has values here."""
    counts = [len(np.unique(hashed[:, i])) for i in range(hashed.shape[1])]
    return tuple(
        int(np.clip(1 << (2 * count - 1).bit_length(), _FEWEST, _MOST)) for count in map(_at_least_one, counts)
    )


def bucketed(hashed: Hashes, buckets: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return the bucket of each hash, from 1 on, for 0 means that there is no token."""
    return 1 + (hashed % np.array(buckets, np.uint64)).astype(np.int64)


def shape(word: str) -> str:
    """Return ``Xxxxx`` for ``Washington``, ``dddd`` for ``1984``, ``X.X`` for ``U.S``; runs count up to four."""
    found: list[str] = []
    for character in word:
        mark = _mark(character)
        if found[-_LONGEST_RUN:] != [mark] * _LONGEST_RUN:
            found.append(mark)
            if len(found) == _LONGEST_SHAPE:
                break
    return "".join(found)


def _mark(character: str) -> str:
    if character.isdigit():
        return "d"
    if character.isupper():
        return "X"
    if character.islower():
        return "x"
    return "c" if character.isalnum() else character


def _codes(texts: Sequence[str], width: int) -> npt.NDArray[np.uint32]:
    """Return code points, shape ``(len(texts), width)``, 0 behind the end of a text."""
    return np.array(texts, dtype=f"<U{width}").view("<u4").reshape(len(texts), width)


def _hashed(codes: npt.NDArray[np.uint32]) -> Hashes:
    state = np.full(len(codes), _START, np.uint64)
    with np.errstate(over="ignore"):
        for column in codes.T:
            state = (state ^ column) * _PRIME
    return state ^ (state >> np.uint64(29))  # the low bits of a product know little of the high ones


def _at_least_one(count: int) -> int:
    return max(count, 1)
