"""Which files of a folder hold trees, and which split each is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from gnomon.data import documents, layout
from gnomon.data.treefound import SPLITS

_MAX_FILES = 1000


def files(path: Path, holds: Callable[[Path], bool]) -> list[tuple[str, Path]]:
    """Return the files that hold trees with their splits: the file, or those of a folder.

    Where names of files say splits, only those files are taken, else all files are one split called ``all``.
    """
    if path.is_file():
        return [("all", path)] if holds(path) else []
    if not path.is_dir():
        return []
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file() and not entry.name.startswith("."))
    found = [path / name for name in names[:_MAX_FILES] if holds(path / name)]
    named = [(split, file) for file in found if (split := layout.split_of(documents.stem(file.name)))]
    if any(split == "train" for split, _ in named):
        return sorted(named, key=lambda pair: SPLITS.index(pair[0]))
    return [("all", file) for file in found]
