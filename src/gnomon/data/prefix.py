"""Expressions with the operator first, as in ListOps: ``[MAX 2 9 [MIN 4 7 ] 0 ]``, ``(+ 1 (* x 2))``.

Source: Nangia and Bowman, "ListOps: a diagnostic dataset for latent tree learning", NAACL student workshop 2018.
"""

from __future__ import annotations

import re

from gnomon.data.trees import Growing, Tree, children_of

_TOKEN = re.compile(r"[\[\](){}]|[^\s\[\](){}]+")
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_SHOWN = 20


class PrefixError(ValueError):
    """What is wrong with an expression, and the column, from 1."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.column = at + 1


def looks_like_prefix(text: str) -> bool:
    """Return whether a text is one expression in brackets from its beginning to its end."""
    try:
        return text.strip()[:1] in ("[", "(", "{") and len(parse(text)) > 1
    except PrefixError:
        return False


def parse(text: str) -> Tree:
    """Return the tree of an expression: the first word in brackets is the symbol of their node, unless it is a bracket.

    Brackets are ``[]``, ``()`` or ``{}``. A single word without brackets is a leaf. Raises ``PrefixError``.
    """
    growing = Growing()
    opened: list[tuple[str, int]] = []
    waits_for_head, is_done = False, False
    for found in _TOKEN.finditer(text):
        token, at = found[0], found.start()
        if is_done:
            raise PrefixError(f"{token[:_SHOWN]!r} after the end of the expression", at)
        if token in _CLOSING:
            if waits_for_head:
                growing.open()
            opened.append((token, at))
            waits_for_head = True
        elif token in "])}":
            _require_match(opened, token, at, waits_for_head=waits_for_head)
            opened.pop()
            growing.close()
            is_done = not opened
        elif waits_for_head:
            growing.open(token)
            waits_for_head = False
        else:
            growing.leaf(token)
            is_done = not opened
    if opened:
        raise PrefixError(f"the bracket {opened[-1][0]!r} is never closed", opened[-1][1])
    if not is_done:
        raise PrefixError("there is no expression", 0)
    return growing.tree()


def printed(tree: Tree) -> str:
    """Return a tree as an expression in square brackets, which `parse` makes the same tree of."""
    children = children_of(tree.parents)
    pieces: list[str] = []
    waiting: list[int | str] = [len(tree) - 1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            pieces.append(node)
        elif children[node]:
            pieces.append(f"[{tree.symbols[node]}")
            waiting += ["]", *reversed(children[node])]
        else:
            pieces.append(tree.symbols[node])
    return " ".join(pieces)


def _require_match(opened: list[tuple[str, int]], token: str, at: int, *, waits_for_head: bool) -> None:
    if not opened:
        raise PrefixError(f"the bracket {token!r} closes nothing", at)
    if _CLOSING[opened[-1][0]] != token:
        raise PrefixError(f"the bracket {token!r} closes a {opened[-1][0]!r} (column {opened[-1][1] + 1})", at)
    if waits_for_head:
        raise PrefixError("empty brackets", at)
