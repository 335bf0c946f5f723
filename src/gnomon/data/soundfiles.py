"""Recordings in a folder, or in a ZIP or tar archive that is never unpacked: which there are, and the bytes of each.

An archive is not trusted: the names of its members are only names, a member is read up to a limit whatever its header
says, and one that would unpack to far more than it is large is refused before anything is read.
"""

from __future__ import annotations

import os
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gnomon.core.errors import DataError
from gnomon.data import documents, listing
from gnomon.data.formats import UnreadableError
from gnomon.data.listing import File

SUFFIXES = frozenset({".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au"})
"""Endings of file names that are taken to be recordings when a folder is listed."""
MAX_FILE_BYTES = 1_000_000_000

_MAX_MEMBERS = 5_000_000
_MAX_RATIO = 200
_SLACK_BYTES = 1 << 30
"""An archive may unpack to this much whatever its size: silence packs a thousand times."""
_ZIPPED = (zipfile.BadZipFile, OSError, EOFError, zlib.error, RuntimeError, NotImplementedError, ValueError)
_TARRED = (tarfile.TarError, OSError, EOFError, zlib.error, ValueError)

Read = Callable[[File], bytes]


@dataclass(frozen=True)
class Box:
    """The recordings below a path, in an order in which they are quick to read, and what else lies there."""

    root: Path
    """The folder or the archive."""
    files: list[File]
    others: dict[str, int] = field(default_factory=dict)
    """How many files and folders were passed over, and why."""
    folders: tuple[tuple[str, ...], ...] = ()
    """All folders of a folder, also empty ones."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """What could not be listed, with the reason."""


def is_recording(file: File) -> bool:
    """Return whether a file's name says that it is a recording."""
    return os.path.splitext(file.name)[1].lower() in SUFFIXES  # noqa: PTH122  called a million times


def archive_of(path: Path) -> Path | None:
    """Return the archive that ``path`` is, or the only archive in the folder ``path`` where no recording lies in it."""
    if path.is_file():
        return path if documents.is_archive(path) else None
    try:
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in entries if entry.is_file())
    except OSError:
        return None
    archives = [name for name in names if documents.is_archive(Path(name))]
    loose = any(is_recording(File((), name, 0, 0)) for name in names)
    return path / archives[0] if len(archives) == 1 and not loose else None


def box(path: Path) -> Box:
    """Return the recordings in a folder or an archive. Raises ``DataError`` for a damaged or hostile archive."""
    archive = archive_of(path)
    if archive is None or (path.is_dir() and any(map(is_recording, documents.peek(path)))):
        return _folder(path)
    try:
        members = list(_members(archive))
    except (*_ZIPPED, tarfile.TarError) as error:
        raise DataError(f"cannot be unpacked: {error}", fix="get the file anew", path=archive) from error
    total, size = sum(file.num_bytes for file in members), archive.stat().st_size
    if len(members) > _MAX_MEMBERS or total > _SLACK_BYTES + _MAX_RATIO * size:
        what = f"would unpack to {total:,} bytes in {len(members):,} files, {total / max(1, size):,.0f} times its size"
        raise DataError(what, fix="unpack it yourself, and give the folder", path=archive)
    files = [file for file in members if is_recording(file)]
    others = {"other files": len(members) - len(files)} if len(members) > len(files) else {}
    return Box(archive, files, others)


@contextmanager
def opened(box: Box) -> Iterator[Read]:
    """Give a function that returns the bytes of one of a box's files; it raises ``UnreadableError`` with the reason.

    It may be called from several threads.
    """
    if box.root.is_dir():
        yield lambda file: listing.read_bytes(Path(box.root, *file.folders, file.name), MAX_FILE_BYTES)
        return
    lock = threading.Lock()
    if box.root.name.lower().endswith(".zip"):
        with zipfile.ZipFile(box.root) as archive:
            infos = dict(zip(_zip_files(archive), _zip_infos(archive), strict=True))
            yield lambda file: _of_zip(archive, infos[file], lock)
        return
    with tarfile.open(box.root, "r:*") as packed:
        inside = {_named(info.name, info.size): info for info in packed if info.isreg()}
        yield lambda file: _of_tar(packed, inside[file], lock)


def _folder(path: Path) -> Box:
    found = listing.walk(path)
    files = [file for file in found.files if is_recording(file)]
    others = {"other files": len(found.files) - len(files), **found.counts}
    return Box(
        path,
        files,
        {what: count for what, count in sorted(others.items()) if count},
        tuple(found.folders),
        tuple((one.id, one.reason) for one in found.skipped),
    )


def _members(archive: Path) -> Iterable[File]:
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as file:
            return [one for one in _zip_files(file) if not _is_litter(one)]
    with tarfile.open(archive, "r:*") as packed:
        found = [_named(info.name, info.size) for info in packed if info.isreg()]
    return [file for file in found if not _is_litter(file)]


def _zip_infos(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [info for info in archive.infolist() if not info.is_dir()]


def _zip_files(archive: zipfile.ZipFile) -> list[File]:
    return [_named(info.filename, info.file_size) for info in _zip_infos(archive)]


def _named(name: str, num_bytes: int) -> File:
    """Return a member by what its name says, without what would lead out of the archive."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")] or ["?"]
    return File(tuple(parts[:-1]), parts[-1], num_bytes, 0)


def _is_litter(file: File) -> bool:
    return any(part.startswith(".") or part.lower() in listing.IGNORED for part in (*file.folders, file.name))


def _of_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, lock: threading.Lock) -> bytes:
    try:
        with lock, archive.open(info) as member:
            return _within_limit(member.read(MAX_FILE_BYTES + 1))
    except _ZIPPED as error:
        raise UnreadableError(f"cannot be unpacked: {error}") from error


def _of_tar(packed: tarfile.TarFile, info: tarfile.TarInfo, lock: threading.Lock) -> bytes:
    try:
        with lock:
            member = packed.extractfile(info)
            return b"" if member is None else _within_limit(member.read(MAX_FILE_BYTES + 1))
    except _TARRED as error:
        raise UnreadableError(f"cannot be unpacked: {error}") from error


def _within_limit(data: bytes) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableError(f"is too large: more than {MAX_FILE_BYTES:,} bytes")
    return data
