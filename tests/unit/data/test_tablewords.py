"""Columns of text in a table as counts: of hashed words, or of pieces where there are no words."""

import numpy as np
import pyarrow as pa

from gnomon.data import tablewords

MOLECULES = ["CCO", "CCN", "CCCO", "c1ccccc1", "CC(=O)O", "CN", "CO", "CCl"]


def test_words_are_hashed_with_a_sign_into_so_many_columns():
    entry = tablewords.fit("t", pa.array(["red apple", "green apple", "red red sky", None]), 4)
    assert entry["numbers"] == ["t (words 1)", "t (words 2)", "t (words 3)", "t (words 4)"]
    assert "pieces" not in entry
    found = tablewords.logs(pa.array(["red red", None]), entry)
    assert sorted(np.abs(found[0]).tolist()) == [0, 0, 0, np.log1p(2)]
    assert np.isnan(found[1]).all()


def test_texts_of_one_word_are_counted_by_pieces_of_up_to_three_characters():
    entry = tablewords.fit("smiles", pa.array(MOLECULES), 4)
    assert len(entry["pieces"]) == 16
    assert {"C", "O"} <= set(entry["pieces"])
    assert entry["numbers"][0] == f"smiles ({entry['pieces'][0]!r})"
    found = tablewords.logs(pa.array(["CCO", "?", "ZZZ"]), entry)
    assert found[0, entry["pieces"].index("C")] == np.log1p(2)
    assert np.isnan(found[1]).all()
    assert (found[2] == 0).all()


def test_the_scales_are_those_of_the_training_texts():
    entry = tablewords.fit("s", pa.array(MOLECULES), 2)
    counts = tablewords.logs(pa.array(MOLECULES), entry)
    mean, spread = np.array(entry["scales"]).T
    np.testing.assert_allclose((counts - mean).mean(axis=0) / spread, 0, atol=1e-12)
    np.testing.assert_allclose(((counts - mean) / spread).std(axis=0), 1)


def test_texts_that_are_all_alike_have_no_pieces_and_none_at_all_still_has_names():
    assert tablewords.fit("s", pa.array(["AB", "AB"]), 2)["numbers"] == []
    assert tablewords.fit("s", pa.array([None, ""], pa.string()), 2)["scales"] == [[0.0, 1.0]] * 2
