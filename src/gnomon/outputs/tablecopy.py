"""Arrow tables as files: CSV, TSV, JSON lines and Parquet. Texts that a spreadsheet would run are made harmless."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gnomon.data import tablevalues

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 10_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def encode(table: pa.Table, suffix: str, delimiter: str = ",") -> bytes:
    """Return a table as the bytes of a ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet`` file."""
    if suffix == ".parquet":
        from pyarrow import parquet

        sink = io.BytesIO()
        parquet.write_table(table, sink)
        return sink.getvalue()
    if suffix == ".jsonl":
        lines = (json.dumps({k: _json(v) for k, v in row.items()}, ensure_ascii=False) for row in _rows(table))
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
    text = io.StringIO(newline="")
    mark = "\t" if suffix == ".tsv" else delimiter if delimiter != "\t" else ","
    writer = csv.writer(text, delimiter=mark, lineterminator="\n")
    writer.writerow([neutral(name) for name in table.column_names])
    for row in _rows(table):
        writer.writerow([neutral(_plain(value)) for value in row.values()])
    return text.getvalue().encode("utf-8", "backslashreplace")


def neutral(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula; numbers and marks for missing cells stay as they are."""
    if not isinstance(value, str) or not value.startswith(_FORMULA) or value.strip() in tablevalues.ABSENT:
        return value
    try:
        float(value.replace(",", "").rstrip("% "))
    except ValueError:
        return f"'{value}"
    return value


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(_AT_ONCE):
        yield from batch.to_pylist()


def _plain(value: Any) -> Any:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _json(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
