"""Which columns of a table say when its rows were measured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.data import timetable
from gnomon.data.timetable import DAY, MISSING, Instants, Order

Cells = Sequence[str] | npt.NDArray[Any]
"""The cells of one column: texts, numbers, or ``datetime64[us]`` where the file has a type for times."""

DAY_NAMES = ("date", "datetime", "date_time", "timestamp", "time", "ds", "day", "period", "month", "observation_date")
NUMBER_NAMES = ("time", "timestamp", "t", "step", "timestep", "time_step", "seconds", "sec", "ms", "epoch", "year")
CLOCK_NAMES = ("time", "hour", "hr", "clock", "hour_of_day")
PARTS = (("year", "yr"), ("month", "mo"), ("day",), ("hour", "hr"), ("minute", "min"))

_LEAST_READ = 0.95
_LEAST_EVEN = 0.4
_LEAST_DISTINCT = 0.8
_LEAST_RISING = 0.9
_CLOCK = re.compile(r"\s*\d{1,2}[:.]\d\d(?:[:.]\d\d)?(?:\s*[ap]\.?m\.?)?\s*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class TimeColumns:
    """One column of times, a day and a time of day, or year, month and day …, and how they are read."""

    names: tuple[str, ...]
    why: str
    even: bool = True
    """Whether neighbours in time are often equally far from each other."""

    def read(self, columns: Mapping[str, Cells], order: Order = "auto") -> Instants | None:
        """Return the instants of all rows, or None where these columns do not name any."""
        return read_cells(_joined([columns[name] for name in self.names]), order)


def find(
    columns: Mapping[str, Cells], wish: str = "auto", order: Order = "auto", *, uneven: bool = False
) -> TimeColumns | None:
    """Return which columns hold the times, judged by some rows that follow each other; None where there are none.

    Dates are looked for in all columns, those with a usual name first; numbers only under a usual name, and where they
    rise from row to row. Times must be readable, mostly different, and often equally far from each other: dates of
    birth or of sale are no series. With ``uneven``, times under a usual name that only rise from row to row are taken
    where there are no others. A ``wish`` names the column, which then only has to be readable.
    """
    if wish != "auto":
        found = TimeColumns(names=(wish,), why="you named it")
        with_clock = _with_clock(wish, columns)
        return next((one for one in (with_clock, found) if one is not None and _readable(one, columns, order)), None)
    for candidate in _candidates(columns):
        instants = candidate.read(columns, order)
        if instants is None or not _is_series(instants, candidate):
            continue
        what = "they are" if len(candidate.names) > 1 else "it holds"
        told = f"numbers that rise evenly under the name {candidate.names[0]!r}"
        return TimeColumns(
            names=candidate.names, why=f"{what} {told if instants.form == 'number' else f'times ({instants.told})'}"
        )
    return _uneven(columns, order) if uneven else None


def _uneven(columns: Mapping[str, Cells], order: Order) -> TimeColumns | None:
    """Return the first column with a usual name whose instants differ and rise, or fall, from row to row."""
    for candidate in _candidates(columns):
        named = candidate.names[0].strip().lower() in {*DAY_NAMES, *NUMBER_NAMES}
        instants = candidate.read(columns, order) if named else None
        if instants is not None and _rises(instants):
            what = "numbers" if instants.form == "number" else f"times ({instants.told})"
            why = f"it holds {what} that rise from row to row, though unevenly"
            return TimeColumns(names=candidate.names, why=why, even=False)
    return None


def _rises(instants: Instants) -> bool:
    known = instants.values[instants.values != MISSING]
    if instants.share < _LEAST_READ or len(known) < 3 or len(np.unique(known)) < _LEAST_DISTINCT * len(known):
        return False
    steps = np.sign(np.diff(known))
    return abs(float(steps.mean())) >= _LEAST_RISING


def read_cells(cells: Cells, order: Order = "auto") -> Instants | None:
    """Return the instants of a column of texts, numbers or ``datetime64[us]``; None where they are no times."""
    if isinstance(cells, np.ndarray):
        if cells.dtype.kind == "M":
            return Instants(values=cells.astype("datetime64[us]").astype(np.int64), form="date", told="timestamps")
        return timetable.read_numbers(cells) if cells.dtype.kind in "iuf" else None
    return timetable.read_texts(cells, order)


def numbers(texts: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """Return texts as numbers, NaN for empty ones; None where one is no number."""
    try:
        return np.array([text if text.strip() else "nan" for text in texts], dtype=np.float64)
    except ValueError:
        return None


def _candidates(columns: Mapping[str, Cells]) -> Iterable[TimeColumns]:
    """Yield what may be times: parts of a date, then the usual names, then all columns from the left."""
    plain = {name.strip().lower(): name for name in reversed(list(columns))}
    parts = [next((plain[known] for known in names if known in plain), None) for names in PARTS]
    there = [name for name in parts if name is not None]
    if None not in parts[:3] and None not in parts[: len(there)]:
        yield TimeColumns(names=tuple(there), why="")
    usual = [plain[known] for known in dict.fromkeys((*DAY_NAMES, *NUMBER_NAMES)) if known in plain]
    for name in dict.fromkeys((*usual, *columns)):
        if both := _with_clock(name, columns):
            yield both
        yield TimeColumns(names=(name,), why="")


def _with_clock(name: str, columns: Mapping[str, Cells]) -> TimeColumns | None:
    """Return a column of days together with one of times of day, where there is such a pair."""
    days = columns.get(name)
    if days is None or (isinstance(days, np.ndarray) and days.dtype.kind != "M"):
        return None
    for other, cells in columns.items():
        if other == name or other.strip().lower() not in CLOCK_NAMES or not _is_clock(cells):
            continue
        read = read_cells(days)
        if read is None or ((read.values[read.values != MISSING] % DAY) != 0).any():
            return None
        return TimeColumns(names=(name, other), why="")
    return None


def _is_clock(cells: Cells) -> bool:
    if isinstance(cells, np.ndarray):
        return cells.dtype.kind in "iuf" and bool(((cells >= 0) & (cells <= 24) & (cells % 1 == 0)).all())
    return len(cells) > 0 and all(_CLOCK.fullmatch(cell) for cell in cells[:100])


def _joined(parts: Sequence[Cells]) -> Cells:
    """Return one column of times: the only one, day and time of day, or year, month, day, hour and minute."""
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        clocks = [str(clock) for clock in parts[1]] if not isinstance(parts[1], np.ndarray) else _hours(parts[1])
        days = parts[0]
        if isinstance(days, np.ndarray):
            days = [str(day) for day in days.astype("datetime64[D]")]
        return [f"{day.strip()} {clock.strip()}" for day, clock in zip(days, clocks, strict=True)]
    fields = [numbers(part) if not isinstance(part, np.ndarray) else part for part in parts]
    if any(field is None or field.dtype.kind not in "iuf" or not np.isfinite(field).all() for field in fields):
        return ["" for _ in parts[0]]
    filled = [np.asarray(field, np.int64) for field in fields] + [np.zeros(len(parts[0]), np.int64)] * (5 - len(fields))
    return [f"{y:04}-{m:02}-{d:02} {h:02}:{minute:02}:00" for y, m, d, h, minute in zip(*filled, strict=True)]


def _hours(cells: npt.NDArray[Any]) -> list[str]:
    return [f"{int(hour):02}:00:00" for hour in cells]


def _readable(found: TimeColumns, columns: Mapping[str, Cells], order: Order) -> bool:
    instants = found.read(columns, order)
    return instants is not None and instants.share >= _LEAST_READ


def _is_series(instants: Instants, candidate: TimeColumns) -> bool:
    known = instants.values[instants.values != MISSING]
    if instants.share < _LEAST_READ or len(known) < 3:
        return False
    if instants.form == "number":
        named = candidate.names[0].strip().lower() in NUMBER_NAMES
        distances = np.diff(known)
        return named and bool((distances > 0).all()) and _evenness(known) >= _LEAST_EVEN
    distinct = len(np.unique(known))
    return distinct >= _LEAST_DISTINCT * len(known) and _evenness(known) >= _LEAST_EVEN


def _evenness(known: npt.NDArray[np.int64]) -> float:
    """Return the share of neighbours in time whose distance is within a tenth of the median distance."""
    distances = np.diff(np.unique(known))
    middle = np.median(distances)
    return float((np.abs(distances - middle) <= 0.1 * middle).mean())
