"""Columns of tables that hold trees, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gnomon.data import brackets, prefix
from gnomon.data.brackets import Record
from gnomon.data.trees import Tree

_LOOKED_AT = 200
_SHARE = 0.9
"""Of the values of a column that are looked at, so many must be trees."""
_NESTED = 0.1
"""And so many have brackets inside brackets."""
_LIST = re.compile(r"\s*\[\s*[^\s\[\](){}]*,")
"""The beginning of a list of values, which is no tree."""


def are_trees(values: Sequence[Any]) -> bool:
    """Return whether the values are expressions in brackets, some with brackets inside."""
    some = [value for value in values[:: max(1, len(values) // _LOOKED_AT)] if value not in (None, "")]
    if not some or not all(isinstance(value, str) for value in some):
        return False
    good = [value for value in some if prefix.looks_like_prefix(value) and not _LIST.match(value)]
    nested = sum(sum(map(value.count, "[({")) > 1 for value in good)
    return len(good) >= _SHARE * len(some) and nested >= max(1, _NESTED * len(some))


def form_of(values: Sequence[Any]) -> tuple[str, str]:
    """Return how the values of a column are read, one of ``PARSERS``, and why so."""
    some = [value for value in values[:: max(1, len(values) // _LOOKED_AT)] if isinstance(value, str)]
    bracketed = [Record(1, value) for value in some if value.lstrip().startswith("(")]
    if any(value.text.replace(" ", "").find("((") >= 0 for value in bracketed) and brackets.heads(bracketed) == "none":
        return "bare", "its values are in brackets, in which all words are leaves"
    return "prefix", "its values are in brackets that begin with the symbol of their node"


def _bare(text: str) -> Tree:
    return brackets.parse(text, heads="none").tree


def _labelled(text: str) -> Tree:
    return brackets.parse(text).tree


PARSERS: Mapping[str, Callable[[str], Tree]] = {"prefix": prefix.parse, "bare": _bare, "labels": _labelled}
"""How text becomes a tree, by the form; they raise ``PrefixError`` or ``BracketError``."""
