"""Which words and pairs of words tell one class of texts from all others."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Counts = Counter[str]

MAX_CHARACTERS = 500_000
"""So much text is counted at most, so that the report need not wait: about a quarter of a second."""

_MOST_OF_A_TEXT = 2_000
_FEWEST = 3
_CLEAR = 1.96
_PRIOR_WORDS = 500.0
# A word, or one sign of a script that puts no space between words.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+(?:['’]\w+)*"
)


@dataclass(frozen=True, kw_only=True)
class Telling:
    """One n-gram that a class has more often than the others: its score and how often it was counted."""

    text: str
    z: float
    inside: int
    outside: int


def telling_ngrams(
    texts: Sequence[str], labels: Sequence[int], num_classes: int, *, wanted: int = 12
) -> list[list[Telling]]:
    """Return for each class its most telling words and pairs of words, the strongest first.

    The score is the log-odds of an n-gram in the class against all others with an informative Dirichlet prior, the
    shares in all texts weighing as much as 500 words, over its standard deviation; only scores above 1.96 and n-grams
    that occur three times are told. Pairs stand for the words that they hold.

    Source: Monroe, Colaresi and Quinn, "Fightin' words", Political Analysis 16, 2008, equations 16, 20 and 22.
    """
    counts = [_counted([text for text, label in zip(texts, labels, strict=True) if label == k])
              for k in range(num_classes)]  # fmt: skip
    total: Counts = Counter()
    for found in counts:
        total.update(found)
    size = {order: sum(n for text, n in total.items() if _order(text) == order) for order in (1, 2)}
    return [_strongest(inside, total, size, wanted) for inside in counts]


def chosen(labels: Ints, num_classes: int, *, mean_characters: float) -> list[int]:
    """Return the indices of the texts to count: evenly spaced, the same number of each class as far as it goes."""
    per_class = max(20, int(MAX_CHARACTERS / max(1.0, min(mean_characters, _MOST_OF_A_TEXT)) / max(1, num_classes)))
    found: list[int] = []
    for index in range(num_classes):
        rows = np.flatnonzero(labels == index)
        places = np.linspace(0, max(0, len(rows) - 1), min(per_class, len(rows))).astype(np.int64)
        found += [int(row) for row in rows[np.unique(places)]]
    return found


def words_of(text: str) -> list[str]:
    """Return the words of a text in small letters; each sign of Chinese and Japanese scripts is one."""
    return _WORD.findall(text[:_MOST_OF_A_TEXT].lower())


def _counted(texts: Sequence[str]) -> Counts:
    found: Counts = Counter()
    for text in texts:
        words = words_of(text)
        found.update(words)
        found.update(f"{a} {b}" for a, b in pairwise(words))
    return found


def _order(text: str) -> int:
    return 1 + text.count(" ")


def _strongest(inside: Counts, total: Counts, size: Mapping[int, int], wanted: int) -> list[Telling]:
    own = {order: sum(n for text, n in inside.items() if _order(text) == order) for order in (1, 2)}
    scored = []
    for text, n in inside.items():
        if n < _FEWEST:
            continue
        order = _order(text)
        z = _z(n, total[text] - n, own[order], size[order] - own[order], _PRIOR_WORDS * total[text] / size[order])
        if z > _CLEAR:
            scored.append(Telling(text=text, z=z, inside=n, outside=total[text] - n))
    scored.sort(key=lambda found: (-found.z, found.text))
    return _without_repeats(scored, wanted)


def _z(here: int, there: int, num_here: int, num_there: int, prior: float) -> float:
    """Return the log-odds ratio of an n-gram over its standard deviation."""
    odds_here = math.log((here + prior) / max(1e-9, num_here + _PRIOR_WORDS - here - prior))
    odds_there = math.log((there + prior) / max(1e-9, num_there + _PRIOR_WORDS - there - prior))
    return (odds_here - odds_there) / math.sqrt(1 / (here + prior) + 1 / (there + prior))


def _without_repeats(scored: Sequence[Telling], wanted: int) -> list[Telling]:
    """Leave out what shares its words with a stronger one, as ``many`` does with ``how many``."""
    kept: list[Telling] = []
    for found in scored:
        words = set(found.text.split())
        if not any(words <= set(other.text.split()) or words >= set(other.text.split()) for other in kept):
            kept.append(found)
        if len(kept) == wanted:
            break
    return kept
