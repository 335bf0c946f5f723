"""Trees in brackets, as in the Penn Treebank and the Stanford Sentiment Treebank: read and written without recursion.

``(3 (2 It) (4 (2 's) (3 good)))`` has a label at every node; in ``((the cat) (sat down))`` there is none.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gnomon.data.trees import Growing, Tree, children_of

NO_LABEL = ""

Heads = Literal["labels", "none"]

_TOKEN = re.compile(r"[()]|[^\s()]+")
_SHOWN = 20
_LOOKED_AT = 500


@dataclass(frozen=True, eq=False)
class Bracketed:
    """A tree with the label of each node, ``""`` where it has none."""

    tree: Tree
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """The text of one tree, and the line at which it begins in its file, from 1."""

    line: int
    text: str


class BracketError(ValueError):
    """What is wrong with some brackets, and where: the line of the text and the column, both from 1."""

    def __init__(self, what: str, text: str, at: int) -> None:
        super().__init__(what)
        self.line = text.count("\n", 0, at) + 1
        self.column = at - (text.rfind("\n", 0, at) + 1) + 1


def records(text: str) -> Iterator[Record]:
    """Yield the trees in a text: each begins on a line that is indented no more than the first one is.

    What stands before the first bracket is a record of its own, so that it can be named. Blank lines do not count.
    """
    lines = text.split("\n")
    openers = [line for line in lines if line.lstrip().startswith("(")]
    least = min((len(line) - len(line.lstrip()) for line in openers), default=0)
    start: int | None = None
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        begins = line.lstrip().startswith("(") and len(line) - len(line.lstrip()) == least
        if start is None or begins:
            if start is not None:
                yield _record(lines, start, number)
            start = number
    if start is not None:
        yield _record(lines, start, len(lines))


def heads(records: Sequence[Record]) -> Heads:
    """Return whether the first word in brackets is the label of a node, or a word like the others.

    It is no label where brackets follow an opening bracket at once (a bracket around a whole tree does not count), or
    where a pair of brackets holds a single word.
    """
    step = max(1, len(records) // _LOOKED_AT)
    return "none" if any(_lacks_labels(record.text) for record in records[::step]) else "labels"


def parse(text: str, *, heads: Heads = "labels") -> Bracketed:
    """Return the one tree in a text. A bracket around the whole tree alone, as the Penn Treebank has, is left out.

    With labels ``(DT the)`` is one node, the word ``the`` with the label ``DT``; ``(NP the cat)`` is a node with two
    leaves that have no label. Raises ``BracketError``.
    """
    if heads == "labels":
        text = _unwrapped(text)
    growing, labels = Growing(), dict[int, str]()
    opened: list[_Open] = []
    is_done = False
    for found in _TOKEN.finditer(text):
        token, at = found[0], found.start()
        if is_done:
            raise BracketError(f"{token[:_SHOWN]!r} after the end of the tree", text, at)
        if token == "(":
            opened.append(_begin(growing, opened, at))
        elif not opened:
            raise BracketError("a closing bracket without an opening one" if token == ")" else _bare(token), text, at)
        elif token == ")":
            _end(growing, labels, opened.pop(), text, at)
            is_done = not opened
        else:
            _word(growing, opened[-1], token, heads)
    if opened:
        raise BracketError(_unclosed(len(opened)), text, opened[-1].at)
    if not is_done:
        raise BracketError("there is no tree", text, 0)
    return Bracketed(growing.tree(), tuple(labels.get(node, NO_LABEL) for node in range(len(growing.symbols))))


def printed(tree: Tree, labels: Sequence[str] | None = None) -> str:
    """Return a tree in brackets on one line; with ``labels`` each node begins with its own, else with its symbol.

    Brackets inside a word are written ``-LRB-`` and ``-RRB-``, as the Penn Treebank does.
    """
    children = children_of(tree.parents)
    pieces: list[str] = []
    waiting: list[int | str] = [len(tree) - 1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            pieces.append(node)
            continue
        pieces.append(" " if pieces and pieces[-1] != "(" else "")
        label = "" if labels is None else labels[node]
        if children[node]:
            head = label if labels is not None else tree.symbols[node]
            pieces.append("(")
            pieces += [_escaped(head)] if head else []
            waiting += [")", *reversed(children[node])]
        else:
            word = _escaped(tree.symbols[node])
            is_alone = not tree.parents[node] >= 0
            pieces.append(f"({label} {word})" if label else f"({word})" if is_alone else word)
    return "".join(pieces)


def words_of(tree: Tree) -> str:
    """Return what stands at the leaves of a tree, with blanks between."""
    inner = np.zeros(len(tree), bool)
    inner[tree.parents[tree.parents >= 0]] = True
    return " ".join(tree.symbols[node] for node in np.flatnonzero(~inner).tolist() if tree.symbols[node])


@dataclass
class _Open:
    """An open bracket: where it stands, its label, and a word that is its leaf, unless more comes."""

    at: int
    label: str = NO_LABEL
    word: str | None = None
    is_node: bool = False


def _begin(growing: Growing, opened: Sequence[_Open], at: int) -> _Open:
    if opened:
        _make_node(growing, opened[-1])
    return _Open(at)


def _make_node(growing: Growing, one: _Open) -> None:
    """Begin the node of a bracket that has more in it than a word."""
    if not one.is_node:
        growing.open()
        one.is_node = True
    if one.word is not None:
        growing.leaf(one.word)
        one.word = None


def _word(growing: Growing, one: _Open, token: str, heads: Heads) -> None:
    if heads == "labels" and not one.label and one.word is None and not one.is_node:
        one.label = token
    elif one.word is None and not one.is_node:
        one.word = token
    else:
        _make_node(growing, one)
        growing.leaf(token)


def _end(growing: Growing, labels: dict[int, str], one: _Open, text: str, at: int) -> None:
    if one.is_node:
        place = growing.close()
    elif one.word is not None:
        place = growing.leaf(one.word)
    else:
        raise BracketError(f"{one.label!r} has no word beside it" if one.label else "empty brackets", text, at)
    if one.label:
        labels[place] = one.label


def _record(lines: Sequence[str], start: int, end: int) -> Record:
    return Record(start + 1, "\n".join(lines[start:end]))


def _lacks_labels(text: str) -> bool:
    tokens = _TOKEN.findall(_unwrapped(text))
    pairs = itertools.pairwise(tokens)
    triples = zip(tokens, tokens[1:], tokens[2:], strict=False)
    return any(pair == ("(", "(") for pair in pairs) or any(
        (before, after) == ("(", ")") and word not in "()" for before, word, after in triples
    )


def _unwrapped(text: str) -> str:
    """Return a text without a bracket that has nothing but a bracketed tree inside, blanks in its place."""
    first = _TOKEN.search(text)
    second = _TOKEN.search(text, first.end()) if first else None
    if first is None or second is None or first[0] != "(" or second[0] != "(":
        return text
    depth, closed = 0, -1
    for found in _TOKEN.finditer(text, second.start()):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if closed >= 0:
            last = found[0] == ")" and depth == -1 and not text[found.end() :].strip()
            return text[: first.start()] + " " + text[first.end() : found.start()] if last else text
        if depth == 0:
            closed = found.start()
    return text


def _escaped(word: str) -> str:
    return word.replace("(", "-LRB-").replace(")", "-RRB-")


def _bare(token: str) -> str:
    return f"{token[:_SHOWN]!r} before the first bracket"


def _unclosed(num: int) -> str:
    return "a bracket is never closed" if num == 1 else f"{num:,} brackets are never closed, the last one here"
