"""Windows out of rows, seen without a copy."""

import numpy as np
import pytest

from gnomon.data.stretches import Picked, Stretches, covering, every, lengthened

ROWS = np.arange(20, dtype=np.float32).reshape(10, 2)


def test_a_window_is_the_rows_from_where_it_begins():
    column = Stretches(ROWS, length=3, starts=np.array([0, 4, 7]))
    assert len(column) == 3
    assert column[1].tolist() == ROWS[4:7].tolist()
    assert column[np.array([2, 0])].tolist() == [ROWS[7:10].tolist(), ROWS[:3].tolist()]
    assert column[1:].shape == (2, 3, 2)
    assert column[1].flags.c_contiguous


@pytest.mark.parametrize("starts", [[8], [-1], [0, 9]])
def test_windows_beyond_the_rows_are_refused(starts):
    with pytest.raises(ValueError, match="do not all lie"):
        Stretches(ROWS, length=3, starts=np.array(starts))


def test_all_windows_and_those_that_cover_all_rows():
    assert every(10, 3).tolist() == list(range(8))
    assert every(2, 3).tolist() == []
    assert covering(10, 3, 3).tolist() == [0, 3, 6, 7]
    assert covering(9, 3, 3).tolist() == [0, 3, 6]
    assert covering(10, 3, 0).tolist() == list(range(8))
    assert covering(2, 3, 1).tolist() == []


@pytest.mark.parametrize(("num_rows", "length", "stride"), [(10, 3, 2), (11, 4, 4), (5, 5, 1), (100, 7, 3)])
def test_no_row_is_left_out(num_rows, length, stride):
    seen = np.zeros(num_rows, int)
    for start in covering(num_rows, length, stride):
        seen[start : start + length] += 1
    assert seen.min() >= 1


def test_rows_too_few_are_mirrored():
    rows, before = lengthened(ROWS[:2], 5)
    assert before == 3
    assert rows[:, 0].tolist() == [2, 2, 0, 0, 2]
    assert lengthened(ROWS, 5) == (ROWS, 0)
    assert lengthened(ROWS[:1], 3)[0].tolist() == [[0, 1]] * 3
    with pytest.raises(ValueError, match="no row"):
        lengthened(ROWS[:0], 3)


def test_picked_samples_are_those_of_the_parent():
    picked = Picked(np.array(list("abcdef"), dtype=object), np.array([5, 0, 3]))
    assert picked[0] == "f"
    assert picked[-1] == "d"
    assert list(picked[np.array([1, 2])]) == ["a", "d"]
    assert list(picked[1:]) == ["a", "d"]
    assert len(picked) == 3
    with pytest.raises(IndexError):
        picked[3]
