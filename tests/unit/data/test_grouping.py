import numpy as np
import pytest

from gnomon.core.errors import DataError
from gnomon.data import grouping


def distinct(count):
    return np.arange(2 * count, dtype=np.uint64).view("V16")


def test_groups_stay_whole_and_every_part_gets_one():
    groups = np.repeat(np.arange(6), 50)
    parts = grouping.assign(groups, distinct(300), (0.8, 0.1, 0.1), 0)
    assert [len(np.unique(parts[groups == group])) for group in range(6)] == [1] * 6
    assert np.bincount(parts[::50]).tolist() == [4, 1, 1]


def test_as_many_groups_as_parts_give_each_one():
    parts = grouping.assign(np.repeat(np.arange(3), 10), distinct(30), (0.8, 0.1, 0.1), 3)
    assert sorted(parts[::10].tolist()) == [0, 1, 2]


def test_a_part_without_a_share_gets_none():
    parts = grouping.assign(np.repeat(np.arange(5), 4), distinct(20), (0.8, 0.2, 0.0), 0)
    assert np.bincount(parts[::4], minlength=3).tolist() == [4, 1, 0]


def test_many_groups_of_many_sizes_come_close_to_the_shares():
    draw = np.random.default_rng(0)
    groups = np.repeat(np.arange(200), draw.integers(1, 60, 200))
    parts = grouping.assign(groups, distinct(len(groups)), (0.8, 0.1, 0.1), 1)
    assert np.bincount(parts) / len(parts) == pytest.approx([0.8, 0.1, 0.1], abs=0.01)


def test_the_seed_decides():
    groups = np.repeat(np.arange(12), 5)
    one, same, other = (grouping.assign(groups, distinct(60), (0.5, 0.25, 0.25), seed) for seed in (0, 0, 1))
    assert (one == same).all()
    assert (one != other).any()


def test_groups_that_share_a_content_count_as_one():
    hashes = distinct(12)
    hashes[0], hashes[6] = hashes[11], hashes[11]  # groups 0, 1 and 2 hold the same recording
    parts = grouping.assign(np.repeat(np.arange(4), [3, 4, 5, 0]), hashes, (1.0,), 0)
    assert (parts == 0).all()
    with pytest.raises(DataError, match="1 groups cannot be held apart in 2 splits"):
        grouping.assign(np.repeat(np.arange(4), [3, 4, 5, 0]), hashes, (0.5, 0.5), 0)


def test_too_few_groups_are_refused():
    with pytest.raises(DataError, match="2 groups cannot be held apart in 3 splits") as caught:
        grouping.assign(np.array([0, 1]), distinct(2), (0.8, 0.1, 0.1), 0)
    assert "--group" in caught.value.fix
