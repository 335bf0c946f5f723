"""Puts anomalies into a real series, at places that are known: to measure how well they are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Given:
    """A series: its training and its test rows, the times of the latter, and what its columns are called."""

    names: list[str]
    train: Floats
    test: Floats
    times: list[str]
    period: int

    @classmethod
    def of_etth1(cls, path: Path) -> Given:
        """Return ETTh1 with the customary months: 12 to learn from, 4 to be asked about."""
        head, *lines = path.read_text().splitlines()
        cells = [line.split(",") for line in lines]
        rows = np.array([[float(cell) for cell in line[1:]] for line in cells])
        times = [line[0] for line in cells[11_520:14_400]]
        return cls(names=head.split(","), train=rows[:8640], test=rows[11_520:14_400], times=times, period=24)

    @property
    def deviation(self) -> Floats:
        """Deviation of each channel over the training rows."""
        found: Floats = self.train.std(axis=0)
        return found

    def scaled(self, rows: Floats) -> Floats:
        """Return rows in deviations of the training rows, from their mean."""
        found: Floats = (rows - self.train.mean(axis=0)) / self.deviation
        return found

    def write(self, rows: Floats, path: Path) -> None:
        """Write rows in the place of the test rows."""
        lines = [",".join(self.names)]
        lines += [
            ",".join([time, *(f"{value:.6g}" for value in row)]) for time, row in zip(self.times, rows, strict=True)
        ]
        path.write_text("\n".join(lines) + "\n")


def simple_scores(given: Given, rows: Floats, *, window: int, seed: int) -> dict[str, Floats]:
    """Return how strange simpler means find each row, ``(rows,)``: what people would use instead."""
    from gnomon.data import stretchbaselines

    train, here = given.scaled(given.train), given.scaled(rows)
    middle = np.median(train, axis=0)
    spread = 1.4826 * np.median(np.abs(train - middle), axis=0)
    change = here[given.period :] - here[: -given.period]
    windows = np.lib.stride_tricks.sliding_window_view(train, window, axis=0)[::4].transpose(0, 2, 1)
    plane = stretchbaselines.plane_of(windows)
    forest = stretchbaselines.forest_of(windows, seed=seed)
    return {
        "robust z-score": np.abs((here - middle) / spread).max(axis=1),
        "last season": np.abs(np.concatenate([change[: given.period], change])).max(axis=1),
        "principal components": _by_row(here, window, lambda part: (plane(part) ** 2).max(axis=2)),
        "isolation forest": _by_row(here, window, lambda part: np.repeat(forest(part)[:, None], window, axis=1)),
    }


def _by_row(rows: Floats, window: int, function: Callable[[Floats], Floats]) -> Floats:
    """Return for each row the mean of what the windows say in which it lies, as many as Gnomon looks at."""
    from gnomon.data.stretches import covering

    starts = covering(len(rows), window, window // 4)
    said = function(np.stack([rows[start : start + window] for start in starts]))
    total, count = np.zeros(len(rows)), np.zeros(len(rows))
    for start, one in zip(starts, said, strict=True):
        total[start : start + window] += one
        count[start : start + window] += 1
    found: Floats = total / count
    return found
