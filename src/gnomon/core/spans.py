"""Spans of tokens, such as names or phrases, read from tags of the BIO, IOBES and BILOU kinds."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_TAG = re.compile(r"O|([BIMELSU])(?:[-_](.+))?")
_PLACES = {"": 0, "B": 1, "I": 2, "M": 2, "E": 3, "L": 3, "S": 4, "U": 4}
_OUTSIDE, _BEGIN, _, _END, _SINGLE = range(5)


def are_spans(classes: tuple[str, ...]) -> bool:
    """Tell whether tags of these names cut sentences into spans: all are ``O`` or begin with B-, I-, E-, S-, L-, U-."""
    found = [_TAG.fullmatch(name) for name in classes]
    if not all(found):
        return False
    typed = any(match[2] for match in found if match)
    places = {match[1] for match in found if match}
    return "B" in places or (typed and "I" in places)


def kinds(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the kinds of spans that the tags name, sorted: ``PER`` of ``B-PER``; ``span`` where they name none."""
    return tuple(sorted({_kind(name) for name in classes if name != "O"}))


def find(tags: Ints, lengths: Ints, classes: tuple[str, ...]) -> Ints:
    """Return all spans of sentences that lie one after the other, in order, shape ``(spans, 3)``.

    ``tags (tokens,)`` are indices into ``classes``, ``lengths (sentences,)`` tell where sentences end. A row has the
    first token, the token after the last, and the kind as an index into `kinds`. Wrong orders of tags are read as
    conlleval does: a span begins at B and S, after E and S, where the kind changes, and at an I after O.

    Source: Tjong Kim Sang and De Meulder, "Introduction to the CoNLL-2003 shared task", 2003; its ``conlleval``.
    """
    names = kinds(classes)
    place = np.array([_place(name) for name in classes])[tags]
    kind = np.array([names.index(_kind(name)) if name != "O" else -1 for name in classes])[tags]
    begins_sentence = np.zeros(len(tags) + 1, bool)
    begins_sentence[np.cumsum(lengths) - lengths] = True
    before = np.roll(place, 1)
    alone = begins_sentence[:-1] | (before == _OUTSIDE) | (before == _END) | (before == _SINGLE)
    cut = alone | (place == _BEGIN) | (place == _SINGLE) | (kind != np.roll(kind, 1))
    first = np.flatnonzero(cut & (place != _OUTSIDE))
    edges = np.append(np.flatnonzero(cut | (place == _OUTSIDE)), len(tags))
    return np.stack([first, edges[np.searchsorted(edges, first, side="right")], kind[first]], axis=1)


def common(true: Ints, predicted: Ints) -> Ints:
    """Return the spans that are in both, with the same borders and kind; all of shape ``(spans, 3)``."""
    _, rows, others = np.intersect1d(true[:, 0], predicted[:, 0], assume_unique=True, return_indices=True)
    found: Ints = true[rows[(true[rows] == predicted[others]).all(axis=1)]]
    return found


def per_sentence(true: Ints, predicted: Ints, lengths: Ints, classes: tuple[str, ...]) -> Ints:
    """Return the number of right, of true and of predicted spans of each sentence, shape ``(sentences, 3)``.

    ``true`` and ``predicted`` are tags ``(tokens,)``.
    """
    found = [find(tags, lengths, classes) for tags in (true, predicted)]
    ends = np.cumsum(lengths)
    counts = [
        np.bincount(np.searchsorted(ends, spans[:, 0], side="right"), minlength=len(lengths))
        for spans in (common(*found), *found)
    ]
    return np.stack(counts, axis=1)


def per_kind(true: Ints, predicted: Ints, lengths: Ints, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return precision, recall, F1 and support of each kind of span; 0 where there is nothing to divide by."""
    names = kinds(classes)
    found = [find(tags, lengths, classes) for tags in (true, predicted)]
    right, support, answered = (np.bincount(spans[:, 2], minlength=len(names)) for spans in (common(*found), *found))
    return [
        {
            "name": name,
            "precision": float(right[k] / max(answered[k], 1)),
            "recall": float(right[k] / max(support[k], 1)),
            "f1": float(2 * right[k] / max(support[k] + answered[k], 1)),
            "support": int(support[k]),
        }
        for k, name in enumerate(names)
    ]


def _place(name: str) -> int:
    match = _TAG.fullmatch(name)
    return _PLACES[(match and match[1]) or ""]


def _kind(name: str) -> str:
    match = _TAG.fullmatch(name)
    return (match and match[2]) or "span"
