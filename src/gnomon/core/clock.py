"""Time as something that is passed in: nothing in Gnomon asks the wall clock how long a thing took."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Seconds on a clock that never jumps."""

    def now_s(self) -> float:
        """Return seconds since an arbitrary, fixed instant."""
        ...


class MonotonicClock:
    """The machine's monotonic clock: unmoved by time zones, NTP and daylight saving."""

    def now_s(self) -> float:
        """Return seconds since an arbitrary, fixed instant."""
        return time.monotonic()


class Stopwatch:
    """Elapsed seconds since ``started_at_s``, plus what earlier sittings of the same run used up."""

    def __init__(self, clock: Clock, *, already_s: float = 0.0) -> None:
        self._clock = clock
        self._started_at_s = clock.now_s() - already_s

    def elapsed_s(self) -> float:
        """Return the seconds used so far."""
        return self._clock.now_s() - self._started_at_s


def process_age_s() -> float:
    """Return the seconds since this process was started, so that a budget counts from pressing return.

    Where the operating system does not tell (no ``/proc``), the answer is the processor time used so far,
    which is at most the truth.
    """
    try:
        fields = Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
        uptime_s = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return time.process_time()
    import os

    started_s = float(fields[19]) / os.sysconf("SC_CLK_TCK")
    return max(0.0, uptime_s - started_s)
