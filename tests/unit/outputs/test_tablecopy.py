"""Arrow tables as files."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon.outputs import tablecopy

TABLE = pa.table({"a": ["x, y", None], "n": [1.5, float("nan")]})


def test_csv_and_tsv_quote_what_needs_it():
    assert tablecopy.encode(TABLE, ".csv") == b'a,n\n"x, y",1.5\n,\n'
    assert tablecopy.encode(TABLE, ".csv", ";") == b"a;n\nx, y;1.5\n;\n"
    assert tablecopy.encode(TABLE, ".tsv") == b"a\tn\nx, y\t1.5\n\t\n"


def test_json_lines_hold_null_where_nothing_is():
    lines = [json.loads(line) for line in tablecopy.encode(TABLE, ".jsonl").splitlines()]
    assert lines == [{"a": "x, y", "n": 1.5}, {"a": None, "n": None}]


def test_parquet():
    assert pq.read_table(io.BytesIO(tablecopy.encode(TABLE, ".parquet"))).column("a").to_pylist() == ["x, y", None]


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("=cmd()", "'=cmd()"),
        ("@x", "'@x"),
        ("+x", "'+x"),
        ("-1.5", "-1.5"),
        ("-1,234", "-1,234"),
        ("-", "-"),
        ("x=1", "x=1"),
        (-3, -3),
        ("\t=x", "'\t=x"),
    ],
)
def test_only_formulas_are_made_harmless(cell, wanted):
    assert tablecopy.neutral(cell) == wanted
