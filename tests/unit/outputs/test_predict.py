import csv
import io
import json

import pytest

from gnomon.core.errors import UsageError
from gnomon.outputs import ask_pictures, predict

GOOD = {
    "file": "a.png",
    "error": "",
    "label": "cat",
    "confidence": 0.75,
    "top": [{"label": "cat", "probability": 0.75}, {"label": "dog", "probability": 0.25}],
}
BAD = {"file": "b.png", "error": "is empty"}


class Labels:
    """Answers as classification gives them."""

    columns = ask_pictures.LABEL_COLUMNS

    def lines(self, row):
        return [ask_pictures.labelled(row)]


def write(rows, out):
    predict.write(rows, Labels(), out)


def test_csv_by_hand(tmp_path):
    write([GOOD, BAD], tmp_path / "rows.csv")
    head, good, bad = csv.reader(io.StringIO((tmp_path / "rows.csv").read_text(), newline=""))
    assert head == ["file", "label", "confidence", "top", "error"]
    assert good == ["a.png", "cat", "0.75", json.dumps(GOOD["top"]), ""]
    assert bad == ["b.png", "", "", "", "is empty"]


def test_jsonl_by_hand(tmp_path):
    write([GOOD, BAD], tmp_path / "rows.jsonl")
    assert [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()] == [GOOD, BAD]


def test_parquet_by_hand(tmp_path):
    from pyarrow import parquet

    write([BAD, GOOD], tmp_path / "rows.PARQUET")
    table = parquet.read_table(tmp_path / "rows.PARQUET")
    assert [str(kind) for kind in table.schema.types] == ["string", "string", "double", "string", "string"]
    assert table.column("confidence").to_pylist() == [None, 0.75]
    assert table.column("error").to_pylist() == ["is empty", ""]


@pytest.mark.parametrize("name", ["=SUM(A1)", "+1", "-1", "@cmd", "\tx"])
def test_no_cell_of_a_csv_is_a_formula(tmp_path, name):
    write([{"file": name, "error": "", "label": name, "confidence": 1.0, "top": []}], tmp_path / "rows.csv")
    row = next(csv.DictReader(io.StringIO((tmp_path / "rows.csv").read_text(), newline="")))
    assert row["file"] == row["label"] == f"'{name}"
    assert row["confidence"] == "1.0"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_what_is_no_text_is_escaped(tmp_path, suffix):
    write([{"file": "caf\udce9.png", "error": "gone"}], tmp_path / f"rows{suffix}")
    assert "caf\\udce9.png" in (tmp_path / f"rows{suffix}").read_text("utf-8")


def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(UsageError) as caught:
        write([GOOD], tmp_path / "rows.xml")
    assert caught.value.fix == "let it end in .csv, .tsv, .jsonl, .parquet"
    assert not (tmp_path / "rows.xml").exists()
