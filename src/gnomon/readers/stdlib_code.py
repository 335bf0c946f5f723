"""The source code of the running Python's standard library, as a corpus: always there, nothing to download."""

from __future__ import annotations

import platform
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError
from gnomon.core.spec import Dataset, Match, Text
from gnomon.data import documents, pictures, texts
from gnomon.data.libraries import python_sources
from gnomon.data.reading import Reading

NAME = "stdlib-code"


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
    shelf = documents.picked(root, python_sources(root))
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
