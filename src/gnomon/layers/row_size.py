"""How large a variational autoencoder of a table's rows is, and how it is trained, by what there is to spend."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from gnomon.core.mixed import num_parameters
from gnomon.core.spec import MixedRow
from gnomon.core.training import Allowance, Speed

EMBEDDING = 8


@dataclass(frozen=True, kw_only=True)
class RowShape:
    """One size of network, and the training samples from which on it beats the smaller ones."""

    width: int
    depth: int
    num_latents: int
    components: int
    wants: float = 0.0
    rows: int = 0
    """Training rows below which it learns them by heart."""


LADDER = (
    RowShape(width=64, depth=2, num_latents=8, components=50),
    RowShape(width=128, depth=2, num_latents=16, components=100, wants=50_000, rows=500),
    RowShape(width=256, depth=3, num_latents=24, components=200, wants=400_000, rows=3000),
    RowShape(width=384, depth=3, num_latents=32, components=400, wants=4_000_000, rows=20_000),
)


def row_shape(allowance: Allowance, leaf: MixedRow, speed: Speed) -> RowShape:
    """Return the largest network of the ladder that sees enough rows."""
    chosen = LADDER[0]
    for rung in LADDER[1:]:
        samples = allowance.samples_at(flop_of(rung, leaf), speed)
        if samples < rung.wants or allowance.num_train < rung.rows:
            break
        chosen = rung
    return chosen


def flop_of(shape: RowShape, leaf: MixedRow) -> float:
    """Return multiplications and additions of one training sample, forward and backward.

    What lies between the products takes as long as they do, and so does what each parameter of the density needs.
    """
    ends = EMBEDDING * (2 * len(leaf.numbers) + len(leaf.categories)) + num_parameters(leaf)
    layers = shape.width * (ends + 3 * shape.num_latents) + 2 * (shape.depth - 1) * shape.width**2
    prior = 3 * shape.num_latents * shape.components
    return 3 * 2 * (2 * layers + prior + 40 * num_parameters(leaf)) + 2e5


def row_settings(allowance: Allowance) -> dict[str, Any]:
    """Return settings of the training."""
    return {
        "train.batch_size": 2 ** min(8, max(4, round(math.log2(max(1, allowance.num_train) / 40)))),
        "train.average": 0.02,
        "train.warmup": 0.02,
        "train.clip": 50.0,
        "train.lr_adam": 0.002,
        "train.lr_orthogonal": 0.002,
        "train.beta2": 0.99,
        "train.precision": "fp32",
        "train.test_views": False,
        "train.max_epochs": 400.0,
    }
