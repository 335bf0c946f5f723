"""Columns of text in a table as numbers: counts of hashed words, or of pieces where there are no words.

A molecule, a sequence or a part's code is one long word that never comes again; what it has in common with others are
the characters in it, and those that stand side by side.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.data import freetext, tablevalues

Floats = npt.NDArray[np.float64]

_WORD = re.compile(r"\w+")
_LEAST_WORDS = 1.5
"""Words on average below which a text is seen as pieces: as good as all are one word."""
_LONGEST = 3
"""Characters of a piece, at most."""
_PIECES = 4
"""Pieces that are counted, as a multiple of the hashed words: there are no two in one column."""
_CANDIDATES = 1000
_LOOKED_AT = 2000
"""Texts by which pieces are chosen."""


def fit(name: str, cells: Any, count: int) -> dict[str, Any]:
    """Return how a column of texts becomes numbers, from its training cells: their names, scales, and any pieces.

    ``count`` is the number of columns of hashed words.
    """
    texts = [text for text in tablevalues.texts(cells).to_pylist() if text is not None]
    some = [texts[k] for k in np.unique(np.linspace(0, len(texts) - 1, min(len(texts), _LOOKED_AT)).astype(int))]
    if texts and freetext.look(some).words < _LEAST_WORDS:
        pieces = _chosen(some, _PIECES * count)
        entry: dict[str, Any] = {"numbers": [f"{name} ({piece!r})" for piece in pieces], "pieces": pieces}
    else:
        entry = {"numbers": [f"{name} (words {k + 1})" for k in range(count)]}
    counts = logs(cells, entry) if texts else np.zeros((1, len(entry["numbers"])))
    spreads = np.nanstd(counts, axis=0)
    scales = np.stack([np.nanmean(counts, axis=0), np.where(spreads > 0, spreads, 1.0)], axis=1)
    return entry | {"scales": scales.tolist()}


def logs(cells: Any, entry: Mapping[str, Any]) -> Floats:
    """Return logarithms of counts for cells as `fit` decided, ``(rows, numbers)``; NaN without a text."""
    words, places = tablevalues.coded(cells)
    found = np.full((len(words) + 1, len(entry["numbers"])), np.nan)
    pieces = entry.get("pieces")
    where = None if pieces is None else {piece: k for k, piece in enumerate(pieces)}
    for row, text in enumerate(words.to_pylist()):
        if text is not None:
            found[row] = 0.0
            _count(text, found[row], where)
    logarithms = np.sign(found) * np.log1p(np.abs(found))
    taken: Floats = logarithms[np.asarray(places.fill_null(len(words)))]
    return taken


def _count(text: str, counts: Floats, pieces: Mapping[str, int] | None) -> None:
    """Add to ``counts`` what a text holds: its pieces, or its words, each in one column by its hash and with a sign.

    Source: Weinberger et al., "Feature hashing for large scale multitask learning", 2009, section 2.
    """
    if pieces is not None:
        for piece in _pieces(text):
            if (place := pieces.get(piece)) is not None:
                counts[place] += 1
        return
    for word in _WORD.findall(text.lower()):
        hashed = zlib.crc32(word.encode("utf-8", "surrogatepass"))
        counts[hashed % len(counts)] += 1 if hashed & 0x8000_0000 else -1


def _pieces(text: str) -> list[str]:
    return [text[k : k + n] for n in range(1, _LONGEST + 1) for k in range(len(text) - n + 1)]


def _chosen(texts: Sequence[str], most: int) -> list[str]:
    """Return the pieces whose counts vary most between texts, of the thousand that come in most of them."""
    each = [Counter(_pieces(text)) for text in texts]
    known = Counter(piece for counts in each for piece in counts)
    ranked = sorted(known, key=lambda piece: (-known[piece], piece))[:_CANDIDATES]
    table = np.log1p([[counts[piece] for piece in ranked] for counts in each])
    spreads = table.std(axis=0)
    order = np.argsort(-spreads, kind="stable")[:most]
    return [ranked[k] for k in sorted(order.tolist()) if spreads[k] > 0]
