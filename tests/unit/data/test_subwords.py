import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gnomon.core.errors import ArtefactError
from gnomon.data.subwords import Subwords, cut_at_words

LINES = [f"the shadow of the gnomon falls on the hour {n}, 日晷的影子 🕛\n" for n in range(80)]
SUBWORDS = Subwords.trained(LINES, vocabulary=300, documents=True)
WELL_FORMED = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=60, deadline=None)
@given(WELL_FORMED)
@example("".join(LINES[:3]))
@example("<|endoftext|> \x00\r\n\u2028 👩‍👩‍👧 é")
def test_every_text_comes_back_exactly_whole_and_token_by_token(text):
    ids = SUBWORDS.encode(text)[:, 0]
    assert SUBWORDS.decode(ids) == text
    decoder = SUBWORDS.decoder()
    parts = [decoder.push(int(i)) for i in ids]
    assert "".join(parts) == text
    assert decoder.finish() == ""
    assert ((ids > 0) & (ids < SUBWORDS.separator)).all()


def test_frequent_words_are_one_token_and_the_vocabulary_is_as_wished():
    assert len(SUBWORDS.encode("the")) == 1
    assert SUBWORDS.sizes == (300,)
    assert SUBWORDS.separator == 299
    assert SUBWORDS.decode([299, 0]) == ""


def test_a_vocabulary_has_at_least_all_bytes():
    tokenizer = Subwords.trained([], vocabulary=3, documents=False)
    assert tokenizer.sizes == (257,)
    assert tokenizer.encode("A!")[:, 0].tolist() == [33, 1]


def test_learning_twice_gives_the_same():
    again = Subwords.trained(iter(LINES), vocabulary=300, documents=True)
    assert again.as_dict() == SUBWORDS.as_dict()


def test_it_comes_back_from_json():
    values = json.loads(json.dumps(SUBWORDS.as_dict()))
    again = Subwords.from_dict(values)
    assert again.as_dict() == SUBWORDS.as_dict()
    assert np.array_equal(again.encode(LINES[7]), SUBWORDS.encode(LINES[7]))
    assert values["tokenizer"]["model"]["type"] == "BPE"


def test_only_vocabulary_and_merges_of_a_description_count():
    values = json.loads(json.dumps(SUBWORDS.as_dict()))
    values["tokenizer"]["normalizer"] = {"type": "Lowercase"}
    values["tokenizer"]["model"]["dropout"] = 0.5
    assert np.array_equal(Subwords.from_dict(values).encode("THE the"), SUBWORDS.encode("THE the"))


def broken(change):
    values = json.loads(json.dumps(SUBWORDS.as_dict()))
    change(values["tokenizer"]["model"])
    return values


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.pop("merges"),
        lambda model: model["vocab"].update({"日": len(model["vocab"])}),
        lambda model: model["vocab"].update({"A": 70000}),
        lambda model: model["vocab"].pop("A"),
        lambda model: model["merges"].append(["zz", "zz"]),
        lambda model: model["merges"].append("a b"),
        lambda model: model["merges"].append([["a"], "b"]),
    ],
)
def test_a_wrong_description_is_refused(change):
    with pytest.raises(ArtefactError, match="tokenizer cannot be used"):
        Subwords.from_dict(broken(change))


def test_pieces_change_no_token():
    text = "".join(LINES * 20)
    pieces = list(cut_at_words(text))
    assert len(pieces) > 3
    assert "".join(pieces) == text
    whole, _ = SUBWORDS.ids_of([text])
    assert np.array_equal(SUBWORDS.encode(text)[:, 0], whole)


def test_a_text_without_spaces_is_cut_too():
    pieces = list(cut_at_words("日" * 40_000))
    assert [len(piece) for piece in pieces] == [16384, 16384, 40_000 - 2 * 16384]


def test_many_at_once_are_as_one_by_one():
    texts = [LINES[0], "", "日晷"]
    column = SUBWORDS.encode_all(texts, lambda: False)
    assert [found.tolist() for found in column[:]] == [SUBWORDS.encode(text).tolist() for text in texts]


def test_what_a_text_raises_is_raised():
    def texts():
        yield "a"
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        Subwords.trained(texts(), vocabulary=300, documents=False)
