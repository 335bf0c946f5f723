"""Folders of Python files, one class each: their syntax trees are learnt. No file is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, printable
from gnomon.core.spec import Dataset, Guess, Label, Match, Skipped
from gnomon.data import codetrees, documents, layout, listing, pictures, treefound
from gnomon.data.codetrees import CodeError
from gnomon.data.documents import Shelf
from gnomon.data.formats import UnreadableError
from gnomon.data.layout import Layout
from gnomon.data.listing import File
from gnomon.data.reading import Reading
from gnomon.data.trees import Tree

CLASS_LEVELS = ("top", "leaf")
"""What ``--target`` may be: a class is the first folder, or the innermost."""

TREE = """put the files of each class into a folder of its own (splits are optional):
  code/train/sorting/1.py     code/test/sorting/3.py
  code/train/searching/2.py   code/test/searching/4.py"""

_ENDINGS = frozenset({".py", ".pyi"})


@dataclass(frozen=True, kw_only=True)
class Config:
    """How code is read."""

    docstrings: bool = True
    """Whether the first words of docstrings are part of the trees."""


def sniff(path: Path) -> Match | None:
    """Claim a folder or an archive with class folders of Python files."""
    if path.is_file() and not documents.is_archive(path):
        return None
    files = documents.peek(path)
    wanted = [file for file in files if _wanted(file)]
    if not wanted or 2 * len(wanted) < sum(map(documents.is_prose, files)) or any(map(listing.is_picture, files)):
        return None
    holding = {file.folders for file in wanted}
    if layout.arrange(holding, ()) is None:
        return None
    some = ", ".join(sorted({printable("/".join(folders)) for folders in holding if folders})[:3])
    return Match(confidence=0.75, why=f"it holds folders with Python files ({some})")


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read the syntax trees of Python files in class folders.

    A file that is no Python, or is nested too deeply, is left out with its reason. Raises ``DataError`` that draws the
    expected folders where there are none.
    """
    if config.target not in ("auto", *CLASS_LEVELS):
        raise pictures.unknown_target(config.target, CLASS_LEVELS, path)
    shelf = documents.shelf(path, _wanted)
    arranged = layout.arrange({file.folders for file in shelf.files}, (), config.target)
    if arranged is None:
        raise DataError(f"its {len(shelf.files)} Python files lie in fewer than two class folders", fix=TREE, path=path)
    files = [file for file in shelf.files if _place(arranged, file)]
    trees, skipped = _trees(shelf, files, reading)
    classes = tuple(sorted({place.label for file in files if (place := _place(arranged, file))}))
    used = [(file, tree) for file, tree in zip(files, trees, strict=True) if tree is not None]
    found = treefound.Found(
        reader="code_folder",
        path=path,
        target=Label(classes=classes),
        parts=[_part(split, used, arranged, classes) for split in treefound.SPLITS],
        guesses=(_read_as(), *_guesses(arranged, classes, len(shelf.files) - len(files))),
        skipped=tuple(skipped),
        facts={"passed_over": documents.passed_over(shelf), "form": "code"},
    )
    return treefound.dataset(found, config)


def _wanted(file: File) -> bool:
    return documents.ending(file.name) in _ENDINGS and bool(file.folders) and "__pycache__" not in file.folders


def _place(arranged: Layout, file: File) -> layout.Place | None:
    place = arranged.places.get(file.folders)
    return place if place and place.label and place.split else None


def _trees(shelf: Shelf, files: Sequence[File], reading: Reading) -> tuple[list[Tree | None], list[Skipped]]:
    keep = reading.settings(Config).docstrings
    trees: list[Tree | None] = []
    skipped: list[Skipped] = []
    for number, file in enumerate(files):
        treefound.tick(reading, number, len(files))
        try:
            source = shelf.content(file)
            if len(source) > codetrees.MAX_BYTES:
                raise UnreadableError(f"is longer than {codetrees.MAX_BYTES:,} bytes: that is data, not code")
            trees.append(codetrees.tree_of(codetrees.parsed(source), without_docstring=not keep))
        except (UnreadableError, DataError) as error:
            trees.append(None)
            skipped.append(Skipped(id=file.id, reason=error.what if isinstance(error, DataError) else str(error)))
        except CodeError as error:
            trees.append(None)
            place = "".join(f":{part}" for part in (error.line, error.column) if part)
            skipped.append(Skipped(id=f"{file.id}{place}", reason=str(error)))
    return trees, skipped


def _part(split: str, used: Sequence[tuple[File, Tree]], arranged: Layout, classes: Sequence[str]) -> treefound.Part:
    index = {name: i for i, name in enumerate(classes)}
    chosen = [(file, tree) for file, tree in used if arranged.places[file.folders].split == split]
    return treefound.Part(
        split=split,
        ids=[file.id for file, _ in chosen],
        trees=[tree for _, tree in chosen],
        targets=np.array([index[arranged.places[file.folders].label] for file, _ in chosen], np.int64),
    )


def _read_as() -> Guess:
    return Guess(what="each Python file is read as its syntax tree", why="nothing in it is run", flag="")


def _guesses(arranged: Layout, classes: Sequence[str], num_loose: int) -> tuple[Guess, ...]:
    guesses = [
        Guess(
            what=f"the folder {printable(top)} is not used",
            why=why.replace("pictures", "Python files"),
            flag="--valid PATH or --test PATH, or move it away",
        )
        for top, why in sorted(arranged.passed.items())
    ]
    if arranged.nested:
        what = f"the {len(classes)} outer folders are the classes, not the folders inside them"
        guesses.append(Guess(what=what, why="class folders have folders of their own", flag="--target leaf"))
    if num_loose:
        what = f"{num_loose:,} Python files in other folders are not used"
        guesses.append(Guess(what=what, why="they lie in no class folder", flag="move them into class folders"))
    return tuple(guesses)
