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


def test_the_name_of_a_table_is_short(tmp_path):
    assert handed.path_of(pa.table({"x": [1]}), tmp_path).endswith("/table.parquet")


def test_texts_that_lie_as_views_are_stored_as_texts(tmp_path):
    """As polars hands them over; also as the values of categories."""
    texts = pa.array(["a", None, "b"], pa.string_view())
    codes = pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.uint32()), pa.array(["a", "b"], pa.string_view()))
    path = handed.path_of(pa.table({"x": texts, "c": codes, "n": [1, 2, 3]}), tmp_path)
    assert pq.read_table(path).to_pydict() == {"x": ["a", None, "b"], "c": ["b", None, "a"], "n": [1, 2, 3]}


def test_frames_of_pandas():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame(
        {
            "mixed": [1, "a", None],
            "n": [1.5, float("nan"), 2.0],
            "c": pandas.Categorical(["x", "y", "x"]),
            7: pandas.array([1, None, 3], dtype="Int64"),
        },
        index=[5, 3, 9],
    )
    found = handed.table_of(frame)
    assert found.to_pydict() == {
        "mixed": ["1", "a", None],
        "n": [1.5, None, 2.0],
        "c": ["x", "y", "x"],
        "7": [1, None, 3],
    }
    with pytest.raises(UsageError, match="two columns have one name"):
        handed.table_of(pandas.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(UsageError, match="is one column, no table"):
        handed.table_of(frame["n"])


def test_frames_of_polars(tmp_path):
    polars = pytest.importorskip("polars", reason="polars is not installed")
    frame = polars.DataFrame({"x": ["a", None], "n": [1, 2]}).with_columns(
        c=polars.Series(["u", "v"]).cast(polars.Categorical)
    )
    path = handed.path_of(frame, tmp_path)
    assert pq.read_table(path).to_pydict() == {"x": ["a", None], "n": [1, 2], "c": ["u", "v"]}
    assert handed.path_of(frame.lazy(), tmp_path) == path
    with pytest.raises(UsageError, match="is one column, no table"):
        handed.table_of(frame["n"])


def test_one_column_is_no_table():
    with pytest.raises(UsageError, match="one column") as caught:
        handed.table_of(pa.array([1, 2]))
    assert "frame[[name]]" in caught.value.fix


@pytest.mark.parametrize("data", [7, [1, 2], {"x": [1, "a"]}])
def test_what_is_no_table_is_refused(data):
    with pytest.raises(UsageError):
        handed.table_of(data)
