"""Which folder or file name says which split or class: the names that people give to their data."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "valid",
    "valid": "valid",
    "validation": "valid",
    "dev": "valid",
    "test": "test",
}
_SUFFIX = re.compile(rf"[-_. ]({'|'.join(SPLIT_NAMES)})$", re.IGNORECASE)
_PART = re.compile(r"[-_.]\d{1,6}(-of-\d{1,6})?$")
_ENDINGS = re.compile(r"\.(parquet|csv|tsv|txt|bin|gz)$", re.IGNORECASE)

Folders = tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """What a picture's folders say: its split (``all`` where they do not say) and its class ('' where unknown)."""

    split: str
    label: str


@dataclass(frozen=True)
class Layout:
    """How a folder of class folders is built: places of its folders, and what was passed over."""

    places: dict[Folders, Place]
    nested: bool
    """True where class folders have folders of their own."""
    passed: dict[str, str]
    """Top folders that are no part of the data, with the reason."""
    merged: dict[str, list[str]]
    """Class names that look the same and are written with different characters."""


def split_of(name: str) -> str | None:
    """Return the split that a folder's or file's name says: ``train``, ``valid``, ``test``, or None.

    ``val/``, ``train.parquet``, ``train-00000-of-00002.parquet`` and ``adult_train.csv`` all say it.
    """
    stem = name
    while (shorter := _ENDINGS.sub("", stem)) != stem:
        stem = shorter
    stem = _PART.sub("", stem)
    if exact := SPLIT_NAMES.get(stem.lower()):
        return exact
    suffix = _SUFFIX.search(stem)
    return SPLIT_NAMES[suffix.group(1).lower()] if suffix else None


def class_name(folder: str) -> str:
    """Return the class that a folder stands for: its name in composed characters (Unicode NFC).

    A Mac writes é as two characters, other systems as one: both are the same class.
    """
    return unicodedata.normalize("NFC", folder)


def arrange(holding: Iterable[Folders], empty: Iterable[Folders], class_level: str = "auto") -> Layout | None:
    """Return the layout of a tree, or None where fewer than two class folders can be told.

    ``holding`` are the folders that hold pictures directly; ``empty`` those with no file at all below them: an empty
    class is a class. ``class_level`` is ``auto`` or ``top`` (a class is the first folder) or ``leaf`` (the innermost).
    """
    holding, empty = sorted(set(holding)), sorted(set(empty))
    base = _wrapper(holding)
    return _arranged(base, holding, empty, class_level) or (
        _arranged((), holding, empty, class_level) if base else None
    )


def arrange_unlabelled(holding: Iterable[Folders]) -> dict[Folders, str]:
    """Return the split of each folder that holds pictures whose classes are not asked for: ``all`` where none says one.

    Where folders say splits, one that says none has '': its pictures are no part of the data.
    """
    holding = sorted(set(holding))
    base = _wrapper(holding)
    inner = {folders: folders[len(base) :] for folders in holding}
    at = 0 if _split_level(list(inner.values())) == 0 else None
    return {folders: _names(own, at)[0] for folders, own in inner.items()}


def _arranged(base: Folders, holding: list[Folders], empty: list[Folders], class_level: str) -> Layout | None:
    inner = [folders[len(base) :] for folders in holding]
    at = _split_level(inner)
    passed = _passed(inner, at)
    names: dict[Folders, tuple[str, Folders]] = {}
    for folders in [*holding, *(folders for folders in empty if folders[: len(base)] == base)]:
        own = folders[len(base) :]
        split, rest = _names(own, at)
        if (own[:1] and own[0] in passed) or (not rest and folders in empty):
            continue
        names[folders] = (split, rest[-1:] if class_level == "leaf" else rest)
    if len({class_name(rest[0]) for _, rest in names.values() if rest}) < 2:
        return None
    nested = any(len(_names(folders, at)[1]) > 1 for folders in inner)
    places = {folders: Place(split, class_name(rest[0]) if rest else "") for folders, (split, rest) in names.items()}
    return Layout(places, nested, passed, _merged(names))


def _merged(names: dict[Folders, tuple[str, Folders]]) -> dict[str, list[str]]:
    spellings: dict[str, set[str]] = defaultdict(set)
    for _, rest in names.values():
        if rest:
            spellings[class_name(rest[0])].add(rest[0])
    return {name: sorted(ways) for name, ways in spellings.items() if len(ways) > 1}


def _wrapper(holding: Sequence[Folders]) -> Folders:
    """Return the folders that all pictures share, so far as they do not say a split."""
    if not holding:
        return ()
    shared: list[str] = []
    for parts in zip(*holding, strict=False):
        if len(set(parts)) > 1 or _exact(parts[0]):
            break
        shared.append(parts[0])
    return tuple(shared)


def _exact(name: str) -> str | None:
    return SPLIT_NAMES.get(name.lower())


def _split_level(holding: Sequence[Folders]) -> int | None:
    """Return at which depth folders say splits: 0 (``train/cat``), 1 (``cat/train``), or None."""
    tops = {folders[0] for folders in holding if folders}
    exact = {_exact(name) for name in tops} - {None}
    if "train" in exact and (len(exact) > 1 or len(tops) == 1):
        return 0
    by_suffix = {split_of(name) for name in tops}
    if tops and None not in by_suffix and "train" in by_suffix and len(by_suffix) > 1:
        return 0
    seconds = [folders[1] if len(folders) > 1 else "" for folders in holding]
    if len(tops) > 1 and seconds and all(_exact(name) for name in seconds) and "train" in map(_exact, seconds):
        return 1
    return None


def _passed(holding: Sequence[Folders], at: int | None) -> dict[str, str]:
    """Return top folders that are no part of the data: no split's name, or pictures without classes."""
    if at != 0:
        return {}
    passed = {}
    for top in {folders[0] for folders in holding if folders}:
        if split_of(top) is None:
            passed[top] = "its name says no split"
        elif not any(len(folders) > 1 for folders in holding if folders[:1] == (top,)):
            passed[top] = "its pictures have no class folders"
    return passed


def _names(folders: Folders, at: int | None) -> tuple[str, Folders]:
    """Return the split that folders say, and the class folder with those inside it."""
    if at is None:
        return "all", folders
    if len(folders) <= at:
        return "", folders[:at]
    split = split_of(folders[at]) or ""
    if at == 1:
        return split, (folders[0], *folders[2:])
    rest = folders[1:]
    while rest and rest[0] == folders[0]:  # some sets repeat the folder inside itself: seg_train/seg_train/forest
        rest = rest[1:]
    return split, rest if split else ()
