"""The classes of the nodes of trees, as a column that knows the trees: what a label means depends on both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gnomon.data.ragged import Ragged

Ints = npt.NDArray[np.int64]


class NodeColumn(Ragged):
    """Classes int64 ``(nodes,)`` of each tree, -1 where none is known, beside the ``trees`` as `Tree` stores them."""

    def __init__(self, classes: Ragged, trees: Ragged) -> None:
        super().__init__(classes.values, classes.offsets)
        if not np.array_equal(classes.offsets, trees.offsets):
            raise ValueError("the classes of nodes do not fit the trees")
        self.trees = trees

    @cached_property
    def shape(self) -> Shape:
        """How the trees are built."""
        return shape_of(self.trees)


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape:
    """What there is to know about every node of a column of trees, all int64 ``(nodes,)``, tree after tree."""

    tree: Ints
    """Which tree."""
    parent: Ints
    """Which node is above, among all; at a root the root itself."""
    root: npt.NDArray[np.bool_]
    depth: Ints
    """Edges to the root."""
    height: Ints
    """Edges to the deepest leaf below; 0 at a leaf."""
    size: Ints
    """Nodes below, itself included."""
    symbol: Ints
    """The first feature of its symbol."""


def shape_of(trees: Ragged) -> Shape:
    """Return how the trees of a column are built, level by level."""
    values = trees.values[:]  # all at once, where they are made as they are asked for
    nodes = np.arange(len(values))
    parent = nodes + values[:, 0]
    sizes = np.ones(len(values), np.int64)
    depth = np.zeros(len(values), np.int64)
    levels = _by_height(values[:, 2][parent], nodes[values[:, 0] != 0])
    for level in levels:
        np.add.at(sizes, parent[level], sizes[level])
    for level in reversed(levels):
        depth[level] = depth[parent[level]] + 1
    return Shape(
        tree=np.repeat(np.arange(len(trees)), trees.lengths),
        parent=parent,
        root=values[:, 0] == 0,
        depth=depth,
        height=values[:, 2],
        size=sizes,
        symbol=values[:, 3],
    )


def _by_height(height_above: Ints, nodes: Ints) -> list[Ints]:
    """Return the nodes that are not roots, those under parents of one height together, lower parents first."""
    if not len(nodes):
        return []
    order = nodes[np.argsort(height_above[nodes], kind="stable")]
    cuts = np.flatnonzero(np.diff(height_above[order])) + 1
    return np.split(order, cuts)
