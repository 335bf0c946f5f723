import numpy as np
import pytest

from gnomon.data.ragged import Items, Ragged, digests

EMPTY = np.zeros((0, 2), np.int64)


def ragged():
    return Ragged.of([np.full((n, 2), n) for n in (3, 0, 1)], like=EMPTY)


class TestItems:
    def test_an_int_gives_one_and_an_array_a_list(self):
        items = Items(["a", "b", "c"])
        assert len(items) == 3
        assert items[1] == items[np.int64(1)] == "b"
        assert items[1:] == ["b", "c"]
        assert items[np.array([2, 0])] == ["c", "a"]


class TestRagged:
    def test_samples_come_back_as_they_were(self):
        column = ragged()
        assert len(column) == 3
        assert column.lengths.tolist() == [3, 0, 1]
        assert column[0].tolist() == [[3, 3]] * 3
        assert column[-1].tolist() == [[1, 1]]
        assert [len(part) for part in column[np.array([2, 0, 0])]] == [1, 3, 3]
        assert [len(part) for part in column[1:]] == [0, 1]

    def test_no_sample_at_all(self):
        column = Ragged.of([], like=EMPTY)
        assert len(column) == 0
        assert column.values.shape == (0, 2)
        assert column[np.zeros(0, np.int64)] == []

    def test_a_place_that_does_not_exist(self):
        with pytest.raises(IndexError):
            ragged()[3]

    @pytest.mark.parametrize("offsets", [[0, 3], [1, 4], [0, 5, 4], [0, 2, 1, 4]])
    def test_offsets_that_do_not_fit(self, offsets):
        with pytest.raises(ValueError, match="do not cut 4 values"):
            Ragged(np.zeros(4), np.array(offsets))


def test_digests_tell_contents_apart():
    found = digests([b"a", b"b", b"a"])
    assert found.dtype == np.dtype("V16")
    assert found[0] == found[2] != found[1]
    assert digests([]).shape == (0,)
