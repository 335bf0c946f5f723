"""How large the linear models beside a classifier of texts are."""

from __future__ import annotations

import math

from gnomon.core.spec import Sequence

_FOLDS = (2, 4)
"""Folds at least and at most: fewer where there are many classes."""
_MOST_COLUMNS = 64
_MOST_NUMBERS = 2**24
"""Numbers of all linear models together: with very many classes their n-grams share rows."""
_BITS = (10, 14, 20)
"""Of the number of rows: at least, at least where there is room, at most."""
_OPENING = 3
"""Words at the beginning of a short text, a question say, that tell much by their place; in longer ones they do not."""
SHORT = 40
"""Words up to which a text is short."""


def margin_rows(num_texts: int, text: Sequence, num_classes: int, *, folds: int) -> int:
    """Return how many rows the table of n-grams should have for so many texts: a power of two."""
    fewest, room, most = _BITS
    affordable = math.floor(math.log2(_MOST_NUMBERS / ((folds + 1) * num_classes)))
    wished = round(math.log2(max(1, num_texts) * min(text.length, 64)))
    bits: int = 2 ** max(fewest, min(max(room, wished), most, affordable))
    return bits


def margin_opening(text: Sequence) -> int:
    """Return how many words at the beginning of a text should count by their place."""
    return _OPENING if text.unit == "word" and text.length <= SHORT else 0


def margin_folds(num_classes: int) -> int:
    """Return how many folds of the texts suit so many classes."""
    return min(_FOLDS[1], max(_FOLDS[0], _MOST_COLUMNS // num_classes))
