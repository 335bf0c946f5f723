"""Everything that writes files goes through here: a crash leaves the old content or the new, never a mixture.

A file: temporary name in the same folder → write → flush → fsync → rename → fsync of the folder. A folder:
filled under a temporary name, fsynced, renamed. Each of these calls is a numbered fault point
(``core/faults.py``). What the operating system refuses becomes a ``ResourceError`` that names the path,
what failed and, where space ran out, how much is needed.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from gnomon.core import faults
from gnomon.core.errors import ResourceError
from gnomon.core.jsontext import document, line

T = TypeVar("T")

_PREFIX, _SUFFIX = ".gnomon-", ".tmp"
_FAILED = {
    "open": "cannot be opened for writing",
    "write": "cannot be written",
    "fsync": "cannot be flushed to the disk",
    "rename": "cannot be put in place",
    "unlink": "cannot be removed",
    "mkdir": "cannot be created",
}
_FIXES = {
    errno.ENOSPC: "free some space, or choose another disk",
    errno.EDQUOT: "free some of your quota, or choose another disk",
    errno.EACCES: "choose a folder that you may write to, or change its permissions",
    errno.EPERM: "choose a folder that you may write to, or change its permissions",
    errno.EROFS: "choose a folder that is not read-only",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOTDIR: "choose another name: a part of this path is a file",
    errno.EEXIST: "choose another name, or move the old one away",
    errno.EMFILE: "raise the limit on open files: ulimit -n 4096",
    errno.EIO: "the disk or the network drive reports an error: check it, then try again",
}
_MAX_THREADS = 8
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def write_bytes(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Make ``data`` the whole content of ``path``: all of it or none of it. Raises ``ResourceError``."""
    with output(path, num_bytes=len(data), sync=sync) as file:
        file.write(data)


def write_text(path: Path, text: str, *, sync: bool = True) -> None:
    """Make ``text``, as UTF-8, the whole content of ``path``. Raises ``ResourceError``."""
    write_bytes(path, text.encode(), sync=sync)


def write_json(path: Path, value: Any, *, sync: bool = True) -> None:
    """Write ``value`` as a JSON document; numbers that are not finite become null."""
    write_bytes(path, document(value), sync=sync)


def append_line(path: Path, text: str, *, sync: bool = True) -> None:
    """Append one line to ``path``; a torn last line, left by a kill, is cut off first.

    Where the line cannot be written whole, nothing of it stays. With ``sync`` false the line outlives a
    kill of this process but not a power cut. Raises ``ResourceError``.
    """
    _append(path, text.encode() + b"\n", sync=sync)


def append_json(path: Path, record: Any, *, sync: bool = True) -> None:
    """Append ``record`` as one line of JSON, by the rules of ``append_line`` and ``write_json``."""
    _append(path, line(record), sync=sync)


@contextmanager
def output(path: Path, *, num_bytes: int = 0, sync: bool = True) -> Iterator[BinaryIO]:
    """Give a binary file, readable and seekable, that becomes ``path`` if the block does not raise.

    ``num_bytes``, where known, is named when space runs out. With ``sync`` false nothing is flushed to the
    disk: for files in a folder that ``commit_folder`` will flush. Raises ``ResourceError``, without
    leftovers.
    """
    temporary = temporary_name(path)
    raw = _call("open", path, lambda: _CountedFile(temporary, path, num_bytes))
    try:
        buffered = io.BufferedRandom(raw)
        yield cast(BinaryIO, buffered)
        buffered.flush()
        if sync:
            _call("fsync", path, lambda: os.fsync(raw.fileno()), num_bytes)
        raw.close()
        _call("rename", path, lambda: temporary.replace(path))
    except BaseException:
        raw.close()
        temporary.unlink(missing_ok=True)
        raise
    if sync:
        sync_folder(path.parent)


@contextmanager
def output_folder(final: Path) -> Iterator[Path]:
    """Give an empty folder that becomes ``final`` if the block does not raise; else it is removed."""
    staging = temporary_name(final)
    try:
        make_folder(staging)
        yield staging
        commit_folder(staging, final)
    except ResourceError as error:
        shutil.rmtree(staging, ignore_errors=True)
        where = (error.path or "").replace(str(staging), str(final))
        raise ResourceError(error.what, fix=error.fix, path=where) from error
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


