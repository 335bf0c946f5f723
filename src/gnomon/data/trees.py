"""Trees as data: symbols and parents of the nodes, children before their parent. Nothing here recurses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Parents = npt.NDArray[np.int32]

ROOT = -1
"""The parent of a root."""


@dataclass(frozen=True, eq=False)
class Tree:
    """One tree. The nodes are in post-order: children before their parent, siblings in their order, the root last.

    ``symbols[i]`` is what stands at node ``i``, ``""`` where nothing does; ``parents[i]`` is the place of its parent,
    int32 ``(nodes,)``, ``ROOT`` at the root.
    """

    symbols: tuple[str, ...]
    parents: Parents

    def __len__(self) -> int:
        return len(self.symbols)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tree):
            return NotImplemented
        return self.symbols == other.symbols and np.array_equal(self.parents, other.parents)

    def __hash__(self) -> int:
        return hash((self.symbols, self.parents.tobytes()))

    @property
    def content(self) -> bytes:
        """Bytes that are equal for equal trees only."""
        symbols = "\0".join(self.symbols).encode("utf-8", "surrogatepass")
        return self.parents.astype("<i4").tobytes() + symbols


class Growing:
    """A tree that is made from its beginning to its end, as a parser meets its parts.

    ``open`` begins a node that may have children, ``close`` ends it, ``leaf`` is both. Each returns nothing or, where
    the node is finished, its place.
    """

    def __init__(self) -> None:
        self.symbols: list[str] = []
        self._parents: list[int] = []
        self._open: list[tuple[str, list[int]]] = []
        self._top: list[int] = []

    @property
    def depth(self) -> int:
        """How many nodes are open."""
        return len(self._open)

    @property
    def is_bare(self) -> bool:
        """Whether the innermost open node has no child yet."""
        return not self._open[-1][1]

    def open(self, symbol: str = "") -> None:
        """Begin a node."""
        self._open.append((symbol, []))

    def close(self) -> int:
        """End the innermost open node and return its place."""
        symbol, children = self._open.pop()
        place = self._add(symbol)
        for child in children:
            self._parents[child] = place
        return place

    def leaf(self, symbol: str) -> int:
        """Add a node without children and return its place."""
        return self._add(symbol)

    def tree(self) -> Tree:
        """Return the finished tree. Raises ``ValueError`` where a node is open, or there is not just one root."""
        if self._open or len(self._top) != 1:
            raise ValueError(f"{len(self._open)} nodes are open, and there are {len(self._top)} roots")
        return Tree(tuple(self.symbols), np.array(self._parents, np.int32))

    def _add(self, symbol: str) -> int:
        place = len(self.symbols)
        self.symbols.append(symbol)
        self._parents.append(ROOT)
        (self._open[-1][1] if self._open else self._top).append(place)
        return place


def heights(parents: npt.NDArray[np.signedinteger]) -> Ints:
    """Return the height of each node above the leaves, ``(nodes,)``; 0 at a leaf.

    ``parents (nodes,)`` are places in the same array, those of several trees if they follow each other.
    """
    found = [0] * len(parents)
    for node, parent in enumerate(parents.tolist()):
        if parent >= 0 and found[parent] <= found[node]:
            found[parent] = found[node] + 1
    return np.array(found, np.int64)


def sizes(parents: npt.NDArray[np.signedinteger]) -> Ints:
    """Return how many nodes are at or below each node, ``(nodes,)``: these are the last ones up to the node itself."""
    found = [1] * len(parents)
    for node, parent in enumerate(parents.tolist()):
        if parent >= 0:
            found[parent] += found[node]
    return np.array(found, np.int64)


def depths(parents: npt.NDArray[np.signedinteger]) -> Ints:
    """Return the distance of each node from its root, ``(nodes,)``; 0 at a root."""
    found = [0] * len(parents)
    given = parents.tolist()
    for node in range(len(given) - 1, -1, -1):
        if given[node] >= 0:
            found[node] = found[given[node]] + 1
    return np.array(found, np.int64)


def places(parents: npt.NDArray[np.signedinteger]) -> Ints:
    """Return the place of each node among its siblings, ``(nodes,)``, from 1; 1 at a root."""
    order = np.argsort(parents, kind="stable")
    ordered = parents[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else order
    lengths = np.diff(np.concatenate([starts, [len(ordered)]]))
    found = np.empty(len(parents), np.int64)
    found[order] = np.arange(len(ordered)) - np.repeat(starts, lengths) + 1
    found[parents == ROOT] = 1
    return found


def arities(parents: npt.NDArray[np.signedinteger]) -> Ints:
    """Return the number of children of each node, ``(nodes,)``."""
    return np.bincount(parents[parents >= 0], minlength=len(parents))


def children_of(parents: npt.NDArray[np.signedinteger]) -> list[list[int]]:
    """Return the children of each node, in their order."""
    found: list[list[int]] = [[] for _ in range(len(parents))]
    for node, parent in enumerate(parents.tolist()):
        if parent >= 0:
            found[parent].append(node)
    return found


def below(tree: Tree, node: int) -> Tree:
    """Return the tree whose root is a node of ``tree``."""
    size = int(sizes(tree.parents)[node])
    start = node + 1 - size
    parents = tree.parents[start : node + 1] - np.int32(start)
    parents[-1] = ROOT
    return Tree(tree.symbols[start : node + 1], parents)


def cut(tree: Tree, most: int) -> tuple[Tree, Ints]:
    """Return a tree with at most ``most`` nodes, those nearest to the root, and which they were ``(kept,)``, rising.

    Of equally near ones the first are kept.
    """
    if len(tree) <= most:
        return tree, np.arange(len(tree), dtype=np.int64)
    kept = np.sort(np.argsort(depths(tree.parents), kind="stable")[:most])
    number = np.full(len(tree) + 1, ROOT, np.int32)  # the last entry serves the root's parent
    number[kept] = np.arange(len(kept))
    return Tree(tuple(tree.symbols[i] for i in kept.tolist()), number[tree.parents[kept]]), kept


def balanced(tokens: Sequence[str]) -> Tree:
    """Return the binary tree over some tokens whose halves differ by one token at most; its inner nodes are empty.

    Source: Shi et al., "On tree-based neural sentence modeling", EMNLP 2018, section 3: balanced trees serve as well as
    those of a parser. Raises ``ValueError`` where there is no token.
    """
    if not tokens:
        raise ValueError("there is no token to make a tree of")
    growing = Growing()
    waiting: list[tuple[int, int] | None] = [(0, len(tokens))]
    while waiting:
        part = waiting.pop()
        if part is None:
            growing.close()
            continue
        start, end = part
        if end - start == 1:
            growing.leaf(tokens[start])
            continue
        middle = (start + end + 1) // 2
        growing.open()
        waiting += [None, (middle, end), (start, middle)]
    return growing.tree()
