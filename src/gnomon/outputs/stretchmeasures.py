"""What the evaluation says of the rows of a series: the strangest stretches of it with their times, and thresholds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.assemble import Model
from gnomon.core import surprise
from gnomon.core.spec import Normality, Split
from gnomon.data.stretches import Picked, Stretches
from gnomon.outputs import rowscores

Floats = npt.NDArray[np.float64]

NUM_STRETCHES = 8
_PLACES = 360
"""The score over time is kept as the highest one of so many parts."""
_BINS = 40
_AROUND = 1.0
"""Windows shown on each side of a strange stretch."""


def measured(model: Model, split: Split, *, should_stop: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """Return the details of a split's rows: ``stretches``, ``over_time``, and what is told of scores, row by row.

    They take the place of what is told of whole windows, where rows are asked about one by one.
    """
    if not isinstance(split.inputs, Stretches):
        return {}
    found = rowscores.of_split(model, split, should_stop=should_stop)
    times = _times(split)
    limit = model.task.limit(found.score) if isinstance(model.spec.target, Normality) else None
    stretches = _strangest(model, found, times, split.inputs.length)
    told = [{name: one[name] for name in ("index", "id", "score", "p_value", "label")} for one in stretches]
    details = {
        "stretches": stretches,
        "over_time": _over_time(found, times),
        "strangest": told,
        "typical": [],
        "histogram": _histogram(found.score),
    }
    if limit is not None:
        alarms = float((found.score > limit).mean())
        details["threshold"] = {"score": limit, "false_alarms": alarms}
        details["thresholds"] = _thresholds(model, found.score)
    return details


def _thresholds(model: Model, scores: Floats) -> list[dict[str, Any]]:
    """Return the thresholds of held-out rows, with the alarms that they raise in these ones."""
    return surprise.thresholds(model.held_out or scores)


def _times(split: Split) -> Any:
    """Return what the rows of a split are called: those that its windows' names were picked from."""
    ids = split.ids
    return ids.parent if isinstance(ids, Picked) else ids


def _strangest(model: Model, found: rowscores.RowScores, times: Any, length: int) -> list[dict[str, Any]]:
    """Return the strangest stretches, apart from each other, each with what was measured and expected around it."""
    scores, names = found.score, rowscores.network_of(model).series.names
    level = float(np.quantile(scores, 0.95))
    left = scores.copy()
    chosen: list[tuple[int, int, int]] = []
    while len(chosen) < NUM_STRETCHES and np.isfinite(left).any():
        peak = int(np.argmax(left))
        first, last = _extent(scores, peak, level, length)
        left[max(0, first - length // 2) : last + 1 + length // 2] = -np.inf
        chosen.append((peak, first, last))
    p_values = surprise.p_values(scores[[peak for peak, _, _ in chosen]], model.held_out)
    return [_told(found, times, names, place, float(p), length) for place, p in zip(chosen, p_values, strict=True)]


def _extent(scores: Floats, peak: int, level: float, length: int) -> tuple[int, int]:
    """Return the first and the last row of a stretch whose scores do not fall below the level, a window at most."""
    first = last = peak
    while first > 0 and scores[first - 1] >= level and peak - first < length:
        first -= 1
    while last + 1 < len(scores) and scores[last + 1] >= level and last - peak < length:
        last += 1
    return first, last


def _told(
    found: rowscores.RowScores,
    times: Any,
    names: tuple[str, ...],
    place: tuple[int, int, int],
    p_value: float,
    length: int,
) -> dict[str, Any]:
    peak, first, last = place
    channel = int(found.strange[peak].argmax())
    start, stop = max(0, first - int(_AROUND * length)), min(len(found.values), last + 1 + int(_AROUND * length))
    span = str(times[first]) if first == last else f"{times[first]} to {times[last]}"
    return {
        "index": peak,
        "id": span,
        "score": float(found.score[peak]),
        "p_value": p_value,
        "label": -1,
        "from": str(times[first]),
        "to": str(times[last]),
        "channel": names[channel],
        "first": first - start,
        "last": last - start,
        "times": [str(times[start]), str(times[stop - 1])],
        "values": _rounded(found.values[start:stop, channel]),
        "expected": _rounded(found.expected[start:stop, channel]),
    }


def _over_time(found: rowscores.RowScores, times: Any) -> dict[str, Any]:
    """Return the highest score of each of some parts of the rows, in order, and where they begin and end."""
    parts = np.array_split(found.score, min(_PLACES, len(found.score)))
    return {
        "highest": _rounded(np.array([part.max() for part in parts])),
        "first": str(times[0]),
        "last": str(times[len(found.score) - 1]),
        "rows": len(found.score),
    }


def _histogram(scores: Floats) -> dict[str, Any]:
    low, high = float(scores.min()), float(np.quantile(scores, 0.995))
    edges = np.linspace(low, max(high, low + 1e-9), _BINS)
    edges = np.append(edges, max(float(scores.max()), edges[-1]) + 1e-9)
    return {"edges": edges.tolist(), "normal": np.histogram(scores, edges)[0].tolist()}


def _rounded(values: npt.NDArray[Any]) -> list[float]:
    return [float(f"{value:.5g}") for value in values.tolist()]
