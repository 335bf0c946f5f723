"""A text to be continued: too short, or nearly always the same character."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Column, Dataset, Text
from gnomon.data.content import spread
from gnomon.data.finding import Finding
from gnomon.data.ordered import offsets

MIN_CHARACTERS = 200
"""A shorter text is refused."""
SHORT_CHARACTERS = 10_000
"""A shorter text is learned by heart."""
MIN_HELD = 1000
"""Fewer characters say little about how good a model is."""
COMMON = 0.5
"""No language has a character that makes up more than this share of a text."""

_ONLY = 0.999
_PIECE = 1 << 20
_NUM_PIECES = 16


def find(dataset: Dataset) -> Iterable[Finding]:
    """Return what is wrong with a text to be continued; nothing where the target is no text."""
    if not isinstance(dataset.spec.target, Text) or not dataset.splits:
        return
    name = "train" if "train" in dataset.splits else next(iter(dataset.splits))
    ends = offsets(dataset.splits[name].inputs)
    yield from _too_short(int(ends[-1]))
    for held in ("test", "valid"):
        if held in dataset.splits and held != name:
            num = int(offsets(dataset.splits[held].inputs)[-1])
            if num < MIN_HELD:
                text = f"{held} has {num:,} characters: the loss on it says little"
                yield Finding(level="warning", text=text, fix="give more text, or a larger share with --split")
    yield from _monotonous(dataset.splits[name].inputs, ends)


def _too_short(num: int) -> Iterable[Finding]:
    if num < MIN_CHARACTERS:
        text = f"the training text has {num:,} characters: too short to learn from"
        yield Finding(level="error", text=text, fix=f"give at least {MIN_CHARACTERS}, better a million")
    elif num < SHORT_CHARACTERS:
        text = f"the training text has {num:,} characters: it will be learned by heart rather than understood"
        yield Finding(level="warning", text=text, fix="give more text")


def _monotonous(texts: Column, ends: npt.NDArray[np.int64]) -> Iterable[Finding]:
    counts = np.zeros(1, np.int64)
    for piece in _pieces(texts, ends):
        codes = np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        found = np.bincount(codes, minlength=len(counts))
        found[: len(counts)] += counts
        counts = found
    most, total = int(counts.argmax()), int(counts.sum())
    share = counts[most] / max(1, total)
    if share >= _ONLY:
        text = f"the training text is nearly nothing but the character {chr(most)!r} ({share:.2%})"
        yield Finding(level="error", text=f"{text}: there is nothing to learn", fix="give another text")
    elif share > COMMON:
        yield Finding(level="warning", text=f"{share:.1%} of the training text is the character {chr(most)!r}")


def _pieces(texts: Column, ends: npt.NDArray[np.int64]) -> Iterator[str]:
    """Yield the whole text in pieces, or, where it is very long, pieces from all over it."""
    num_pieces = -(-int(ends[-1]) // _PIECE)
    for number in spread(num_pieces, _NUM_PIECES):
        start, stop = number * _PIECE, min((number + 1) * _PIECE, int(ends[-1]))
        first = int(np.searchsorted(ends, start, side="right")) - 1
        last = int(np.searchsorted(ends, stop, side="left"))
        places = np.arange(first, last)
        for place, text in zip(places, texts[places], strict=True):
            yield text[max(0, start - int(ends[place])) : stop - int(ends[place])]
