"""What a network that labels the nodes of trees has to beat: usual labels, and linear models of whole trees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Split
from gnomon.data import treebaselines
from gnomon.data.nodecolumn import NodeColumn
from gnomon.data.ragged import Ragged

Ints = npt.NDArray[np.int64]


def usual_labels(train: NodeColumn, other: NodeColumn, num_classes: int) -> tuple[Ints, Ints]:
    """Return two guesses for all nodes of ``other``, int64 ``(nodes,)``: the usual label, and that of each symbol.

    The usual label of roots and that of all nodes are counted apart. A node without a symbol, and one whose symbol has
    no label in ``train``, get the usual label; among equally frequent ones, the first.
    """
    labels, shape = train.values, train.shape
    known = labels >= 0
    usual = np.full(len(other.values), _most(labels[known], num_classes), np.int64)
    roots = known & shape.root
    if roots.any():
        usual[other.shape.root] = _most(labels[roots], num_classes)
    num_symbols = 1 + int(max(shape.symbol.max(initial=0), other.shape.symbol.max(initial=0)))
    known &= shape.symbol > treebaselines.NO_SYMBOL
    codes = shape.symbol[known] * num_classes + labels[known]
    counts = np.bincount(codes, minlength=num_symbols * num_classes).reshape(num_symbols, num_classes)
    seen = counts[other.shape.symbol].any(axis=1)
    return usual, np.where(seen, counts.argmax(axis=1)[other.shape.symbol], usual)


def linear(
    train: Split, other: Split, num_classes: int, *, seed: int
) -> Iterator[tuple[str, npt.NDArray[np.float32], Ints]]:
    """Yield names, scores ``(roots, num_classes)`` and true classes of linear models, for roots that have a label."""
    parts = [_rooted(part) for part in (train, other)]
    if not all(len(part) for part in parts):
        return
    for name, outputs in treebaselines.linear(parts[0], parts[1], num_classes, seed=seed):
        yield name, outputs, parts[1].targets


def _rooted(split: Split) -> Split:
    """Return the trees whose root has a label, with that label as the target."""
    column: NodeColumn = split.targets
    labels = column.values[column.offsets[1:] - 1]
    chosen = np.flatnonzero(labels >= 0)
    trees = Ragged.of((column.trees[int(i)] for i in chosen), like=column.trees.values[:0])
    return replace(split, inputs=trees, targets=labels[chosen], ids=split.ids[chosen], hashes=split.hashes[chosen])


def _most(labels: Ints, num_classes: int) -> int:
    return int(np.bincount(labels, minlength=num_classes).argmax())
