"""Functions of the running Python's standard library, one operator of each hidden: which one was it? Always there.

The syntax tree of a function shows all but one of its operators; where that one stood there is a ``?``. It is to be
told from the tree. Which operators occur in a function says little about the one at that place: what is compared
with ``None``, or stands in an index, says much, and only the shape of the tree tells what stands there.

Source: the task follows Pradel and Sen, "DeepBugs", OOPSLA 2018, section 4.2 (wrong binary operators).
"""

from __future__ import annotations

import ast
import platform
import sysconfig
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.core.config import DataConfig, require_within
from gnomon.core.errors import DataError
from gnomon.core.spec import Dataset, Guess, Label, Match, Skipped
from gnomon.data import codetrees, documents, hiddenops, pictures, treefound
from gnomon.data.codetrees import CodeError
from gnomon.data.documents import Shelf
from gnomon.data.formats import UnreadableError
from gnomon.data.libraries import python_sources
from gnomon.data.listing import File
from gnomon.data.reading import Reading
from gnomon.data.trees import Tree

NAME = "python-ast"
FEWEST = 40
"""Operators that occur less often are not asked for."""
_PARTS = 10


@dataclass(frozen=True, kw_only=True)
class Config:
    """Which functions are read, and how often."""

    nodes: int = 100
    """Functions with larger trees are left out."""
    places: int = 4
    """Most operators of one function that are hidden, each in a copy of its own."""

    def __post_init__(self) -> None:
        require_within("reader.nodes", self.nodes, 3, 1_000_000)
        require_within("reader.places", self.places, 1, 1000)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One function with a hidden operator."""

    split: str
    id: str
    tree: Tree
    operator: str


def sniff(path: Path) -> Match | None:
    """Claim the bare name ``python-ast`` where no file or folder of that name exists."""
    if path == Path(NAME) and not path.exists():
        return Match(confidence=1.0, why="it is the name of a set of syntax trees that comes with Python")
    return None


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Return functions with a hidden operator; the same for one version of Python.

    A whole module, or package, is for training, validation or testing. Raises ``DataError`` where this Python has no
    readable source.
    """
    if config.target != "auto":
        raise pictures.unknown_target(config.target, ("auto",), path)
    settings = reading.settings(Config)
    root = Path(sysconfig.get_path("stdlib"))
    shelf = documents.picked(root, python_sources(root))
    if not shelf.files:
        raise DataError("this Python comes without the source of its library", fix="give a folder of code", path=root)
    found, skipped = _all(shelf, settings, reading)
    counts = Counter(one.operator for one in found)
    fewest = FEWEST if len(found) > FEWEST * len(counts) else 1
    classes = tuple(sorted(name for name, count in counts.items() if count >= fewest))
    made = treefound.Found(
        reader="python_ast",
        path=Path(NAME),
        target=Label(classes=classes),
        parts=[_part(split, found, classes) for split in ("train", "valid", "test")],
        guesses=(_told(settings),),
        skipped=tuple(skipped),
        facts={"num_files": len(shelf.files), "python": platform.python_version(), "form": "operators"},
    )
    return treefound.dataset(made, config)


def _all(shelf: Shelf, settings: Config, reading: Reading) -> tuple[list[_Asked], list[Skipped]]:
    found: list[_Asked] = []
    skipped: list[Skipped] = []
    seen: set[bytes] = set()
    for number, file in enumerate(shelf.files):
        treefound.tick(reading, number, len(shelf.files))
        try:
            module = codetrees.parsed(shelf.content(file))
        except (UnreadableError, CodeError) as error:
            skipped.append(Skipped(id=file.id, reason=str(error)))
            continue
        for one in _of_module(module, file, settings):
            if one.tree.content not in seen:
                seen.add(one.tree.content)
                found.append(one)
    return found, skipped


def _of_module(module: ast.Module, file: File, settings: Config) -> Iterator[_Asked]:
    top = file.folders[0] if file.folders else documents.stem(file.name)
    split = {0: "test", 1: "valid"}.get(zlib.crc32(top.encode()) % _PARTS, "train")
    for one in hiddenops.functions(module, file.id, nodes=settings.nodes, places=settings.places):
        yield _Asked(split, f"{file.id}:{one.line} {one.name} ?{one.number}", one.tree, one.operator)


def _part(split: str, found: Sequence[_Asked], classes: Sequence[str]) -> treefound.Part:
    index = {name: i for i, name in enumerate(classes)}
    chosen = [one for one in found if one.split == split and one.operator in index]
    return treefound.Part(
        split=split,
        ids=[one.id for one in chosen],
        trees=[one.tree for one in chosen],
        targets=np.array([index[one.operator] for one in chosen], np.int64),
    )


def _told(settings: Config) -> Guess:
    return Guess(
        what=f"one operator of each function is hidden and to be told; functions have up to {settings.nodes} nodes",
        why=f"up to {settings.places} operators of a function are asked for, each in a copy of its own",
        flag="--set reader.nodes=200 --set reader.places=10",
    )
