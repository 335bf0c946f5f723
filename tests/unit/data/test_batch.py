from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_training import CPU, feed_of, pictures

from gnomon.core.ranks import Ranks
from gnomon.core.training import AugmentConfig
from gnomon.data.batch import looks


def order_of(feed, num_steps):
    return np.concatenate([feed.ids(step)[0] for step in range(num_steps)])


class TestOrder:
    @settings(max_examples=30, deadline=None)
    @given(st.integers(1, 23), st.integers(1, 9), st.integers(0, 5))
    def test_every_epoch_is_a_complete_permutation(self, num_samples, batch_size, seed):
        feed = feed_of(pictures(num_samples), batch_size=batch_size, seed=seed)
        num_epochs = 3
        steps = -(-num_epochs * num_samples // batch_size)
        ids = order_of(feed, steps)[: num_epochs * num_samples].reshape(num_epochs, num_samples)
        assert (np.sort(ids, axis=1) == np.arange(num_samples)).all()
        epochs = np.concatenate([feed.ids(step)[1] for step in range(steps)])
        assert epochs[: num_epochs * num_samples].tolist() == np.repeat(range(num_epochs), num_samples).tolist()

    def test_epochs_differ_and_seeds_differ(self):
        ids = order_of(feed_of(pictures(20), batch_size=20), 3)
        assert len({tuple(epoch) for epoch in ids.reshape(3, 20)}) == 3
        assert not np.array_equal(ids, order_of(feed_of(pictures(20), batch_size=20, seed=1), 3))

    def test_a_batch_may_end_one_epoch_and_begin_the_next(self):
        feed = feed_of(pictures(6), batch_size=4)
        ids, epochs = feed.ids(1)
        assert epochs.tolist() == [0, 0, 1, 1]
        assert set(ids[:2]) == set(range(6)) - set(feed.ids(0)[0])

    def test_a_batch_may_be_larger_than_the_data(self):
        ids, epochs = feed_of(pictures(3), batch_size=8).ids(0)
        assert epochs.tolist() == [0, 0, 0, 1, 1, 1, 2, 2]
        assert sorted(ids[:3]) == sorted(ids[3:6]) == [0, 1, 2]

    @pytest.mark.parametrize("steps", [[7, 0, 3, 7], list(range(40)), [39, 0, 20]])
    def test_a_step_is_the_same_whatever_was_asked_before(self, steps):
        config = AugmentConfig(flip="alternate", shift_px=1)
        feed = feed_of(pictures(10), batch_size=4, augment=config)
        for step in steps:
            batch = feed.batch(step, size=6)
            fresh = feed_of(pictures(10), batch_size=4, augment=config).batch(step, size=6)
            assert torch.equal(batch.inputs, fresh.inputs)
            assert torch.equal(batch.targets, fresh.targets)
            assert np.array_equal(batch.ids, fresh.ids)

    def test_orders_of_long_past_epochs_are_forgotten(self):
        feed = feed_of(pictures(10), batch_size=5)
        order_of(feed, 40)
        assert sorted(feed._orders) == [18, 19]


class TestBatch:
    def test_pictures_targets_and_ids_belong_together(self):
        split = pictures(10)
        batch = feed_of(split, augment=AugmentConfig(flip="off")).batch(3, size=6)
        assert np.array_equal(batch.inputs.numpy(), split.inputs[batch.ids])
        assert np.array_equal(batch.targets.numpy(), split.targets[batch.ids])
        assert batch.inputs.dtype == torch.uint8

    def test_the_resolution_is_as_asked(self):
        assert feed_of(pictures(10)).batch(0, size=3).inputs.shape == (4, 3, 3, 1)

    def test_an_epoch_has_as_many_samples_as_the_split(self):
        assert feed_of(pictures(7)).num_samples == 7

    def test_pictures_in_a_mapped_file_are_taken_from_it(self, tmp_path):
        split = pictures(10)
        path = tmp_path / "pixels"
        split.inputs.tofile(path)
        mapped = np.memmap(path, dtype=np.uint8, mode="r", shape=split.inputs.shape)
        batch = feed_of(replace(split, inputs=mapped)).batch(1, size=6)
        assert torch.equal(batch.inputs, feed_of(split).batch(1, size=6).inputs)


class TestRanks:
    @pytest.mark.parametrize("world_size", [1, 2, 4])
    @pytest.mark.parametrize("step", [0, 1, 5])
    def test_the_shares_of_all_ranks_are_the_whole_batch(self, world_size, step):
        config = AugmentConfig(flip="alternate", shift_px=1)
        whole = feed_of(pictures(6), batch_size=8, augment=config).batch(step, size=6)
        shares = [
            feed_of(pictures(6), batch_size=8, augment=config, ranks=Ranks(rank=rank, world_size=world_size)).batch(
                step, size=6
            )
            for rank in range(world_size)
        ]
        assert torch.equal(torch.cat([share.inputs for share in shares]), whole.inputs)
        assert torch.equal(torch.cat([share.targets for share in shares]), whole.targets)
        assert np.array_equal(np.concatenate([share.ids for share in shares]), whole.ids)

    def test_a_batch_that_cannot_be_shared_is_refused(self):
        with pytest.raises(ValueError, match="a batch of 8 cannot be shared by 3 ranks"):
            feed_of(pictures(6), batch_size=8, ranks=Ranks(rank=0, world_size=3)).batch(0, size=6)


class TestLooks:
    @pytest.mark.parametrize(("batch_size", "sizes"), [(4, [4, 4, 2]), (10, [10]), (99, [10]), (1, [1] * 10)])
    def test_all_samples_once_in_order_unvaried(self, batch_size, sizes):
        split = pictures(10)
        batches = list(looks(split, batch_size=batch_size, size=6, device=CPU))
        assert [len(batch.targets) for batch in batches] == sizes
        assert np.concatenate([batch.ids for batch in batches]).tolist() == list(range(10))
        assert np.array_equal(torch.cat([batch.inputs for batch in batches]).numpy(), split.inputs)
        assert np.array_equal(torch.cat([batch.targets for batch in batches]).numpy(), split.targets)

    def test_at_another_resolution(self):
        (batch,) = looks(pictures(3), batch_size=4, size=12, device=CPU)
        assert batch.inputs.shape == (3, 12, 12, 1)

    def test_of_nothing_there_is_nothing(self):
        assert list(looks(pictures(0), batch_size=4, size=6, device=CPU)) == []
