"""Making a series regular: rows in order, one for every step, without holes; and telling all that was done to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import DataError, printable
from gnomon.data import steps
from gnomon.data.steps import Step
from gnomon.data.timetable import MISSING, Form, Ints, Stamps

Floats = npt.NDArray[np.float64]

_MAX_REPEATED = 0.1
"""Share of rows with a time that another row has, above which these are several series in one table."""
_OFF_GRID = 0.05
"""A row further from its place than this share of a step is off it."""
_MAX_OFF_GRID = 0.02
"""Share of rows off their places from which values are interpolated instead of moved."""
_LEAST_KEPT = 0.5
"""A stretch without holes must hold this share of the rows, or the series is refused."""
_NUM_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Rows as they were read: instants ``(n,)``, values ``(n, channels)`` with NaN for what is missing."""

    times: Ints
    form: Form
    values: Floats
    names: tuple[str, ...]
    told: tuple[str, ...] = ()
    """What was done so far, in sentences."""


@dataclass(frozen=True, kw_only=True)
class Regular:
    """One row for every step: instants ``(rows,)``, finite values ``(rows, channels)``."""

    times: Ints
    form: Form
    values: Floats
    step: Step
    told: tuple[str, ...] = field(default=())


def make_regular(measured: Measured, *, max_gap: int) -> Regular:
    """Return the series with one row for every step; ``told`` has a sentence for everything that was done.

    Rows are sorted, rows of one time averaged, and up to ``max_gap`` missing values after each other filled with a
    straight line. Of a series with longer holes the longest stretch without one is kept. Raises ``DataError`` where
    times repeat as in a table of several series, and where no stretch holds half of the rows.
    """
    ordered = _merged(_sorted(_timed(measured)))
    if len(ordered.times) < 2:
        raise DataError("holds fewer than two different times", fix="give a series of at least a few dozen rows")
    step = steps.find_step(ordered.times, ordered.form)
    placed = _placed(_without_holes(ordered, step, max_gap), step)
    whole = _complete(_filled(placed, max_gap), max_gap)
    return Regular(times=whole.times, form=whole.form, values=whole.values, step=step, told=whole.told)


def _timed(measured: Measured) -> Measured:
    lost = np.flatnonzero(measured.times == MISSING)
    if not len(lost):
        return measured
    kept = measured.times != MISSING
    told = f"{_rows(len(lost))} without a readable time left out (first: row {lost[0] + 1:,})"
    return replace(measured, times=measured.times[kept], values=measured.values[kept], told=(*measured.told, told))


def _sorted(measured: Measured) -> Measured:
    backwards = np.flatnonzero(np.diff(measured.times) < 0)
    if not len(backwards):
        return measured
    order = np.argsort(measured.times, kind="stable")
    first = Stamps(measured.times, measured.form)[int(backwards[0]) + 1]
    whole = len(backwards) >= len(measured.times) - 1 - len(measured.times) // 100
    told = (
        "the rows ran backwards in time: sorted"
        if whole
        else f"{_rows(len(backwards))} not in order of time (first: row {backwards[0] + 2:,}, {first}): sorted"
    )
    return replace(measured, times=measured.times[order], values=measured.values[order], told=(*measured.told, told))


def _merged(measured: Measured) -> Measured:
    """Return one row for each time: the mean of what rows of the same time measured."""
    distinct, first, counts = np.unique(measured.times, return_index=True, return_counts=True)
    repeated = len(measured.times) - len(distinct)
    if not repeated:
        return measured
    example = Stamps(measured.times, measured.form)[int(first[counts > 1][0])]
    if repeated > _MAX_REPEATED * len(measured.times):
        raise DataError(
            f"{len(measured.times):,} rows have only {len(distinct):,} different times (such as {example}): "
            "several series one below the other, or times that are too coarse",
            fix="give every series columns of its own, or a file of its own",
        )
    known = np.isfinite(measured.values)
    sums = np.add.reduceat(np.where(known, measured.values, 0), first, axis=0)
    num_known = np.add.reduceat(known.astype(np.int64), first, axis=0)
    with np.errstate(invalid="ignore"):
        means = sums / num_known
    told = f"{_rows(repeated)} with the time of another averaged with it (first: {example})"
    return replace(measured, times=distinct, values=means, told=(*measured.told, told))


def _placed(measured: Measured, step: Step) -> Measured:
    """Return a row for every place, NaN where there was none."""
    if not step.even:
        what = "at weekends" if step.weekdays else "at some hours or days, by a rule"
        counted = f"there are no rows {what}: each row is taken as the step after the one before"
        return replace(measured, told=(*measured.told, counted))
    places = steps.places(measured.times, step)
    near = np.rint(places).astype(np.int64)
    off = np.abs(places - near) > _OFF_GRID
    if off.mean() > _MAX_OFF_GRID or len(np.unique(near)) < len(near):
        return _interpolated(measured, step, places, int(off.sum()))
    count = int(near[-1]) + 1
    values = np.full((count, measured.values.shape[1]), np.nan)
    values[near] = measured.values
    times = np.concatenate([measured.times[:1], steps.future(int(measured.times[0]), step, count - 1)])
    told = measured.told
    if empty := count - len(near):
        first = Stamps(times, measured.form)[_first_empty(near)]
        told = (*told, f"{_rows(empty)} missing in the regular order of time (first: {first})")
    if num_off := int(off.sum()):
        told = (*told, f"{_rows(num_off)} moved by less than half a step to the regular times")
    return replace(measured, times=times, values=values, told=told)


