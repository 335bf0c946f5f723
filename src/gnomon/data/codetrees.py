"""Syntax trees of Python source: what stands in them, and what is left out. Nothing of the source is run.

Inner nodes are the types of the ``ast`` (``If``, ``Call``, ``Add``); leaves are parts of identifiers and constants.
An identifier is cut into its words, in lower case: ``parse_HTMLPage`` gives ``parse html page``. Numbers of up to three
digits stand for themselves, longer ones are ``int``; other constants are ``float``, ``complex``, ``bytes``, and ``str``
with the first four words of the text below it. ``else``, ``finally``, decorators, bases and defaults have a node of
their own. Left out are positions, comments, type comments and whether a name is loaded or stored.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any, overload

from gnomon.data.trees import Growing, Tree

MAX_BYTES = 4_000_000
"""Longer files are left out: they are data, not code."""
OWN_NAME = "own name"
"""The symbol that stands for the name of the function itself, where that is kept back."""

_GROUPS = {"orelse": "else", "finalbody": "finally", "decorator_list": "decorators", "bases": "bases",
           "defaults": "defaults", "kw_defaults": "defaults", "returns": "returns", "ifs": "ifs", "keys": "keys",
           "values": "values"}  # fmt: skip
_LEFT_OUT = frozenset({"ctx", "conversion", "type_comment", "type_ignores", "kind", "is_async", "simple"})
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LETTERS = re.compile(r"[^\W\d_]+|\d+")
_WORDS_OF_TEXT = 4
_MAX_DIGITS = 3


class CodeError(ValueError):
    """Why a source has no tree, and the line and column, from 1, where they are known."""

    def __init__(self, what: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(what)
        self.line = line
        self.column = column


def parsed(source: str | bytes) -> ast.Module:
    """Return the syntax tree of a source. Raises ``CodeError`` where it has none or is nested too deeply to parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes and comparisons in the source, not about us
            return ast.parse(source)
    except SyntaxError as error:
        raise CodeError(f"is no Python: {error.msg}", error.lineno, error.offset) from error
    except (RecursionError, MemoryError) as error:
        raise CodeError("is nested too deeply for Python's parser") from error
    except ValueError as error:
        raise CodeError(f"is no Python: {error}") from error


@overload
def tree_of(root: ast.AST, *, hidden: str = "", without_docstring: bool = False) -> Tree: ...


@overload
def tree_of(root: ast.AST, *, hidden: str = "", without_docstring: bool = False, most: int) -> Tree | None: ...


def tree_of(
    root: ast.AST, *, hidden: str = "", without_docstring: bool = False, most: int | None = None
) -> Tree | None:
    """Return the tree of a syntax tree, or None where it has more than ``most`` nodes.

    Where the identifier ``hidden`` stands, its one leaf is ``OWN_NAME``. ``without_docstring`` leaves out the
    docstrings of functions, classes and modules.
    """
    growing = Growing()
    waiting: list[Any] = [root]
    num = 0
    while waiting:
        part = waiting.pop()
        if part is None:
            growing.close()
            continue
        num += 1
        if most is not None and num > most:
            return None
        symbol, below = _opened(part, hidden, without_docstring)
        if not below:
            growing.leaf(symbol)
        else:
            growing.open(symbol)
            waiting.append(None)
            waiting += reversed(below)
    return growing.tree()


def functions(module: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield all functions and methods in a syntax tree, outer ones before those inside them."""
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        waiting += reversed(list(ast.iter_child_nodes(node)))


def words_of(identifier: str) -> list[str]:
    """Return the words of an identifier in lower case: ``get_value``, ``getValue`` and ``GET_VALUE`` have the same."""
    return [part.lower() for part in (_PARTS if identifier.isascii() else _LETTERS).findall(identifier)]


class _Group:
    """Some children that belong together, under a symbol."""

    def __init__(self, symbol: str, children: list[Any]) -> None:
        self.symbol = symbol
        self.children = children


def _opened(part: Any, hidden: str, without_docstring: bool) -> tuple[str, list[Any]]:
    """Return the symbol of a part and what lies below it: nodes, groups of nodes, and strings, which are leaves."""
    if isinstance(part, str):
        return part, []
    if isinstance(part, _Group):
        return part.symbol, part.children
    if isinstance(part, ast.Constant):
        return _constant(part.value)
    below: list[Any] = []
    for name, value in ast.iter_fields(part):
        if name in _LEFT_OUT or value is None or value == []:
            continue
        if name == "body" and without_docstring and _has_docstring(part):
            value = value[1:]
        found = _listed(name, value, hidden)
        below += [_Group(_GROUPS[name], found)] if name in _GROUPS and found else found
    return type(part).__name__, below


def _listed(name: str, value: Any, hidden: str) -> list[Any]:
    """Return the children that one field of a node gives."""
    if isinstance(value, list):
        return [child for one in value if one is not None for child in _listed(name, one, hidden)]
    if isinstance(value, ast.AST):
        return [value]
    if isinstance(value, str):
        if hidden and value == hidden:
            return [OWN_NAME]
        return list(words_of(value)) or [value]
    return [str(value)]


def _constant(value: Any) -> tuple[str, list[Any]]:
    if isinstance(value, str):
        return "str", [word.lower() for word in re.findall(r"\w+", value[:200])[:_WORDS_OF_TEXT]]
    if isinstance(value, bool) or value is None or value is Ellipsis:
        return str(value), []
    if isinstance(value, int):
        return (str(value) if 0 <= value < 10**_MAX_DIGITS else "int"), []
    return type(value).__name__, []


def _has_docstring(node: ast.AST) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module) or not node.body:
        return False
    first = node.body[0]
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