@contextmanager
def continued(path: Path, *, at: int = 0, num_bytes: int = 0) -> Iterator[BinaryIO]:
    """Give a binary file that goes on behind the first ``at`` bytes of ``path``, and drops what lay beyond.

    For long transfers that are taken up again: what was written stays, even if the block raises. ``num_bytes``,
    where known, is named when space runs out. Raises ``ResourceError``.
    """
    mode = "r+" if path.exists() else "x+"
    raw = _call("open", path, lambda: _CountedFile(path, path, num_bytes, mode))
    try:
        raw.truncate(at)
        raw.seek(at)
        buffered = io.BufferedWriter(raw)
        try:
            yield cast(BinaryIO, buffered)
        finally:
            buffered.flush()
    finally:
        raw.close()


def put_in_place(part: Path, path: Path) -> None:
    """Flush the finished file ``part`` to the disk and make it ``path``. Raises ``ResourceError``."""
    _sync(part)
    _call("rename", path, lambda: part.replace(path))
    sync_folder(path.parent)


def commit_folder(staging: Path, final: Path) -> None:
    """Flush all that ``staging`` holds to the disk, then make it ``final``, in the place of an older one.

    An older one is exchanged in a single step where the system can (Linux, local disks); elsewhere there is a
    moment in which ``final`` does not exist. Raises ``ResourceError``.
    """
    _sync_tree(staging)
    if not os.path.lexists(final):
        _call("rename", final, lambda: staging.rename(final))
    elif _exchange(staging, final):
        remove_tree(staging)
    else:
        old = temporary_name(final)
        _call("rename", final, lambda: final.rename(old))
        _call("rename", final, lambda: staging.rename(final))
        remove_tree(old)
    sync_folder(final.parent)


def remove_tree(path: Path) -> None:
    """Remove a file or a folder with all that it holds, if it exists; links are removed, not followed.

    A folder first gets a temporary name, so that nobody meets a half-removed one. Raises ``ResourceError``.
    """
    if path.is_symlink() or path.is_file():
        _call("unlink", path, path.unlink)
        return
    if not path.is_dir():
        return
    doomed = temporary_name(path)
    _call("rename", path, lambda: path.rename(doomed))
    _remove_contents(doomed, path)


def remove_leftovers(folder: Path) -> None:
    """Remove what interrupted writers left in ``folder``. Call it only where nobody else is writing."""
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        if path.is_dir() and not path.is_symlink():
            _remove_contents(path, folder)
        else:
            _call("unlink", path, path.unlink)


def make_folder(path: Path, *, exist_ok: bool = False) -> None:
    """Create a folder and those above it. Raises ``ResourceError``, also if it exists unless ``exist_ok``."""
    if exist_ok and is_folder(path):
        return
    if not is_folder(path.parent):
        make_folder(path.parent, exist_ok=True)
    try:
        faults.act("mkdir", path.mkdir)
    except FileExistsError as error:
        if not (exist_ok and is_folder(path)):
            raise _refusal("mkdir", path, error) from error
    except OSError as error:
        raise _refusal("mkdir", path, error) from error


def is_folder(path: Path) -> bool:
    """Return whether a folder is there; false also where the name is impossible or may not be looked up."""
    with suppress(OSError):
        return path.is_dir()
    return False


def temporary_name(path: Path) -> Path:
    """Return a name beside ``path`` that nobody uses and that ``remove_leftovers`` knows."""
    return path.parent / f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk. Raises ``ResourceError``."""
    _sync(folder)


def require_space(path: Path, num_bytes: int, what: str) -> None:
    """Raise ``ResourceError`` unless ``num_bytes`` for ``what`` fit on the disk of ``path``."""
    system = os.statvfs(_nearest_existing(path))
    free = system.f_bavail * system.f_frsize
    if num_bytes > free:
        raise ResourceError(
            f"{what} needs {readable_bytes(num_bytes)}, but {readable_bytes(free)} are free on this disk",
            fix=_FIXES[errno.ENOSPC],
            path=path,
        )
    if system.f_files and not system.f_favail:
        raise ResourceError(
            f"{what} needs new files, but the disk has no room for more names (no inode is free)",
            fix="remove some files, or choose another disk",
            path=path,
        )


def require_writable(folder: Path) -> None:
    """Create ``folder`` if need be and prove, by writing a small file, that files can be written there.

    Raises ``ResourceError``: read-only, no permission, a file in the way, a name too long, a full disk.
    """
    make_folder(folder, exist_ok=True)
    probe = temporary_name(folder / "probe")
    try:
        write_bytes(probe, b"Gnomon asks whether it may write here.\n", sync=False)
        _call("unlink", probe, probe.unlink)
    except ResourceError as error:
        raise ResourceError(error.what, fix=error.fix, path=folder) from error


def readable_bytes(num_bytes: float) -> str:
    """Return ``1.5 MB`` for 1,500,000: three digits at most, powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if num_bytes < 999.5:
            return f"{num_bytes:.3g} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:.3g} TB"


