"""Points in time: reading them from text and numbers in the forms that people use, and writing them again.

Instants are int64 counts of millionths: of seconds since 1970 for dates (UTC), of the column's own unit for plain
numbers such as ``0, 1, 2`` or seconds since a start.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

MILLION = 1_000_000
DAY = 86_400 * MILLION
MISSING = np.iinfo(np.int64).min
"""Stands where a cell holds no time."""

Form = Literal["date", "number"]
Order = Literal["auto", "day", "month"]

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?")
_WRITTEN = re.compile(
    r"\s*(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]?\s+)?"
    r"(\d{1,4}|[a-z]{3,9})[-/.,\s]\s*(\d{1,4}|[a-z]{3,9})(?:[-/.,\s]\s*(\d{1,4}))?"
    r"(?:(?:t|,?\s+)(\d{1,2})(?:[:.](\d\d))?(?:[:.](\d\d))?(?:[.,](\d{1,9}))?\s*([ap])?\.?(?:m\.?)?)?"
    r"\s*(z|utc|gmt|[+-]\d\d:?\d\d)?\s*",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\s*(\d{4})(\d\d)(\d\d)(?:[T ]?(\d\d)(\d\d)(\d\d)?)?\s*")
_MONTHS = {name.lower(): k for k, name in enumerate(calendar.month_abbr) if name}
_EPOCHS = ((1, MILLION), (1_000, 1_000), (1_000_000, 1), (1_000_000_000, 0))
_ANY_DAY = "2000-01-01"
_FIRST_EPOCH_S = 2e8
_LAST_EPOCH_S = 6e9
_YEARS = (1500, 2199)


@dataclass(frozen=True, kw_only=True)
class Instants:
    """Points in time as they were read: ``values (n,)`` in millionths, `MISSING` where a cell holds none."""

    values: Ints
    form: Form
    told: str
    """How they are written, for people."""
    ambiguous: bool = False
    """True where the data does not tell days from months."""

    @property
    def share(self) -> float:
        """Share of the cells that hold a time."""
        return float((self.values != MISSING).mean()) if len(self.values) else 0.0


class Stamps:
    """A column of instants that gives text: ``2016-07-01 02:00:00``, a date where all are midnights, or a number."""

    def __init__(self, values: Ints, form: Form) -> None:
        self.values = values
        self.form = form
        self._unit = _unit(values) if form == "date" else ""

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, key: Any) -> Any:
        """Return one text for an int, a list of texts for a slice or an int array."""
        if isinstance(key, int | np.integer):
            return self._texts(self.values[int(key)][None])[0]
        return self._texts(self.values[key])

    def _texts(self, values: Ints) -> list[str]:
        if self.form == "number":
            return [_number_text(int(value)) for value in values]
        texts = np.datetime_as_string(values.view("datetime64[us]"), unit=self._unit)
        return [text.replace("T", " ") for text in texts.tolist()]


def instant(text: str, form: Form) -> int:
    """Return the instant that `Stamps` wrote as ``text``."""
    if form == "number":
        return round(float(text) * MILLION)
    return int(np.datetime64(text, "us").astype(np.int64))


def read_texts(texts: Sequence[str], order: Order = "auto") -> Instants | None:
    """Return the instants that texts name, or None where they are no dates.

    Forms: ISO 8601 with or without time and offset; year, month and day in any usual order and with any usual mark
    between them, months as numbers or English names; ``20160701``; 24 hours or am and pm. Whether the day or the month
    comes first is read off all texts: a number above 12 is a day. Where none is, that order is taken in which the
    distances from one row to the next are most often the same. ``order`` settles it.
    """
    filled = next((text for text in texts if text), "")
    if _ISO.fullmatch(filled) and (values := _iso(texts)) is not None:
        return Instants(values=values, form="date", told="ISO 8601")
    if _DIGITS.fullmatch(filled):
        return _compact(texts)
    return _parted(texts, order) or _written(texts, order)


def read_numbers(numbers: npt.NDArray[np.floating] | Ints) -> Instants | None:
    """Return numbers as instants: seconds, or thousandths … billionths, since 1970; ``20160701``; else as they are.

    None where they are too large to be kept in millionths. Values that are not finite are `MISSING`.
    """
    finite = np.isfinite(numbers)
    if not finite.any():
        return None
    known = numbers[finite]
    low, high = float(known.min()), float(known.max())
    if low >= 19_000_101 and high <= 21_001_231 and (made := _compact_days(numbers, finite)) is not None:
        return made
    for parts, factor in _EPOCHS:
        if _FIRST_EPOCH_S * parts <= low and high <= _LAST_EPOCH_S * parts:
            values = np.full(len(numbers), MISSING)
            scaled = known * factor if factor else known // 1000
            values[finite] = np.rint(scaled).astype(np.int64)
            unit = {1: "seconds", 1_000: "milliseconds"}.get(parts, "microseconds" if factor else "nanoseconds")
            return Instants(values=values, form="date", told=f"{unit} since 1970")
    if max(abs(low), abs(high)) > 9e12:
        return None
    values = np.full(len(numbers), MISSING)
    values[finite] = np.rint(known.astype(np.float64) * MILLION).astype(np.int64)
    return Instants(values=values, form="number", told="numbers")


def months_of(values: Ints) -> tuple[Ints, Ints]:
    """Return the months since 1970 of instants, and the time since the month began in millionths: shapes ``(n,)``."""
    moments = values.view("datetime64[us]")
    months = moments.astype("datetime64[M]")
    return months.astype(np.int64), (moments - months.astype("datetime64[us]")).astype(np.int64)


def month_starts(months: Ints) -> Ints:
    """Return the instants at which months, counted since 1970, begin."""
    return months.astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)


def _iso(texts: Sequence[str]) -> Ints | None:
    try:
        values = np.array([text or "NaT" for text in texts], dtype="datetime64[us]")
    except ValueError:
        return None
    return values.astype(np.int64)  # NumPy's own mark for no time is the smallest int64, as ours


def _compact(texts: Sequence[str]) -> Instants | None:
    matches = [_DIGITS.fullmatch(text) for text in texts]
    fields = np.array([[int(part or 0) for part in match.groups()] if match else [0] * 6 for match in matches])
    return _dated(fields[:, :3], fields[:, 3:], np.zeros(len(texts), np.int64), "digits, year first")


def _compact_days(numbers: npt.NDArray[Any], finite: npt.NDArray[np.bool_]) -> Instants | None:
    whole = np.where(finite, numbers, 0).astype(np.int64)
    days = np.stack([whole // 10_000, whole // 100 % 100, whole % 100], axis=1)
    made = _dated(days, np.zeros((len(whole), 3), np.int64), np.zeros(len(whole), np.int64), "digits, year first")
    return made if made is not None and (made.values[finite] != MISSING).all() else None


def _parted(texts: Sequence[str], order: Order) -> Instants | None:
    """Return instants of texts of a day, a space and a time of day; each day and each time is looked at only once."""
    parts = [text.strip().partition(" ") for text in texts]
    days, clocks = sorted({day for day, _, _ in parts}), sorted({clock for _, _, clock in parts})
    if len(days) + len(clocks) > len(texts) / 4:
        return None
    midnights = _written(days, order)
    times = _written([f"{_ANY_DAY} {clock}" if clock else _ANY_DAY for clock in clocks], "auto")
    if midnights is None or times is None:
        return None
    day_place = {day: i for i, day in enumerate(days)}
    clock_place = {clock: i for i, clock in enumerate(clocks)}
    midnight = midnights.values[[day_place[day] for day, _, _ in parts]]
    time = times.values[[clock_place[clock] for _, _, clock in parts]]
    known = (midnight != MISSING) & (time != MISSING)
    values = np.where(known, midnight + (time - instant(_ANY_DAY, "date")), MISSING)
    return Instants(values=values, form="date", told=midnights.told, ambiguous=midnights.ambiguous)


def _written(texts: Sequence[str], order: Order) -> Instants | None:
    groups = [match.groups() if (match := _WRITTEN.fullmatch(text)) else None for text in texts]
    good = np.array([found is not None for found in groups], bool)
    if not good.any():
        return None
    columns: list[Any] = list(zip(*(found for found in groups if found is not None), strict=True))
    days = [_numbers(column) for column in columns[:3]]
    clock = np.stack([_clock(columns[3], columns[7]), *(_numbers(column) for column in columns[4:6])], axis=1)
    extra = _fractions(columns[6]) - _offsets(columns[8])
    found = _arranged(days, columns, clock, extra, order)
    if found is None:
        return None
    values = np.full(len(texts), MISSING)
    values[good] = found.values
    return Instants(values=values, form="date", told=found.told, ambiguous=found.ambiguous)


def _arranged(days: list[Ints], columns: list[Any], clock: Ints, extra: Ints, order: Order) -> Instants | None:
    """Return the instants in the order of year, month and day that the values themselves tell."""
    first, second, third = days
    if all(part is None for part in columns[2]):
        year = _full_years(second, columns[1][0]) if columns[0][0].isalpha() else second
        parts = (first, second) if columns[0][0].isdigit() and len(columns[0][0]) == 4 else (year, first)
        return _dated(np.stack([*parts, np.ones_like(first)], axis=1), clock, extra, "year and month")
    if len(columns[0][0]) == 4 and columns[0][0].isdigit():
        return _dated(np.stack([first, second, third], axis=1), clock, extra, "year, month, day")
    year = _full_years(third, columns[2][0])
    by_day = np.stack([year, second, first], axis=1), "day, month, year"
    by_month = np.stack([year, first, second], axis=1), "month, day, year"
    if columns[0][0].isalpha() or columns[1][0].isalpha():
        chosen, told = by_month if columns[0][0].isalpha() else by_day
        return _dated(chosen, clock, extra, told)
    if order != "auto" or first.max() > 12 or second.max() > 12:
        day_first = order == "day" or (order == "auto" and first.max() > 12)
        chosen, told = by_day if day_first else by_month
        return _dated(chosen, clock, extra, told)
    both = [_dated(chosen, clock, extra, told, ambiguous=True) for chosen, told in (by_day, by_month)]
    return max((made for made in both if made is not None), key=lambda made: _evenness(made.values), default=None)


def _dated(days: Ints, clock: Ints, extra: Ints, told: str, *, ambiguous: bool = False) -> Instants | None:
    """Return instants of years, months and days ``(n, 3)`` and of hours, minutes and seconds ``(n, 3)``."""
    year, month, day = days.T
    possible = (year >= _YEARS[0]) & (year <= _YEARS[1]) & (month >= 1) & (month <= 12) & (day >= 1)
    possible &= (clock >= 0).all(axis=1) & (clock[:, 0] <= 24) & (clock[:, 1] < 60) & (clock[:, 2] < 61)
    months = np.where(possible, (year - 1970) * 12 + month - 1, 0)
    starts = month_starts(months)
    values = starts + (day - 1) * DAY + clock @ np.array([3600, 60, 1]) * MILLION + extra
    possible &= starts + (day - 1) * DAY < month_starts(months + 1)
    if not possible.any():
        return None
    return Instants(values=np.where(possible, values, MISSING), form="date", told=told, ambiguous=ambiguous)


def _evenness(values: Ints) -> float:
    """Return how often the commonest distance between neighbours occurs, as a share."""
    distances = np.diff(np.sort(values[values != MISSING]))
    if not len(distances):
        return 0.0
    return float(np.unique(distances, return_counts=True)[1].max() / len(distances))


def _numbers(column: Sequence[str | None]) -> Ints:
    """Return the numbers that texts stand for; names of months by their first three letters, -1 for other words."""
    known = {text: _number(text) for text in set(column)}
    return np.array([known[text] for text in column], np.int64)


def _number(text: str | None) -> int:
    if not text:
        return 0
    return int(text) if text.isdigit() else _MONTHS.get(text[:3].lower(), -1)


def _clock(hours: Sequence[str | None], halves: Sequence[str | None]) -> Ints:
    hour = _numbers(hours)
    half = np.array([(part or "").lower() for part in halves])
    return np.where(half == "", hour, np.where(hour == 12, 0, hour) + 12 * (half == "p"))


def _fractions(column: Sequence[str | None]) -> Ints:
    return np.array([int(part[:6].ljust(6, "0")) if part else 0 for part in column], np.int64)


def _offsets(column: Sequence[str | None]) -> Ints:
    known = {part: _offset(part) for part in set(column)}
    return np.array([known[part] for part in column], np.int64)


def _offset(part: str | None) -> int:
    if not part or part[0] not in "+-":
        return 0
    minutes = int(part[1:3]) * 60 + int(part[-2:])
    return (-minutes if part[0] == "-" else minutes) * 60 * MILLION


def _full_years(years: Ints, example: str) -> Ints:
    """Return years of two digits as POSIX reads them: 69 to 99 belong to the last century."""
    return years if len(example) > 2 else np.where(years >= 69, years + 1900, years + 2000)


def _unit(values: Ints) -> str:
    known = values[values != MISSING]
    for size, unit in ((DAY, "D"), (MILLION, "s"), (1_000, "ms")):
        if not (known % size).any():
            return unit
    return "us"


def _number_text(value: int) -> str:
    whole, rest = divmod(value, MILLION)
    return str(whole) if not rest else repr(value / MILLION)
