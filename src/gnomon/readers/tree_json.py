"""Trees in JSON lines: ``{"tree": {"value": "and", "children": ["rain", "wind"]}, "label": "wet"}``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gnomon.core.config import Auto, DataConfig
from gnomon.core.errors import DataError, printable
from gnomon.core.spec import Dataset, Guess, Match, NodeLabels, Skipped
from gnomon.data import (
    columns,
    deepjson,
    frame,
    jsontrees,
    pictures,
    textfile,
    texts,
    treefiles,
    treefound,
    treetargets,
)
from gnomon.data.jsontrees import Described
from gnomon.data.reading import Reading
from gnomon.data.textfile import Decoded
from gnomon.data.trees import Tree
from gnomon.data.treetargets import Kind

NODES, ROOT = "nodes", "root"
_KINDS: dict[str, Kind] = {"classify": "label", "regress": "number"}

_SNIFFED_BYTES = 1 << 16
_LONG_BYTES = 1 << 22
_SNIFFED_LINES = 20


@dataclass(frozen=True, kw_only=True)
class Config:
    """How trees in JSON are read."""

    encoding: str | Auto = "auto"
    """Encoding of the files, such as ``utf-8``, ``cp1252`` or ``gb18030``."""
    ordered: bool = True
    """Whether the order of the children means something."""


@dataclass(frozen=True, slots=True)
class _Line:
    id: str
    split: str
    tree: Tree
    labels: tuple[str | None, ...]
    beside: dict[str, Any]


def sniff(path: Path) -> Match | None:
    """Claim JSON lines that hold trees, or a folder with such files."""
    found = treefiles.files(path, _holds_trees)
    return Match(confidence=0.9, why=f"the lines of {printable(found[0][1].name)} hold trees") if found else None


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read trees of JSON lines, of any depth.

    Raises ``DataError`` where there is none or nothing is to be learnt of them, ``UsageError`` for an unknown target.
    """
    files = treefiles.files(path, _holds_trees)
    if not files:
        raise DataError("holds no trees", fix='write a line each: {"tree": {"value": …, "children": […]}, "label": …}')
    settings = reading.settings(Config)
    lines, decoded, skipped = _lines(files, settings.encoding, reading)
    kind = _KINDS.get(reading.value("run.task"), "auto")
    target, guesses = _target(lines, config.target, path, kind)
    leaf, targets, told = _encoded(lines, target, path, kind)
    usable = _usable(lines, targets)
    skipped += [
        Skipped(id=line.id, reason="has no label", split=line.split)
        for line, is_usable in zip(lines, usable, strict=True)
        if not is_usable
    ]
    found = treefound.Found(
        reader="tree_json",
        path=path,
        target=leaf,
        ordered=settings.ordered,
        parts=[_part(split, lines, targets, usable) for split in treefound.SPLITS],
        guesses=(*guesses, *told, *textfile.told(decoded)),
        skipped=tuple(skipped),
        facts={"encodings": texts.encodings(decoded), "form": "json"},
    )
    return treefound.dataset(found, config)


def _holds_trees(path: Path) -> bool:
    """Return whether the first lines hold trees, some of which are more than a leaf."""
    if frame.kind(path) != frame.JSON_LINES:
        return False
    head = textfile.head(path, _SNIFFED_BYTES)
    if b"\n" not in head and len(head) == _SNIFFED_BYTES:  # one tree may be long
        head = textfile.head(path, _LONG_BYTES).partition(b"\n")[0] + b"\n"
    lines = [line for line in head.split(b"\n")[:_SNIFFED_LINES] if line.strip()]
    if len(head) == _SNIFFED_BYTES and len(lines) > 1:  # the last one may be cut
        lines = lines[:-1]
    found = [one for one in map(_held_in, lines) if one is not None]
    return len(found) > len(lines) / 2 and any(isinstance(node, dict) for _, node in found)


def _held_in(line: bytes) -> tuple[str, Any] | None:
    try:
        return jsontrees.held_in(deepjson.loads(line.decode("utf-8-sig")))
    except ValueError:
        return None


