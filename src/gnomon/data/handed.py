"""Tables that are handed over in Python, of pandas, polars or Arrow, as files that a run can go back to."""

from __future__ import annotations

import hashlib
import os
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

    The name of the file tells its content, so that the same table is the same file. Raises ``UsageError`` for
    anything else.
    """
    if data is None or isinstance(data, str):
        return data
    if isinstance(data, os.PathLike):
        return os.fspath(data)
    return str(_kept(table_of(data), cache_dir))


def table_of(data: Any) -> pa.Table:
    """Return a table in memory as an Arrow table, without an index. Raises ``UsageError`` where it is none."""
    import pyarrow as pa

    try:
        if isinstance(data, ArrowStream):
            found = pa.table(data)
        elif isinstance(data, Mapping):
            found = pa.table({str(name): pa.array(values) for name, values in data.items()})
        else:
            raise UsageError(
                f"a {type(data).__name__} is no data that can be read",
                fix="give a path, or a table of pandas, polars or Arrow, or a dict of columns",
            )
    except (pa.ArrowException, TypeError, ValueError) as error:
        what = f"this {type(data).__name__} cannot be read as a table: {error}"
        raise UsageError(what, fix="give every column one type") from error
    names = [name for name in found.column_names if not name.startswith("__index_level_")]
    if len(set(names)) != len(names):
        raise UsageError("two columns have one name", fix="rename one of them")
    return found.select(names).replace_schema_metadata(None)


def _kept(table: pa.Table, cache_dir: Path) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    data = sink.getvalue()
    digest = hashlib.blake2b(data, digest_size=12).hexdigest()
    path = cache_dir / "handed" / f"table-{digest}.parquet"
    if not path.is_file():
        files.make_folder(path.parent, exist_ok=True)
        files.write_bytes(path, memoryview(data), sync=False)
    return path
