import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gnomon.core.errors import ArtefactError, StoppedError
from gnomon.data import tokenise
from gnomon.data.tokenise import Bytes, Characters

MIXED = "Ein Gnomon 日晷 zeigt 🕛 die Zeit;\r\n\tи тень е́ 👩‍👩‍👧 \x00\u2028."
ROOM = [Bytes(documents=False), Bytes(documents=True), Characters("abc ", documents=True)]
WELL_FORMED = st.text(st.characters(exclude_categories=["Cs"]))


def going_on():
    return False


class TestWayBack:
    @settings(max_examples=60, deadline=None)
    @given(WELL_FORMED)
    @example(MIXED)
    @example("")
    def test_every_text_comes_back_exactly(self, text):
        for tokenizer in ROOM:
            tokens = tokenizer.encode(text)
            assert tokens.shape[1:] == (1,)
            assert tokens.dtype == np.int64
            assert tokenizer.decode(tokens[:, 0]) == text
            assert ((tokens > 0) & (tokens < tokenizer.sizes[0])).all()

    @settings(max_examples=60, deadline=None)
    @given(WELL_FORMED)
    @example(MIXED)
    def test_a_decoder_never_emits_half_a_character(self, text):
        for tokenizer in ROOM:
            decoder = tokenizer.decoder()
            parts = [decoder.push(int(i)) for i in tokenizer.encode(text)[:, 0]]
            assert "".join(parts) == text
            assert all(len(part) <= 1 for part in parts)
            assert decoder.finish() == ""

    @settings(max_examples=40, deadline=None)
    @given(st.lists(WELL_FORMED))
    def test_many_at_once_are_as_one_by_one(self, texts):
        for tokenizer in ROOM:
            column = tokenizer.encode_all(texts, going_on)
            assert len(column) == len(texts)
            for found, text in zip(column[:], texts, strict=True):
                assert np.array_equal(found, tokenizer.encode(text))

    def test_half_a_surrogate_pair_becomes_the_replacement_character(self):
        assert tokenise.well_formed("a\ud83db") == "a\ufffdb"
        assert tokenise.well_formed("\ud83d\udd5b") == "🕛"
        for tokenizer in ROOM:
            assert tokenizer.decode(tokenizer.encode("a\ud83db")[:, 0]) == "a\ufffdb"


class TestBytes:
    def test_a_byte_is_its_value_and_one(self):
        assert Bytes(documents=False).encode("Aé")[:, 0].tolist() == [66, 0xC3 + 1, 0xA9 + 1]

    def test_a_separator_exists_for_several_documents_only(self):
        assert Bytes(documents=False).separator is None
        assert Bytes(documents=False).sizes == (257,)
        assert Bytes(documents=True).separator == 257
        assert Bytes(documents=True).sizes == (258,)
        assert Bytes(documents=True).decode([66, 257, 66, 0]) == "AA"

    def test_bytes_that_are_no_text_become_the_replacement_character(self):
        assert Bytes(documents=False).decode([0xC3 + 1, 66]) == "\ufffdA"
        decoder = Bytes(documents=False).decoder()
        assert [decoder.push(0xC3 + 1), decoder.push(66), decoder.push(0xF0 + 1)] == ["", "\ufffdA", ""]
        assert decoder.finish() == "\ufffd"


class TestCharacters:
    def test_ids_follow_the_code_points_after_the_half_bytes(self):
        tokenizer = Characters("cab", documents=False)
        assert tokenizer.sizes == (20,)
        assert tokenizer.encode("abcab")[:, 0].tolist() == [17, 18, 19, 17, 18]

    def test_an_unknown_character_is_two_half_bytes_a_byte(self):
        tokenizer = Characters("ab", documents=False)
        assert tokenizer.encode("aéb")[:, 0].tolist() == [17, 0xC + 1, 0x3 + 1, 0xA + 1, 0x9 + 1, 18]

    def test_broken_halves_become_the_replacement_character(self):
        tokenizer = Characters("ab", documents=True)
        assert tokenizer.decode([13, 17, 18]) == "\ufffdab"
        assert tokenizer.decode([13, 4, 17]) == "\ufffda"
        assert tokenizer.decode([17, 13]) == "a\ufffd"
        assert tokenizer.decode([17, tokenizer.separator, 18, 0]) == "ab"

    def test_an_empty_alphabet_still_writes_everything(self):
        tokenizer = Characters("", documents=False)
        assert tokenizer.decode(tokenizer.encode(MIXED)[:, 0]) == MIXED


