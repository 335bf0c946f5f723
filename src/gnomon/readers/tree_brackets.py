"""Trees in brackets: ``(3 (2 It) (4 (2 's) (3 good)))``, as in the Stanford Sentiment and Penn Treebanks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gnomon.core.config import Auto, DataConfig
from gnomon.core.errors import DataError, UsageError, printable
from gnomon.core.spec import Dataset, Guess, Label, Match, NodeLabels, Number, Skipped
from gnomon.data import brackets, documents, formats, pictures, textfile, texts, treefiles, treefound
from gnomon.data.brackets import BracketError, Record
from gnomon.data.ragged import Ragged
from gnomon.data.reading import Reading
from gnomon.data.textfile import Decoded
from gnomon.data.trees import Tree
from gnomon.data.treetargets import Kind

TARGETS = ("nodes", "root")
"""What ``--target`` may be: the label of every node, or that of the root alone."""
_KINDS: dict[str, Kind] = {"classify": "label", "regress": "number"}
NEGATIVE, POSITIVE = "negative", "positive"

_SNIFFED_BYTES = 1 << 15
_LONG_BYTES = 1 << 22
_FEW_RECORDS = 20
_NO_BRACKETS = documents.TABLES - {".xml"} | formats.SUFFIXES | {".py", ".lisp", ".el", ".clj"}


@dataclass(frozen=True, kw_only=True)
class Config:
    """How trees in brackets are read."""

    encoding: str | Auto = "auto"
    """Encoding of the files, such as ``utf-8``, ``cp1252`` or ``gb18030``."""
    classes: Literal["all", "binary"] = "all"
    """``binary``: labels that are numbers become negative or positive; the middle one is no label, and trees with it
    at the root are left out, as is the custom for the Stanford Sentiment Treebank."""


@dataclass(frozen=True, eq=False)
class _Read:
    """One tree: its split, its name, and the label of each node."""

    split: str
    id: str
    tree: Tree
    labels: Sequence[str]


def sniff(path: Path) -> Match | None:
    """Claim files of trees in brackets with a label at each node, or a folder with such files."""
    found = treefiles.files(path, _holds_trees)
    if not found:
        return None
    return Match(confidence=0.9, why=f"{printable(found[0][1].name)} has trees in brackets, with labels")


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read trees in brackets. Broken ones are named by file, line and column.

    Raises ``DataError`` where there is none or none has labels, ``UsageError`` for an unknown target.
    """
    if config.target not in ("auto", *TARGETS):
        raise pictures.unknown_target(config.target, TARGETS, path)
    files = treefiles.files(path, _holds_trees)
    if not files:
        raise DataError("holds no trees in brackets", fix="write one tree a line: (3 (2 so) (4 good))", path=path)
    found, decoded, skipped = _all(files, reading)
    names = _classes(found, path)
    settings = reading.settings(Config)
    facts: dict[str, object] = {"encodings": texts.encodings(decoded), "form": "labels"}
    guesses = [*_unwritten(found), *textfile.told(decoded)]
    if settings.classes == "binary":
        found, num_neutral = _binary(found, names, path)
        names = (NEGATIVE, POSITIVE)
        facts["num_neutral"] = num_neutral
        guesses.append(_neutral_guess(num_neutral))
    leaf, told = _target(found, names, config.target, _KINDS.get(reading.value("run.task"), "auto"), path)
    return treefound.dataset(
        treefound.Found(
            reader="tree_brackets",
            path=path,
            target=leaf,
            parts=[_part(split, found, leaf) for split in treefound.SPLITS],
            guesses=(*guesses, *told),
            skipped=(*skipped, *(() if isinstance(leaf, NodeLabels) else _rootless(found))),
            facts=facts,
        ),
        config,
    )


def _holds_trees(path: Path) -> bool:
    if documents.ending(path.name) in _NO_BRACKETS or documents.is_archive(path):
        return False
    head = textfile.head(path, _SNIFFED_BYTES)
    if not textfile.looks_like_text(head) or not _text(head).lstrip().startswith("("):
        return False
    some = list(brackets.records(_text(head)))[: _FEW_RECORDS + 1]
    is_cut = len(head) == _SNIFFED_BYTES
    if is_cut and len(some) == 1:  # one tree may be long
        head = textfile.head(path, _LONG_BYTES)
        some, is_cut = list(brackets.records(_text(head)))[: _FEW_RECORDS + 1], len(head) == _LONG_BYTES
    whole = some[:-1] if is_cut and len(some) > 1 else some
    good = [record for record in whole if _parses(record)]
    return len(good) > len(whole) / 2 and brackets.heads(good) == "labels"


def _text(head: bytes) -> str:
    return head.decode("utf-8", "replace").removeprefix("\ufeff")


def _parses(record: Record) -> bool:
    try:
        return len(brackets.parse(record.text).tree) > 0
    except BracketError:
        return False


