import numpy as np
import pytest
import small_training

from gnomon.core.errors import UsageError
from gnomon.core.spec import Dataset, Label, Sequence, Spec, Split, Text
from gnomon.data.preparing import NOTHING, prepare
from gnomon.data.ragged import Items, digests


def dataset(spec, split):
    return Dataset(name="small", source="small", reader="made", spec=spec, splits={"train": split}, fingerprint="f")


def texts():
    items = Items(["good good film", "bad film", "good bad good", "bad bad"])
    split = Split(
        inputs=items,
        targets=np.array([0, 1, 0, 1]),
        ids=Items(list("abcd")),
        hashes=digests(text.encode() for text in items[:]),
    )
    return dataset(Spec(input=Text(), target=Label(classes=("yes", "no"))), split)


def test_pictures_are_numbers_already(tmp_path):
    pictures = dataset(small_training.spec(), small_training.pictures(4))
    found = prepare(pictures, [], cache_dir=tmp_path)
    assert found.dataset is pictures
    assert found.preparation == NOTHING
    assert found.settings == {}


def test_texts_become_tokens_as_the_settings_say(tmp_path):
    found = prepare(texts(), [("user", {"text.tokens": "characters"})], cache_dir=tmp_path)
    assert isinstance(found.dataset.spec.input, Sequence)
    assert found.dataset.spec.input.unit == "character"
    assert found.settings["text.tokens"].who == "user"
    assert found.preparation["kind"] == "Text"
    assert len(found.dataset.splits["train"]) == 4


def test_what_was_fitted_is_used_as_it_is(tmp_path):
    first = prepare(texts(), [], cache_dir=tmp_path)
    again = prepare(texts(), [], cache_dir=tmp_path, known=first.preparation)
    assert again.preparation == first.preparation
    assert again.dataset.spec == first.dataset.spec
    for one, other in zip(
        first.dataset.splits["train"].inputs[:], again.dataset.splits["train"].inputs[:], strict=True
    ):
        assert np.array_equal(one, other)


def test_a_setting_that_does_not_exist(tmp_path):
    with pytest.raises(UsageError, match=r"text\.token"):
        prepare(texts(), [("user", {"text.token": "bytes"})], cache_dir=tmp_path)
