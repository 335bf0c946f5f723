"""Text files by the dozen or the hundred thousand: in a folder, or in a ZIP or tar archive that is never unpacked."""

from __future__ import annotations

import itertools
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from gnomon.core.errors import DataError
from gnomon.data import listing, textfile
from gnomon.data.formats import UnreadableError
from gnomon.data.listing import File, Found

TABLES = frozenset(
    {".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".parquet", ".arff", ".conllu", ".ts", ".xml"}
)
"""Endings of text files that are something else than running text."""
PROSE = frozenset(
    {
        *(".txt", ".text", ".tokens", ".raw", ".md", ".markdown", ".rst", ".tex", ".org", ".log", ".html", ".htm"),
        *(".eml", ".srt", ".py", ".pyi", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".java", ".js", ".go", ".rs"),
        *(".rb", ".php", ".pl", ".sh", ".sql", ".lua", ".r", ".jl", ".swift", ".kt", ".scala", ".hs", ".ml"),
        *(".lisp", ".el", ".clj", ".css"),
    }
)
"""Endings of files that hold running text or the source of programs."""

_ABOUT = frozenset(
    {"readme", "license", "licence", "copying", "changelog", "changes", "notice", "authors", "contributing"}
)
_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_MAX_TOTAL_BYTES = 8_000_000_000
_MAX_MEMBERS = 2_000_000
_MAX_RATIO = 200
_PEEKED = 2000


@dataclass
class Shelf:
    """The files of a folder or an archive. ``content`` gives the bytes of one; it raises ``UnreadableError``."""

    root: Path
    files: list[File]
    content: Callable[[File], bytes]
    found: Found | None = None
    """What else lies in the folder; None for an archive."""
    members: dict[File, bytes] = field(default_factory=dict, repr=False)


def ending(name: str) -> str:
    """Return a file's ending in small letters, that of what it packs where it ends in ``.gz``."""
    name = name.lower().removesuffix(".gz")
    return os.path.splitext(name)[1]  # noqa: PTH122  called a million times


def stem(name: str) -> str:
    """Return a file's name without the endings of text files, tables and gzip."""
    for _ in range(3):
        head, tail = os.path.splitext(name)  # noqa: PTH122
        if tail.lower() not in PROSE | TABLES | {".gz"} or not head:
            break
        name = head
    return name


def is_prose(file: File) -> bool:
    """Return whether a file's name says that it holds running text; names without an ending may."""
    tail = ending(file.name)
    return tail in PROSE or not tail or tail[1:].isdecimal()


def is_about(file: File) -> bool:
    """Return whether a file tells of the data (``README.md``, ``LICENSE``) instead of being a part of it."""
    return file.name.split(".")[0].lower().rstrip("s") in {name.rstrip("s") for name in _ABOUT}


def is_archive(path: Path) -> bool:
    """Return whether a name says that the file is a ZIP or tar archive."""
    return path.name.lower().endswith((".zip", *_TARS))


def archive_in(path: Path) -> Path | None:
    """Return ``path`` where it is an archive, or the only file in the folder ``path`` where that is one."""
    if path.is_file():
        return path if is_archive(path) else None
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in itertools.islice(entries, 20) if not entry.name.startswith(".")]
    except OSError:
        return None
    return path / names[0] if len(names) == 1 and is_archive(path / names[0]) and (path / names[0]).is_file() else None


def peek(path: Path) -> list[File]:
    """Return some of the files in a folder or an archive, at most about 2,000, without reading any; sizes may be 0."""
    archive = archive_in(path)
    try:
        if archive is None:
            return _some_of_folder(path) if path.is_dir() else []
        if archive.name.lower().endswith(".zip"):
            with zipfile.ZipFile(archive) as file:
                return [_file(info.filename, info.file_size) for info in file.infolist()[:_PEEKED] if not info.is_dir()]
        with tarfile.open(archive, "r|*") as file:
            return [_file(info.name, info.size) for info in itertools.islice(file, _PEEKED) if info.isreg()]
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, zlib.error, ValueError):
        return []