def _all(files: Sequence[tuple[str, Path]], reading: Reading) -> tuple[list[_Read], list[Decoded], list[Skipped]]:
    encoding = reading.settings(Config).encoding
    found: list[_Read] = []
    decoded: list[Decoded] = []
    skipped: list[Skipped] = []
    for split, file in files:
        decoded.append(textfile.read_text(file, encoding))
        records = list(brackets.records(decoded[-1].text))
        for number, record in enumerate(records):
            treefound.tick(reading, number, len(records))
            try:
                one = brackets.parse(record.text)
                found.append(_Read(split, f"{file.name}:{record.line}", one.tree, one.labels))
            except BracketError as error:
                place = f"{file.name}:{record.line + error.line - 1}:{error.column}"
                skipped.append(Skipped(id=place, reason=str(error), split=split))
    return found, decoded, skipped


def _classes(found: Sequence[_Read], path: Path) -> tuple[str, ...]:
    """Return the labels of all nodes: numbers by their size, others as text."""
    names = {label for one in found for label in one.labels} - {brackets.NO_LABEL}
    if not names:
        raise DataError(
            "its trees have no labels", fix="begin each bracket with a label: (3 (2 so) (4 good))", path=path
        )
    return tuple(sorted(names, key=float)) if all(map(_is_number, names)) else tuple(sorted(names))


def _binary(found: Sequence[_Read], names: Sequence[str], path: Path) -> tuple[list[_Read], int]:
    """Return the trees whose root is not neutral, their labels negative, positive or none; and how many were."""
    if not all(map(_is_number, names)) or len(names) < 2:
        raise UsageError(
            f"reader.classes = binary needs labels that are numbers, not {', '.join(map(printable, names[:5]))}",
            fix="leave it out",
            path=path,
        )
    middle = (float(names[0]) + float(names[-1])) / 2
    sides = {name: POSITIVE if float(name) > middle else NEGATIVE for name in names if float(name) != middle}
    made = [
        _Read(one.split, one.id, one.tree, [sides.get(label, brackets.NO_LABEL) for label in one.labels])
        for one in found
        if one.labels[-1] in sides
    ]
    return made, len(found) - len(made)


def _has_labels_inside(found: Sequence[_Read]) -> bool:
    return any(label for one in found for label in one.labels[:-1])


def _rootless(found: Sequence[_Read]) -> Iterator[Skipped]:
    for one in found:
        if not one.labels[-1]:
            yield Skipped(id=one.id, reason="has no label at the root", split=one.split)


def _target(
    found: Sequence[_Read], names: tuple[str, ...], wanted: str, kind: Kind, path: Path
) -> tuple[Label | NodeLabels | Number, tuple[Guess, ...]]:
    """Return what is asked: the label of every node, or the class or the number of the root.

    Raises ``UsageError`` where numbers are asked for and labels are none.
    """
    is_of_whole = kind != "auto"
    at_root = wanted == "root" or (wanted == "auto" and (is_of_whole or not _has_labels_inside(found)))
    told = (_target_guess(at_root=at_root),) if wanted == "auto" and not is_of_whole else ()
    if not at_root:
        return NodeLabels(classes=names), told
    of_roots = {one.labels[-1] for one in found}
    names = tuple(name for name in names if name in of_roots)
    if kind != "number":
        return Label(classes=names), told
    odd = next((name for name in names if not _is_number(name)), None)
    if odd is not None:
        raise UsageError(f"the label {printable(odd)!r} is no number", fix="leave --task out", path=path)
    return Number(name="root"), told


def _part(split: str, found: Sequence[_Read], leaf: Label | NodeLabels | Number) -> treefound.Part:
    of_nodes = isinstance(leaf, NodeLabels)
    chosen = [one for one in found if one.split == split and (one.labels[-1] or of_nodes)]
    targets: npt.NDArray[Any] | Ragged
    if isinstance(leaf, Number):
        targets = np.array([float(one.labels[-1]) for one in chosen], np.float64)
    else:
        index = {name: i for i, name in enumerate(leaf.classes)}
        if of_nodes:
            targets = treefound.of_nodes([one.labels for one in chosen], index)
        else:
            targets = np.array([index[one.labels[-1]] for one in chosen], np.int64)
    return treefound.Part(
        split=split, ids=[one.id for one in chosen], trees=[one.tree for one in chosen], targets=targets
    )


def _target_guess(*, at_root: bool) -> Guess:
    if at_root:
        return Guess(what="the target is the label of the root", why="no other node has one", flag="")
    return Guess(
        what="every node is to be labelled, and the root's label is the one that counts",
        why="all nodes have labels",
        flag="--target root",
    )


def _neutral_guess(num: int) -> Guess:
    what = f"{num:,} trees are left out, and neutral nodes have no label"
    return Guess(what=what, why="their root has the middle label", flag="--set reader.classes=all")


def _unwritten(found: Sequence[_Read]) -> list[Guess]:
    num = sum(label == brackets.NO_LABEL for one in found for label in one.labels)
    if not num:
        return []
    why = "brackets with several words stand for a node with a leaf for each"
    return [Guess(what=f"{num:,} nodes have no label", why=why, flag="")]


def _is_number(text: str) -> bool:
    try:
        return float(text) == float(text)
    except ValueError:
        return False
