"""Files with measurements: their columns as texts and numbers, and which of them are channels of a series."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import DataError, printable
from gnomon.data import tabletext, textfile, timecolumn
from gnomon.data.timecolumn import Cells

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]

_TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
_HEAD_BYTES = 1 << 16
_HEAD_ROWS = 1000
_ABSENT = ("", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "null", "NULL", "None", "?", "-", "#N/A")
_COUNTERS = frozenset({"", "index", "id", "no", "no.", "row", "rownum", "unnamed: 0", "column 1"})
_LEAST_NUMBERS = 0.5
_NUM_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The columns of a table, in the file's order: texts, numbers with NaN for what is missing, or instants."""

    columns: Mapping[str, Cells]
    told: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Channels:
    """The columns that were measured: values ``(rows, channels)``, NaN for what is missing."""

    names: tuple[str, ...]
    values: Floats
    told: tuple[str, ...]


def tables(path: Path, limit: int) -> list[Path]:
    """Return the files that may hold tables: ``path`` itself, or the first ones in it."""
    if path.is_file():
        return [path] if path.name.lower().endswith((*_TABLES, ".txt")) else []
    if not path.is_dir():
        return []
    with os.scandir(path) as entries:
        names = [entry.name for entry in entries if entry.is_file() and not entry.name.startswith(".")]
    return [path / name for name in sorted(names) if name.lower().endswith(_TABLES)][:limit]


def head(file: Path) -> Sheet:
    """Return the first rows of a table, quickly. Raises ``DataError`` where the file is none."""
    if file.suffix.lower() == ".parquet":
        return _sheet(_parquet(file, rows=_HEAD_ROWS))
    table = tabletext.read_table(file, first_bytes=_HEAD_BYTES, encoding="auto")
    comma = _has_comma_numbers([row for _, row in table.rows[:_HEAD_ROWS]])
    columns: dict[str, Cells] = {}
    for place, name in enumerate(table.header):
        texts = [row[place] for _, row in table.rows]
        made = timecolumn.numbers([_plain_number(text, comma) for text in texts])
        columns[name] = texts if made is None else made
    return Sheet(columns=columns)


def load(file: Path) -> Sheet:
    """Return all rows of a table. Raises ``DataError`` with the line where it cannot be split into columns."""
    if file.suffix.lower() == ".parquet":
        return _sheet(_parquet(file, rows=None))
    return _load_text(file)


def is_numeric(cells: Cells) -> bool:
    """Return whether a column holds numbers, at least some of them finite."""
    return isinstance(cells, np.ndarray) and cells.dtype.kind in "iufb" and bool(np.isfinite(cells).any())


def channels(sheet: Sheet, times: Sequence[str], *, wanted: Sequence[str], max_bad: float) -> Channels:
    """Return the measured columns; those that hold no numbers, count the rows or are mostly empty are left out.

    ``wanted`` columns must be among them. Infinite numbers and words among numbers become missing values and are told
    with row and column. Raises ``DataError`` where no column is left, a wanted one is unfit, or more than ``max_bad``
    of the rows hold such values.
    """
    kept: dict[str, Floats] = {}
    left_out: dict[str, list[str]] = {}
    bad: list[tuple[int, str, str]] = []
    for name, cells in sheet.columns.items():
        if name in times:
            continue
        values, found = _numbers(cells)
        reason = _unfit(name, values)
        if reason is None and values is not None:
            kept[name] = values
            bad += [(row, name, text) for row, text in found]
        elif name in wanted:
            raise DataError(f"the column {name!r} {reason}", fix="name another one with --target")
        else:
            left_out.setdefault(str(reason), []).append(name)
    if not kept:
        raise DataError("has no column of numbers beside the times", fix="give a table with measurements")
    told = [f"left out: {_listed(names)}, which {reason}" for reason, names in left_out.items()]
    values = np.stack(list(kept.values()), axis=1)
    told += _unreadable(bad, len(values), max_bad)
    return Channels(names=tuple(kept), values=values, told=tuple(told))


def _unfit(name: str, values: Floats | None) -> str | None:
    """Return why a column is no channel, or None where it is one."""
    if values is None:
        return "holds no numbers"
    share = np.isfinite(values).mean()
    if not share:
        return "is empty"
    if share < _LEAST_NUMBERS:
        return "is mostly empty"
    if name.strip().lower() in _COUNTERS and len(values) > 2 and (np.diff(values) == 1).all():
        return "counts the rows"
    return None


