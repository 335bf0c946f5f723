"""Listing a folder that is not trusted: no link leads out of it, no loop is walked, nothing that blocks is opened."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gnomon.core.spec import Skipped
from gnomon.data import formats
from gnomon.data.formats import UnreadableError

IGNORED = frozenset({"thumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "lost+found"})
MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class File:
    """A regular file below the root: its folders from the root down, name, size and time of change."""

    folders: tuple[str, ...]
    name: str
    num_bytes: int
    changed_ns: int

    @property
    def id(self) -> str:
        """The path from the root, with ``/``."""
        return "/".join((*self.folders, self.name))


@dataclass
class Found:
    """What lies below a root. ``folders`` has every folder, also empty ones; ``counts`` what was passed over."""

    root: Path
    files: list[File] = field(default_factory=list)
    folders: list[tuple[str, ...]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def walk(root: Path) -> Found:
    """List all files below ``root``, sorted by path.

    Hidden files and what systems leave behind (``Thumbs.db``, ``__MACOSX``) are ignored and counted. Links to folders
    are not followed; links to files are, where they end inside the root. Pipes, sockets and devices are not opened.
    What cannot be read is in ``skipped`` with its reason.
    """
    found = Found(root)
    inside = os.path.realpath(root) + os.sep
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        folders = waiting.pop()
        for entry in _entries(found, folders):
            if _is_litter(entry.name):
                found.counts["hidden"] += 1
            elif entry.is_dir(follow_symlinks=False):
                _enter(found, (*folders, entry.name), waiting)
            else:
                _take(found, folders, entry, inside)
    found.files.sort(key=lambda file: (file.folders, file.name))
    found.folders.sort()
    return found


def is_picture(file: File) -> bool:
    """Return whether a file's name says that it is a picture."""
    return os.path.splitext(file.name)[1].lower() in formats.SUFFIXES  # noqa: PTH122  called a million times


def read_bytes(path: Path, limit: int) -> bytes:
    """Return a regular file's content, at most ``limit`` bytes; never waits for a pipe or a device.

    Raises ``UnreadableError`` with the reason.
    """
    return _read(path, limit, whole=True)


def read_head(path: Path, num_bytes: int) -> bytes:
    """Return the first bytes of a regular file. Raises ``UnreadableError`` as ``read_bytes`` does."""
    return _read(path, num_bytes, whole=False)


def _read(path: Path, limit: int, *, whole: bool) -> bytes:
    try:
        # Path.open cannot be told not to wait for a pipe's other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableError(f"is {kind_of(status.st_mode)}, not a file")
            if whole and status.st_size > limit:
                raise UnreadableError(f"is too large: {status.st_size:,} bytes, the limit is {limit:,}")
            with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
                return file.readall() if whole else file.read(limit)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error


def kind_of(mode: int) -> str:
    """Return the name of a kind of file, for people."""
    names = {
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
        stat.S_IFDIR: "a folder",
    }
    return names.get(stat.S_IFMT(mode), "something else")


def _entries(found: Found, folders: tuple[str, ...]) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(Path(found.root, *folders)) as entries:
            yield from entries
    except OSError as error:
        found.counts["unreadable folders"] += 1
        reason = f"the folder cannot be read: {error.strerror}"
        found.skipped.append(Skipped(id="/".join(folders) or ".", reason=reason))


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in IGNORED


def _enter(found: Found, folders: tuple[str, ...], waiting: list[tuple[str, ...]]) -> None:
    if len(folders) > MAX_DEPTH:
        found.counts["folders too deep"] += 1
        return
    found.folders.append(folders)
    waiting.append(folders)


def _take(found: Found, folders: tuple[str, ...], entry: os.DirEntry[str], inside: str) -> None:
    try:
        if entry.is_symlink() and not _ends_inside(entry, inside):
            found.counts["links not followed"] += 1
            return
        status = entry.stat()
    except OSError:
        found.counts["links not followed" if entry.is_symlink() else "unreadable files"] += 1
        return
    if stat.S_ISREG(status.st_mode):
        found.files.append(File(folders, entry.name, status.st_size, status.st_mtime_ns))
    else:
        found.counts["pipes, sockets and devices"] += 1


def _ends_inside(entry: os.DirEntry[str], inside: str) -> bool:
    """Return whether a link leads to a file inside the root: not to a folder, which could be a loop."""
    return os.path.realpath(entry.path).startswith(inside) and not entry.is_dir()
