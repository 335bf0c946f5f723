from fake_run import FakeRun
from fake_sequence_runs import FakeTags

from gnomon.core.errors import DataError
from gnomon.outputs.mistakes import absent, class_name, mistakes
from gnomon.outputs.record import read_record


def test_mistakes_come_with_the_most_confident_first(tmp_path):
    rows = mistakes(read_record(FakeRun(tmp_path).run))
    assert len(rows) == 34
    assert [row["confidence"] for row in rows] == sorted((row["confidence"] for row in rows), reverse=True)
    assert all(row["true"] != row["predicted"] for row in rows)


def test_classes_are_named_by_index_or_by_name():
    assert [class_name(value, ["cat", "dog"]) for value in (1, "cat", 7)] == ["dog", "cat", "7"]


def test_what_is_missing_is_called_by_its_name(tmp_path):
    pictures, sentences = read_record(FakeRun(tmp_path).run), read_record(FakeTags(tmp_path).run)
    assert absent(pictures).endswith("so no pictures are shown.")
    assert absent(sentences, DataError("it is gone", fix="look")).endswith("so no sentences are shown. (it is gone)")
