"""Functions with one operator hidden: which one was it?

Source: the task follows Pradel and Sen, "DeepBugs: a learning approach to name-based bug detection", OOPSLA 2018,
section 4.2 (wrong binary operators).
"""

from __future__ import annotations

import ast
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from gnomon.data import codetrees
from gnomon.data.trees import Tree

HIDDEN = "?"
"""What stands in the place of a hidden operator."""
OPERATORS = frozenset(
    operator.__name__ for kind in (ast.cmpop, ast.operator, ast.boolop) for operator in kind.__subclasses__()
)
"""What may be hidden: comparisons, arithmetic, ``and`` and ``or``."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A function of which one operator, the ``number``-th from 1, is hidden, and that operator."""

    name: str
    line: int
    number: int
    tree: Tree
    operator: str


def functions(module: ast.AST, salt: str, *, nodes: int, places: int) -> Iterator[Hidden]:
    """Yield the functions of a module, each as often as it has operators, at most ``places`` times.

    Trees of more than ``nodes`` nodes are left out. A function's own name and its docstring are not in its tree.
    ``salt`` chooses among many operators, always the same ones.
    """
    for function in codetrees.functions(module):
        tree = codetrees.tree_of(function, hidden=function.name, without_docstring=True, most=nodes)
        if tree is None:
            continue
        found = [place for place, symbol in enumerate(tree.symbols) if symbol in OPERATORS]
        ranked = sorted(found, key=lambda place: zlib.crc32(f"{salt} {function.name} {place}".encode()))
        for place in sorted(ranked[:places]):
            symbols = (*tree.symbols[:place], HIDDEN, *tree.symbols[place + 1 :])
            yield Hidden(
                name=function.name,
                line=function.lineno,
                number=found.index(place) + 1,
                tree=Tree(symbols, tree.parents),
                operator=tree.symbols[place],
            )
