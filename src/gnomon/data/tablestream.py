"""Files of tables as Arrow tables: CSV, TSV, JSON lines and Parquet, each but the last also packed with gzip.

What is text in the file stays text. Up to `WHOLE_BYTES` a file is held in memory; a larger one goes piece by piece
into an Arrow file in the cache, which is memory-mapped from then on.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gnomon.core import files
from gnomon.core.errors import DataError, ResourceError, StoppedError
from gnomon.core.events import Worked
from gnomon.data import frame, freetext, tablejson, tabletext, textfile
from gnomon.data.reading import Reading
from gnomon.data.utf8stream import Utf8Stream

if TYPE_CHECKING:
    import pyarrow as pa

WHOLE_BYTES = 256_000_000
"""Files above this size are memory-mapped."""

_HEAD_BYTES = 1 << 18
_BLOCK_BYTES = 1 << 24
_LARGEST_BLOCK = (1 << 31) - 1
_BATCH_ROWS = 1 << 16
_LEAST_LINES = 3


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One table as Arrow columns, texts where the file holds text.

    ``bad`` are rows that could not be used: line and reason. ``told`` is what was decided about the file, and why.
    """

    path: Path
    table: pa.Table
    bad: tuple[tuple[int, str], ...] = ()
    told: tuple[tuple[str, str], ...] = ()
    delimiter: str = ","
    num_header_lines: int = 0
    """1 where the first line of the file names the columns."""
    left_out: tuple[str, ...] = ()
    """Columns that hold no single values: lists, bytes."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.table.column_names)


@dataclass(frozen=True, kw_only=True)
class _Form:
    """How a file of text is cut into columns."""

    names: tuple[str, ...]
    delimiter: str
    has_header: bool
    quoted: bool = True
    told: tuple[tuple[str, str], ...] = field(default=())


def load(path: Path, reading: Reading, *, encoding: str = "auto") -> Sheet:
    """Return the table in a file. Raises ``DataError`` where it cannot be decoded, split or parsed."""
    kind = frame.kind(path)
    if kind == frame.PARQUET:
        return _parquet(path, reading)
    if kind == frame.JSON_LINES:
        return json_sheet(textfile.content(path), path, encoding)
    if path.stat().st_size <= WHOLE_BYTES:
        return csv_sheet(textfile.content(path), path, encoding)
    return _mapped_csv(path, reading, encoding)


def head(path: Path) -> Sheet:
    """Return the first rows of a table, quickly. Raises ``DataError`` as `load` does."""
    kind = frame.kind(path)
    if kind == frame.PARQUET:
        return _parquet(path, None, num_rows=500)
    data = textfile.head(path, _HEAD_BYTES)
    if len(data) == _HEAD_BYTES:
        data = data[: data.rfind(b"\n") + 1] or data
    return json_sheet(data, path, "auto") if kind == frame.JSON_LINES else csv_sheet(data, path, "auto")


def csv_sheet(data: bytes, path: Path, encoding: str = "auto") -> Sheet:
    """Return the table in the bytes of a CSV or TSV file; ``path`` is for the errors."""
    import pyarrow as pa

    decoded = textfile.decode(data, "auto" if textfile.is_marked(data) else encoding, path)
    text = decoded.text.lstrip("\r\n")
    form = _form_of(text[:_HEAD_BYTES], path, whole=len(text) <= _HEAD_BYTES)
    _require_closed_quotes(text, form, path)
    bad: list[tuple[int, str]] = []
    found = list(_split(io.BytesIO(text.encode("utf-8", "replace")), form, bad, path))
    table = pa.Table.from_batches(found, _schema(form))
    told = [(guess.what, guess.why) for guess in textfile.told([decoded]) if "CRLF" not in guess.what]
    return Sheet(
        path=path,
        table=table,
        bad=tuple(bad),
        told=(*told, *form.told),
        delimiter=form.delimiter,
        num_header_lines=int(form.has_header),
    )


def json_sheet(data: bytes, path: Path, encoding: str = "auto") -> Sheet:
    """Return the table in the bytes of a file of JSON lines; ``path`` is for the errors."""
    decoded = textfile.decode(data, encoding, path)
    table, bad, left_out = tablejson.read(decoded.text, path)
    return Sheet(path=path, table=table, bad=tuple(bad), left_out=left_out)


def _form_of(text: str, path: Path, *, whole: bool) -> _Form:
    """Return delimiter and header of a text, by its first lines."""
    if not text.strip():
        raise DataError("is empty", fix="give a table with a header", path=path)
    lines = text if whole else text[: text.rfind("\n") + 1]
    try:
        seen = tabletext.split(lines or text, path)
    except DataError as error:
        if whole or error.line is None:
            raise
        kept = "\n".join(text.split("\n")[: max(1, error.line - 1)])
        seen = tabletext.split(kept, path)
    told = list(_renamed(seen.original, seen.header))
    names, has_header = seen.header, True
    if len(seen.ragged) > len(seen.rows) and seen.num_wider == len(seen.ragged):
        told.append(("the first column has no name: it is called row", "the rows have one field more than the header"))
        names = ("row", *names)
    elif seen.rows and not _is_header(seen):
        names, has_header = tuple(f"column {i + 1}" for i in range(len(names))), False
        told = [
            (
                f"there is no header: the columns are called column 1 to {len(names)}",
                "its first line looks like the others",
            )
        ]
    return _Form(names=names, delimiter=seen.delimiter, has_header=has_header, quoted=seen.quoted, told=tuple(told))


def _is_header(seen: tabletext.Table) -> bool:
    columns = {name: [row[place] for _, row in seen.rows] for place, name in enumerate(seen.original)}
    if len(columns) < len(seen.header):
        return True  # a name that comes twice: columns of samples would do so too rarely
    return len(seen.rows) < _LEAST_LINES or freetext.has_header(columns)


def _renamed(original: Sequence[str], header: Sequence[str]) -> Iterator[tuple[str, str]]:
    changed = [(a.strip(), b) for a, b in zip(original, header, strict=True) if a.strip() != b]
    if changed:
        shown = ", ".join(repr(name) for _, name in changed[:5]) + (", …" if len(changed) > 5 else "")
        yield f"{len(changed)} columns are called {shown}", "their names were empty or came twice"


def _schema(form: _Form) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in form.names])


def _split(
    stream: BinaryIO | io.RawIOBase, form: _Form, bad: list[tuple[int, str]], path: Path
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a UTF-8 stream, all texts; rows that do not fit are added to ``bad``."""
    import pyarrow as pa
    from pyarrow import csv

    def misfit(row: Any) -> str:
        what = f"has {row.actual_columns} fields, the header {row.expected_columns}"
        bad.append((int(row.number or 0), what))
        return "skip"

    try:
        yield from csv.open_csv(
            stream,
            read_options=csv.ReadOptions(
                column_names=list(form.names),
                skip_rows_after_names=int(form.has_header),
                block_size=_BLOCK_BYTES,
                use_threads=False,
            ),
            parse_options=csv.ParseOptions(
                delimiter=form.delimiter,
                quote_char='"' if form.quoted else False,
                newlines_in_values=form.quoted,
                invalid_row_handler=misfit,
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(form.names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        what = "cannot be split into rows: a quote may never be closed" if "straddling" in str(error) else str(error)
        raise DataError(what, fix="check the quotes in this file", path=path) from error


def _require_closed_quotes(text: str, form: _Form, path: Path) -> None:
    """Refuse a text in which a quote opens and never closes: it would swallow all rows after it."""
    if form.quoted and text.count('"') % 2:
        tabletext.split(text, path)  # slower, but it knows the line at fault; marks inside a field are no quotes


def _parquet(path: Path, reading: Reading | None, *, num_rows: int | None = None) -> Sheet:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            wanted = [one.name for one in schema if _is_single(one.type)]
            left_out = tuple(one.name for one in schema if not _is_single(one.type))
            if len(set(wanted)) != len(wanted):
                raise DataError("has two columns of one name", fix="rename one of them", path=path)
            batches = (
                plain(pa.Table.from_batches([b])) for b in file.iter_batches(num_rows or _BATCH_ROWS, columns=wanted)
            )
            if num_rows is not None:
                found = list(itertools.islice(batches, 1))
            elif path.stat().st_size <= WHOLE_BYTES or reading is None:
                found = list(batches)
            else:
                found = [_mapped(path, reading, batches, file.metadata.num_rows)]
            table = pa.concat_tables(found) if found else plain(schema.empty_table().select(wanted))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"is no readable Parquet file: {error}", fix="get the file anew", path=path) from error
    return Sheet(path=path, table=table, left_out=left_out)


def _is_single(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _is_single(kind.value_type)
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    return not (pa.types.is_nested(kind) or binary)


def plain(table: pa.Table) -> pa.Table:
    """Return an Arrow table whose columns are texts, numbers or instants and nothing else."""
    columns = {name: _plain(table.column(name)) for name in table.column_names}
    import pyarrow as pa

    return pa.table(columns)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_string(kind):
        return column
    if pa.types.is_decimal(kind):
        return pc.cast(column, pa.float64())
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return pc.cast(column, pa.timestamp("us"), safe=False)
    if pa.types.is_duration(kind):
        return pc.cast(pc.cast(column, pa.int64()), pa.float64(), safe=False)
    return pc.cast(column, pa.string())


def _mapped_csv(path: Path, reading: Reading, encoding: str) -> Sheet:
    """Return a large CSV file as a table in the cache, memory-mapped."""
    import pyarrow as pa

    first = textfile.head(path, _HEAD_BYTES)
    cut = first[: first.rfind(b"\n") + 1] or first
    name = textfile.decode(cut, "auto" if textfile.is_marked(first) else encoding, path).encoding
    form = _form_of(cut.decode(name, "replace").removeprefix("\ufeff"), path, whole=False)
    bad: list[tuple[int, str]] = []
    with Utf8Stream(path, name) as stream:
        batches = (pa.Table.from_batches([batch]) for batch in _split(stream, form, bad, path))
        table = _mapped(path, reading, batches, None, measured=lambda: (stream.num_read, path.stat().st_size))
    return Sheet(
        path=path,
        table=table,
        bad=tuple(bad),
        told=form.told,
        delimiter=form.delimiter,
        num_header_lines=int(form.has_header),
    )


def _mapped(
    path: Path,
    reading: Reading,
    tables: Iterator[pa.Table],
    num_rows: int | None,
    *,
    measured: Callable[[], tuple[int, int]] | None = None,
) -> pa.Table:
    """Write pieces of a table into an Arrow file in the cache, and return the whole, memory-mapped.

    The file is written anew on each reading: opening it is as fast as its pages are read, and it may be deleted.
    """
    import pyarrow as pa

    status = path.stat()
    key = hashlib.blake2b(f"{path.resolve()} {status.st_size} {status.st_mtime_ns}".encode(), digest_size=16)
    target = reading.cache_dir / "tables" / f"{key.hexdigest()}.arrow"
    first = next(tables, None)
    if first is None:
        raise DataError("has no rows", fix="give a table with samples", path=path)
    try:
        files.make_folder(target.parent, exist_ok=True)
        with (
            files.output(target, sync=False) as sink,
            pa.ipc.new_file(pa.PythonFile(sink, mode="w"), first.schema) as writer,
        ):
            done = 0
            for piece in itertools.chain([first], tables):
                if reading.should_stop():
                    raise StoppedError("stopped while a table was being read", fix="give the same command again")
                writer.write_table(piece)
                done += len(piece)
                at, of = measured() if measured else (done, num_rows or 0)
                unit = "bytes" if measured else "rows"
                reading.emit(Worked(what="reading the table", done=at, total=max(at, of), unit=unit))
    except ResourceError as error:
        raise ResourceError(
            error.what, fix="make room there, or name another folder with GNOMON_CACHE", path=target
        ) from error
    return pa.ipc.open_file(pa.memory_map(str(target))).read_all()
