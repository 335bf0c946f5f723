"""Files of tables as Arrow tables."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon.core.errors import DataError, StoppedError
from gnomon.core.events import silent
from gnomon.data import tablestream
from gnomon.data.reading import Reading


@pytest.fixture
def load(tmp_path):
    def run(name, data, *, stop=False, **options):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: stop)
        return tablestream.load(path, reading, **options)

    return run


def told(sheet):
    return [what for what, _ in sheet.told]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(load, mark):
    sheet = load("t.csv", mark.join("ab") + "\n" + mark.join("12") + "\n")
    assert sheet.table.to_pydict() == {"a": ["1"], "b": ["2"]}
    assert (sheet.delimiter, sheet.num_header_lines) == (mark, 1)


def test_rows_that_do_not_fit_are_named_and_shift_nothing(load):
    sheet = load("t.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n")
    assert sheet.table.to_pydict() == {"a": ["1", "7"], "b": ["2", "8"]}
    assert sheet.bad == ((3, "has 1 fields, the header 2"), (4, "has 3 fields, the header 2"))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_quotes_with_line_ends_inside(load, end):
    sheet = load("t.csv", end.join(["a,b", '1,"x, y"', '2,"two\nlines"', ""]))
    assert sheet.table.to_pydict() == {"a": ["1", "2"], "b": ["x, y", "two\nlines"]}


def test_an_unclosed_quote_is_named_where_it_opens(load):
    with pytest.raises(DataError, match="a quote opens here and is never closed") as error:
        load("t.csv", 'a,b\n1,2\n1,"2\n3,4\n5,6\n')
    assert error.value.line == 3


def test_a_mark_for_inches_is_no_quote(load):
    assert load("t.csv", 'a,b\n1,5" pipe\n2,x\n').table.to_pydict()["b"] == ['5" pipe', "x"]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"   \n \n"])
def test_an_empty_file_is_refused(load, data):
    with pytest.raises(DataError, match="is empty"):
        load("t.csv", data)


def test_a_header_alone_is_a_table_without_rows(load):
    assert load("t.csv", "a,b\n").table.to_pydict() == {"a": [], "b": []}


def test_empty_and_repeated_names_get_their_place(load):
    sheet = load("t.csv", "a,a,\n1,2,3\n")
    assert sheet.names == ("a", "a 2", "column 3")
    assert told(sheet) == ["2 columns are called 'a 2', 'column 3'"]


def test_a_first_line_of_values_is_no_header(load):
    sheet = load("t.csv", "1,2,x\n3,4,y\n5,6,x\n7,8,y\n9,9,x\n")
    assert sheet.names == ("column 1", "column 2", "column 3")
    assert sheet.table.num_rows == 5
    assert "there is no header" in told(sheet)[0]


def test_a_first_column_without_a_name_is_called_row(load):
    sheet = load("t.csv", "a,b\n1,2,3\n2,3,4\n3,4,5\n")
    assert sheet.names == ("row", "a", "b")
    assert sheet.bad == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_found_and_told(load, encoding):
    sheet = load("t.csv", "größe,wo\n1,Köln am Rhein\n2,Düsseldorf größer\n".encode(encoding))
    assert sheet.names == ("größe", "wo")
    assert bool(told(sheet)) == (encoding != "utf-8-sig")


def test_a_nul_is_named_with_its_line(load):
    with pytest.raises(DataError, match="NUL") as error:
        load("t.csv", b"a,b\n1,2\n1,\0\n")
    assert error.value.line == 3


def test_json_lines_and_gzip(load):
    assert load("t.jsonl", '{"a": 1}\n').table.to_pydict() == {"a": [1.0]}
    assert load("t.csv.gz", gzip.compress(b"a,b\n1,2\n")).table.to_pydict() == {"a": ["1"], "b": ["2"]}


def test_parquet_keeps_its_types_and_leaves_lists_out(load, tmp_path):
    table = pa.table({
        "n": pa.array([1, 2], pa.int32()),
        "c": pa.array(["x", "y"]).dictionary_encode(),
        "t": [True, False],
        "l": [[1], [2]],
        "d": pa.array([0, 1], pa.date32()),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "given.parquet")
    sheet = load("t.parquet", (tmp_path / "given.parquet").read_bytes())
    assert sheet.left_out == ("l",)
    assert [str(kind) for kind in sheet.table.schema.types] == ["int32", "string", "string", "timestamp[us]"]
    assert sheet.table.column("t").to_pylist() == ["true", "false"]


def test_a_broken_parquet_file_is_refused(load):
    with pytest.raises(DataError, match="no readable Parquet"):
        load("t.parquet", b"PAR1 nonsense")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_large_files_are_mapped_and_the_same(load, monkeypatch, tmp_path, name):
    rows = {"a": [str(k) for k in range(5000)], "b": ["x" * (k % 50) + "y" for k in range(5000)]}
    pq.write_table(pa.table(rows), tmp_path / "given.parquet")
    text = "a,b\n" + "".join(f"{a},{b}\n" for a, b in zip(rows["a"], rows["b"], strict=True))
    data = (tmp_path / "given.parquet").read_bytes() if name == "t.parquet" else text
    small = load(name, data)
    monkeypatch.setattr(tablestream, "WHOLE_BYTES", 100)
    monkeypatch.setattr(tablestream, "_BLOCK_BYTES", 4096)
    large = load(name, data)
    assert large.table.equals(small.table)
    assert len(list((tmp_path / "cache" / "tables").iterdir())) == 1
    with pytest.raises(StoppedError):
        load(name, data, stop=True)
