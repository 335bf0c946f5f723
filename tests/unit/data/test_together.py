from dataclasses import replace

import numpy as np
import pytest

from gnomon.core.spec import Dataset, Image, Label, Spec, Split, Vector
from gnomon.data.ragged import Ragged
from gnomon.data.split import ORIGINS
from gnomon.data.together import can_return, together
from gnomon.data.words import Coded

ROWS = Spec(input=Vector(names=("x",)), target=Label(classes=("a", "b")))


def rows(*values, targets=None):
    array = np.array(values, np.float32)[:, None]
    return Split(
        inputs=array,
        targets=np.zeros(len(array), np.int64) if targets is None else targets,
        ids=[f"row {value}" for value in values],
        hashes=np.array([bytes([int(value)] * 16) for value in values], "V16"),
    )


def ragged(*lists):
    return Ragged.of([np.array(one, np.int64) for one in lists], like=np.zeros(0, np.int64))


def dataset(spec=ROWS, made_by="gnomon", **splits):
    splits = splits or {"train": rows(1, 2), "valid": rows(3), "test": rows(4)}
    origins = {name: {"made_by": made_by, "indices_of": "train"} for name in splits}
    return Dataset(
        name="small", source="small", reader="made", spec=spec, splits=splits, fingerprint="f", facts={ORIGINS: origins}
    )


class TestTogether:
    def test_rows_follow_each_other_with_their_targets_and_names(self):
        both = together(rows(1, 2, targets=np.array([0, 1])), rows(3, targets=np.array([1])))
        assert both.inputs[:, 0].tolist() == [1, 2, 3]
        assert both.targets.tolist() == [0, 1, 1]
        assert [both.ids[i] for i in range(3)] == ["row 1", "row 2", "row 3"]
        assert both.hashes[2] == rows(3).hashes[0]
        assert len(both) == 3

    def test_samples_of_several_lengths(self):
        one = replace(rows(1, 2), inputs=ragged([1, 2], []), targets=ragged([5, 6], []))
        other = replace(rows(3), inputs=ragged([7, 8, 9]), targets=ragged([0, 1, 2]))
        both = together(one, other)
        assert [sample.tolist() for sample in both.inputs[:]] == [[1, 2], [], [7, 8, 9]]
        assert [sample.tolist() for sample in both.targets[:]] == [[5, 6], [], [0, 1, 2]]

    @pytest.mark.parametrize("shared", [True, False])
    def test_words_that_are_kept_as_numbers(self, shared):
        table = np.array([[1, 10], [2, 20]], np.int32)
        own = table if shared else np.array([[3, 30], [1, 10]], np.int32)
        one = Ragged(Coded(np.array([0, 1], np.int32), table), np.array([0, 2]))
        other = Ragged(Coded(np.array([1, 0], np.int32), own), np.array([0, 1, 2]))
        both = together(replace(rows(1), inputs=one), replace(rows(2, 3), inputs=other))
        last = [[2, 20], [1, 10]] if shared else [[1, 10], [3, 30]]
        assert [sample.tolist() for sample in both.inputs[:]] == [[[1, 10], [2, 20]], [last[0]], [last[1]]]

    def test_other_columns_are_refused(self):
        with pytest.raises(TypeError, match="a list and a list cannot be joined"):
            together(replace(rows(1), inputs=[1]), replace(rows(2), inputs=[2]))


class TestMayReturn:
    def test_what_was_drawn_from_the_training_samples_may(self):
        assert can_return(dataset())

    @pytest.mark.parametrize("made_by", ["user", "data"])
    def test_a_split_that_was_given_stays_apart(self, made_by):
        assert not can_return(dataset(made_by=made_by))

    def test_without_a_test_split_the_score_is_needed(self):
        assert not can_return(dataset(train=rows(1), valid=rows(2)))

    def test_pictures_stay_where_they_are(self):
        image = Image(height_px=8, width_px=8, channels=1)
        assert not can_return(dataset(spec=Spec(input=image, target=ROWS.target)))

    def test_too_much_is_not_copied(self, monkeypatch):
        monkeypatch.setattr("gnomon.data.together._MOST_VALUES", 5)
        assert not can_return(dataset())
