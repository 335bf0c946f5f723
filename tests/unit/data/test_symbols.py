"""Numbers of symbols."""

import numpy as np
import pytest

from gnomon.core.errors import ArtefactError
from gnomon.data import symbols
from gnomon.data.symbols import Closed, Open


def codes_of(words):
    distinct = list(dict.fromkeys(words))
    return distinct, np.array([distinct.index(word) for word in words], np.int32)


def test_few_symbols_are_a_list():
    found = symbols.fitted(*codes_of(["", "MAX", "1", "MAX", ""]), most=None, lowercase=False)
    assert isinstance(found, Closed)
    assert found.vocabulary == ("MAX", "1")
    assert found.sizes == (5,)
    assert found.features(["", "new", "MAX", "1"]).tolist() == [[1], [2], [3], [4]]
    assert found.is_known(["", "new", "MAX"]).tolist() == [True, False, True]
    assert symbols.from_dict(found.as_dict()).features(["1"]).tolist() == [[4]]


def test_at_most_so_many():
    found = symbols.fitted(*codes_of(["a", "a", "b"]), most=1, lowercase=False)
    assert found.features(["a", "b"]).tolist() == [[3], [2]]


def test_many_symbols_are_words():
    words = ["", *(f"word{i}" for i in range(300) for _ in range(8)), "Once"]
    found = symbols.fitted(*codes_of(words), most=None, lowercase=True)
    assert isinstance(found, Open)
    rows = found.features(["", "word7", "Word7", "never", "Once"])
    assert rows.shape == (5, len(found.sizes))
    assert (rows[0] == 1).all()
    assert (rows[1:] > 1).all()
    assert rows[1, 0] == rows[2, 0] != rows[3, 0]
    assert rows[1, -1] != rows[2, -1]  # the shape
    assert (rows < np.array(found.sizes)).all()
    assert found.is_known(["", "word7", "never"]).tolist() == [True, True, False]
    assert (symbols.from_dict(found.as_dict()).features(["word7"]) == found.features(["word7"])).all()
    assert found.features([]).shape == (0, len(found.sizes))


@pytest.mark.parametrize(
    "told",
    [{}, {"kind": "nonsense"}, {"kind": "closed", "vocabulary": ["a", "a"]}, {"kind": "closed", "vocabulary": [1]}],
)
def test_what_is_no_description(told):
    with pytest.raises(ArtefactError):
        symbols.from_dict(told)