class _CountedFile(io.FileIO):
    """A file whose every write is a fault point; its failures name the path that it will become."""

    def __init__(self, temporary: Path, path: Path, num_bytes: int, mode: str = "x+") -> None:
        super().__init__(temporary, mode)
        self._path = path
        self._num_bytes = num_bytes

    def write(self, data: Any, /) -> int:
        """Write some of ``data`` and return how many bytes."""
        view = memoryview(data).cast("B")
        needed = max(self._num_bytes, len(view))
        written = _call(
            "write",
            self._path,
            lambda: io.FileIO.write(self, view),
            needed,
            half=lambda: io.FileIO.write(self, view[: len(view) // 2]),
        )
        return 0 if written is None else written


def _call(
    operation: str,
    path: Path,
    action: Callable[[], T],
    num_bytes: int = 0,
    half: Callable[[], object] | None = None,
) -> T:
    try:
        return faults.act(operation, action, half=half)
    except OSError as error:
        raise _refusal(operation, path, error, num_bytes) from error


def _refusal(operation: str, path: Path, error: OSError, num_bytes: int = 0) -> ResourceError:
    what = f"{_FAILED[operation]}: {error.strerror}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT) and num_bytes:
        with suppress(OSError):
            free = shutil.disk_usage(_nearest_existing(path)).free
            what += f" ({readable_bytes(num_bytes)} needed, {readable_bytes(free)} free)"
    fix = _FIXES.get(error.errno or 0, "choose another folder")
    return ResourceError(what, fix=fix, path=path)


def _append(path: Path, data: bytes, *, sync: bool) -> None:
    descriptor = _call("open", path, lambda: os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666))
    try:
        end = _end_of_last_line(descriptor)
        os.ftruncate(descriptor, end)
        try:
            _write_all(descriptor, path, data, end)
        except ResourceError:
            os.ftruncate(descriptor, end)
            raise
        if sync:
            _call("fsync", path, lambda: os.fsync(descriptor), len(data))
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, path: Path, data: bytes, at: int) -> None:
    done = 0
    while done < len(data):
        done += _write_some(descriptor, path, data[done:], at + done)


def _write_some(descriptor: int, path: Path, data: bytes, at: int) -> int:
    return _call(
        "write",
        path,
        lambda: os.pwrite(descriptor, data, at),
        len(data),
        half=lambda: os.pwrite(descriptor, data[: len(data) // 2], at),
    )


def _end_of_last_line(descriptor: int) -> int:
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - 4096)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _sync(path: Path) -> None:
    descriptor = _call("open", path, lambda: os.open(path, os.O_RDONLY))
    try:
        _call("fsync", path, lambda: os.fsync(descriptor))
    finally:
        os.close(descriptor)


def _sync_tree(root: Path) -> None:
    _all_at_once(_sync, [Path(folder, name) for folder, _, names in os.walk(root) for name in ("", *names)])


def _remove_contents(doomed: Path, called: Path) -> None:
    """Remove a folder under its temporary name; failures name the path that the user knows it by."""
    for folder, subfolders, names in os.walk(doomed, topdown=False):
        links = [name for name in subfolders if Path(folder, name).is_symlink()]
        inside = [Path(folder, name) for name in (*names, *links)]
        _all_at_once(lambda path: _call("unlink", called, path.unlink), inside)
        _call("unlink", called, Path(folder).rmdir)


def _all_at_once(action: Callable[[Path], None], paths: list[Path]) -> None:
    """Do the action on all paths side by side: the disk commits them together, in 4 ms and not in 4 ms each."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=_MAX_THREADS) as pool:
        for done in [pool.submit(action, path) for path in paths]:
            done.result()


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in a single step; false where this system or disk cannot."""
    import ctypes

    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False

    def swap() -> bool:
        failed = renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
        number = ctypes.get_errno()
        if failed and number not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise OSError(number, os.strerror(number))
        return not failed

    return _call("rename", other, swap)


def _nearest_existing(path: Path) -> Path:
    path = path.absolute()
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path
