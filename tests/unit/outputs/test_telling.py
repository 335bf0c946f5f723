import math

import numpy as np
import pytest

from gnomon.outputs.telling import MAX_CHARACTERS, chosen, telling_ngrams, words_of


def test_words_of_many_scripts():
    assert words_of("Don't STOP, naïve café_bar!") == ["don't", "stop", "naïve", "café", "bar"]
    assert words_of("深度 learning 2") == ["深", "度", "learning", "2"]
    assert words_of("что такое") == ["что", "такое"]


def test_the_score_is_the_one_of_the_paper():
    # "a" 6 times of 10 words against 1 of 10; its prior is 500 x 7/20 = 175 of 500.
    texts = ["a a a a a a b b b b", "a c c c c c c c c c"]
    found = {gram.text: gram for gram in telling_ngrams(texts, [0, 1], 2, wanted=50)[1]}
    here, there = 9 + 500 * 9 / 20, 0 + 500 * 9 / 20
    odds = math.log(here / (510 - here)) - math.log(there / (510 - there))
    z = odds / math.sqrt(1 / here + 1 / there)
    assert z < 1.96  # so few words prove nothing beside the prior
    assert found == {}
    found = telling_ngrams([text for text in texts for _ in range(40)], [0] * 40 + [1] * 40, 2)[1]
    here, there = 360 + 500 * 9 / 20, 500 * 9 / 20
    odds = math.log(here / (900 - here)) - math.log(there / (900 - there))
    strongest = next(gram for gram in found if gram.text == "c")
    assert strongest.z == pytest.approx(odds / math.sqrt(1 / here + 1 / there))
    assert (strongest.inside, strongest.outside) == (360, 0)


def test_pairs_stand_for_their_words():
    texts = ["how many towns are there"] * 30 + ["where are the towns"] * 30
    first, second = telling_ngrams(texts, [0] * 30 + [1] * 30, 2)
    for grams in (first, second):
        words = [set(gram.text.split()) for gram in grams]
        assert not any(a < b for a in words for b in words)
    assert any("many" in gram.text for gram in first)
    assert not any("many" in gram.text for gram in second)


def test_what_all_classes_have_tells_nothing():
    assert telling_ngrams(["the same"] * 50, [0, 1] * 25, 2) == [[], []]


def test_the_texts_to_count_are_limited_and_even_over_the_classes():
    labels = np.array([0] * 90_000 + [1] * 10_000)
    picked = np.array(chosen(labels, 2, mean_characters=100))
    assert len(picked) * 100 <= MAX_CHARACTERS
    counts = np.bincount(labels[picked])
    assert counts[0] == counts[1] == 2500
    assert chosen(labels[:3], 2, mean_characters=100) == [0, 1, 2]
