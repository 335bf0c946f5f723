"""JSON as an Arrow table: an object a line or all in an array; names are columns, ``a.b`` for objects inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnomon.core.errors import DataError
from gnomon.data import jsonrows

if TYPE_CHECKING:
    import pyarrow as pa

_MAX_DEPTH = 4
_EXACT = 1 << 53
"""Whole numbers from here on are not exact as float64, so that they stay texts."""


def read(text: str, path: Path) -> tuple[pa.Table, list[tuple[int, str]], tuple[str, ...]]:
    """Return the table, the lines that are no objects with why, and the names of columns that hold lists.

    Raises ``DataError`` where no line is an object.
    """
    import pyarrow as pa

    rows: list[dict[str, Any]] = []
    bad: list[tuple[int, str]] = []
    lists: set[str] = set()
    for number, record, why in jsonrows.objects(text):
        if record is None:
            bad.append((number, why))
        else:
            rows.append(dict(_flat(record, "", lists)))
    if not rows:
        what, line_at = (bad[0][1], bad[0][0]) if bad else ("is empty", None)
        raise DataError(what, fix="give one JSON object a line", path=path, line=line_at)
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: _column([row.get(name) for row in rows]) for name in names}
    return pa.table(columns), bad, tuple(sorted(lists - set(names)))


def _flat(record: Mapping[str, Any], before: str, lists: set[str], depth: int = 0) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict) and depth < _MAX_DEPTH:
            yield from _flat(value, f"{before}{name}.", lists, depth + 1)
        elif isinstance(value, list | dict):
            lists.add(before + name)
        else:
            yield before + name, value


def _column(values: Sequence[Any]) -> pa.Array:
    """Return values as numbers where all are, else as texts."""
    import pyarrow as pa

    numeric = [v for v in values if v is not None]
    if numeric and all(type(v) is float or (type(v) is int and abs(v) < _EXACT) for v in numeric):
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    return pa.array([None if v is None else _text(v) for v in values], pa.string())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).encode("utf-8", "replace").decode("utf-8")
