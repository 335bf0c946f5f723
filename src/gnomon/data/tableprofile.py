"""What the columns of a table look like: counts, ranges, frequent values and small histograms, as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import TableColumn
from gnomon.data import tabletypes, tablevalues, timetable

if TYPE_CHECKING:
    import pyarrow as pa

NUM_BINS = 24
_NUM_VALUES = 8
_NUM_EXAMPLES = 3
_MAX_CHARACTERS = 60
_DETAILED = 300
"""Of a table of more columns than this, the first ones get histograms and examples."""


def profile(columns: Sequence[TableColumn], table: pa.Table) -> list[dict[str, Any]]:
    """Return what each column looks like: name, type, why, counts of missing and different cells, and its values."""
    return [_entry(column, table.column(column.name), detailed=k < _DETAILED) for k, column in enumerate(columns)]


def _entry(column: TableColumn, cells: Any, *, detailed: bool) -> dict[str, Any]:
    import pyarrow.compute as pc

    array = tablevalues.flat(cells)
    missing = tablevalues.is_missing(array)
    entry: dict[str, Any] = {"name": column.name, "type": column.type, "why": column.why}
    entry["num_missing"] = int(missing.sum())
    if tablevalues.is_text(array):
        words, _ = tablevalues.coded(array)
        entry["num_distinct"] = pc.count_distinct(words, mode="only_valid").as_py()
    else:
        entry["num_distinct"] = pc.count_distinct(array, mode="only_valid").as_py()
    if column.type == "empty" or not detailed:
        return entry
    entry["examples"] = _examples(array, missing)
    if column.type == "number":
        return entry | _of_numbers(array, column.form)
    if column.type == "date":
        return entry | _of_dates(array, column.form)
    return entry | _of_texts(array) if column.type == "category" else entry


def _examples(array: Any, missing: npt.NDArray[np.bool_]) -> list[str]:
    there = np.flatnonzero(~missing)
    some = there[np.unique(np.linspace(0, max(0, len(there) - 1), min(len(there), 200)).astype(int))]
    found = dict.fromkeys(str(value).strip()[:_MAX_CHARACTERS] for value in array.take(some).to_pylist())
    return list(found)[:_NUM_EXAMPLES]


def _of_numbers(array: Any, form: str) -> dict[str, Any]:
    numbers = tablevalues.numbers(array, form)
    values = numbers.values[np.isfinite(numbers.values)]
    entry: dict[str, Any] = {"num_bad": int(numbers.bad.sum())}
    if entry["num_bad"]:
        entry["bad"] = str(array[int(np.flatnonzero(numbers.bad)[0])].as_py())[:_MAX_CHARACTERS]
    if not len(values):
        return entry
    low, middle, high = (float(value) for value in np.quantile(values, [0, 0.5, 1]))
    return entry | {"min": low, "median": middle, "max": high, "mean": float(values.mean()), **_bars(values)}


def _bars(values: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return a histogram between the outer half percents, so that a few far values do not flatten it."""
    low, high = np.quantile(values, [0.005, 0.995])
    if not low < high:
        low, high = values.min(), values.max()
    if not low < high or not np.isfinite(high - low):
        return {}
    counts, edges = np.histogram(np.clip(values, low, high), bins=NUM_BINS, range=(low, high))
    return {"histogram": {"counts": counts.tolist(), "low": float(edges[0]), "high": float(edges[-1])}}


def _of_dates(array: Any, form: str) -> dict[str, Any]:
    stamps = tablevalues.instants(array, form or "auto")
    known = stamps[stamps != timetable.MISSING]
    num_bad = int((stamps == timetable.MISSING).sum() - tablevalues.is_missing(array).sum())
    entry: dict[str, Any] = {"num_bad": num_bad}
    if num_bad:
        bad = (stamps == timetable.MISSING) & ~tablevalues.is_missing(array)
        entry["bad"] = str(array[int(np.flatnonzero(bad)[0])].as_py())[:_MAX_CHARACTERS]
    if not len(known):
        return entry
    texts = timetable.Stamps(np.array([known.min(), known.max()]), "date")
    return entry | {"min": texts[0], "max": texts[1], **_bars(known.astype(np.float64))}


def _of_texts(array: Any) -> dict[str, Any]:
    counts = tabletypes.counts_of(array)
    order = np.argsort(-np.asarray(counts["n"]), kind="stable")[:_NUM_VALUES]
    found = counts.take(order)
    pairs = zip(found["text"].to_pylist(), found["n"].to_pylist(), strict=True)
    return {"values": [[text[:_MAX_CHARACTERS], n] for text, n in pairs]}
