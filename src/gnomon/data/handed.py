"""Tables that are handed over in Python, of pandas, polars or Arrow, as files that a run can go back to."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from gnomon.core import files
from gnomon.core.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa


@runtime_checkable
class ArrowStream(Protocol):
    """What gives itself as a stream of Arrow data: tables of pandas (2.2 on), polars, Arrow, DuckDB and others."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Return a capsule with the stream."""
        ...


def path_of(data: Any, cache_dir: Path) -> Any:
    """Return a path as it is given; for a table in memory, that of a Parquet file in the cache with its content.

    The name of its folder tells its content, so that the same table is the same file. Raises ``UsageError`` for
    anything else.
    """
    if data is None or isinstance(data, str):
        return data
    if isinstance(data, os.PathLike):
        return os.fspath(data)
    return str(_kept(table_of(data), cache_dir))


def table_of(data: Any) -> pa.Table:
    """Return a table in memory as an Arrow table, without an index. Raises ``UsageError`` where it is none.

    A column of pandas with values of several types becomes one of text.
    """
    import pyarrow as pa

    try:
        found = _arrow(data)
    except (pa.ArrowException, TypeError, ValueError) as error:
        what = f"this {type(data).__name__} cannot be read as a table: {error}"
        raise UsageError(what, fix="give every column one type") from error
    names = [name for name in found.column_names if not name.startswith("__index_level_")]
    if len(set(names)) != len(names):
        raise UsageError("two columns have one name", fix="rename one of them")
    return _storable(found.select(names)).replace_schema_metadata(None)


def _arrow(data: Any) -> pa.Table:
    import pyarrow as pa

    if isinstance(data, _kinds("polars", "LazyFrame")):
        data = data.collect()
    if isinstance(data, _kinds("pandas", "DataFrame")):
        return _of_pandas(data)
    if isinstance(data, pa.Array | pa.ChunkedArray | _kinds("pandas", "Series") | _kinds("polars", "Series")):
        raise UsageError(
            f"a {type(data).__name__} is one column, no table",
            fix="give the table: to pandas, frame[[name]] is one and frame[name] is not",
        )
    if isinstance(data, ArrowStream):
        return pa.table(data)
    if isinstance(data, Mapping):
        return pa.table({str(name): pa.array(values) for name, values in data.items()})
    raise UsageError(
        f"a {type(data).__name__} is no data that can be read",
        fix="give a path, or a table of pandas, polars or Arrow, or a dict of columns; gnomon.sklearn takes arrays",
    )


def _kinds(library: str, name: str) -> Any:
    """Return a class of a library, of which nothing can be an instance while the library is not imported."""
    return getattr(sys.modules.get(library), name, _Nothing)


class _Nothing:
    """A class without instances."""


def _of_pandas(frame: Any) -> pa.Table:
    """Return a frame of pandas column by column, so that one which Arrow does not take becomes text."""
    import pyarrow as pa

    arrays = []
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        try:
            arrays.append(pa.array(column, from_pandas=True))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            absent = column.isna().to_numpy()
            texts = [None if lacks else str(value) for value, lacks in zip(column, absent, strict=True)]
            arrays.append(pa.array(texts, pa.string()))
    return pa.table(arrays, names=[str(name) for name in frame.columns])


def _storable(table: pa.Table) -> pa.Table:
    """Return a table with texts laid out as a Parquet file takes them; those of polars lie as views."""
    import pyarrow as pa

    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    for place, field in enumerate(table.schema):
        column = table.column(place)
        if field.type in plain:
            table = table.set_column(place, field.name, column.cast(plain[field.type]))
        elif pa.types.is_dictionary(field.type) and field.type.value_type in plain:
            values = plain[field.type.value_type]
            chunks = [
                pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary.cast(values)) for chunk in column.chunks
            ]
            wanted = pa.dictionary(field.type.index_type, values)
            table = table.set_column(place, field.name, pa.chunked_array(chunks, wanted))
    return table


def _kept(table: pa.Table, cache_dir: Path) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    data = sink.getvalue()
    digest = hashlib.blake2b(data, digest_size=12).hexdigest()
    path = cache_dir / "handed" / digest / "table.parquet"
    if not path.is_file():
        files.make_folder(path.parent, exist_ok=True)
        files.write_bytes(path, memoryview(data), sync=False)
    return path
