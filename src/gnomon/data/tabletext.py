"""Reading CSV and TSV text: delimiter, quotes, header, and rows that do not fit. The one opener for such files."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from gnomon.core.errors import DataError
from gnomon.data import textfile
from gnomon.data.textfile import Decoded

MAX_FIELD_CHARS = 16_000_000
DELIMITERS = ",;\t|"

_TABBED = (".tsv", ".tab", ".tsv.gz", ".tab.gz")
_LOOKED_AT_LINES = 100
_LOOKED_AT_CHARS = 1 << 18


@dataclass(frozen=True)
class Table:
    """A table's header, its rows with the line on which each ends, and the lines of rows that do not fit."""

    header: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    ragged: list[int]
    decoded: Decoded | None = None
    """How the bytes became text; None for a table that was made."""
    original: tuple[str, ...] = ()
    """The header as it is written."""
    num_wider: int = 0
    """How many of the rows that do not fit have one field more than the header."""
    delimiter: str = ","
    quoted: bool = True
    """Whether quotes hold fields together."""

    def column(self, name: str) -> list[str]:
        """Return the values of one column."""
        place = self.header.index(name)
        return [row[place] for _, row in self.rows]


def read_table(path: Path, *, first_bytes: int | None = None, encoding: str = "utf-8") -> Table:
    """Return the table in a file, gzip or not; with ``first_bytes``, the whole rows that lie in them.

    Byte order marks are obeyed; the encoding ``auto`` is found by looking at the text. Rows with another number of
    fields than the header are in ``ragged``. Raises ``DataError`` with the line where the text cannot be decoded or
    split.
    """
    data = textfile.content(path) if first_bytes is None else textfile.head(path, first_bytes)
    if first_bytes is not None and len(data) == first_bytes:
        data = data[: data.rfind(b"\n") + 1]
    decoded = textfile.decode(data, "auto" if textfile.is_marked(data) else encoding, path)
    return replace(split(decoded.text, path), decoded=decoded)


def split(text: str, path: Path) -> Table:
    """Return the table in a text. Raises ``DataError`` with the line where it cannot be split."""
    csv.field_size_limit(MAX_FIELD_CHARS)
    if not text:
        raise DataError("is empty", fix="give a table with a header", path=path)
    delimiter = _delimiter(text, path)
    try:
        quoted = _rows(text, delimiter, csv.QUOTE_MINIMAL, path)
    except DataError:
        if delimiter != "\t":
            raise
        return _rows(text, delimiter, csv.QUOTE_NONE, path)
    if delimiter == "\t" and (quoted.ragged or any("\n" in value for _, row in quoted.rows for value in row)):
        plain = _rows(text, delimiter, csv.QUOTE_NONE, path)  # most writers of tabs know no quotes
        return plain if len(plain.ragged) <= len(quoted.ragged) else quoted
    return quoted


def _rows(text: str, delimiter: str, quoting: int, path: Path) -> Table:
    # Only line feeds and carriage returns end a line: str.splitlines would cut texts at rarer characters.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    rows: list[tuple[int, list[str]]] = []
    ragged: list[int] = []
    header: tuple[str, ...] = ()
    original: list[str] = []
    num_wider = last = 0
    try:
        for row in reader:
            if not header:
                header, original = _unique(row), row
            elif len(row) == len(header):
                rows.append((reader.line_num, row))
            elif row:
                ragged.append(reader.line_num)
                num_wider += len(row) == len(header) + 1
            last = reader.line_num
    except csv.Error as error:
        unclosed = "unexpected end of data" in str(error)
        what = f"cannot be split into fields: {'a quote opens here and is never closed' if unclosed else error}"
        line = last + 1 if unclosed else reader.line_num
        raise DataError(what, fix="check the quotes in this line", path=path, line=line) from error
    return Table(
        header,
        rows,
        ragged,
        original=tuple(original),
        num_wider=num_wider,
        delimiter=delimiter,
        quoted=quoting != csv.QUOTE_NONE,
    )


def _delimiter(text: str, path: Path) -> str:
    """Return the mark that cuts the first lines into fields most evenly."""
    text = text[:_LOOKED_AT_CHARS]
    first = text.split("\n", 1)[0]
    if path.name.lower().endswith(_TABBED) and "\t" in first:
        return "\t"
    return max(DELIMITERS, key=lambda mark: (*_evenness(text, mark), first.count(mark)))


def _evenness(text: str, mark: str) -> tuple[float, int]:
    """Return which share of the first lines has the most frequent number of fields, and that number, if above one."""
    quoting = csv.QUOTE_NONE if mark == "\t" else csv.QUOTE_MINIMAL
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, quoting=quoting)
    widths: Counter[int] = Counter()
    with contextlib.suppress(csv.Error):  # the lines before the one at fault tell enough
        widths.update(len(row) for row in itertools.islice(reader, _LOOKED_AT_LINES) if row)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return (count / widths.total(), width) if width > 1 else (0.0, 0)


def _unique(names: list[str]) -> tuple[str, ...]:
    """Return column names without blanks around them; empty and repeated ones get their place."""
    plain = [name.strip() for name in names]
    return tuple(
        name if name and name not in plain[:i] else f"{name or 'column'} {i + 1}" for i, name in enumerate(plain)
    )
