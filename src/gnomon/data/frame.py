"""Tables of any kind as columns of values: CSV, TSV, JSON lines, Parquet, each also packed with gzip."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnomon.core.errors import DataError
from gnomon.data import jsonrows, tabletext, textfile
from gnomon.data.textfile import Decoded

if TYPE_CHECKING:
    import pyarrow as pa

CSV = (".csv", ".tsv", ".tab")
JSON_LINES = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet",)
NO_FIT = "has another number of fields than the header"

_BAD_LINES = 20
_SNIFFED_ROWS = 500


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One table. All columns have the same length; ``lines`` say where each row ends in the file.

    ``bad`` are rows that could not be used: line and reason. ``names`` are the class names that a Parquet file
    declares for a column of numbers.
    """

    path: Path
    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int]
    bad: Sequence[tuple[int, str]] = ()
    decoded: Decoded | None = None
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)


def kind(path: Path) -> tuple[str, ...] | None:
    """Return which kind of table a file's name says it is: ``CSV``, ``JSON_LINES``, ``PARQUET`` or None."""
    name = path.name.lower().removesuffix(".gz")
    return next((kind for kind in (CSV, JSON_LINES, PARQUET) if name.endswith(kind)), None)


def read_frame(path: Path, *, encoding: str = "auto", first_bytes: int | None = None) -> Frame:
    """Return the table in a file; with ``first_bytes``, about the rows that lie in them.

    Raises ``DataError`` where it cannot be decoded, split or parsed.
    """
    found = kind(path)
    if found == PARQUET:
        return _parquet(path, None if first_bytes is None else _SNIFFED_ROWS)
    if found == JSON_LINES:
        return _json_lines(path, encoding, first_bytes)
    table = tabletext.read_table(path, first_bytes=first_bytes, encoding=encoding)
    values = list(zip(*(row for _, row in table.rows), strict=True)) or [()] * len(table.header)
    return Frame(
        path=path,
        columns=dict(zip(table.header, values, strict=True)),
        lines=[line for line, _ in table.rows],
        bad=[(line, NO_FIT) for line in table.ragged],
        decoded=table.decoded,
    )


def without_header(frame: Frame) -> Frame:
    """Return the table with made-up column names, its header being a row already."""
    header = list(frame.columns)
    columns = {f"column {i + 1}": (name, *frame.columns[name]) for i, name in enumerate(header)}
    return Frame(path=frame.path, columns=columns, lines=[1, *frame.lines], bad=frame.bad, decoded=frame.decoded)


def _json_lines(path: Path, encoding: str, first_bytes: int | None) -> Frame:
    data = textfile.content(path) if first_bytes is None else textfile.head(path, first_bytes)
    if first_bytes is not None and len(data) == first_bytes:
        data = data[: data.rfind(b"\n") + 1]
    decoded = textfile.decode(data, encoding, path)
    rows, lines, bad = [], [], []
    for number, record, why in jsonrows.objects(decoded.text, whole=first_bytes is None):
        if record is None:
            bad.append((number, why))
        else:
            rows.append(record)
            lines.append(number)
    if not rows:
        what = bad[0][1] if bad else "is empty"
        raise DataError(what, fix="give one JSON object a line", path=path, line=bad[0][0] if bad else None)
    names = dict.fromkeys(name for row in rows for name, value in row.items() if not isinstance(value, list | dict))
    columns = {name: [_plain(row.get(name)) for row in rows] for name in names}
    return Frame(path=path, columns=columns, lines=lines, bad=bad, decoded=decoded)


def _plain(value: Any) -> Any:
    return None if isinstance(value, list | dict) else value


def _parquet(path: Path, num_rows: int | None) -> Frame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            wanted = [one.name for one in schema if not (pa.types.is_nested(one.type) or _is_bytes(one.type))]
            if num_rows is None:
                table = file.read(columns=wanted)
            else:
                batch = next(file.iter_batches(num_rows, columns=wanted), None)
                table = schema.empty_table().select(wanted) if batch is None else pa.Table.from_batches([batch])
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"is no readable Parquet file: {error}", fix="get the file anew", path=path) from error
    columns = {name: table.column(name).to_pylist() for name in wanted}
    return Frame(path=path, columns=columns, lines=range(1, table.num_rows + 1), names=declared(schema))


def _is_bytes(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def declared(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """Return the class names that Hugging Face's metadata declares for columns of numbers."""
    try:
        document = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = document["info"]["features"].items()
        found = {name: one["names"] for name, one in features if one.get("_type") == "ClassLabel"}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return {name: tuple(map(str, names)) for name, names in found.items() if isinstance(names, list)}
