import dataclasses
import math

import numpy as np
import pytest

from gnomon.core.errors import DataError, StoppedError, UsageError
from gnomon.core.events import Said, silent
from gnomon.core.spec import Split
from gnomon.data import corpus
from gnomon.data.corpus import Surroundings, encoded, fit, vocabulary_for
from gnomon.data.ragged import Items, digests
from gnomon.data.tokenise import Bytes, Characters

PLAY = "ROMEO:\nO, she doth teach the torches to burn bright!\n"


def texts(*documents):
    items = Items(list(documents))
    ids = Items([f"{n}.txt" for n in range(len(documents))])
    return Split(inputs=items, targets=items, ids=ids, hashes=digests(text.encode() for text in documents))


def around(cache_dir=None, emit=silent, should_stop=lambda: False):
    return Surroundings(cache_dir=cache_dir, emit=emit, should_stop=should_stop)


def chosen(split, kind="auto", vocabulary="auto", **how):
    return fit(split, kind, vocabulary, documents=False, around=around(**how))


class TestChoice:
    def test_a_small_text_of_few_characters_is_read_character_by_character(self):
        tokenizer, guesses = chosen(texts(PLAY))
        assert tokenizer.kind == "characters"
        assert tokenizer.sizes == (17 + len(set(PLAY)),)
        assert guesses[0].what == f"the text is read character by character, {len(set(PLAY))} different ones"
        assert guesses[0].flag == "--set text.tokens=subwords"

    def test_a_text_of_many_characters_is_read_as_subwords(self):
        han = "".join(chr(0x4E00 + n) for n in range(600))
        tokenizer, guesses = chosen(texts(han * 3))
        assert tokenizer.kind == "subwords"
        assert "600 different ones" in guesses[0].why

    def test_a_long_text_is_read_as_subwords(self, monkeypatch):
        monkeypatch.setattr(corpus, "MAX_SMALL", 1000)
        tokenizer, guesses = chosen(texts(PLAY * 30))
        assert tokenizer.kind == "subwords"
        assert guesses[0].why == f"it has {len(PLAY) * 30:,} characters"

    def test_what_was_wished_needs_no_guess(self):
        tokenizer, guesses = chosen(texts(PLAY), "bytes")
        assert tokenizer.kind == "bytes"
        assert guesses == ()

    def test_the_most_frequent_characters_have_an_id(self):
        tokenizer, _ = chosen(texts("aaabbc"), "characters", 2)
        assert tokenizer.as_dict()["alphabet"] == "ab"

    @pytest.mark.parametrize(
        ("num", "expected"), [(10, 512), (10**6, 2048), (10**7, 8192), (10**8, 16384), (10**10, 16384)]
    )
    def test_longer_texts_pay_for_more_subwords(self, num, expected):
        assert vocabulary_for(num) == expected

    def test_what_does_not_suit_is_refused(self):
        with pytest.raises(UsageError, match="says nothing"):
            chosen(texts(PLAY), "bytes", 300)
        with pytest.raises(UsageError, match="no room for subwords"):
            chosen(texts(PLAY), "subwords", 256)
        with pytest.raises(DataError, match="empty"):
            chosen(texts("", ""))
        with pytest.raises(StoppedError):
            chosen(texts(PLAY), should_stop=lambda: True)

    def test_of_a_very_long_text_some_pieces_are_learnt_from(self, monkeypatch):
        half = "wonderful " * 1600
        other = "terrible! " * 1600
        split = texts(half, other)
        both, _ = chosen(split, "subwords", 300)
        monkeypatch.setattr(corpus, "TRAINED_ON", 17000)
        one, _ = chosen(split, "subwords", 300)
        assert len(both.encode(" terrible")) == 1
        assert one.as_dict() == chosen(split, "subwords", 300)[0].as_dict()
        assert one.as_dict() != both.as_dict()

    def test_learnt_subwords_are_kept(self, tmp_path, monkeypatch):
        monkeypatch.setitem(corpus._KEPT_FROM, "subwords", 100)
        first, _ = chosen(texts(PLAY * 5), "subwords", 300, cache_dir=tmp_path)
        monkeypatch.setattr(corpus, "_learnt", None)  # learning again would fail
        again, _ = chosen(texts(PLAY * 5), "subwords", 300, cache_dir=tmp_path)
        assert again.as_dict() == first.as_dict()

    def test_a_damaged_one_is_learnt_again(self, tmp_path, monkeypatch):
        monkeypatch.setitem(corpus._KEPT_FROM, "subwords", 100)
        first, _ = chosen(texts(PLAY * 5), "subwords", 300, cache_dir=tmp_path)
        (header,) = tmp_path.rglob("header.json")
        header.write_text("{}")
        told = []
        again, _ = chosen(texts(PLAY * 5), "subwords", 300, cache_dir=tmp_path, emit=told.append)
        assert again.as_dict() == first.as_dict()
        assert [event.level for event in told if isinstance(event, Said)] == ["warning"]


