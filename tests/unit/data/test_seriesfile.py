import datetime
import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon.core.errors import DataError
from gnomon.data.seriesfile import Sheet, channels, head, is_numeric, load, tables


def written(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def test_columns_are_texts_or_numbers(tmp_path):
    file = written(tmp_path / "a.csv", "date,x,y,word\n2020-01-01,1,,a\n2020-01-02,2.5,NA,b\n")
    for sheet in (head(file), load(file)):
        assert sheet.columns["date"][:] == ["2020-01-01", "2020-01-02"]
        assert sheet.columns["x"].tolist() == [1, 2.5]
        assert np.isnan(sheet.columns["y"]).all()
        assert [name for name, cells in sheet.columns.items() if is_numeric(cells)] == ["x"]
        assert sheet.told == ()


def test_tabs_semicolons_decimal_commas_and_other_encodings(tmp_path):
    tabs = written(tmp_path / "a.tsv", "t\tx\n0\t1\n")
    assert load(tabs).columns["x"].tolist() == [1]
    commas = written(tmp_path / "b.csv", "\ufeffZeit;Höhe\n01.01.2020;3,14\n02.01.2020;-2,5\n", "utf-16-le")
    for sheet in (head(commas), load(commas)):
        assert sheet.columns["Höhe"].tolist() == [3.14, -2.5]
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress(b"t,x\n0,5\n"))
    assert tables(tmp_path / "d.csv.gz", 1)
    assert load(tmp_path / "d.csv.gz").columns["x"].tolist() == [5]


def test_a_word_far_below_makes_a_column_of_texts_again(tmp_path):
    lines = [f"{i},{i}" for i in range(30_000)]
    file = written(tmp_path / "a.csv", "\n".join(["t,x", *lines, "30000,broken"]))
    sheet = load(file)
    found = channels(sheet, ("t",), wanted=(), max_bad=0.01)
    assert found.values[:3, 0].tolist() == [0, 1, 2]
    assert np.isnan(found.values[-1, 0])
    assert found.told == ("1 cell is no finite number: row 30,001 of 'x' is 'broken'; taken as missing",)


def test_lines_that_do_not_fit_are_left_out_and_told(tmp_path):
    file = written(tmp_path / "a.csv", "t,x\n0,1\n1,2,3\n2,3\n")
    sheet = load(file)
    assert sheet.columns["x"].tolist() == [1, 3]
    assert sheet.told[0].startswith("1 lines with another number of fields than the header left out (line ")


def test_parquet_columns_have_their_types(tmp_path):
    moments = [datetime.datetime(2020, 1, day) for day in (1, 2)]
    table = pa.table({"when": moments, "x": [1, 2], "flag": [True, False], "word": ["a", None], "list": [[1], [2]]})
    pq.write_table(table, tmp_path / "a.parquet")
    for sheet in (head(tmp_path / "a.parquet"), load(tmp_path / "a.parquet")):
        assert sheet.columns["when"].dtype == "datetime64[us]"
        assert sheet.columns["flag"].tolist() == [1, 0]
        assert sheet.columns["word"] == ["a", ""]
        assert sheet.told == ("left out: the column 'list', which holds neither text nor numbers",)


def test_a_damaged_parquet_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="is no readable Parquet file"):
        load(written(tmp_path / "a.parquet", "PAR1 nothing PAR1"))


def test_columns_that_are_no_channels_are_left_out_and_told():
    sheet = Sheet(
        columns={
            "t": ["a"] * 4,
            "": np.arange(4.0),
            "x": np.array([1, 2, np.nan, 4]),
            "word": ["a", "b", "c", "d"],
            "empty": np.full(4, np.nan),
            "rare": np.array([1, np.nan, np.nan, np.nan]),
        }
    )
    found = channels(sheet, ("t",), wanted=(), max_bad=0.01)
    assert found.names == ("x",)
    assert found.told == (
        "left out: the column '', which counts the rows",
        "left out: the column 'word', which holds no numbers",
        "left out: the column 'empty', which is empty",
        "left out: the column 'rare', which is mostly empty",
    )
    with pytest.raises(DataError, match="the column 'word' holds no numbers"):
        channels(sheet, ("t",), wanted=("word",), max_bad=0.01)
    with pytest.raises(DataError, match="no column of numbers beside the times"):
        channels(Sheet(columns={"t": ["a"]}), ("t",), wanted=(), max_bad=0.01)


def test_infinite_numbers_are_named_with_row_and_column_and_too_many_refused():
    values = np.arange(200.0)
    values[[3, 7]] = np.inf, -np.inf
    sheet = Sheet(columns={"x": values})
    found = channels(sheet, (), wanted=(), max_bad=0.01)
    assert found.told == (
        "2 cells are no finite numbers: row 4 of 'x' is 'inf', row 8 of 'x' is '-inf'; taken as missing",
    )
    assert np.isnan(found.values[[3, 7], 0]).all()
    with pytest.raises(DataError, match=r"row 4 of 'x' is 'inf'.* \(1.0% of the rows, the limit is 0.0%\)"):
        channels(sheet, (), wanted=(), max_bad=0.0)


def test_tables_of_a_folder(tmp_path):
    for name in ("b.csv", "a.parquet", "notes.txt", ".hidden.csv"):
        written(tmp_path / name, "x")
    assert [file.name for file in tables(tmp_path, 5)] == ["a.parquet", "b.csv"]
    assert tables(tmp_path / "notes.txt", 5) == [tmp_path / "notes.txt"]
    assert tables(tmp_path / "nothing", 5) == []
