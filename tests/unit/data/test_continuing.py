import pytest
import raw_data

from gnomon.core.spec import Text
from gnomon.data import continuing
from gnomon.data.ordered import offsets

PROSE = "the quick brown fox jumps over the lazy dog, " * 300


def found(**splits):
    return [
        (finding.level, finding.text) for finding in continuing.find(raw_data.dataset(raw_data.CONTINUED, **splits))
    ]


def test_prose_is_fine():
    assert found(train=raw_data.documents(PROSE), valid=raw_data.documents(PROSE[:1000])) == []


def test_short_texts_are_refused_or_warned_of():
    assert found(all=raw_data.documents(PROSE[:150], "x" * 0, PROSE[:40])) == [
        ("error", "the training text has 190 characters: too short to learn from")
    ]
    assert found(train=raw_data.documents(PROSE[:9999])) == [
        ("warning", "the training text has 9,999 characters: it will be learned by heart rather than understood")
    ]
    assert found(train=raw_data.documents(PROSE), valid=raw_data.documents("abc")) == [
        ("warning", "valid has 3 characters: the loss on it says little")
    ]


def test_a_text_of_one_character_is_nothing_to_learn():
    (error,) = found(train=raw_data.documents("a" * 20_000, "b"))
    assert error[0] == "error"
    assert error[1].startswith("the training text is nearly nothing but the character 'a' (100.00%)")


def test_a_very_common_character_is_told():
    assert found(train=raw_data.documents("日" * 6000 + PROSE[:5000])) == [
        ("warning", "54.5% of the training text is the character '日'")
    ]


def test_other_data_are_not_looked_at():
    assert list(continuing.find(raw_data.dataset(raw_data.LABELLED, all=raw_data.texts(["a"], [0])))) == []
    assert raw_data.CONTINUED.target == Text()


@pytest.mark.parametrize("size", [1, 7, 100])
def test_pieces_are_the_whole_text(monkeypatch, size):
    monkeypatch.setattr(continuing, "_PIECE", size)
    texts = raw_data.documents("abc", "", "defghij", "k", "").inputs
    assert "".join(continuing._pieces(texts, offsets(texts))) == "abcdefghijk"
    monkeypatch.setattr(continuing, "_NUM_PIECES", 2)
    pieces = "".join(continuing._pieces(texts, offsets(texts)))
    assert pieces == {1: "ak", 7: "abcdefghijk", 100: "abcdefghijk"}[size]