class TestDescription:
    @pytest.mark.parametrize("tokenizer", ROOM, ids=["bytes", "documents", "characters"])
    def test_a_tokenizer_comes_back_from_json(self, tokenizer):
        values = json.loads(json.dumps(tokenizer.as_dict()))
        again = type(tokenizer).from_dict(values)
        assert again.sizes == tokenizer.sizes
        assert again.separator == tokenizer.separator
        assert np.array_equal(again.encode(MIXED), tokenizer.encode(MIXED))

    @pytest.mark.parametrize(
        "values", [{}, {"alphabet": 3, "documents": True}, {"alphabet": "a", "documents": 1}, {"alphabet": "\ud800"}]
    )
    def test_a_wrong_description_is_refused(self, values):
        with pytest.raises(ArtefactError, match="tokenizer cannot be used"):
            Characters.from_dict(values)


def test_a_long_text_is_cut_into_pieces_that_lose_nothing():
    text = "日" * (1 << 20) + "b" * 5
    assert [len(piece) for piece in tokenise.cut_anywhere(text)] == [1 << 20, 5]


def test_encoding_stops_when_asked_to():
    with pytest.raises(StoppedError):
        Bytes(documents=False).encode_all(["a"], lambda: True)


def test_progress_is_told():
    told = []
    Bytes(documents=False).encode_all(["a", "b"], going_on, told.append)
    assert [event.done for event in told] == [2]


def test_only_one_module_knows_the_library():
    folder = Path(tokenise.__file__).parent
    users = [path.name for path in folder.glob("*.py") if "from tokenizers" in path.read_text("utf-8")]
    assert users == ["subwords.py"]


def spelt(tokens, allowed):
    return {token for token in tokens if allowed[token]}


def test_only_what_goes_on_in_valid_utf8_may_come_next():
    decoder = Bytes(documents=True).decoder()
    first = spelt(range(258), decoder.allowed())
    assert first == {b + 1 for b in [*range(0x80), *range(0xC2, 0xF5)]} | {257}
    decoder.push(0xE0 + 1)
    assert spelt(range(258), decoder.allowed()) == {b + 1 for b in range(0xA0, 0xC0)}
    decoder.push(0xA4 + 1)
    assert spelt(range(258), decoder.allowed()) == {b + 1 for b in range(0x80, 0xC0)}
    assert decoder.push(0x85 + 1) == "अ"
    assert spelt(range(258), decoder.allowed()) == first


@pytest.mark.parametrize(
    ("lead", "low", "high"), [(0xE0, 0xA0, 0xBF), (0xED, 0x80, 0x9F), (0xF0, 0x90, 0xBF), (0xF4, 0x80, 0x8F)]
)
def test_no_way_leads_into_what_cannot_be_completed(lead, low, high):
    decoder = Bytes(documents=False).decoder()
    decoder.push(lead + 1)
    assert spelt(range(257), decoder.allowed()) == {b + 1 for b in range(low, high + 1)}


def test_half_bytes_come_in_pairs_and_a_character_only_after_a_whole_one():
    tokenizer = Characters("ab", documents=False)
    decoder = tokenizer.decoder()
    whole = tokenizer.encode("ab")[:, 0].tolist()
    halves = tokenizer.encode("é")[:, 0].tolist()
    assert all(decoder.allowed()[token] for token in [*whole, halves[0]])
    for half in halves[:3]:
        assert decoder.allowed()[half]
        decoder.push(half)
        assert not any(decoder.allowed()[token] for token in whole)
    assert decoder.allowed()[halves[3]]
    assert decoder.push(halves[3]) == "é"
    assert all(decoder.allowed()[token] for token in whole)
