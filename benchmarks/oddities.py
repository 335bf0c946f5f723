"""Puts anomalies into a real series, at places that are known: to measure how well they are found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_EVERY = 180
"""Rows from one anomaly to the next, on average."""


def spikes(rows: Floats, start: int, draw: np.random.Generator, deviation: Floats, period: int) -> int:
    """One value of one channel is 3 to 6 deviations off."""
    channel = int(draw.integers(rows.shape[1]))
    rows[start, channel] += draw.choice([-1, 1]) * draw.uniform(3, 6) * deviation[channel]
    return 1


def shifts(rows: Floats, start: int, draw: np.random.Generator, deviation: Floats, period: int) -> int:
    """One channel stands 1.5 to 3 deviations higher or lower for half a season to two."""
    length, channel = _length(draw, period), int(draw.integers(rows.shape[1]))
    rows[start : start + length, channel] += draw.choice([-1, 1]) * draw.uniform(1.5, 3) * deviation[channel]
    return length


def frozen(rows: Floats, start: int, draw: np.random.Generator, deviation: Floats, period: int) -> int:
    """One channel keeps its value for half a season to two."""
    length, channel = _length(draw, period), int(draw.integers(rows.shape[1]))
    rows[start : start + length, channel] = rows[start, channel]
    return length


def late(rows: Floats, start: int, draw: np.random.Generator, deviation: Floats, period: int) -> int:
    """All channels are a quarter to three quarters of a season late, for one season to two."""
    length = int(draw.integers(period, 2 * period + 1))
    by = int(draw.integers(period // 4, 3 * period // 4 + 1))
    rows[start : start + length] = rows[start - by : start + length - by].copy()
    return length


KINDS: dict[str, Callable[..., int]] = {"spikes": spikes, "shifts": shifts, "frozen": frozen, "late": late}


def injected(rows: Floats, kind: str, *, seed: int, deviation: Floats, period: int) -> tuple[Floats, Flags]:
    """Return rows ``(time, channels)`` with anomalies of a kind about every 180 rows, and which rows they are."""
    draw = np.random.default_rng(seed)
    found, odd = rows.copy(), np.zeros(len(rows), dtype=bool)
    for place in range(period * 2, len(rows) - period * 3, _EVERY):
        start = place + int(draw.integers(0, _EVERY // 3))
        length = KINDS[kind](found, start, draw, deviation, period)
        odd[start : start + length] = True
    return found, odd


def _length(draw: np.random.Generator, period: int) -> int:
    return int(draw.integers(period // 2, 2 * period + 1))
