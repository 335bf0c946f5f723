"""A tree as lines of text, the root first, with what was said of each node."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gnomon.core.errors import printable
from gnomon.data.trees import Tree, children_of

MOST_LINES = 60
MOST_DEPTH = 30
_MOST_CHARACTERS = 40
_CUT = "…"


def tree_of(symbols: Sequence[str], parents: Sequence[int]) -> Tree:
    """Return the tree that the row of a prediction describes."""
    return Tree(tuple(symbols), np.array(parents, np.int32))


def lines(tree: Tree, labels: Sequence[str] | None = None) -> list[str]:
    """Return a tree as indented lines, each a node: its label in brackets, where there is one, and its symbol.

    Of a large tree the first ``MOST_LINES`` lines are there, and none deeper than ``MOST_DEPTH``; what was left out
    is counted.
    """
    children = children_of(tree.parents)
    found: list[str] = []
    num_shown = 0
    waiting = [(len(tree) - 1, "", "")]
    while waiting:
        node, before, mark = waiting.pop()
        if num_shown == MOST_LINES:
            found.append(f"{_CUT} {len(tree) - num_shown:,} more nodes")
            break
        depth = len(before) // 3
        label = "" if labels is None else labels[node]
        told = " ".join(part for part in (f"({label})" if label else "", _short(tree.symbols[node])) if part) or "·"
        num_shown += 1
        is_too_deep = depth >= MOST_DEPTH and bool(children[node])
        found.append(f"{before}{mark}{told}" + (f" {_CUT}" if is_too_deep else ""))
        if is_too_deep:
            continue
        below = before + {"": "", "├─ ": "│  ", "└─ ": "   "}[mark]
        last = len(children[node]) - 1
        waiting += [(child, below, "└─ " if place == last else "├─ ") for place, child in enumerate(children[node])][
            ::-1
        ]
    return found


def _short(symbol: str) -> str:
    text = printable(symbol)
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + _CUT
