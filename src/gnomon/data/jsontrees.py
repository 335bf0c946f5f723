"""Trees in JSON: ``{"value": …, "children": […], "label": …}``; a leaf may be a bare value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gnomon.data.trees import Growing, Tree, children_of

VALUES = ("value", "symbol", "text", "word", "name", "type", "op")
"""Keys under which the symbol of a node stands; the first that is there counts."""
CHILDREN = ("children", "args", "nodes")
LABEL = "label"
TREE = ("tree", "ast", "parse", "expression")
"""Keys under which a line's tree stands; a line may also be a tree itself."""


@dataclass(frozen=True, eq=False)
class Described:
    """A tree, and the label of each node or None."""

    tree: Tree
    labels: tuple[str | None, ...]


def held_in(line: Any) -> tuple[str, Any] | None:
    """Return under which key of a line its tree stands, and what describes it; the key is "" for the line itself.

    It is a node, or a bare value where the tree is a leaf. None where the line has no tree.
    """
    if not isinstance(line, dict):
        return None
    held = [(key, line[key]) for key in TREE if key in line]
    wanted = next((one for one in held if isinstance(one[1], dict)), None)
    if wanted is not None:
        return wanted
    if any(isinstance(line.get(key), list) for key in CHILDREN):
        return "", line
    return next((one for one in held if isinstance(one[1], str | int | float)), None)


def tree_of(found: Any) -> Described:
    """Return the tree that JSON values describe. Raises ``ValueError`` that says what is no node."""
    growing, labels = Growing(), dict[int, str]()
    waiting: list[tuple[bool, Any]] = [(False, found)]
    while waiting:
        is_end, node = waiting.pop()
        if is_end:
            _note(labels, growing.close(), node)
            continue
        below = _children(node)
        symbol = _symbol(node)
        if not below:
            _note(labels, growing.leaf(symbol), node)
            continue
        growing.open(symbol)
        waiting.append((True, node))
        waiting += [(False, child) for child in reversed(below)]
    tree = growing.tree()
    return Described(tree, tuple(labels.get(node) for node in range(len(tree))))


def printed(tree: Tree, labels: Sequence[str | None] | None = None) -> str:
    """Return a tree as JSON on one line, which `tree_of` makes the same tree of."""
    children = children_of(tree.parents)
    pieces: list[str] = []
    waiting: list[int | str] = [len(tree) - 1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            pieces.append(node)
            continue
        told = {"value": tree.symbols[node]}
        if labels is not None and labels[node] is not None:
            told[LABEL] = str(labels[node])
        text = json.dumps(told, ensure_ascii=False)
        if not children[node]:
            pieces.append(text)
            continue
        pieces.append(f'{text[:-1]}, "children": [')
        between: list[int | str] = ["]}"]
        for child in reversed(children[node]):
            between += [child, ", "]
        waiting += between[:-1]
    return "".join(pieces)


def plain(value: Any) -> str:
    """Return a JSON value that is no list and no object as a symbol: ``""`` for null, ``true``, ``2``, ``2.5``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def _note(labels: dict[int, str], place: int, node: Any) -> None:
    if isinstance(node, dict) and node.get(LABEL) is not None:
        if isinstance(node[LABEL], dict | list):
            raise ValueError("the label of a node is a list or an object")
        labels[place] = plain(node[LABEL])


def _children(node: Any) -> list[Any]:
    if isinstance(node, list):
        raise ValueError('a list stands where a node should be: write {"value": …, "children": […]}')
    if not isinstance(node, dict):
        return []
    found = next((node[key] for key in CHILDREN if key in node), None)
    if found is not None and not isinstance(found, list):
        raise ValueError("the children of a node are no list")
    return found or []


def _symbol(node: Any) -> str:
    if not isinstance(node, dict):
        return plain(node)
    value = next((node[key] for key in VALUES if key in node), None)
    if isinstance(value, dict | list):
        raise ValueError("the value of a node is a list or an object")
    return plain(value)