def _numbers(cells: Cells) -> tuple[Floats | None, list[tuple[int, str]]]:
    """Return a column as numbers, and where it holds something else: row from 0, and the text."""
    if isinstance(cells, np.ndarray):
        if cells.dtype.kind not in "iufb":
            return None, []
        values = cells.astype(np.float64)
        endless = np.flatnonzero(np.isinf(values))
        texts = [(int(row), repr(float(values[row]))) for row in endless]
        values[endless] = np.nan
        return values, texts
    sample = cells[:: max(1, len(cells) // 1000)]
    if sum(_as_number(text) is not None for text in sample) < _LEAST_NUMBERS * len(sample):
        return None, []
    found = [_as_number(text) for text in cells]
    texts = [(row, cells[row]) for row, number in enumerate(found) if number is None or np.isinf(number)]
    values = np.array([np.nan if number is None or np.isinf(number) else number for number in found])
    return values, texts


def _as_number(text: str) -> float | None:
    """Return a number, NaN for a word that means none, None for any other word."""
    text = text.strip()
    if text in _ABSENT:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        return None


def _unreadable(bad: list[tuple[int, str, str]], num_rows: int, max_bad: float) -> list[str]:
    if not bad:
        return []
    bad.sort()
    places = ", ".join(f"row {row + 1:,} of {name!r} is {text!r}" for row, name, text in bad[:_NUM_NAMED])
    what = "1 cell is no finite number" if len(bad) == 1 else f"{len(bad):,} cells are no finite numbers"
    told = printable(f"{what}: {places}{', …' if len(bad) > _NUM_NAMED else ''}")
    share = len({row for row, _, _ in bad}) / num_rows
    if share > max_bad:
        raise DataError(
            f"{told} ({share:.1%} of the rows, the limit is {max_bad:.1%})",
            fix=f"mend them, or take them as missing with --max-bad {min(1.0, int(share * 100 + 1) / 100)}",
        )
    return [f"{told}; taken as missing"]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(printable(name)) for name in names[:_NUM_NAMED])
    more = f" and {len(names) - _NUM_NAMED} more" if len(names) > _NUM_NAMED else ""
    return f"the column{'s' * (len(names) > 1)} {shown}{more}"


def _plain_number(text: str, comma: bool) -> str:
    text = text.strip()
    if text in _ABSENT:
        return ""
    return text.replace(",", ".") if comma else text


def _has_comma_numbers(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether numbers are written 3,14: some cells are such, and none is written 3.14."""
    cells = [cell.strip() for row in rows[:200] for cell in row]
    commas = sum(cell.replace("-", "", 1).replace(",", "", 1).isdigit() and "," in cell for cell in cells)
    points = sum(cell.replace("-", "", 1).replace(".", "", 1).isdigit() and "." in cell for cell in cells)
    return commas > 0 and not points


def _load_text(file: Path) -> Sheet:
    start = tabletext.read_table(file, first_bytes=_HEAD_BYTES, encoding="auto")
    decoded = textfile.decode(textfile.content(file), "auto", file)
    comma = _has_comma_numbers([row for _, row in start.rows[:_HEAD_ROWS]])
    numeric = [
        name
        for place, name in enumerate(start.header)
        if timecolumn.numbers([_plain_number(row[place], comma) for _, row in start.rows]) is not None
    ]
    mark = _delimiter(decoded.text, start.header)
    try:
        return _parsed(decoded.text, start.header, frozenset(numeric), mark, comma, file)
    except _NotNumbersError:
        return _parsed(decoded.text, start.header, frozenset(), mark, comma, file)


class _NotNumbersError(Exception):
    """A column that began with numbers goes on with something else."""


def _parsed(text: str, header: Sequence[str], numeric: Set[str], mark: str, comma: bool, file: Path) -> Sheet:
    """Return all columns, ``numeric`` ones as numbers. Raises ``_NotNumbersError`` where one of those is none."""
    # Imported here: it takes a quarter of a second, and other readers do not need it.
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    ragged: list[int] = []

    def skip(row: Any) -> str:
        ragged.append(row.number or 0)
        return "skip"

    blank = len(text) - len(text.lstrip("\r\n"))
    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(text[blank:].encode()),
            read_options=arrow_csv.ReadOptions(column_names=list(header), skip_rows=1, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=mark, invalid_row_handler=skip),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.float64() if name in numeric else pa.string() for name in header},
                null_values=list(_ABSENT),
                strings_can_be_null=False,
                decimal_point="," if comma else ".",
            ),
        )
    except pa.ArrowInvalid as error:
        if numeric and "conversion error" in str(error):
            raise _NotNumbersError from error
        raise DataError(
            f"cannot be split into columns: {error}", fix="check the quotes and marks", path=file
        ) from error
    told: tuple[str, ...] = ()
    if ragged:
        places = ", ".join(f"line {line}" for line in ragged[:_NUM_NAMED])
        more = ", …" if len(ragged) > _NUM_NAMED else ""
        told = (f"{len(ragged):,} lines with another number of fields than the header left out ({places}{more})",)
    return _sheet(table, told)


def _delimiter(text: str, header: Sequence[str]) -> str:
    """Return the mark that cuts the first line into the fields of ``header``."""
    line = text.lstrip("\r\n").split("\n", 1)[0]
    fits = [mark for mark in tabletext.DELIMITERS if len(next(csv.reader([line], delimiter=mark))) == len(header)]
    return max(fits or ",", key=line.count)


def _sheet(table: pa.Table, told: tuple[str, ...] = ()) -> Sheet:
    """Return a table's columns as texts, float64 numbers or ``datetime64[us]``; others are left out and told."""
    made = {name: _cells(table.column(place)) for place, name in enumerate(table.column_names)}
    strange = [name for name, cells in made.items() if cells is None]
    if strange:
        told = (*told, f"left out: {_listed(strange)}, which holds neither text nor numbers")
    return Sheet(columns={name: cells for name, cells in made.items() if cells is not None}, told=told)


def _cells(column: pa.ChunkedArray) -> Cells | None:
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if types.is_timestamp(kind) or types.is_date(kind):
        return column.cast(pa.timestamp("us"), safe=False).to_numpy()
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind):
        numbers = column.cast(pa.uint8()) if types.is_boolean(kind) else column
        return numbers.cast(pa.float64(), safe=False).to_numpy()
    if types.is_dictionary(kind) and types.is_string(kind.value_type):
        column = column.cast(pa.string())
    if types.is_string(column.type) or types.is_large_string(column.type):
        return ["" if text is None else text for text in column.to_pylist()]
    return None


def _parquet(file: Path, rows: int | None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file, memory_map=False) as opened:
            if rows is None:
                return opened.read()
            batch = next(opened.iter_batches(batch_size=rows), None)
            return opened.schema_arrow.empty_table() if batch is None else pa.Table.from_batches([batch])
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"is no readable Parquet file: {error}", fix="write it again", path=file) from error
