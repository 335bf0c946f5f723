"""Two splits seen as one: what was held out, put back to what it was held out of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gnomon.core.spec import Dataset, Sequence, Split, Tree, Vector
from gnomon.data.ragged import Items, Ragged
from gnomon.data.split import ORIGINS
from gnomon.data.words import Coded

_MOST_VALUES = 2**27
"""Numbers that are copied into memory for it, at most."""


def can_return(dataset: Dataset) -> bool:
    """Return whether the validation samples, as families see them, may be learned from once they have been measured.

    So it is where they were drawn from the training samples, where there is a test split to tell the score, and where
    samples stand for themselves, as rows, trees and texts with a target do, and are not too many to be copied.
    """
    origins, splits = dataset.facts.get(ORIGINS, {}), dataset.splits
    drawn = all(origins.get(name, {}).get("made_by") == "gnomon" for name in ("train", "valid"))
    if not drawn or not len(splits.get("test", ())) or not isinstance(dataset.spec.input, Sequence | Tree | Vector):
        return False
    parts = [splits[name] for name in ("train", "valid")]
    columns = [column for part in parts for column in (part.inputs, part.targets)]
    return all(isinstance(c, Ragged | np.ndarray) for c in columns) and sum(_size(c) for c in columns) <= _MOST_VALUES


def together(first: Split, second: Split) -> Split:
    """Return the samples of both, those of ``second`` behind those of ``first``, in memory.

    Raises ``TypeError`` for columns that are neither arrays nor arrays of several lengths.
    """
    return Split(
        inputs=_joined(first.inputs, second.inputs),
        targets=_joined(first.targets, second.targets),
        ids=Items([*(first.ids[i] for i in range(len(first))), *(second.ids[i] for i in range(len(second)))]),
        hashes=np.concatenate([first.hashes, second.hashes]),
    )


def _joined(first: Any, second: Any) -> Any:
    if isinstance(first, Ragged) and isinstance(second, Ragged):
        offsets = np.concatenate([first.offsets, second.offsets[1:] + first.offsets[-1]])
        return Ragged(_joined_values(first.values, second.values), offsets)
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return np.concatenate([first, second])
    raise TypeError(f"a {type(first).__name__} and a {type(second).__name__} cannot be joined")


def _joined_values(first: Any, second: Any) -> Any:
    return first.followed_by(second) if isinstance(first, Coded) else np.concatenate([first, second])


def _size(column: Any) -> int:
    return math.prod(column.values.shape if isinstance(column, Ragged) else column.shape)
