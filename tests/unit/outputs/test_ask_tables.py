"""Asking a model about the rows of tables."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnomon import api, assemble
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import Said, silent
from gnomon.outputs import predict
from gnomon.outputs.ask_tables import AskTables

HEAD = "size,colour,price\n"
LINES = [f"{k * 1.5},{'red' if k % 3 else 'blue'},{100 + 3 * k + (k % 3) * 20}" for k in range(120)]


@pytest.fixture(scope="module")
def models(cache, tmp_path_factory):
    """A model of numbers and one of labels, each trained for two steps on the same table."""
    folder = tmp_path_factory.mktemp("rows")
    (folder / "t.csv").write_text(HEAD + "\n".join(LINES) + "\n")
    made = {}
    for target in ("price", "colour"):
        run = api.train(str(folder / "t.csv"), target=target, budget="2steps", out=str(folder / target))
        made[target] = assemble.load_model(run.folder.model)
    return made


@pytest.fixture
def ask(models, tmp_path):
    def run(text, *, target="price", name="new.csv", emit=silent, **options):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        asked = AskTables(models[target], emit, **options)
        return list(predict.predict(models[target], asked, asked.paths([str(path)]), emit=silent)), asked

    return run


def test_each_row_is_a_question_and_none_is_dropped(ask):
    rows, _ = ask(HEAD + "3,red,1\n4\n5,blue,2\n6,red,3,9\n")
    assert [row["file"] for row in rows] == [f"new.csv#{k}" for k in (1, 2, 3, 4)]
    assert [row["error"] for row in rows] == ["", "has 1 fields, the header 3", "", "has 4 fields, the header 3"]
    assert rows[0]["low"] <= rows[0]["high"]
    assert "value" not in rows[1]


def test_the_copy_has_the_rows_as_they_were_and_the_answers_beside_them(ask, tmp_path):
    rows, asked = ask("note;size;colour\n=1+1;3;red\nx\n-5;4;blue\n")
    predict.write(rows, asked, tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "note;size;colour;price_predicted;price_low;price_high;error"
    assert lines[1].startswith("'=1+1;3;red;")
    assert lines[2] == ";;;;;;has 1 fields, the header 3"
    assert lines[3].startswith("-5;4;blue;")


@pytest.mark.parametrize("ending", [".tsv", ".jsonl", ".parquet"])
def test_other_forms_of_the_copy(ask, tmp_path, ending):
    rows, asked = ask(HEAD + "3,red,1\n", target="colour")
    predict.write(rows, asked, tmp_path / f"out{ending}")
    data = (tmp_path / f"out{ending}").read_bytes()
    if ending == ".parquet":
        assert pq.read_table(io.BytesIO(data)).column_names[-2:] == ["colour_predicted", "colour_confidence"]
    else:
        assert b"colour_predicted" in data


def test_parquet_keeps_its_types(ask, tmp_path):
    sink = io.BytesIO()
    pq.write_table(pa.table({"size": [3.5, None], "colour": ["red", "green"], "price_predicted": [1, 2]}), sink)
    rows, asked = ask(sink.getvalue(), name="new.parquet")
    predict.write(rows, asked, tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.column("size").to_pylist() == [3.5, None]
    assert found.column_names == ["size", "colour", "price_predicted", "price_predicted_2", "price_low", "price_high"]


def test_a_missing_column_is_told_and_refused_where_asked_or_where_most_are_missing(ask):
    said = []
    rows, _ = ask("size\n3\n", emit=said.append)
    assert rows[0]["error"] == ""
    assert Said(text="new.csv lacks the column colour: all counts as missing", level="warning") in said
    with pytest.raises(DataError, match="lacks 1 of the 2 columns that the model looks at: colour"):
        ask("size\n3\n", strict=True)
    with pytest.raises(DataError, match="lacks 2 of the 2"):
        ask("other\n3\n")


def test_cells_that_are_odd_are_told(ask):
    said = []
    ask("size,colour\nabc,green\n3,red\n", emit=said.append)
    texts = [one.text for one in said]
    assert "1 cell of 'size' in new.csv: no number, counts as missing" in texts
    assert "50% of 'colour' in new.csv are values that were rare or unseen in training" in texts


def test_rows_from_standard_input(models, monkeypatch):
    class Stdin:
        buffer = io.BytesIO(b"size,colour\n3,red\n")

    monkeypatch.setattr("sys.stdin", Stdin)
    asked = AskTables(models["colour"])
    (row,) = predict.predict(models["colour"], asked, asked.paths(["-"]), emit=silent)
    assert row["file"] == "stdin#1"
    assert row["label"] in ("red", "blue")
    Stdin.buffer = io.BytesIO(b'{"size": 3}\n{"size": 4}\n')
    assert len(list(predict.predict(models["colour"], asked, asked.paths(["-"]), emit=silent))) == 2


def test_several_tables_say_which_row_is_whose(models, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("size,colour\n3,red\n")
    asked = AskTables(models["price"])
    paths = asked.paths([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")])
    rows = list(predict.predict(models["price"], asked, paths, emit=silent))
    table, _ = asked.copy(rows)
    assert table.column("file").to_pylist() == ["a.csv", "b.csv"]


def test_what_is_no_table_is_refused(models):
    with pytest.raises(UsageError, match="is no table"):
        AskTables(models["price"]).paths(["photo.jpg"])
    with pytest.raises(UsageError, match="nothing to predict"):
        AskTables(models["price"]).paths([])