class TestEncoding:
    def test_a_separator_lies_between_documents(self):
        tokenizer = Bytes(documents=True)
        found = encoded(tokenizer, texts("AB", "", "é"), "train", around())
        assert found.tokens.tolist() == [66, 67, 257, 257, 0xC3 + 1, 0xA9 + 1]
        assert found.starts.tolist() == [0, 3, 4]
        assert (found.num_bytes, found.num_characters) == (4, 3)

    def test_pieces_give_the_same_as_the_whole(self, monkeypatch):
        documents = [PLAY * n for n in (1, 0, 7, 3)]
        whole = encoded(Characters(PLAY, documents=True), texts(*documents), "train", around())
        monkeypatch.setattr(corpus, "_AT_ONCE", 60)
        again = encoded(Characters(PLAY, documents=True), texts(*documents), "train", around())
        assert np.array_equal(whole.tokens, again.tokens)
        assert np.array_equal(whole.starts, again.starts)
        assert len(whole.tokens) == len(PLAY) * 11 + 3

    def test_of_a_text_that_is_too_long_some_groups_are_taken(self, monkeypatch):
        monkeypatch.setattr(corpus, "_AT_ONCE", 4)
        tokenizer, split = Bytes(documents=False), texts("abcdefghijklmnopqr")
        monkeypatch.setattr(Bytes, "pieces", lambda self, text: [text[i : i + 4] for i in range(0, len(text), 4)])
        found = encoded(tokenizer, split, "train", around(), every=2)
        assert (found.tokens - 1).astype(np.uint8).tobytes() == b"abcdijklqr"
        assert (found.num_bytes, found.num_characters) == (10, 10)
        several = encoded(Bytes(documents=True), texts("abcd", "efgh", "ijkl"), "train", around(), every=2)
        assert several.starts.tolist() == [0, 4, 5]

    def test_how_many_are_taken_follows_the_time(self, monkeypatch):
        monkeypatch.setattr(corpus, "_AT_ONCE", 1000)
        monkeypatch.setattr(Bytes, "pieces", lambda self, text: [text[i : i + 50] for i in range(0, len(text), 50)])
        tokenizer, split = Bytes(documents=False), texts(PLAY * 2000)
        ticks = iter([0.0, 0.01, 0.51] * 3)  # a thousand characters are cut in 0.01 s and take half a second
        monkeypatch.setattr(corpus.time, "perf_counter", lambda: next(ticks))
        total, group = len(PLAY) * 2000, 1000
        ways = [dataclasses.replace(around(), allowed_s=seconds) for seconds in (10.0, 1.0, 1e9)]
        left_s = 10.0 - 0.01 * total / group
        assert corpus.thinning(tokenizer, split, ways[0]) == math.ceil(0.5 * total / group / left_s)
        assert corpus.thinning(tokenizer, split, ways[1]) == total // 2000  # two groups at least
        assert corpus.thinning(tokenizer, split, ways[2]) == 1
        assert corpus.thinning(tokenizer, split, around()) == 1

    def test_a_single_document_has_no_separator(self):
        found = encoded(Bytes(documents=False), texts("AB"), "train", around())
        assert found.tokens.tolist() == [66, 67]

    def test_a_long_text_comes_from_the_cache_the_next_time(self, tmp_path, monkeypatch):
        monkeypatch.setitem(corpus._KEPT_FROM, "bytes", 100)
        tokenizer, split = Bytes(documents=False), texts(PLAY * 5)
        first = encoded(tokenizer, split, "train", around(tmp_path))
        monkeypatch.setattr(corpus, "_write", None)  # encoding again would fail
        again = encoded(tokenizer, split, "train", around(tmp_path))
        assert first.tokens.tolist() == again.tokens.tolist() == [b + 1 for b in (PLAY * 5).encode()]
        assert isinstance(again.tokens.base, np.memmap)

    def test_another_cut_or_tokenizer_is_another_entry(self, tmp_path, monkeypatch):
        monkeypatch.setitem(corpus._KEPT_FROM, "bytes", 10)
        same_hash = texts(PLAY).hashes
        for documents in (False, True):
            for text in (PLAY, PLAY[:-1]):
                items = Items([text])
                split = Split(inputs=items, targets=items, ids=items, hashes=same_hash)
                found = encoded(Bytes(documents=documents), split, "train", around(tmp_path))
                assert len(found.tokens) == len(text)
        assert len(list(tmp_path.rglob("header.json"))) == 4

    def test_a_damaged_cache_is_written_again(self, tmp_path, monkeypatch):
        monkeypatch.setitem(corpus._KEPT_FROM, "bytes", 100)
        tokenizer, split = Bytes(documents=False), texts(PLAY * 5)
        encoded(tokenizer, split, "train", around(tmp_path))
        (path,) = tmp_path.rglob("tokens.bin")
        path.write_bytes(b"\0" + path.read_bytes()[1:])
        told = []
        again = encoded(tokenizer, split, "train", around(tmp_path, told.append))
        assert again.tokens.tolist() == [b + 1 for b in (PLAY * 5).encode()]
        assert [event.text.partition(" (")[0] for event in told if isinstance(event, Said)] == [
            "the cached tokens are damaged"
        ]

    def test_encoding_stops_when_asked_to(self):
        with pytest.raises(StoppedError):
            encoded(Bytes(documents=False), texts(PLAY), "train", around(should_stop=lambda: True))
