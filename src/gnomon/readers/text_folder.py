"""Texts in class folders: ``pos/*.txt neg/*.txt``, with or without ``train/ test/`` above; also in an archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gnomon.core.config import Auto, DataConfig
from gnomon.core.errors import DataError, printable
from gnomon.core.spec import Dataset, Guess, Label, Match, Skipped
from gnomon.data import documents, layout, listing, pictures, textfile, texts
from gnomon.data.documents import Shelf
from gnomon.data.layout import Layout
from gnomon.data.listing import File
from gnomon.data.reading import Reading
from gnomon.data.textfile import Decoded

CLASS_LEVELS = ("top", "leaf")
"""What ``--target`` may be: a class is the first folder, or the innermost."""

TREE = """put each class into a folder of its own (splits are optional):
  reviews/train/good/1.txt   reviews/test/good/3.txt
  reviews/train/bad/2.txt    reviews/test/bad/4.txt"""

_ENDINGS = frozenset({".txt", ".text", ".eml", ""})
_UNLABELLED = frozenset({"unsup", "unlabeled", "unlabelled"})


@dataclass(frozen=True, kw_only=True)
class Config:
    """How texts are read."""

    encoding: str | Auto = "auto"
    """Encoding of the files, such as ``utf-8``, ``cp1252`` or ``gb18030``."""


def sniff(path: Path) -> Match | None:
    """Claim a folder or an archive with class folders of texts."""
    if path.is_file() and not documents.is_archive(path):
        return None
    files = documents.peek(path)
    wanted = [file for file in files if _wanted(file) and not _note_unlabelled(file, set())]
    if not wanted or sum(map(listing.is_picture, files)) > len(wanted):
        return None
    holding = {file.folders for file in wanted}
    if layout.arrange(holding, ()) is None and not _begins_with_classes(path, holding):
        return None
    if documents.archive_in(path) is None and not _is_text(path, wanted[-1]):
        return None
    names = sorted({printable("/".join(folders)) for folders in holding if folders})
    some = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return Match(confidence=0.7, why=f"it holds folders with texts ({some})")


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read texts in class folders. Raises ``DataError`` that draws the expected tree where there are none."""
    if config.target not in ("auto", *CLASS_LEVELS):
        raise pictures.unknown_target(config.target, CLASS_LEVELS, path)
    unlabelled: set[str] = set()
    shelf = documents.shelf(path, lambda file: _wanted(file) and not _note_unlabelled(file, unlabelled))
    arranged = layout.arrange({file.folders for file in shelf.files}, (), config.target)
    if arranged is None:
        raise DataError(f"its {len(shelf.files)} texts lie in fewer than two class folders", fix=TREE, path=path)
    files = [file for file in shelf.files if _place(arranged, file)]
    decoded, skipped = texts.read_all(shelf, files, reading.settings(Config).encoding, reading)
    found = _found(path, shelf, arranged, files, decoded, skipped)
    return texts.dataset(replace(found, guesses=(*_left_out(unlabelled), *found.guesses)), config)


def _wanted(file: File) -> bool:
    tail = documents.ending(file.name)
    return (tail in _ENDINGS or tail[1:].isdecimal()) and bool(file.folders) and not documents.is_about(file)


def _note_unlabelled(file: File, unlabelled: set[str]) -> bool:
    """Return whether a file lies in a folder of texts without a label, and note that folder."""
    for depth, folder in enumerate(file.folders):
        if folder.lower() in _UNLABELLED:
            unlabelled.add("/".join(file.folders[: depth + 1]))
            return True
    return False


def _left_out(unlabelled: set[str]) -> tuple[Guess, ...]:
    return tuple(
        Guess(what=f"the folder {printable(folder)} is not used", why="its name says no label", flag="rename it")
        for folder in sorted(unlabelled)
    )


def _begins_with_classes(path: Path, holding: set[tuple[str, ...]]) -> bool:
    """Return whether the part of an archive that was looked at has a class folder below that of a split."""
    return documents.archive_in(path) is not None and any(
        layout.SPLIT_NAMES.get(parent.lower()) for folders in holding for parent in folders[:-1]
    )


def _is_text(path: Path, file: File) -> bool:
    return textfile.looks_like_text(textfile.head(Path(path, *file.folders, file.name)))


def _place(arranged: Layout, file: File) -> layout.Place | None:
    place = arranged.places.get(file.folders)
    return place if place and place.label and place.split else None


def _found(
    path: Path,
    shelf: Shelf,
    arranged: Layout,
    files: Sequence[File],
    decoded: Sequence[Decoded | None],
    skipped: Sequence[Skipped],
) -> texts.Found:
    classes = tuple(sorted({place.label for file in files if (place := _place(arranged, file))}))
    empty = [
        Skipped(id=file.id, reason=texts.EMPTY)
        for file, one in zip(files, decoded, strict=True)
        if one is not None and not one.text.strip()
    ]
    used = [(file, one) for file, one in zip(files, decoded, strict=True) if one is not None and one.text.strip()]
    return texts.Found(
        reader="text_folder",
        path=path,
        target=Label(classes=classes),
        parts=[_part(split, used, arranged, classes) for split in texts.SPLITS],
        guesses=(*_guesses(arranged, classes, len(shelf.files) - len(files)), *textfile.told([one for _, one in used])),
        skipped=(*skipped, *empty),
        facts={"encodings": texts.encodings(decoded), "passed_over": documents.passed_over(shelf)},
    )


def _part(split: str, used: Sequence[tuple[File, Decoded]], arranged: Layout, classes: Sequence[str]) -> texts.Part:
    index = {name: i for i, name in enumerate(classes)}
    chosen = [(file, one, arranged.places[file.folders].label) for file, one in used]
    chosen = [each for each in chosen if arranged.places[each[0].folders].split == split]
    return texts.Part(
        split=split,
        ids=[file.id for file, _, _ in chosen],
        texts=[one.text for _, one, _ in chosen],
        targets=np.array([index[label] for _, _, label in chosen], np.int64),
    )


def _guesses(arranged: Layout, classes: Sequence[str], num_loose: int) -> tuple[Guess, ...]:
    guesses = [
        Guess(
            what=f"the folder {printable(top)} is not used",
            why=why.replace("pictures", "texts"),
            flag="--valid PATH or --test PATH, or move it away",
        )
        for top, why in sorted(arranged.passed.items())
    ]
    if arranged.nested:
        what = f"the {len(classes)} outer folders are the classes, not the folders inside them"
        guesses.append(Guess(what=what, why="class folders have folders of their own", flag="--target leaf"))
    if num_loose:
        what = f"{num_loose:,} texts in other folders are not used"
        guesses.append(Guess(what=what, why="they lie in no class folder", flag="move them into class folders"))
    return tuple(guesses)
