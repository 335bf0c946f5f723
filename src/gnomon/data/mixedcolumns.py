"""How one column of a table becomes something whose density is learned, and back: from cells to numbers to cells.

What is fitted is told in JSON: of numbers and dates a grid, values that stand out, and modes; of categories the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Quantity, TableColumn
from gnomon.data import grids, tablecodes, tabletypes, tablevalues, timetable
from gnomon.data.tablecodes import Settings

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]

_MOST_POOLED = 500
"""Rare values of which one can be drawn."""
_FINENESS = (timetable.DAY, 3600 * timetable.MILLION, 60 * timetable.MILLION, timetable.MILLION, 1)
"""Steps of a column of dates: days, hours, minutes, seconds, or their millionths."""


def fit(column: TableColumn, cells: Any, settings: Settings) -> dict[str, Any]:
    """Return what is kept of a column, from its training cells: its ``use``, and what its density needs.

    ``constant`` is a column of one value, which new rows have too; ``none`` one that is left out.
    """
    if column.type == "number":
        return _fit_number(column, tablevalues.numbers(cells, column.form).values)
    if column.type == "date":
        return _fit_date(column, cells)
    if column.type == "category":
        return _fit_category(column, cells, settings)
    why = "free text is not made up" if column.type == "text" else column.why
    return tablecodes.unused(column, why)


def encode(cells: Any | None, entry: Mapping[str, Any], num_rows: int) -> Floats:
    """Return the cells of a column as `MixedRow` stores them; None where the column is not there: all is missing."""
    if cells is None:
        return np.full(num_rows, np.nan if entry["use"] != "category" else tablecodes.MISSING)
    if entry["use"] == "number":
        return _grid(entry).placed(tablevalues.numbers(cells, entry["form"]).values)
    if entry["use"] == "date":
        return _grid(entry).placed(_instants(cells, entry["form"]))
    return tablecodes.encode(cells, entry, num_rows).codes[0].astype(np.float64)


def decode(values: Floats, entry: Mapping[str, Any], draw: np.random.Generator) -> pa.Array:
    """Return the cells for what `MixedRow` stores, in the range and on the grid of the training cells.

    A category that stands for rare values becomes one of them, as often as it came.
    """
    if entry["use"] == "constant":
        return _constant(entry, len(values))
    if entry["use"] == "category":
        return _texts(values.astype(np.int64), entry, draw)
    missing = ~np.isfinite(values)
    found = _grid(entry).values(np.where(missing, 0.0, values))
    if entry["use"] == "date":
        return _dates(found, missing, entry)
    return _numbers(found, missing, entry)


def quantity(entry: Mapping[str, Any]) -> Quantity:
    """Return how the density of a column of numbers or dates is described."""
    return Quantity(
        name=entry["name"],
        low=float(entry["grid"]["low"]),
        step=float(entry["grid"]["step"]),
        places=int(entry["grid"]["places"]),
        spikes=tuple(int(place) for place in entry["spikes"]),
        means=tuple(float(mean) for mean in entry["means"]),
        deviations=tuple(float(deviation) for deviation in entry["deviations"]),
        has_missing=bool(entry["has_missing"]),
    )


def _grid(entry: Mapping[str, Any]) -> grids.Grid:
    return grids.Grid(**entry["grid"])


def _fit_number(column: TableColumn, values: Floats) -> dict[str, Any]:
    there = values[np.isfinite(values)]
    if not len(there):
        return tablecodes.unused(column, "it is empty in all training rows")
    if len(there) == len(values) and there.min() == there.max():
        return _entry(column, "constant", value=float(there[0]))
    has_missing = len(there) < len(values)
    return _entry(column, "number", has_missing=has_missing, **_density(there, grids.grid_of(there)))


def _fit_date(column: TableColumn, cells: Any) -> dict[str, Any]:
    stamps = _instants(cells, column.form)
    there = stamps[np.isfinite(stamps)]
    if not len(there):
        return tablecodes.unused(column, "it is empty in all training rows")
    if len(there) == len(stamps) and there.min() == there.max():
        return _entry(column, "constant", value=float(there[0]), day=bool(there[0] % timetable.DAY == 0))
    low, high = float(there.min()), float(there.max())
    step = next(step for step in _FINENESS if (there % step == 0).all())
    coarser = max(1, int(-(-(high - low) // (step * (grids.MOST_PLACES - 1)))))
    grid = grids.Grid(low=low, step=float(step * coarser), places=int((high - low) // (step * coarser)) + 1, decimals=0)
    about = {"day": step == timetable.DAY, "has_missing": len(there) < len(stamps)}
    return _entry(column, "date", **about, **_density(there, grid))


def _density(there: Floats, grid: grids.Grid) -> dict[str, Any]:
    places = grid.placed(there)
    spikes = grids.spikes_of(places)
    others = places[~np.isin(places, spikes)]
    if len(others):
        means, deviations = grids.modes_of(others)
    else:  # all values stand out: what is between them is next to impossible
        means, deviations = np.array([places.mean()]), np.array([max(0.5, float(places.std()))])
    return {
        "grid": vars(grid),
        "spikes": list(spikes),
        "means": [round(float(mean), 6) for mean in means],
        "deviations": [round(float(deviation), 6) for deviation in deviations],
        "discretised": grid.decimals < 0,
    }


def _fit_category(column: TableColumn, cells: Any, settings: Settings) -> dict[str, Any]:
    entry = tablecodes.fit(column, cells, settings)
    counts = tabletypes.counts_of(tablecodes.as_texts(cells)).sort_by([("n", "descending"), ("text", "ascending")])
    if entry["use"] == "none":
        is_constant = len(counts) == 1 and counts["n"][0].as_py() == len(cells)
        return _entry(column, "constant", value=counts["text"][0].as_py()) if is_constant else entry
    kept = set(entry["values"])
    pairs = zip(counts["text"].to_pylist(), counts["n"].to_pylist(), strict=True)
    pooled = [[text, n] for text, n in pairs if text not in kept][:_MOST_POOLED]
    there = int(np.asarray(counts["n"]).sum())
    never = [tablecodes.MISSING] * (there == len(cells)) + [tablecodes.UNSEEN] * (not pooled)
    return entry | {"pooled": pooled, "never": never}


def _entry(column: TableColumn, use: str, **others: Any) -> dict[str, Any]:
    return {**tablecodes.unused(column, ""), "use": use, **others}


def _instants(cells: Any, form: str) -> Floats:
    """Return dates as millionths of a second since 1970, NaN where there is none."""
    stamps = tablevalues.instants(cells, form or "auto")
    return np.where(stamps == timetable.MISSING, np.nan, stamps.astype(np.float64))


def _constant(entry: Mapping[str, Any], count: int) -> pa.Array:
    import pyarrow as pa

    if entry["type"] == "category":
        return pa.array([entry["value"]] * count, pa.string())
    values, missing = np.full(count, float(entry["value"])), np.zeros(count, np.bool_)
    if entry["type"] == "date":
        return _dates(values, missing, entry)
    decimals = 0 if float(entry["value"]).is_integer() else -1
    return _numbers(values, missing, {"grid": {"decimals": decimals}})


def _texts(codes: npt.NDArray[np.int64], entry: Mapping[str, Any], draw: np.random.Generator) -> pa.Array:
    import pyarrow as pa

    values = np.array([None, None, *entry["values"]], dtype=object)
    found = values[codes]
    pooled = entry.get("pooled", ())
    rare = np.flatnonzero(codes == tablecodes.UNSEEN)
    if len(rare) and pooled:
        counts = np.array([n for _, n in pooled], np.float64)
        drawn = draw.choice(len(pooled), size=len(rare), p=counts / counts.sum())
        found[rare] = np.array([text for text, _ in pooled], dtype=object)[drawn]
    return pa.array(found.tolist(), pa.string())


def _numbers(values: Floats, missing: npt.NDArray[np.bool_], entry: Mapping[str, Any]) -> pa.Array:
    import pyarrow as pa

    if entry["grid"]["decimals"] == 0:
        return pa.array(np.rint(values).astype(np.int64), mask=missing)
    return pa.array(values, mask=missing)


def _dates(values: Floats, missing: npt.NDArray[np.bool_], entry: Mapping[str, Any]) -> pa.Array:
    import pyarrow as pa

    stamps = pa.array(np.rint(values).astype(np.int64), mask=missing).cast(pa.timestamp("us"))
    return stamps.cast(pa.date32()) if entry["day"] else stamps
