"""Tables that are handed over in Python."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon.core.errors import UsageError
from gnomon.data import handed


class Frame:
    """What pandas and polars give: a stream of Arrow data."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def test_paths_stay_paths(tmp_path):
    assert handed.path_of("a.csv", tmp_path) == "a.csv"
    assert handed.path_of(tmp_path, tmp_path) == str(tmp_path)
    assert handed.path_of(None, tmp_path) is None


@pytest.mark.parametrize("wrap", [lambda table: table, Frame, lambda table: table.to_pydict()])
def test_tables_become_files_that_their_content_names(tmp_path, wrap):
    table = pa.table({"x": [1, 2], "y": ["a", "b"]})
    path = handed.path_of(wrap(table), tmp_path)
    assert pq.read_table(path).to_pydict() == {"x": [1, 2], "y": ["a", "b"]}
    assert handed.path_of(wrap(table), tmp_path) == path
    assert handed.path_of(wrap(table.slice(1)), tmp_path) != path


def test_an_index_is_no_column(tmp_path):
    assert handed.table_of(pa.table({"x": [1], "__index_level_0__": [7]})).column_names == ["x"]


@pytest.mark.parametrize("data", [7, [1, 2], {"x": [1, "a"]}])
def test_what_is_no_table_is_refused(data):
    with pytest.raises(UsageError):
        handed.table_of(data)
