import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.core.errors import ArtefactError, StoppedError
from gnomon.data.words import Words, listed, words_of

TEXTS = ["The cat sat.", "the dog sat", "A cat!"]


def going_on():
    return False


def fitted(texts=TEXTS, most=None, lowercase=True):
    return Words.fitted(listed(texts, going_on), most=most, lowercase=lowercase)


class TestSplitting:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("How far is it from Denver to Aspen ?", ["How", "far", "is", "it", "from", "Denver", "to", "Aspen", "?"]),
            ("Don't! It's we’re", ["Do", "n't", "!", "It", "'s", "we", "’re"]),
            ("do n't it 's", ["do", "n't", "it", "'s"]),
            ("l'homme o'clock rock'n'roll", ["l'", "homme", "o'", "clock", "rock'n'roll"]),
            ("$3,000.50 in 1984, 3rd", ["$", "3,000.50", "in", "1984", ",", "3rd"]),
            ("well-known... «ok»", ["well", "-", "known", ".", ".", ".", "«", "ok", "»"]),
            ("我爱Python3吗", ["我", "爱", "Python3", "吗"]),
            ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
            ("cafe\u0301 au lait", ["cafe\u0301", "au", "lait"]),
            ("👍🏽 ok_2", ["👍", "🏽", "ok_2"]),
            (" \n\t", []),
            ("", []),
        ],
    )
    def test_examples(self, text, expected):
        assert words_of(text) == expected

    def test_given_words_stay_as_they_are(self):
        assert words_of(("don't", "New York")) == ["don't", "New York"]

    @settings(max_examples=80, deadline=None)
    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_nothing_but_white_space_is_lost(self, text):
        assert "".join("".join(words_of(text)).split()) == "".join(text.split())


class TestIds:
    def test_the_most_frequent_word_comes_first(self):
        words = fitted()
        assert words.vocabulary == ["cat", "sat", "the", "!", ".", "a", "dog"]
        assert words.encode("THE cat")[:, 0].tolist() == [words.first_known + 2, words.first_known]

    def test_unknown_words_share_spare_ids_by_a_stable_hash(self):
        words = fitted(most=2)
        ids = words.encode(" ".join(f"new{n}" for n in range(200)))[:, 0]
        assert ids.min() >= 1
        assert ids.max() < words.first_known
        assert len(set(ids.tolist())) == 16
        assert np.array_equal(words.encode("zebra"), fitted(most=2).encode("zebra"))

    def test_capitals_count_where_wished(self):
        words = fitted(lowercase=False)
        assert {"The", "the"} <= set(words.vocabulary)
        assert words.encode("The")[0, 0] != words.encode("the")[0, 0]

    def test_in_a_long_text_words_seen_once_share_the_spare_ids(self):
        texts = [f"again again once{n}" for n in range(1000)]
        assert fitted(texts).vocabulary == ["again"]
        assert len(fitted(texts, most=10).vocabulary) == 10

    def test_forms_of_one_character_are_one_word(self):
        words = fitted(["caf\u00e9 it's"])
        assert np.array_equal(words.encode("cafe\u0301")[:, 0], words.encode("caf\u00e9")[:, 0])
        assert np.array_equal(words.encode("it’s")[:, 0], words.encode("it's")[:, 0])


class TestTokens:
    def test_all_features_lie_within_their_sizes_and_none_is_zero(self):
        words = fitted()
        tokens = words.encode("The 42 unknown things, 日本!")
        assert tokens.shape == (8, 9)
        assert (tokens > 0).all()
        assert (tokens < np.array(words.sizes)).all()

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.text()))
    def test_many_at_once_are_as_one_by_one(self, texts):
        words = fitted()
        column = words.encode_all(texts, going_on)
        assert len(column) == len(texts)
        for found, text in zip(column[:], texts, strict=True):
            assert found.dtype == np.int64
            assert np.array_equal(found, words.encode(text))

    def test_tokens_are_kept_as_numbers(self):
        column = fitted().encode_all(TEXTS, going_on)
        assert column.values.codes.dtype == np.int32
        assert column.values.shape == (10, 9)
        assert column.values[np.array([0, 9])].shape == (2, 9)
        assert np.array_equal(column.values.take(np.array([3, 3]))[:], column.values[[3, 3]])

    def test_decoding_gives_words(self):
        words = fitted()
        assert words.decode(words.encode("The cat zzz sat.")[:, 0]) == "the cat \ufffd sat ."
        assert words.decode([0, 0]) == ""

    def test_encoding_stops_when_asked_to(self):
        with pytest.raises(StoppedError):
            fitted().encode_all(TEXTS, lambda: True)


class TestDescription:
    def test_words_come_back_from_json(self):
        words = fitted()
        again = Words.from_dict(json.loads(json.dumps(words.as_dict())))
        assert again.sizes == words.sizes
        assert np.array_equal(again.encode("The new cat"), words.encode("The new cat"))

    @pytest.mark.parametrize(
        "change",
        [{"vocabulary": ["a", "a"]}, {"vocabulary": [1]}, {"spare": 0}, {"buckets": [3]}, {"lowercase": 1}],
    )
    def test_a_wrong_description_is_refused(self, change):
        with pytest.raises(ArtefactError, match="tokenizer cannot be used"):
            Words.from_dict({**fitted().as_dict(), **change})
