"""One trainer a run folder: the second is refused, and what a dead one left is taken over."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from gnomon.core import files
from gnomon.core.errors import ResourceError
from gnomon.core.events import Emit, Said, silent

if TYPE_CHECKING:
    from gnomon.core.run import RunFolder

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process that holds a lock. ``born`` tells it from a later one that was given the same number."""

    pid: int
    host: str
    born: str
    since: str

    def may_live(self) -> bool:
        """Return false only where this process is known to be gone; another host's cannot be asked."""
        return self.host != socket.gethostname() or _born(self.pid) == self.born


class RunLock:
    """Keep other trainers out of a run folder: ``with RunLock(run, emit=emit): ...``.

    Raises ``ResourceError`` naming the process that holds it. A dead one's lock is taken over and said so.
    """

    def __init__(self, folder: RunFolder, *, emit: Emit = silent) -> None:
        self._path = folder.lock
        self._emit = emit
        self._mine: Holder | None = None

    def __enter__(self) -> RunLock:
        """Take the lock."""
        mine = _this_process()
        with _turnstile(self._path.parent):
            other = holder(self._path)
            if other is not None and other.may_live():
                raise _in_use(self._path, other)
            files.write_json(self._path, asdict(mine))
        self._mine = mine
        if other is not None:
            text = f"taking over from process {other.pid}, which held this run since {other.since} and is gone"
            self._emit(Said(text=text, level="warning"))
            files.remove_leftovers(self._path.parent)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lock back, unless it is no longer this process's own."""
        if self._mine is not None and self._mine.pid == os.getpid() and holder(self._path) == self._mine:
            self._path.unlink(missing_ok=True)
        self._mine = None


def holder(lock: Path) -> Holder | None:
    """Return who holds a lock file, dead or alive; None where there is no readable lock."""
    try:
        return msgspec.convert(json.loads(lock.read_bytes()), Holder)
    except (OSError, ValueError, RecursionError):
        return None


def _in_use(lock: Path, other: Holder) -> ResourceError:
    if other.host == socket.gethostname():
        fix = f"wait for it, or stop it: kill {other.pid}"
    else:
        fix = f"wait for it; if that process is surely gone, remove {lock.name} from the run folder"
    what = f"in use by process {other.pid} on {other.host} since {other.since}"
    return ResourceError(what, fix=fix, path=lock.parent)


def _this_process() -> Holder:
    pid = os.getpid()
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    return Holder(pid=pid, host=socket.gethostname(), born=_born(pid), since=since)


def _born(pid: int) -> str:
    """Return what tells a living process from others of its number; empty when there is none.

    Where there is no ``/proc``, every living process of a number looks the same.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        if fields[0] in ("Z", "X"):
            return ""
        return f"{_BOOT_ID.read_text().strip()}:{fields[19]}"
    except (OSError, IndexError):
        return "alive" if not Path("/proc/self/stat").exists() and _answers(pid) else ""


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _turnstile(folder: Path) -> Iterator[None]:
    """Let one process of this machine at a time read and write the lock file."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ResourceError(
            f"cannot be opened: {error.strerror}", fix="name an existing run folder", path=folder
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
