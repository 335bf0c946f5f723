"""The source code of the running Python's standard library, as a corpus: always there, nothing to download."""

from __future__ import annotations

import os
import platform
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError
from gnomon.core.spec import Dataset, Match, Text
from gnomon.data import documents, pictures, texts
from gnomon.data.listing import File
from gnomon.data.reading import Reading

NAME = "stdlib-code"
_LEFT_OUT = frozenset(
    {"test", "tests", "idle_test", "lib2to3", "site-packages", "dist-packages", "__pycache__", "_bundled"}
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """This reader has no settings of its own."""


def sniff(path: Path) -> Match | None:
    """Claim the bare name ``stdlib-code`` where no file or folder of that name exists."""
    if path == Path(NAME) and not path.exists():
        return Match(confidence=1.0, why="it is the name of a corpus that comes with Python")
    return None


def read(path: Path, config: DataConfig, reading: Reading) -> Dataset:
    """Return the library's modules, sorted by path, one document each; the same for one version of Python.

    Raises ``DataError`` where this Python has no readable source.
    """
    if config.target != "auto":
        raise pictures.unknown_target(config.target, ("auto",), path)
    root = Path(sysconfig.get_path("stdlib"))
    shelf = documents.picked(root, _sources(root))
    if not shelf.files:
        raise DataError("this Python comes without the source of its library", fix="give a folder of text", path=root)
    decoded, skipped = texts.read_all(shelf, shelf.files, "utf-8", reading)
    used = [(file, one) for file, one in zip(shelf.files, decoded, strict=True) if one is not None and one.text.strip()]
    found = texts.Found(
        reader="stdlib_code",
        path=Path(NAME),
        target=Text(),
        parts=[texts.Part(split="all", ids=[file.id for file, _ in used], texts=[one.text for _, one in used])],
        skipped=tuple(skipped),
        facts={
            "num_files": len(used),
            "encodings": texts.encodings(decoded),
            "python": platform.python_version(),
        },
    )
    return texts.dataset(found, config)


def _sources(root: Path) -> list[File]:
    """Return the modules that all builds of one Python version share, without tests and installed packages."""
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in _LEFT_OUT and not name.startswith("config-")]
        parts = Path(folder).relative_to(root).parts
        sources = [name for name in names if name.endswith(".py") and not name.startswith("_sysconfigdata")]
        found += [File(parts, name, 0, 0) for name in sources]
    return sorted(found, key=lambda file: (file.folders, file.name))