def _lines(
    files: Sequence[tuple[str, Path]], encoding: str, reading: Reading
) -> tuple[list[_Line], list[Decoded], list[Skipped]]:
    found: list[_Line] = []
    decoded: list[Decoded] = []
    skipped: list[Skipped] = []
    for split, file in files:
        decoded.append(textfile.read_text(file, encoding))
        given = decoded[-1].text.split("\n")
        for number, text in enumerate(given, 1):
            treefound.tick(reading, number - 1, len(given))
            if not text.strip():
                continue
            place = f"{file.name}:{number}"
            try:
                found.append(_line(text, place, split))
            except json.JSONDecodeError as error:
                skipped.append(Skipped(id=f"{place}:{error.colno}", reason=f"is no JSON: {error.msg}", split=split))
            except ValueError as error:
                skipped.append(Skipped(id=place, reason=str(error), split=split))
    return found, decoded, skipped


def _line(text: str, place: str, split: str) -> _Line:
    given = deepjson.loads(text)
    held = jsontrees.held_in(given)
    if held is None:
        raise ValueError("has no tree")
    key, node = held
    one: Described = jsontrees.tree_of(node)
    beside = {name: value for name, value in given.items() if name != key} if key else {}
    return _Line(place, split, one.tree, one.labels, beside)


def _target(lines: Sequence[_Line], wanted: str, path: Path, kind: Kind) -> tuple[str, tuple[Guess, ...]]:
    """Return what is asked: the name of a value beside the tree, the labels of the nodes, or that of the root."""
    beside = {
        name: [line.beside.get(name) for line in lines]
        for name in dict.fromkeys(name for line in lines for name in line.beside)
        if not any(isinstance(line.beside.get(name), dict | list) for line in lines)
    }
    at_root = any(line.labels and line.labels[-1] for line in lines)
    is_of_nodes = any(label for line in lines for label in line.labels[:-1])
    inside = [NODES] if is_of_nodes and not (at_root and kind != "auto" and wanted == "auto") else []
    inside += [ROOT] if at_root else []
    if wanted != "auto":
        if wanted not in (*beside, *inside):
            raise pictures.unknown_target(wanted, (*beside, *inside), path)
        return wanted, ()
    if not beside and not inside:
        raise DataError("its trees have no labels", fix='write "label" beside each tree, or in its nodes', path=path)
    if not beside or (NODES in inside and "label" not in beside):
        why = "nodes have labels" if inside[0] == NODES else "no other node has one"
        flag = f"--target {next(iter(beside), ROOT)}" if len(beside) + len(inside) > 1 else ""
        told = "the labels of all nodes" if inside[0] == NODES else "the label of the root"
        return inside[0], (Guess(what=f"what is learnt is {told}", why=why, flag=flag),)
    if len(beside) == 1:
        return next(iter(beside)), ()
    choice = columns.choose_target(beside, wanted, path)
    return choice.name, choice.guesses


def _encoded(lines: Sequence[_Line], target: str, path: Path, kind: Kind) -> tuple[Any, Any, tuple[Guess, ...]]:
    if target == NODES and not any(NODES in line.beside for line in lines):
        names = {label for line in lines for label in line.labels if label}
        classes, _ = columns.encode(sorted(names), path)
        index = {name: i for i, name in enumerate(classes)}
        return NodeLabels(classes=classes), treefound.of_nodes([line.labels for line in lines], index), ()
    if target == ROOT and not any(ROOT in line.beside for line in lines):
        return treetargets.encoded([line.labels[-1] for line in lines], target, path, kind=kind)
    return treetargets.encoded([line.beside.get(target) for line in lines], target, path, kind=kind)


def _usable(lines: Sequence[_Line], targets: Any) -> np.ndarray:
    if isinstance(targets, np.ndarray):
        return ~treetargets.are_missing(targets)
    return np.array([bool((targets[i] >= 0).any()) for i in range(len(lines))], bool)


def _part(split: str, lines: Sequence[_Line], targets: Any, usable: np.ndarray) -> treefound.Part:
    chosen = [i for i, line in enumerate(lines) if line.split == split and usable[i]]
    return treefound.Part(
        split=split,
        ids=[lines[i].id for i in chosen],
        trees=[lines[i].tree for i in chosen],
        targets=targets[np.array(chosen, np.int64)]
        if isinstance(targets, np.ndarray)
        else treefound.chosen(targets, chosen),
    )
