"""How one column of a table becomes numbers: fitted on training cells, told in JSON, and done to any cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import TableColumn
from gnomon.data import tabletypes, tablevalues, tablewords, timetable

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MISSING, UNSEEN = 0, 1
"""Codes of a category whose cell is missing, and of one that is rare or was not seen in training."""
FIRST = 2
"""The code of the most frequent category."""

_FARTHEST = 1e12
"""Spreads from the centre beyond which all values are one, so that no square of one is infinite in float32."""
_PARTS = (("month", 12), ("weekday", 7), ("hour", 24))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How columns become numbers; ``text_features`` is 0 where texts are left out."""

    text_features: int
    min_count: int
    max_categories: int


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a column became: numbers and codes, each ``(rows,)``."""

    numbers: list[Floats] = field(default_factory=list)
    codes: list[Ints] = field(default_factory=list)


def fit(column: TableColumn, cells: Any, settings: Settings) -> dict[str, Any]:
    """Return what is kept of a column, from its training cells: its ``use``, and the names of what it becomes."""
    if column.type == "number":
        return _fit_number(column, cells)
    if column.type == "category":
        return _fit_category(column, cells, settings)
    if column.type == "date":
        return _fit_date(column, cells)
    if column.type == "text" and settings.text_features:
        return _fit_text(column, cells, settings)
    why = "free text: --set table.text=hash uses it" if column.type == "text" else column.why
    return unused(column, why)


def encode(cells: Any | None, entry: Mapping[str, Any], num_rows: int) -> Made:
    """Return the cells of a column as `fit` decided; None where the column is not there: all is missing."""
    if cells is None:
        numbers = [np.full(num_rows, np.nan) for _ in entry["numbers"]]
        return Made(numbers=numbers, codes=[np.zeros(num_rows, np.int64) for _ in entry["categories"]])
    if entry["use"] == "number":
        return Made(numbers=[_scaled(tablevalues.numbers(cells, entry["form"]).values, entry["scales"][0])])
    if entry["use"] == "category":
        return Made(codes=[_codes(cells, entry)])
    return _encode_date(cells, entry) if entry["use"] == "date" else Made(numbers=_encode_text(cells, entry))


def unused(column: TableColumn, why: str) -> dict[str, Any]:
    """Return the entry of a column that is left out."""
    return _entry(column, "none", why=why)


def robust(values: Floats) -> list[float]:
    """Return the centre and the spread of some numbers: their median and the distance of their quartiles.

    Where the quartiles are equal, half of the range stands in, and 1 where all are equal.
    Source: Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on
    tabular data", 2024, appendix B.
    """
    there = values[np.isfinite(values)]
    if not len(there):
        return [0.0, 1.0]
    low, first, middle, third, high = np.quantile(there, [0, 0.25, 0.5, 0.75, 1])
    spread = third - first if third > first else (high - low) / 2
    return [float(middle), float(spread) if spread > 0 and np.isfinite(spread) else 1.0]


def _entry(column: TableColumn, use: str, *, why: str = "", **others: Any) -> dict[str, Any]:
    about = {"name": column.name, "type": column.type, "form": column.form, "use": use, "why": why}
    return {**about, "numbers": [], "categories": [], **others}


def _fit_number(column: TableColumn, cells: Any) -> dict[str, Any]:
    values = tablevalues.numbers(cells, column.form).values
    there = values[np.isfinite(values)]
    if not len(there):
        return unused(column, "it is empty in all training rows")
    if len(there) == len(values) and there.min() == there.max():
        return unused(column, f"it is {there[0]:g} in all training rows")
    return _entry(column, "number", numbers=[column.name], scales=[robust(values)])


def _scaled(values: Floats, scale: list[float]) -> Floats:
    with np.errstate(over="ignore"):
        scaled: Floats = (values - scale[0]) / scale[1]
    return np.clip(scaled, -_FARTHEST, _FARTHEST)


def _fit_category(column: TableColumn, cells: Any, settings: Settings) -> dict[str, Any]:
    texts, counts = _counted(cells)
    num_there = int(counts.sum())
    if not num_there:
        return unused(column, "it is empty in all training rows")
    if len(texts) == 1 and num_there == len(cells):
        return unused(column, f"it is {texts[0]!r} in all training rows")
    kept = [text for text, n in zip(texts, counts.tolist(), strict=True) if n >= settings.min_count]
    kept = kept[: settings.max_categories]
    if not kept:
        return unused(column, f"none of its {len(texts):,} values has {settings.min_count} training rows")
    size = FIRST + len(kept)
    return _entry(column, "category", categories=[[column.name, size]], values=kept, num_pooled=len(texts) - len(kept))


def _counted(cells: Any) -> tuple[list[str], Ints]:
    """Return the texts of a column, the most frequent first, and how often each comes."""
    table = tabletypes.counts_of(as_texts(cells)).sort_by([("n", "descending"), ("text", "ascending")])
    return table["text"].to_pylist(), np.asarray(table["n"], np.int64)


def as_texts(cells: Any) -> Any:
    """Return cells as texts; whole numbers without a point, so that 3 and 3.0 are one category."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = tablevalues.flat(cells)
    if tablevalues.is_text(array):
        return array
    if pa.types.is_floating(array.type):
        values = tablevalues.numbers(array).values
        if (values[np.isfinite(values)] % 1 == 0).all() and (np.abs(values[np.isfinite(values)]) < 2**53).all():
            return pc.cast(pa.array(values, mask=np.isnan(values)).cast(pa.int64()), pa.string())
    return pc.cast(array, pa.string())


