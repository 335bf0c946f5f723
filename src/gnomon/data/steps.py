"""The distance from one row of a series to the next: finding it, naming it, and going on in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gnomon.data import timetable
from gnomon.data.timetable import DAY, MILLION, Form, Ints

_EMPTY = 0.1
"""Share of places without a row from which the gaps are looked at for a rule, such as weekends."""
_MONTH_FROM = 27 * DAY
_ROUND_MIN = (1, 2, 5, 10, 15, 20, 30)
_ROUND_H = (1, 2, 3, 4, 6, 8, 12, 24, 48, 168)
_ROUND_S = (*_ROUND_MIN, *(60 * count for count in _ROUND_MIN), *(3600 * count for count in _ROUND_H))
"""Distances that people measure at, in seconds."""
_NEARLY = 0.1


@dataclass(frozen=True, kw_only=True)
class Step:
    """The distance from one row to the next."""

    size: int
    """In millionths of a second or of the unit of the numbers; the mean where it is counted in months."""
    months: int = 0
    """Calendar months; 0 where the distance is always the same."""
    weekdays: bool = False
    """True where rows are days and there are none at weekends."""
    even: bool = True
    """False where the times between rows differ and the rows are counted instead."""


def find_step(times: Ints, form: Form) -> Step:
    """Return the commonest distance; months where all rows lie at the same place of a month."""
    distances = np.diff(times)
    if form == "date" and float(np.median(distances)) >= _MONTH_FROM and (months := _month_places(times)) is not None:
        sizes, counts = np.unique(np.diff(months), return_counts=True)
        num_months = int(sizes[counts.argmax()])
        return Step(size=round(num_months * 365.2425 / 12 * DAY), months=num_months)
    sizes, counts = np.unique(distances, return_counts=True)
    size = int(sizes[counts.argmax()])
    if counts.max() < len(distances) / 2:  # no distance prevails: measured by hand, or with a clock that drifts
        size = _rounded(int(np.median(distances)), form)
    return _by_rule(times, Step(size=size), form)


def _rounded(size: int, form: Form) -> int:
    """Return the distance that people would name, where one is near: measured every hour or so, not every 3,596 s."""
    near = min((seconds * MILLION for seconds in _ROUND_S), key=lambda one: abs(one - size))
    return near if form == "date" and abs(near - size) <= _NEARLY * near else size


def places(times: Ints, step: Step) -> npt.NDArray[np.float64]:
    """Return how many steps lie between the first of some instants and each of them, shape ``(n,)``."""
    if step.months:
        months, _ = timetable.months_of(times)
        counted: npt.NDArray[np.float64] = (months - months[0]) / step.months
        return counted
    passed: npt.NDArray[np.float64] = (times - times[0]) / step.size
    return passed


def future(last: int, step: Step, count: int) -> Ints:
    """Return the ``count`` instants that follow ``last``."""
    ahead = np.arange(1, count + 1)
    if step.months:
        months, within = timetable.months_of(np.array([last]))
        at_end = timetable.month_starts(months + 1) - last == DAY
        starts = timetable.month_starts(months + ahead * step.months + (1 if at_end[0] else 0))
        return starts - DAY if at_end[0] else starts + within
    if step.weekdays:
        day = np.datetime64(last, "us").astype("datetime64[D]")
        days = np.busday_offset(day, ahead, roll="backward").astype("datetime64[us]").astype(np.int64)
        made: Ints = days + last % DAY
        return made
    return last + ahead * step.size


def step_text(step: Step, form: Form) -> str:
    """Return a step for people: ``1 h``, ``15 min``, ``1 month``."""
    if step.months:
        years, months = divmod(step.months, 12)
        return f"{step.months} month{'s' * (step.months > 1)}" if months else f"{years} year{'s' * (years > 1)}"
    if form == "number":
        return f"{step.size / MILLION:g}"
    for unit, size in (("d", DAY), ("h", 3600 * MILLION), ("min", 60 * MILLION)):
        if step.size % size == 0:
            return f"{step.size // size} {unit}"
    return f"{step.size / MILLION:g} s"


def _month_places(times: Ints) -> Ints | None:
    """Return the months of instants that all lie at the same place from the start or the end of a month."""
    months, within = timetable.months_of(times)
    before_end = timetable.month_starts(months + 1) - times
    same = (within == within[0]).all() or (before_end == before_end[0]).all()
    return months if same and (np.diff(months) > 0).all() else None


def _by_rule(times: Ints, step: Step, form: Form) -> Step:
    """Return the step as one of counted rows where gaps follow a rule: weekends, nights, hours of trading."""
    distances = np.diff(times)
    num_places = round((times[-1] - times[0]) / step.size) + 1
    if num_places - len(times) < _EMPTY * num_places:
        return step
    if form == "date" and step.size == DAY:
        weekday = (times // DAY + 3) % 7  # 1970 began on a Thursday; 0 is Monday
        if not (weekday >= 5).any() and (distances == 3 * DAY).mean() > 0.1:
            return replace(step, weekdays=True, even=False)
    gaps = distances[distances > 1.5 * step.size]
    _, counts = np.unique(gaps, return_counts=True)
    if len(gaps) >= 5 and np.sort(counts)[-3:].sum() >= 0.9 * len(gaps) and (distances == step.size).mean() > 0.5:
        return replace(step, even=False)
    return step
