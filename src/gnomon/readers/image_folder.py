"""Pictures in class folders: ``cat/*.jpg dog/*.jpg``, with or without ``train/ val/ test/`` above or below them.

Where the task needs no labels, pictures without class folders are read too.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, printable
from gnomon.core.spec import Dataset, Guess, Label, Match
from gnomon.data import layout, listing, pictures
from gnomon.data.content import Content, Listed, Part, Source
from gnomon.data.layout import Layout
from gnomon.data.listing import File, Found
from gnomon.data.reading import Reading

CLASS_LEVELS = ("top", "leaf")
"""What ``--target`` may be: a class is the first folder, or the innermost."""

TREE = """put each class into a folder of its own (splits are optional):
  photos/train/cat/1.jpg   photos/test/cat/3.jpg
  photos/train/dog/2.jpg   photos/test/dog/4.jpg"""

WITHOUT = "or let it learn what they look like, without classes: --task generate"

_SNIFFED = 2000
_SPLIT_ORDER = ("train", "valid", "test", "all")


@dataclass(frozen=True, kw_only=True)
class Config:
    """This reader has no settings of its own."""


def sniff(path: Path) -> Match | None:
    """Claim a folder with pictures in it; folders of pictures inside it make the claim strong."""
    if not path.is_dir():
        return None
    folders = _first_picture_folders(path)
    if not folders:
        return None
    if folders == {()}:
        return Match(confidence=0.3, why="it holds pictures, but no class folders")
    return Match(confidence=0.8, why=f"it holds folders with pictures ({_some(folders)})")


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Read a folder of class folders. Raises ``DataError`` that draws the expected tree where there are none."""
    if config.target not in ("auto", *CLASS_LEVELS):
        raise pictures.unknown_target(config.target, CLASS_LEVELS, path)
    found = listing.walk(path)
    files = [file for file in found.files if listing.is_picture(file)]
    source = Source(
        reader="image_folder",
        path=path,
        name=path.resolve().name,
        key=_key(path, files, found),
        read=lambda: _content(found, files, config.target, reading.needs_labels),
    )
    dataset = pictures.dataset(source, config, reading)
    if reading.needs_labels and not isinstance(dataset.spec.target, Label):  # decoded before, for another task
        raise _no_classes(found, files)
    return dataset


def _first_picture_folders(path: Path) -> set[tuple[str, ...]]:
    """Return folders that hold pictures, looking at no more than ``_SNIFFED`` names."""
    folders: set[tuple[str, ...]] = set()
    looked_at = 0
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        looked_at += len(names) + 1
        if any(listing.is_picture(File((), name, 0, 0)) for name in names if not name.startswith(".")):
            folders.add(Path(folder).relative_to(path).parts)
        if looked_at > _SNIFFED and folders - {()}:
            break
    return folders


def _some(folders: set[tuple[str, ...]]) -> str:
    names = sorted(printable("/".join(folder)) for folder in folders if folder)
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _key(path: Path, files: list[File], found: Found) -> list[object]:
    return [str(path.resolve()), found.folders, *((file.id, file.num_bytes, file.changed_ns) for file in files)]


def _content(found: Found, files: list[File], class_level: str, needs_labels: bool) -> Content:
    arranged = layout.arrange({file.folders for file in files}, _empty_folders(found), class_level)
    if arranged is None:
        if needs_labels or not files:
            raise _no_classes(found, files)
        return _unlabelled(found, files)
    placed = [(file, arranged.places.get(file.folders)) for file in files]
    used = [(file, place) for file, place in placed if place and place.label and place.split]
    classes = tuple(sorted({place.label for place in arranged.places.values() if place.label}))
    index = {name: i for i, name in enumerate(classes)}
    parts = []
    for split in _SPLIT_ORDER:
        chosen = [(file, place.label) for file, place in used if place.split == split]
        if chosen:
            parts.append(_part(found.root, split, chosen, index))
    num_loose = len(files) - len(used)
    return Content(
        parts=parts,
        classes=classes,
        guesses=_guesses(arranged, class_level, num_loose, len(classes)),
        skipped=tuple(found.skipped),
        facts={"passed_over": _passed_over(found, files, num_loose)},
    )


def _unlabelled(found: Found, files: list[File]) -> Content:
    """Return pictures of which no class is known, in the splits that their folders say."""
    splits = layout.arrange_unlabelled({file.folders for file in files})
    used = [file for file in files if splits[file.folders]]
    parts = []
    for split in _SPLIT_ORDER:
        chosen = [(file, "") for file in used if splits[file.folders] == split]
        if chosen:
            parts.append(_part(found.root, split, chosen, {"": -1}))
    passed = sorted({"/".join(folders) for folders, split in splits.items() if not split})
    return Content(
        parts=parts,
        classes=(),
        guesses=tuple(
            Guess(
                what=f"the pictures in {printable(folder) or 'the folder itself'} are not used",
                why="its name says no split, and others do",
                flag="--valid PATH or --test PATH, or move them away",
            )
            for folder in passed
        ),
        skipped=tuple(found.skipped),
        facts={"passed_over": _passed_over(found, files, 0)},
    )


def _part(root: Path, split: str, chosen: list[tuple[File, str]], index: dict[str, int]) -> Part:
    return Part(
        split=split,
        ids=[file.id for file, _ in chosen],
        targets=np.array([index[label] for _, label in chosen], np.int64),
        payloads=Listed([Path(root, *file.folders, file.name) for file, _ in chosen]),
    )


def _empty_folders(found: Found) -> list[tuple[str, ...]]:
    full = {file.folders[:depth] for file in found.files for depth in range(len(file.folders) + 1)}
    return [folders for folders in found.folders if folders not in full]


def _passed_over(found: Found, files: list[File], num_loose: int) -> dict[str, int]:
    counts = Counter(found.counts)
    counts["other files"] = len(found.files) - len(files)
    counts["pictures without a class"] = num_loose
    return {what: n for what, n in sorted(counts.items()) if n}


def _guesses(arranged: Layout, class_level: str, num_loose: int, num_classes: int) -> tuple[Guess, ...]:
    guesses = [
        Guess(
            what=f"the folder {printable(top)} is not used",
            why=why,
            flag="--valid PATH or --test PATH, or move it away",
        )
        for top, why in sorted(arranged.passed.items())
    ]
    if arranged.nested and class_level == "auto":
        what = f"the {num_classes} outer folders are the classes, not the folders inside them"
        guesses.append(Guess(what=what, why="class folders have folders of their own", flag="--target leaf"))
    for name, ways in sorted(arranged.merged.items()):
        what = f"{len(ways)} folders that read {printable(name)} are one class"
        guesses.append(Guess(what=what, why="they differ only in how accents are stored", flag="rename one of them"))
    if num_loose:
        what = f"{num_loose} pictures are not used"
        guesses.append(Guess(what=what, why="they lie in no class folder", flag="move them into class folders"))
    return tuple(guesses)


def _no_classes(found: Found, files: list[File]) -> DataError:
    if not files:
        what = "holds no pictures"
    else:
        where = "side by side" if len({file.folders for file in files}) == 1 else "in fewer than two class folders"
        what = f"its {len(files)} pictures lie {where}, so their classes are unknown"
    links = found.counts["links not followed"]
    if links:
        what += f" ({links} links that lead to folders or out of it are not followed)"
    if found.skipped:
        what += f"\n{pictures.listed(found.skipped[:2])}"
    return DataError(what, fix=TREE if not files else f"{TREE}\n{WITHOUT}", path=found.root)
