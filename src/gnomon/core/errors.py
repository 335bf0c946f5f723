"""Everything that can go wrong for a user, and the exit code that says so.

    GnomonError                what a user can mend; printed as one block, never with a traceback
    ├── UsageError          2  the command or a setting is wrong
    ├── DataError           3  the data is refused
    ├── ResourceError       4  disk, memory, permission, port
    ├── DivergedError       5  training diverged and could not be rescued
    ├── ArtefactError       6  a file that Gnomon should load is corrupt or hostile
    └── ReproducibilityError 7 a replay or a resume did not give what it must give
    StoppedError           75  stopped by a signal or a time limit, saved, resumable

Any other exception is a bug of ours: exit code 70, traceback in ``crash.txt``.
"""

from __future__ import annotations

import os
from typing import ClassVar

BUG_EXIT = 70
INTERRUPTED_EXIT = 130

_MAX_LINES = 8
_RUN_NOTE = "in the run folder "


class GnomonError(Exception):
    """An error that the user can mend: what is wrong, where, and what to do about it."""

    exit_code: ClassVar[int] = BUG_EXIT

    def __init__(
        self, what: str, *, fix: str, path: str | os.PathLike[str] | None = None, line: int | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.path = None if path is None else os.fspath(path)
        self.line = line

    def __str__(self) -> str:
        """Return ``error: path[:line]: what`` and ``fix: what to do``, at most eight lines."""
        where = "" if self.path is None else printable(self.path)
        if self.line is not None:
            where += f":{self.line}"
        head = f"error: {where}: {self.what}" if where else f"error: {self.what}"
        fix_lines = f"fix: {self.fix}".splitlines()[: _MAX_LINES - 1]
        head_lines = head.splitlines()[: max(1, _MAX_LINES - len(fix_lines))]
        return "\n".join(head_lines + fix_lines)

    def as_dict(self) -> dict[str, object]:
        """Return the same facts for ``--json``."""
        return {
            "error": self.what,
            "fix": self.fix,
            "path": None if self.path is None else printable(self.path),
            "line": self.line,
            "exit_code": self.exit_code,
        }


class UsageError(GnomonError):
    """The command or a setting is wrong."""

    exit_code = 2


class DataError(GnomonError):
    """The data cannot be trained on as it is."""

    exit_code = 3


class ResourceError(GnomonError):
    """The machine does not give what is needed: disk, memory, permission."""

    exit_code = 4


class DivergedError(GnomonError):
    """Training diverged and redoing, skipping and rolling back did not help."""

    exit_code = 5


class ArtefactError(GnomonError):
    """A checkpoint, model or run folder is corrupt or hostile and is not loaded."""

    exit_code = 6


class ReproducibilityError(GnomonError):
    """A replay gave other bytes than the run that it replays."""

    exit_code = 7


class StoppedError(GnomonError):
    """Training was stopped, its state is saved, ``gnomon resume`` goes on."""

    exit_code = 75


def note_run(error: BaseException, path: str | os.PathLike[str]) -> None:
    """Note on a bug of ours in which run folder it happened, so that its traceback is kept there."""
    error.add_note(_RUN_NOTE + os.fspath(path))


def noted_run(error: BaseException) -> str | None:
    """Return the run folder that was noted on an error, if any."""
    notes: list[str] = getattr(error, "__notes__", [])
    return next((note.removeprefix(_RUN_NOTE) for note in notes if note.startswith(_RUN_NOTE)), None)


def printable(text: str) -> str:
    """Return ``text`` with control characters and undecodable bytes escaped, so that a terminal may show it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
