"""Trees as data: symbols and parents of the nodes, children before their parent. Nothing here recurses."""

from __future__ import annotations

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
