import pytest
from fake_sequence_runs import FakeTexts, book

from gnomon.core.errors import DataError
from gnomon.outputs.examples import examples_of
from gnomon.outputs.record import read_record
from gnomon.outputs.textsections import glance, lengths, telling, worst


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    return FakeTexts(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def record(fake):
    return read_record(fake.run)


def test_texts_are_shown_by_class(fake, record):
    found = glance(record, fake.examples)
    assert [(row["name"], len(row["texts"])) for row in found["rows"]] == [("PLACE", 3), ("NUMBER", 3), ("PERSON", 3)]
    assert any(text.startswith("Where is") for text in found["rows"][0]["texts"])


def test_lengths_are_told_in_a_histogram_and_a_sentence(fake, record):
    found = lengths(fake.examples, 240, unit="characters")
    sizes = sorted(len(text) for text in fake.dataset.splits["train"].inputs[:])
    assert found["sentence"].endswith(f"the longest {sizes[-1]}.")
    assert found["chart"].count('class="pile"') > 3
    assert lengths(examples_of(book()), 1, unit="characters") == {}


def test_telling_words_are_those_of_the_questions(fake, record):
    rows = {row["name"]: [gram["text"] for gram in row["grams"]] for row in telling(record, fake.examples)["rows"]}
    assert any("where" in gram for gram in rows["PLACE"])
    assert any("many" in gram for gram in rows["NUMBER"])
    assert any("built" in gram for gram in rows["PERSON"])
    assert not any(gram in ("old", "red", "tower", "the") for grams in rows.values() for gram in grams)


def test_mistakes_come_with_their_texts(fake, record):
    found = worst(record, fake.examples)
    texts = fake.dataset.splits["test"].inputs
    assert found["rows"]
    assert all(row["text"] == " ".join(texts[row["index"]].split()) for row in found["rows"])


def test_texts_that_are_gone_are_said(fake, record):
    def gone(split, indices):
        raise DataError("the file is not there", fix="bring it back")

    from dataclasses import replace

    for examples in (None, replace(fake.examples, samples=gone)):
        found = worst(record, examples)
        assert "so no texts are shown" in found["absent"]
        assert {row["text"] for row in found["rows"]} == {""}
