"""Reading CSV and TSV text: encoding, delimiter, header, and rows that do not fit. The one opener for such files."""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from pathlib import Path

from gnomon.core.errors import DataError
from gnomon.data.formats import UnreadableError
from gnomon.data.listing import read_bytes, read_head

MAX_BYTES = 1_000_000_000
MAX_FIELD_CHARS = 16_000_000
DELIMITERS = ",;\t|"

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Table:
    """A table's header, its rows with the line on which each ends, and the lines of rows that do not fit."""

    header: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    ragged: list[int]

    def column(self, name: str) -> list[str]:
        """Return the values of one column."""
        place = self.header.index(name)
        return [row[place] for _, row in self.rows]


def read_table(path: Path, *, first_bytes: int | None = None) -> Table:
    """Return the table in a file; with ``first_bytes``, the whole rows that lie in them.

    Rows with another number of fields than the header are in ``ragged``. Raises ``DataError`` with the line where the
    text cannot be decoded or split.
    """
    try:
        data = read_bytes(path, MAX_BYTES) if first_bytes is None else read_head(path, first_bytes)
    except UnreadableError as error:
        raise DataError(str(error), fix="give a CSV or TSV file", path=path) from error
    if first_bytes is not None and len(data) == first_bytes:
        data = data[: data.rfind(b"\n") + 1]
    text = _decoded(data, path)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError("holds NUL characters: it is no text", fix="save it as UTF-8", path=path, line=line)
    return _split(text, path)


def _decoded(data: bytes, path: Path) -> str:
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"is not {encoding.removesuffix('-sig')} text: byte {error.start} is 0x{data[error.start]:02x}"
        raise DataError(what, fix="save it as UTF-8", path=path, line=line) from error


def _split(text: str, path: Path) -> Table:
    csv.field_size_limit(MAX_FIELD_CHARS)
    lines = text.splitlines(keepends=True)
    if not lines:
        raise DataError("is empty", fix="give a table with a header", path=path)
    delimiter = max(DELIMITERS, key=lambda mark: lines[0].count(mark))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    ragged: list[int] = []
    header: tuple[str, ...] = ()
    try:
        for row in reader:
            if not header:
                header = _unique(row)
            elif len(row) == len(header):
                rows.append((reader.line_num, row))
            elif row:
                ragged.append(reader.line_num)
    except csv.Error as error:
        what = f"cannot be split into fields: {error}"
        raise DataError(what, fix="check the quotes in this line", path=path, line=reader.line_num) from error
    return Table(header, rows, ragged)


def _unique(names: list[str]) -> tuple[str, ...]:
    """Return column names without blanks around them; empty and repeated ones get their place."""
    plain = [name.strip() for name in names]
    return tuple(
        name if name and name not in plain[:i] else f"{name or 'column'} {i + 1}" for i, name in enumerate(plain)
    )
