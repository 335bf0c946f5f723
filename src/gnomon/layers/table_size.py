"""Which network for rows of numbers and codes a budget pays for, and how it should be trained."""

from __future__ import annotations

import math
from typing import Any

from gnomon.core.spec import Label, Spec, Vector
from gnomon.core.training import Allowance, Speed

_DEPTH, _BINS = 2, 32
_LADDER = ((64, 8, 0.0), (128, 8, 12.0), (192, 12, 30.0), (256, 16, 60.0), (384, 16, 120.0), (512, 32, 200.0))
"""Width, members, and the passes over the rows from which on this is better than the one before."""


def table_size(
    allowance: Allowance, spec: Spec, speed: Speed
) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    """Return the network as values of the family's configuration, settings of the training, and why."""
    vector = spec.input
    if not isinstance(vector, Vector):
        raise TypeError(f"a {type(vector).__name__} is no row of a table")
    embedding = _embedding(vector)
    width, members, passes = _largest(allowance, vector, embedding, speed)
    network = {
        "width": width,
        "members": members,
        "depth": _DEPTH,
        "embedding": embedding,
        "bins": _BINS,
        "dropout": 0.1,
    }
    batch_size = 2 ** min(8, max(4, round(math.log2(max(1, allowance.num_train) / 50))))
    settings: dict[str, Any] = {
        "train.batch_size": batch_size,
        "train.lr_adam": 0.006,
        "train.lr_orthogonal": 0.02,
        "train.warmup": 0.02,
        "train.average": 0.05,
    }
    if isinstance(spec.target, Label):
        settings["task.label_smoothing"] = 0.0
    why = (f"{members} networks in one, width {width}: the most that make enough passes (about {passes:,.0f})",)
    return network, settings, why


def _largest(allowance: Allowance, vector: Vector, embedding: int, speed: Speed) -> tuple[int, int, float]:
    width, members, found = *_LADDER[0][:2], 0.0
    for wide, many, wants in _LADDER:
        passes = allowance.samples_at(_flop(vector, embedding, wide, many), speed) / max(1, allowance.num_train)
        if passes < wants:
            break
        width, members, found = wide, many, passes
    return width, members, found


def _embedding(vector: Vector) -> int:
    """Return the numbers of the vector of one column: fewer where there are many columns."""
    columns = len(vector.names) + len(vector.categories)
    return 8 if columns <= 100 else 4 if columns <= 400 else 2


def _flop(vector: Vector, embedding: int, width: int, members: int) -> float:
    """Return multiplications and additions of one row, forward and backward.

    What is not a product takes as long again, and products of this size are slower than those of convolutions.
    """
    inputs = embedding * (len(vector.names) * (1 + _BINS / width) + len(vector.categories))
    return 3 * 4 * 2 * (inputs * width + members * (_DEPTH - 1) * width**2)
