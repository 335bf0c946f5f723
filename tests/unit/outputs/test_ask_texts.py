import gzip
import io

import numpy as np
import pytest
import torch

from gnomon.assemble import Model
from gnomon.core import plugins
from gnomon.core.errors import UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Dataset, Label, Spec, Split, Tags, Text
from gnomon.data import preparing
from gnomon.data.ragged import Items, Ragged, digests
from gnomon.families import rnn
from gnomon.outputs import predict
from gnomon.outputs.ask_texts import AskTexts
from gnomon.training.precision import Precision

TEXTS = ("what a good film", "a bad film", "good, good, good", "bad acting")
CONLLU = "".join(
    f"# sent_id = s{n}\n1\tTime\ttime\tNOUN\t_\t_\t2\tx\t_\t_\n2\tflies\tfly\tVERB\t_\t_\t0\tx\t_\t_\n\n"
    for n in (1, 2, 3)
)


def model(target, inputs, targets):
    columns = Items(list(inputs))
    split = Split(
        inputs=columns,
        targets=columns if targets is None else targets,
        ids=Items([str(i) for i in range(len(inputs))]),
        hashes=digests(repr(text).encode() for text in inputs),
    )
    raw = Dataset(
        name="small",
        source="small",
        reader="text_table",
        spec=Spec(input=Text(words=isinstance(target, Tags)), target=target),
        splits={"train": split, "valid": split},
        fingerprint="f",
    )
    prepared = preparing.prepare(raw, [], cache_dir=None)
    spec = prepared.dataset.spec
    torch.manual_seed(0)
    task = {"Label": "classify", "Tags": "tag_sequence", "Text": "predict_next"}[type(target).__name__]
    loaded = plugins.load("task", task)
    return Model(
        network=rnn.build(rnn.Config(width=8, embedding=8, ngram_rows=64), spec).eval(),
        task=loaded.Task(loaded.Config(), spec),
        spec=spec,
        preparation=prepared.preparation,
        precision=Precision("fp32", torch.device("cpu")),
    )


@pytest.fixture
def labels():
    return model(Label(classes=("no", "yes")), TEXTS, np.array([1, 0, 1, 0]))


@pytest.fixture
def tags():
    sentences = (("Time", "flies"), ("Fruit", "flies", "like", "bananas"))
    column = Ragged.of([np.array([0, 1]), np.array([0, 0, 1, 0])], like=np.zeros(0, np.int64))
    return model(Tags(classes=("NOUN", "VERB")), sentences, column)


def answered(model, *words):
    asking = AskTexts(model)
    return asking, list(predict.predict(model, asking, asking.paths([str(word) for word in words]), emit=silent))


def test_a_table_asks_one_question_a_row_and_a_file_one(labels, tmp_path):
    (tmp_path / "new.csv").write_text("text,stars\nwhat a good film it was,5\n,3\nbad acting all along the film,1\n")
    (tmp_path / "review.txt").write_text("a good\nfilm")
    (tmp_path / "empty.txt").write_text("")
    asking, rows = answered(labels, tmp_path / "new.csv", tmp_path / "review.txt", tmp_path / "empty.txt", "gone.txt")
    assert [row["file"].rpartition("/")[2] for row in rows] == [
        *("new.csv:2", "new.csv:3", "new.csv:4", "review.txt", "empty.txt", "gone.txt")
    ]
    assert [bool(row["error"]) for row in rows] == [False, True, False, False, True, True]
    assert rows[1]["error"] == "has no text"
    assert {row.get("label") for row in rows if not row["error"]} <= {"no", "yes"}
    assert [len(asking.lines(row)) for row in rows] == [1] * 6


def test_an_answer_does_not_depend_on_the_other_questions(labels, tmp_path):
    (tmp_path / "short.txt").write_text("good")
    (tmp_path / "long.txt").write_text("a bad film " * 30)
    _, both = answered(labels, tmp_path / "short.txt", tmp_path / "long.txt")
    _, alone = answered(labels, tmp_path / "short.txt")
    assert both[0]["label"] == alone[0]["label"]
    assert both[0]["confidence"] == pytest.approx(alone[0]["confidence"], abs=1e-5)


def test_lines_from_standard_input(labels, tags, monkeypatch):
    for asked, count in ((labels, 2), (tags, 2)):
        monkeypatch.setattr("sys.stdin", io.StringIO("good film\n\nbad film\n"))
        _, rows = answered(asked, "-")
        assert [row["file"] for row in rows] == ["stdin:1", "stdin:3"]
        assert len(rows) == count


def test_words_are_tagged_one_by_one(tags, tmp_path):
    (tmp_path / "new.txt").write_text("Time flies.\n")
    asking, (row,) = answered(tags, tmp_path / "new.txt")
    assert row["tokens"] == ["Time", "flies", "."]
    assert len(row["tags"]) == len(row["confidence"]) == 3
    lines = asking.lines(row)
    assert [(line["word"], line["token"]) for line in lines] == [(1, "Time"), (2, "flies"), (3, ".")]
    assert set(lines[0]) == {column.name for column in asking.columns}


def test_tagged_words_are_asked_about_as_they_are_cut(tags, tmp_path):
    with gzip.open(tmp_path / "new.conllu.gz", "wt") as file:
        file.write(CONLLU)
    _, rows = answered(tags, tmp_path / "new.conllu.gz")
    assert [row["file"] for row in rows] == [f"new.conllu.gz#s{n}" for n in (1, 2, 3)]
    assert all(row["tokens"] == ["Time", "flies"] for row in rows)


def test_a_sentence_that_cannot_be_read_has_one_line(tags):
    asking, (row,) = answered(tags, "gone.txt")
    (line,) = asking.lines(row)
    assert line["error"]
    assert line["token"] == ""


def test_a_model_that_continues_texts_has_no_answers():
    with pytest.raises(UsageError) as caught:
        AskTexts(model(Text(), ("To be or not to be, that is the question. " * 20,), None))
    assert "gnomon generate" in caught.value.fix


def test_a_folder_stands_for_its_files(labels, tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("b/2.txt", "1.txt", ".hidden"):
        (tmp_path / name).write_text("good")
    assert [path.name for path in AskTexts(labels).paths([str(tmp_path)])] == ["1.txt", "2.txt"]
    with pytest.raises(UsageError, match="nothing to predict"):
        AskTexts(labels).paths([])
