"""Which network for rows of numbers and codes a budget pays for, and how it should be trained."""

from __future__ import annotations

import math
from typing import Any

from gnomon.core.spec import Label, Number, Spec, Vector
from gnomon.core.training import Allowance, Speed
from gnomon.layers.linear_rows import columns_of, values_of

_DEPTH = 2
_BINS, _BINS_OF_FEW = 32, 4
_LADDER = ((64, 8, 0.0), (128, 8, 8.0), (192, 12, 40.0), (256, 16, 80.0), (384, 16, 120.0), (512, 32, 200.0))
"""Width, members, and the passes over the rows from which on this is better than the one before."""
_WIDEST = ((1000, 64), (4000, 128), (20_000, 256), (200_000, 384))
"""Up to so many rows a wider network than this learns no more: it only takes longer."""
_FEW_ROWS = 2000
_TWO = 2
_MOST_SOLVED = 400
"""Weights of a linear model that is solved in no time."""
_BESIDE = (
    "a linear model answers beside the networks, for there are few rows; the validation rows decide how much it counts "
    "(--set family.linear=false)"
)


def table_size(
    allowance: Allowance, spec: Spec, speed: Speed
) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    """Return the network as values of the family's configuration, settings of the training, and why.

    A label of two classes tells one bit about its row at most, so that noise is learned soon: such tables, and small
    ones, get more dropout and decay than those with more classes or numbers.
    """
    vector = spec.input
    if not isinstance(vector, Vector):
        raise TypeError(f"a {type(vector).__name__} is no row of a table")
    num_rows = max(1, allowance.num_train)
    batch_size = 2 ** min(8, max(5, round(math.log2(num_rows / 50))))
    embedding = _embedding(vector)
    width, members = _largest(allowance, vector, embedding, batch_size, speed)
    says_little = _says_little(num_rows, spec)
    network = {
        "width": width,
        "members": members,
        "depth": _DEPTH,
        "embedding": embedding,
        "bins": _BINS_OF_FEW if num_rows < _FEW_ROWS else _BINS,
        "dropout": 0.3 if says_little else 0.1,
    }
    settings: dict[str, Any] = {
        "train.batch_size": batch_size,
        "train.lr_adam": 0.003 if num_rows < _FEW_ROWS else 0.01,
        "train.lr_orthogonal": 0.01 if num_rows < _FEW_ROWS else 0.05,
        "train.decay_adam": 0.2 if says_little else 0.02,
        "train.warmup": 0.02,
        "train.average": 0.05,
        "train.precision": "fp32",
        "train.max_epochs": _enough_passes(num_rows, spec),
    }
    if isinstance(spec.target, Label):
        settings["task.label_smoothing"] = 0.0
    network["linear"] = _solves(num_rows, spec)
    beside = (_BESIDE,) if network["linear"] else ()
    why = (f"{members} networks in one, width {width}: the most that make enough passes", *beside)
    return network, settings, why


def _largest(allowance: Allowance, vector: Vector, embedding: int, batch_size: int, speed: Speed) -> tuple[int, int]:
    """Return width and members of the last rung that makes the passes over the rows that it wants."""
    rows = max(1, allowance.num_train)
    widest = next((width for most, width in _WIDEST if rows <= most), _LADDER[-1][0])
    width, members = _LADDER[0][0], _LADDER[0][1]
    for wide, many, wants in _LADDER:
        wide = min(wide, widest)
        passes = allowance.samples_at(_flop(vector, embedding, wide, many, batch_size), speed) / rows
        if passes < wants:
            break
        width, members = wide, many
    return width, members


def _enough_passes(num_rows: int, spec: Spec) -> float:
    """Return the passes over the rows after which more of them teach chances rather than rules."""
    if num_rows < _FEW_ROWS:
        return 40.0 if isinstance(spec.target, Label) else 20.0
    return 30.0 if _says_little(num_rows, spec) else 40.0


def _says_little(num_rows: int, spec: Spec) -> bool:
    return num_rows < _FEW_ROWS or (isinstance(spec.target, Label) and len(spec.target.classes) <= _TWO)


def _solves(num_rows: int, spec: Spec) -> bool:
    """Return whether a linear model answers beside the networks: as good on few rows, it costs next to nothing."""
    vector, target = spec.input, spec.target
    if not isinstance(vector, Vector) or not isinstance(target, Label | Number) or num_rows >= _FEW_ROWS:
        return False
    return columns_of(vector) * values_of(target) <= _MOST_SOLVED


def _embedding(vector: Vector) -> int:
    """Return the numbers of the vector of one column: fewer where there are many columns."""
    columns = len(vector.names) + len(vector.categories)
    return 8 if columns <= 100 else 4 if columns <= 400 else 2


def _flop(vector: Vector, embedding: int, width: int, members: int, batch_size: int) -> float:
    """Return multiplications and additions of one row, forward, backward, and its share of the optimizer's.

    Products are small here and much is none: both take several times as long as where speed is measured.
    """
    inputs = embedding * (len(vector.names) + len(vector.categories))
    bins = embedding * len(vector.names) * _BINS
    layers = ((inputs, width), *((width, width) for _ in range(_DEPTH - 1)))
    products = bins + inputs * width + members * (_DEPTH - 1) * width**2
    orthogonal = sum(5 * 3 * min(pair) ** 2 * max(pair) for pair in layers) / batch_size
    return 2 * 3 * (5 * products + 2 * orthogonal)
