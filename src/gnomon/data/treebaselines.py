"""What a network for trees has to beat: linear models of what stands at the nodes, whatever the shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Column, Split
from gnomon.data import textbaselines
from gnomon.data.ragged import Ragged

HEIGHT, SYMBOL = 2, 3
"""Features of a node, as in `gnomon.core.spec.Tree`."""
NO_SYMBOL = 1
NODE_TYPES = "bag of node types (linear)"
LEAVES = "linear model of the symbols in order"

_NUM_CHECKED = 200


def linear(train: Split, other: Split, num_classes: int, *, seed: int) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Yield linear models of the classes of whole trees, with their scores ``(len(other), num_classes)``.

    One counts the symbols of inner nodes, where these have any. The other counts single symbols and pairs of
    neighbours among all nodes that have one, children before their parent: of a sentence its words and pairs of words.
    """
    some = [np.asarray(tree) for tree in train.inputs[: min(len(train), _NUM_CHECKED)]]
    if any((_inner(tree) != NO_SYMBOL).any() for tree in some):
        inner = (replace(part, inputs=_symbols(part.inputs, inner_only=True)) for part in (train, other))
        yield NODE_TYPES, textbaselines.bag_of_words(*inner, num_classes, unit="node", seed=seed)
    every = (replace(part, inputs=_symbols(part.inputs, inner_only=False)) for part in (train, other))
    yield LEAVES, textbaselines.bag_of_words(*every, num_classes, unit="word", seed=seed)


def _symbols(column: Column, *, inner_only: bool) -> Ragged:
    """Return the numbers of the symbols of each tree, ``(nodes,)``, without nodes that have none."""
    found = []
    for index in range(len(column)):
        tree = np.asarray(column[index])
        symbols = _inner(tree) if inner_only else tree[:, SYMBOL]
        found.append(symbols[symbols != NO_SYMBOL])
    return Ragged.of(found, like=np.zeros(0, np.int64))


def _inner(tree: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    symbols: npt.NDArray[np.int64] = tree[tree[:, HEIGHT] > 0, SYMBOL]
    return symbols