def _codes(cells: Any, entry: Mapping[str, Any]) -> Ints:
    import pyarrow as pa
    import pyarrow.compute as pc

    words, places = tablevalues.coded(as_texts(cells))
    known = pc.index_in(words, value_set=pa.array(entry["values"], words.type))
    code = np.asarray(pc.fill_null(known, UNSEEN - FIRST), np.int64) + FIRST
    code = np.append(np.where(np.asarray(words.is_null()), MISSING, code), MISSING)
    taken: Ints = code[np.asarray(pc.fill_null(places, len(words)))]
    return taken


def _fit_date(column: TableColumn, cells: Any) -> dict[str, Any]:
    days = _days(cells, column.form)
    there = days[np.isfinite(days)]
    if not len(there) or (len(there) == len(days) and there.min() == there.max()):
        return unused(column, "it is the same in all training rows")
    parts = [[part, size] for part, size in _PARTS if len(np.unique(_part(there, part))) > 1]
    return _entry(
        column,
        "date",
        numbers=[f"{column.name} (time)"],
        categories=[[f"{column.name} ({part})", FIRST + size] for part, size in parts],
        scales=[robust(days)],
    )


def _encode_date(cells: Any, entry: Mapping[str, Any]) -> Made:
    days = _days(cells, entry["form"])
    missing = np.isnan(days)
    filled = np.where(missing, 0.0, days)
    names = [name.removeprefix(f"{entry['name']} (").removesuffix(")") for name, _ in entry["categories"]]
    codes = [np.where(missing, MISSING, FIRST + _part(filled, name)) for name in names]
    return Made(numbers=[_scaled(days, entry["scales"][0])], codes=codes)


def _days(cells: Any, form: str) -> Floats:
    """Return dates as days since 1970, NaN where there is none."""
    stamps = tablevalues.instants(cells, form or "auto")
    return np.where(stamps == timetable.MISSING, np.nan, stamps / timetable.DAY)


def _part(days: Floats, part: str) -> Ints:
    """Return the month, the weekday from Monday or the hour of days since 1970, each from 0."""
    whole = np.floor(days).astype(np.int64)
    if part == "month":
        return whole.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    if part == "weekday":
        return (whole + 3) % 7  # 1970-01-01 was a Thursday
    return np.floor((days - whole) * 24 + 1e-9).astype(np.int64) % 24


def _fit_text(column: TableColumn, cells: Any, settings: Settings) -> dict[str, Any]:
    found = tablewords.fit(column.name, cells, settings.text_features)
    if not found["numbers"]:
        return unused(column, "its texts are all alike")
    return _entry(column, "text", **found)


def _encode_text(cells: Any, entry: Mapping[str, Any]) -> list[Floats]:
    counts = tablewords.logs(cells, entry)
    return [_scaled(counts[:, k], scale) for k, scale in enumerate(entry["scales"])]