def shelf(path: Path, wanted: Callable[[File], bool]) -> Shelf:
    """Return the files below a folder, or in an archive, that are ``wanted``, sorted by path.

    Nothing is written; an archive's members are kept in memory. Raises ``DataError`` for a damaged or hostile one.
    """
    archive = archive_in(path)
    if archive is None:
        found = listing.walk(path)
        return Shelf(path, [file for file in found.files if wanted(file)], _reader(path), found)
    try:
        opened = _zip(archive, wanted) if archive.name.lower().endswith(".zip") else _tar(archive, wanted)
        members = dict(_limited(opened))
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, zlib.error, RuntimeError, ValueError) as error:
        raise DataError(f"cannot be unpacked: {error}", fix="get the file anew", path=archive) from error
    except UnreadableError as error:
        raise DataError(str(error), fix="unpack it yourself, and give the folder", path=archive) from error
    files = sorted(members, key=lambda file: (file.folders, file.name))
    return Shelf(archive, files, lambda file: textfile.unpacked(members[file]), members=members)


def picked(root: Path, files: list[File]) -> Shelf:
    """Return some files below ``root`` that were found by other means."""
    return Shelf(root, files, _reader(root))


def passed_over(shelf: Shelf) -> dict[str, int]:
    """Return how much lies beside the wanted files of a folder, and what."""
    if shelf.found is None:
        return {}
    counts = {"other files": len(shelf.found.files) - len(shelf.files), **shelf.found.counts}
    return {what: n for what, n in sorted(counts.items()) if n}


def _reader(root: Path) -> Callable[[File], bytes]:
    def read(file: File) -> bytes:
        path = Path(root, *file.folders, file.name)
        return textfile.unpacked(listing.read_bytes(path, textfile.MAX_BYTES))

    return read


def _some_of_folder(path: Path) -> list[File]:
    files: list[File] = []
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        parts = Path(folder).relative_to(path).parts
        # Of a large folder a few names tell enough; the others' folders are to be seen too.
        files += [File(parts, name, 0, 0) for name in sorted(names)[:200] if not name.startswith(".")]
        if len(files) > _PEEKED or len(parts) > listing.MAX_DEPTH:
            break
    return files


def _file(name: str, num_bytes: int) -> File:
    *folders, last = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")] or [name]
    return File(tuple(folders), last, num_bytes, 0)


def _is_litter(file: File) -> bool:
    return any(part.startswith(".") or part.lower() in listing.IGNORED for part in (*file.folders, file.name))


def _zip(path: Path, wanted: Callable[[File], bool]) -> Iterator[tuple[File, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            file = _file(info.filename, info.file_size)
            if info.is_dir() or _is_litter(file) or not wanted(file):
                continue
            if info.file_size > max(1 << 20, _MAX_RATIO * info.compress_size):
                raise UnreadableError(f"packs {info.filename!r} more than {_MAX_RATIO} times")
            with archive.open(info) as member:
                yield file, member.read(info.file_size + 1)


def _tar(path: Path, wanted: Callable[[File], bool]) -> Iterator[tuple[File, bytes]]:
    with tarfile.open(path, "r|*") as archive:
        for info in archive:
            file = _file(info.name, info.size)
            if not info.isreg() or _is_litter(file) or not wanted(file):
                continue
            member = archive.extractfile(info)
            if member is not None:
                yield file, member.read()


def _limited(members: Iterator[tuple[File, bytes]]) -> Iterator[tuple[File, bytes]]:
    total = 0
    for number, (file, data) in enumerate(members):
        total += len(data)
        if total > _MAX_TOTAL_BYTES or number >= _MAX_MEMBERS:
            raise UnreadableError(f"holds more than {_MAX_TOTAL_BYTES:,} bytes or {_MAX_MEMBERS:,} files")
        yield replace(file, num_bytes=len(data)), data
