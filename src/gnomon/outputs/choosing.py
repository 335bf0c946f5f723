"""Which samples stand for a split: evenly spaced over all of it, or over each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

MOST_CLASSES = 20
"""So many classes are shown with samples of their own."""


def spread(indices: Ints, wanted: int) -> list[int]:
    """Return at most ``wanted`` of the indices, evenly spaced."""
    if len(indices) <= wanted:
        return [int(index) for index in indices]
    return [int(indices[(2 * k + 1) * len(indices) // (2 * wanted)]) for k in range(wanted)]


def by_class(targets: Ints, names: Sequence[str], per_class: int) -> list[tuple[str, list[int]]]:
    """Return the names of at most twenty classes with some of the samples ``targets (num_samples,)`` of each."""
    shown = range(len(names)) if len(names) <= MOST_CLASSES else spread(np.arange(len(names)), MOST_CLASSES)
    rows = [(names[index], spread(np.flatnonzero(targets == index), per_class)) for index in shown]
    return [(name, chosen) for name, chosen in rows if chosen]


def num_samples(data: Mapping[str, Any], split: str) -> int:
    """Return how many samples a split has, as ``data.json`` tells it; 0 where it does not."""
    return int(data.get("splits", {}).get(split, {}).get("num_samples") or 0)
