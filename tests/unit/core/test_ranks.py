"""core/ranks.py: which of how many."""

import pytest

from gnomon.core.ranks import Ranks


def test_one_process_writes_and_computes_all():
    assert Ranks().writes
    assert Ranks().share(256) == slice(0, 256)


def test_the_shares_are_the_batch_in_order():
    batch = list(range(12))
    shares = [batch[Ranks(rank=rank, world_size=4).share(12)] for rank in range(4)]
    assert shares == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert [Ranks(rank=rank, world_size=4).writes for rank in range(4)] == [True, False, False, False]


def test_a_batch_that_cannot_be_shared():
    with pytest.raises(ValueError, match="a batch of 10 cannot be shared by 4 ranks"):
        Ranks(rank=1, world_size=4).share(10)
