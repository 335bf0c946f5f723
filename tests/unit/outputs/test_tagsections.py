import pytest
from fake_sequence_runs import FakeTags

from gnomon.outputs.record import read_record
from gnomon.outputs.tagsections import glance, worst


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    return FakeTags(tmp_path_factory.mktemp("run"))


def test_sentences_are_shown_with_their_tags(fake):
    found = glance(read_record(fake.run), fake.examples)
    assert len(found["sentences"]) == 6
    classes = set(fake.dataset.spec.target.classes)
    assert {word["tag"] for words in found["sentences"] for word in words} <= classes
    assert "words" in found["lengths"]["sentence"]


def test_wrong_tags_are_marked_with_the_true_one(fake):
    record = read_record(fake.run)
    found = worst(record, fake.examples)
    errors = record.evaluation["details"]["test"]["worst"]
    assert len(found["rows"]) == len(errors) > 5
    for row, error in zip(found["rows"], errors, strict=True):
        words = fake.dataset.splits["test"].inputs[error["index"]]
        assert [word["word"] for word in row["words"]] == list(words)
        marked = {place: (word["tag"], word["wanted"]) for place, word in enumerate(row["words"]) if word["wanted"]}
        assert marked == {m["place"]: (m["predicted"], m["true"]) for m in error["mistakes"]}
        assert (row["num_wrong"], row["num_words"]) == (len(marked), len(words))


def test_a_long_sentence_is_shown_around_its_mistakes(fake):
    record = read_record(fake.run)
    error = {"index": 0, "id": "long", "num_wrong": 1, "num_tokens": 200,
             "mistakes": [{"place": 150, "true": "NOUN", "predicted": "VERB"}]}  # fmt: skip
    record.evaluation["details"]["test"]["worst"] = [error]
    from dataclasses import replace

    long = replace(fake.examples, samples=lambda split, rows: [("word",) * 200], tags=lambda split, rows: [[2] * 200])
    (row,) = worst(record, long)["rows"]
    assert (row["before"], row["after"], len(row["words"])) == (True, True, 48)
    assert [word["wanted"] for word in row["words"]].index("NOUN") == 4


def test_without_the_sentences_the_mistakes_stay(fake):
    found = worst(read_record(fake.run), None)
    assert "so no sentences are shown" in found["absent"]
    assert all(word["word"] == "·" and word["wanted"] for row in found["rows"] for word in row["words"])
