import numpy as np
import small_training
from fake_sequence_runs import questions, tagged, weather

from gnomon.core.spec import Dataset
from gnomon.outputs.examples import examples_of


def test_texts_come_with_their_labels():
    data = questions()
    found = examples_of(data)
    assert found.kind == "Text"
    assert found.samples("test", [3, 0]) == [data.splits["test"].inputs[3], data.splits["test"].inputs[0]]
    assert np.array_equal(found.labels("valid"), data.splits["valid"].targets)
    assert found.tags("train", [0]) == []
    assert found.names("test", [5]) == ["questions.csv#5"]


def test_sentences_come_with_their_tags():
    found = examples_of(tagged())
    (words,), (tags,) = found.samples("train", [2]), found.tags("train", [2])
    assert isinstance(words, tuple)
    assert len(words) == len(tags)
    assert found.labels("train") is None


def test_rows_of_a_series_are_named_by_their_time():
    found = examples_of(weather())
    assert found.kind == "Series"
    assert np.shape(found.samples("train", range(4))) == (4, 2)
    assert found.names("train", [0]) == ["2026-01-01 00:00"]


def test_pictures_are_taken_by_split_and_index():
    splits = {"train": small_training.pictures(5), "test": small_training.pictures(4, seed=1)}
    taken = examples_of(
        Dataset(
            name="small",
            source="small",
            reader="made",
            spec=small_training.spec(),
            splits=splits,
            fingerprint="f",
            guesses=(),
            skipped=(),
            facts={},
        )
    ).samples("test", [3, 0])
    np.testing.assert_array_equal(taken, splits["test"].inputs[[3, 0]])
