"""Signals set a flag and nothing else; every long loop looks at it."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from gnomon.core.errors import INTERRUPTED_EXIT

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
_FAREWELL = b"\nstopped at once; the last checkpoint is kept\n"


class StopFlag:
    """True once this process was asked to stop: ``with StopFlag() as should_stop: ... if should_stop():
    ...``.

    SIGINT, SIGTERM and SIGHUP set the flag. A second SIGINT ends the process at once with exit code 130. A
    signal that was ignored before stays ignored (``nohup``, background jobs). The old handlers come back
    at the end of the block. Outside the main thread nothing is installed, since Python allows handlers
    only there.
    """

    def __init__(self) -> None:
        self._received: signal.Signals | None = None
        self._old: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        """Return true when a signal has come."""
        return self._received is not None

    @property
    def received(self) -> str | None:
        """Name of the first signal that came, such as ``SIGTERM``."""
        return None if self._received is None else self._received.name

    def __enter__(self) -> StopFlag:
        """Install the handlers."""
        if threading.current_thread() is threading.main_thread():
            for name in _SIGNALS:
                self._install(name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the old handlers back."""
        while self._old:
            number, handler = self._old.popitem()
            signal.signal(number, handler)

    def _install(self, name: str) -> None:
        number = signal.Signals.__members__.get(name)  # SIGHUP does not exist everywhere
        if number is None or signal.getsignal(number) in (signal.SIG_IGN, None):
            return
        self._old[number] = signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._received is signal.SIGINT and number == signal.SIGINT:
            os.write(2, _FAREWELL)
            os._exit(INTERRUPTED_EXIT)
        if self._received is None or number == signal.SIGINT:
            self._received = signal.Signals(number)
