import numpy as np
import pytest

from gnomon.data import wordfeatures
from gnomon.data.wordfeatures import NUM_FEATURES, bucketed, buckets_for, hashes, shape


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Washington", "Xxxxx"),
        ("USA", "XXX"),
        ("1984", "dddd"),
        ("123456", "dddd"),
        ("iPhone6", "xXxxxxd"),
        ("U.S.", "X.X."),
        ("well-known", "xxxx-xxxx"),
        ("日本", "cc"),
        ("?", "?"),
        ("", ""),
        ("a1" * 9, "xdxdxdxdxdxd"),
    ],
)
def test_shapes(word, expected):
    assert shape(word) == expected


def columns(word):
    return hashes([word.lower()], [word])[0]


def test_words_share_the_features_that_they_share():
    one, other = columns("walking"), columns("talking")
    assert (one == other).tolist() == [False] * 3 + [True] * 4 + [True]
    one, other = columns("Walking"), columns("walked")
    assert (one == other).tolist() == [True] * 3 + [False] * 4 + [False]
    assert len(set(columns("aaaa")[:3].tolist())) == 3


def test_a_word_shorter_than_an_affix_is_all_of_it():
    short, long = columns("ab"), columns("abc")
    assert short[1] == long[1]
    assert short[2] != long[2]


def test_hashes_are_the_same_on_every_machine():
    # FNV-1a over the code points 97 and 98, folded: (h ^ c) * 0x100000001b3 from 0xcbf29ce484222325.
    state = 0xCBF29CE484222325
    for code in (97, 98):
        state = (state ^ code) * 0x100000001B3 % 2**64
    assert int(columns("ab")[1]) == state ^ (state >> 29)


def test_buckets_are_twice_as_many_as_there_are_values():
    words = [f"w{n}" for n in range(100)]
    assert buckets_for(hashes(words, words)) == (16, 32, 256, 32, 256, 256, 256, 16)
    assert buckets_for(hashes([], [])) == (16,) * NUM_FEATURES


def test_buckets_begin_at_one():
    words = [f"w{n}" for n in range(100)]
    found = bucketed(hashes(words, words), (4,) * NUM_FEATURES)
    assert found.shape == (100, NUM_FEATURES)
    assert set(np.unique(found).tolist()) == {1, 2, 3, 4}
    assert wordfeatures.NUM_FEATURES == 8
