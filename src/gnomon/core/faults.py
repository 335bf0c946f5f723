"""Numbered fault points: tests make the n-th write, fsync or rename fail, or kill the process there.

The environment variable ``GNOMON_FAULT`` holds ``operation:n:mode``. The operation is one of
``OPERATIONS`` or ``any``; n counts from 1; the mode is ``kill`` (before the call), ``kill-after``,
``short`` (half of a write, then no space) or the name of an error number such as ``enospc``, ``eio``,
``edquot``, ``erofs``. Without the variable a fault point is a plain call.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gnomon.core.errors import UsageError

T = TypeVar("T")

VARIABLE = "GNOMON_FAULT"
OPERATIONS = ("open", "write", "fsync", "rename", "unlink", "mkdir")
_KILLS = ("kill", "kill-after")
_counting = threading.Lock()


@dataclass
class _Fault:
    """One fault, and how many fault points of its operation this process has passed."""

    text: str
    operation: str
    n: int
    mode: str
    passed: int = 0

    def strikes(self, operation: str) -> bool:
        """Count this fault point; true when it is the n-th."""
        if self.operation not in ("any", operation):
            return False
        with _counting:
            self.passed += 1
            return self.passed == self.n


_armed: _Fault | None = None


def act(operation: str, action: Callable[[], T], *, half: Callable[[], object] | None = None) -> T:
    """Return ``action()``, unless the fault of ``GNOMON_FAULT`` strikes here.

    ``half`` does half of the action, for the mode ``short``. Raises ``OSError`` with the fault's number.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return action()
    fault = _arm(text)
    if not fault.strikes(operation):
        return action()
    if fault.mode in _KILLS:
        result = action() if fault.mode == "kill-after" else None
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError(f"this process outlived its own SIGKILL; the action gave {result!r}")
    if fault.mode == "short" and half is not None:
        half()
    number = errno.ENOSPC if fault.mode == "short" else getattr(errno, fault.mode.upper())
    raise OSError(number, os.strerror(number))


def _arm(text: str) -> _Fault:
    global _armed
    if _armed is None or _armed.text != text:
        _armed = _parse(text)
    return _armed


def _parse(text: str) -> _Fault:
    operation, _, rest = text.partition(":")
    n, _, mode = rest.partition(":")
    known_mode = mode in (*_KILLS, "short") or mode.upper() in errno.errorcode.values()
    if operation not in ("any", *OPERATIONS) or not n.isdecimal() or int(n) < 1 or not known_mode:
        raise UsageError(
            f"{VARIABLE}={text!r} is not of the form operation:n:mode",
            fix=f"try {VARIABLE}=write:1:enospc; operations: any, {', '.join(OPERATIONS)}",
        )
    return _Fault(text=text, operation=operation, n=int(n), mode=mode)