def _first_empty(near: Ints) -> int:
    gaps = np.flatnonzero(np.diff(near) > 1)
    return int(near[gaps[0]]) + 1


def _interpolated(measured: Measured, step: Step, places: Floats, num_off: int) -> Measured:
    """Return values on straight lines between rows at uneven times; no value where the next rows are far."""
    count = int(np.floor(places[-1])) + 1
    grid = np.arange(count, dtype=np.float64)
    after = np.clip(np.searchsorted(places, grid), 1, len(places) - 1)
    distance = places[after] - places[after - 1]
    weight = ((grid - places[after - 1]) / distance)[:, None]
    values = (1 - weight) * measured.values[after - 1] + weight * measured.values[after]
    exact = np.searchsorted(places, grid)
    exact_there = (exact < len(places)) & (places[np.minimum(exact, len(places) - 1)] == grid)
    values[exact_there] = measured.values[exact[exact_there]]
    values[(distance > 2) & ~exact_there] = np.nan
    times = np.concatenate([measured.times[:1], steps.future(int(measured.times[0]), step, count - 1)])
    told = (
        f"{_rows(num_off)} at uneven times: values at every {steps.step_text(step, measured.form)} "
        "are taken from straight lines between them"
    )
    return replace(measured, times=times, values=values, told=(*measured.told, told))


def _filled(measured: Measured, max_gap: int) -> Measured:
    """Return the values with runs of up to ``max_gap`` missing ones filled, each channel for itself."""
    if np.isfinite(measured.values).all():
        return measured
    values = measured.values.copy()
    told = []
    for c, name in enumerate(measured.names):
        starts, stops = _missing_runs(values[:, c])
        inner = (starts > 0) & (stops < len(values)) & (stops - starts <= max_gap)
        if not inner.any():
            continue
        _fill(values[:, c], starts[inner], stops[inner])
        first = Stamps(measured.times, measured.form)[[int(start) for start in starts[inner][:_NUM_NAMED]]]
        num_filled = int((stops - starts)[inner].sum())
        more = ", …" if inner.sum() > _NUM_NAMED else ""
        told.append(
            f"{num_filled:,} missing value{'s' * (num_filled > 1)} of {printable(name)!r} filled with straight lines "
            f"({', '.join(first)}{more})"
        )
    return replace(measured, values=values, told=(*measured.told, *_summed(told)))


def _summed(told: Sequence[str]) -> list[str]:
    """Return the sentences of the first few channels, and a count of the others'."""
    shown = list(told[:_NUM_NAMED])
    if len(told) > _NUM_NAMED:
        shown.append(f"the same in {len(told) - _NUM_NAMED} more channels")
    return shown


def _missing_runs(values: Floats) -> tuple[Ints, Ints]:
    """Return where runs of missing values begin and where they have ended, shapes ``(runs,)``."""
    missing = np.concatenate([[False], ~np.isfinite(values), [False]])
    edges = np.flatnonzero(missing[1:] != missing[:-1])
    return edges[::2], edges[1::2]


def _fill(values: Floats, starts: Ints, stops: Ints) -> None:
    lengths = stops - starts
    run = np.repeat(np.arange(len(starts)), lengths)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    weight = (within + 1) / (lengths[run] + 1)
    values[starts[run] + within] = (1 - weight) * values[starts[run] - 1] + weight * values[stops[run]]


def _without_holes(measured: Measured, step: Step, max_gap: int) -> Measured:
    """Return the longest stretch in which no more than ``max_gap`` rows after each other are missing."""
    if not step.even:
        return measured
    holes = np.flatnonzero(np.diff(steps.places(measured.times, step)) > max_gap + 1.5)
    edges = np.concatenate([[0], holes + 1, [len(measured.times)]])
    return _stretch(measured, edges[:-1], edges[1:], max_gap)


def _complete(measured: Measured, max_gap: int) -> Measured:
    """Return the longest stretch in which every value is there."""
    missing = np.concatenate([[True], ~np.isfinite(measured.values).all(axis=1), [True]])
    edges = np.flatnonzero(missing)
    starts, stops = edges[:-1], edges[1:] - 1
    return _stretch(measured, starts[stops > starts], stops[stops > starts], max_gap)


def _stretch(measured: Measured, starts: Ints, stops: Ints, max_gap: int) -> Measured:
    """Return the longest of some stretches, and say so. Raises ``DataError`` where it is too small a part of all."""
    lengths = stops - starts
    most = int(lengths.max(initial=0))
    if most < max(2, _LEAST_KEPT * lengths.sum()):
        raise DataError(
            f"the series has {max(0, len(lengths) - 1):,} holes of more than {max_gap} steps; its longest stretch "
            f"without one has {_rows(most)}, less than half of it",
            fix="fill the holes in the file, leave out channels that have them with --target, or let more be filled "
            "with straight lines: --set reader.max_gap=48",
        )
    if most == len(measured.times):
        return measured
    best = int(lengths.argmax())
    kept = slice(int(starts[best]), int(stops[best]))
    first, last = Stamps(measured.times, measured.form)[[kept.start, kept.stop - 1]]
    if len(lengths) == 1:
        told = f"{_rows(len(measured.times) - most)} at the ends, where values are missing, left out"
    else:
        holes = f"{len(lengths) - 1:,} hole{'s' * (len(lengths) > 2)} of more than {max_gap} steps"
        told = f"{holes}: only the longest stretch without one is used, {_rows(most)} from {first} to {last}"
    return replace(measured, times=measured.times[kept], values=measured.values[kept], told=(*measured.told, told))


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"
