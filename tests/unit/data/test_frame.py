"""Tables of any kind as columns."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon.core.errors import DataError
from gnomon.data import frame

ROWS = {"text": ["one two", "three"], "label": [1, 0]}


@pytest.fixture(params=["csv", "tsv", "csv.gz", "jsonl", "jsonl.gz", "parquet"])
def file(request, tmp_path):
    path = tmp_path / f"t.{request.param}"
    if request.param == "parquet":
        pq.write_table(pa.table(ROWS), path)
        return path
    if "jsonl" in request.param:
        text = "".join(json.dumps({"text": t, "label": n}) + "\n" for t, n in zip(*ROWS.values(), strict=True))
    else:
        text = "text,label\none two,1\nthree,0\n".replace(",", "\t" if request.param == "tsv" else ",")
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def test_all_kinds_give_the_same_columns(file):
    for found in (frame.read_frame(file), frame.read_frame(file, first_bytes=1000)):
        assert found.columns["text"] == found.columns["text"].__class__(ROWS["text"])
        assert [str(value) for value in found.columns["label"]] == ["1", "0"]
        assert len(found) == len(found.lines) == 2


def test_a_file_of_another_kind_is_none(tmp_path):
    assert frame.kind(tmp_path / "a.txt") is None
    assert frame.kind(tmp_path / "A.CSV.GZ") == frame.CSV


def test_rows_of_another_length_are_told(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3\n")
    assert frame.read_frame(tmp_path / "t.csv").bad == [(3, frame.NO_FIT)]


def test_a_table_without_rows_has_columns(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n")
    found = frame.read_frame(tmp_path / "t.csv")
    assert (list(found.columns), len(found)) == (["a", "b"], 0)


def test_a_first_line_that_is_a_row_becomes_one(tmp_path):
    (tmp_path / "t.csv").write_text("3,hello\n4,bye\n")
    found = frame.without_header(frame.read_frame(tmp_path / "t.csv"))
    assert found.columns == {"column 1": ("3", "4"), "column 2": ("hello", "bye")}
    assert list(found.lines) == [1, 2]


def test_bad_lines_of_json_are_named_and_the_others_kept(tmp_path):
    path = tmp_path / "t.jsonl"
    deep = "[" * 100_000 + "]" * 100_000
    lines = ['{"a": 1, "b": {"c": 2}}', "", "[1]", '{"a": NaN}', f'{{"a": {deep}}}', '{"a": 2, "d": "x"}', '{"a": 3']
    path.write_text("\n".join(lines))
    found = frame.read_frame(path)
    assert found.columns == {"a": [1, 2], "d": [None, "x"]}
    assert list(found.lines) == [1, 6]
    assert [line for line, _ in found.bad] == [3, 4, 5, 7]
    assert all(reason.startswith("is no JSON object: ") for _, reason in found.bad)


def test_no_json_at_all_is_refused_with_its_line(tmp_path):
    (tmp_path / "t.jsonl").write_text("hello\n")
    with pytest.raises(DataError, match="is no JSON object") as error:
        frame.read_frame(tmp_path / "t.jsonl")
    assert error.value.line == 1
    (tmp_path / "t.jsonl").write_text("")
    with pytest.raises(DataError, match="is empty"):
        frame.read_frame(tmp_path / "t.jsonl")


def test_damaged_parquet_is_refused(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(DataError, match="no readable Parquet file"):
        frame.read_frame(tmp_path / "t.parquet")


def test_columns_of_bytes_and_lists_are_left_out(tmp_path):
    pq.write_table(pa.table({"a": [1], "b": [b"x"], "c": [[1, 2]]}), tmp_path / "t.parquet")
    assert list(frame.read_frame(tmp_path / "t.parquet").columns) == ["a"]


def test_declared_class_names_are_found():
    features = {"label": {"names": ["bad", "good"], "_type": "ClassLabel"}, "text": {"_type": "Value"}}
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    assert frame.declared(pa.schema([("label", pa.int64())], metadata=metadata)) == {"label": ("bad", "good")}
    for odd in ({}, {b"huggingface": b"nonsense"}, {b"huggingface": b"[]"}):
        assert frame.declared(pa.schema([("label", pa.int64())], metadata=odd)) == {}
