"""Asking about trees."""

import csv
import io
import json

import pytest
from fake_tree_runs import measures, model_of, sentences
from pyarrow import parquet

from gnomon.core.errors import UsageError
from gnomon.core.events import silent
from gnomon.outputs import predict
from gnomon.outputs.ask_trees import AskTrees


def asked(model, *paths):
    asking = AskTrees(model)
    rows = list(predict.predict(model, asking, asking.paths([str(path) for path in paths]), emit=silent))
    return asking, rows


@pytest.fixture(scope="module")
def nodes():
    return model_of(sentences())[0]


def roots(form):
    return model_of(sentences(roots=True, form=form))[0]


def test_brackets_get_a_label_at_each_node(nodes, tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("(3 (2 It) (4 works))\n((so good) !)\n(3 (2 It)\n")
    asking, rows = asked(nodes, path)
    assert [row["file"] for row in rows] == ["x.txt:1", "x.txt:2", "x.txt:3:1"]
    assert rows[2]["error"] == "a bracket is never closed"
    lines = [line for row in rows for line in asking.lines(row)]
    assert all(list(line) == [column.name for column in asking.columns] for line in lines)
    assert lines[-1]["node"] is None


def test_a_file_of_labelled_trees(nodes, tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("(3 (2 It) (4 works))\n")
    asking, (row,) = asked(nodes, path)
    assert row["symbols"] == ["It", "works", ""]
    assert row["parents"] == [2, 2, -1]
    assert len(row["labels"]) == 3
    assert row["labels"][-1] == row["label"]
    assert [(line["node"], line["parent"], line["symbol"]) for line in asking.lines(row)] == [
        (0, 2, "It"),
        (1, 2, "works"),
        (2, -1, ""),
    ]
    predict.write([row], asking, tmp_path / "out.csv")
    predict.write([row], asking, tmp_path / "out.parquet")
    assert (tmp_path / "out.csv").read_text().count("\n") == 4


def test_plain_lines_become_balanced_trees(nodes, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("It works\n\nso good\n"))
    _, rows = asked(nodes, "-")
    assert [(row["file"], row["symbols"]) for row in rows] == [
        ("stdin:1", ["It", "works", ""]),
        ("stdin:3", ["so", "good", ""]),
    ]


def test_expressions_and_the_value_of_each_part(tmp_path):
    model = roots("prefix")
    (tmp_path / "x.txt").write_text("[MAX 2 [MIN 4 7 ] ]\n[MAX 1\n7\n")
    (tmp_path / "x.tsv").write_text("label\texpression\n1\t[MAX 1 [MIN 1 2 ] ]\n")
    asking, rows = asked(model, tmp_path / "x.txt", tmp_path / "x.tsv")
    assert [row["file"] for row in rows] == ["x.txt:1", "x.txt:2:1", "x.txt:3", "x.tsv:2"]
    assert rows[1]["error"] == "the bracket '[' is never closed"
    assert len(rows[0]["labels"]) == 5
    assert rows[0]["labels"][-1] == rows[0]["label"]
    assert asking.lines(rows[0])[0]["label"] == rows[0]["label"]


def test_a_number_at_the_root_stands_in_columns_of_its_own(tmp_path):
    (tmp_path / "x.txt").write_text("[MAX 2 [MIN 4 7 ] ]\n[MAX 1\n")
    asking, rows = asked(model_of(measures())[0], tmp_path / "x.txt")
    predict.write(rows, asking, tmp_path / "out.csv")
    predict.write(rows, asking, tmp_path / "out.parquet")
    told = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert list(told[0]) == ["file", "value", "low", "high", "error"]
    assert [float(told[0][name]) for name in ("low", "value", "high")] == [rows[0][n] for n in ("low", "value", "high")]
    assert told[1] == {
        "file": "x.txt:2:1",
        "value": "",
        "low": "",
        "high": "",
        "error": "the bracket '[' is never closed",
    }
    assert parquet.read_table(tmp_path / "out.parquet").column("value").to_pylist() == [rows[0]["value"], None]


def test_trees_in_json(tmp_path):
    rows = [{"tree": {"value": "f", "children": ["a"]}}, {"value": "g", "children": [1]}, {"value": [1]}]
    (tmp_path / "x.jsonl").write_text("\n".join([*map(json.dumps, rows), "{", ""]))
    _, found = asked(roots("json"), tmp_path / "x.jsonl")
    assert [row["file"] for row in found] == ["x.jsonl:1", "x.jsonl:2", "x.jsonl:3", "x.jsonl:4:2"]
    assert found[0]["symbols"] == ["a", "f"]
    assert "the value of a node" in found[2]["error"]
    assert "is no JSON" in found[3]["error"]


def test_python_files(tmp_path):
    (tmp_path / "x.py").write_text("def f(a):\n    return a + 1 if a is None else a\n")
    (tmp_path / "y.py").write_text("def f(:\n")
    _, rows = asked(roots("code"), tmp_path / "x.py", tmp_path / "y.py")
    assert rows[0]["symbols"][-1] == "Module"
    assert rows[1]["file"] == "y.py:1:7"
    _, rows = asked(roots("operators"), tmp_path / "x.py")
    assert sorted(row["written"] for row in rows) == ["Add", "Is"]
    assert all("?" in row["symbols"] for row in rows)
    (tmp_path / "z.py").write_text("x = 1\n")
    _, (row,) = asked(roots("operators"), tmp_path / "z.py")
    assert "has no function" in row["error"]


def test_texts_of_a_model_of_texts(tmp_path):
    (tmp_path / "a.txt").write_text("so good !")
    (tmp_path / "b.csv").write_text('text,label\n"It works well, it does",1\n')
    _, rows = asked(roots("text"), tmp_path / "a.txt", tmp_path / "b.csv")
    assert rows[0]["symbols"] == ["so", "good", "", "!", ""]
    assert rows[1]["file"] == "b.csv:2"


def test_folders_and_nothing(nodes, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("(3 (2 It) (4 works))")
    assert len(asked(nodes, tmp_path / "in")[1]) == 1
    (tmp_path / "empty").mkdir()
    for words in ([], [str(tmp_path / "empty")]):
        with pytest.raises(UsageError):
            AskTrees(nodes).paths(words)
    _, (row,) = asked(nodes, tmp_path / "nothing.txt")
    assert row["error"]
