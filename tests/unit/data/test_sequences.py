import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.core.ranks import Ranks
from gnomon.core.spec import Split
from gnomon.data.ragged import Items, Ragged, digests
from gnomon.data.sequences import NO_TAG, SequenceFeed, collate, looks_sequences

CPU = torch.device("cpu")


def column(lengths, features=2, dtype=np.int32):
    total = int(np.sum(lengths))
    values = np.arange(1, 1 + total * features, dtype=dtype).reshape(total, features)
    return Ragged(values, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def labelled(lengths):
    num = len(lengths)
    names = Items([str(n) for n in range(num)])
    return Split(
        inputs=column(lengths),
        targets=np.arange(num, dtype=np.int64) % 3,
        ids=names,
        hashes=digests(str(n).encode() for n in range(num)),
    )


def tagged(lengths):
    split = labelled(lengths)
    tags = column(lengths, features=1, dtype=np.int64)
    flat = Ragged(tags.values[:, 0] % 5, tags.offsets)
    return Split(inputs=split.inputs, targets=flat, ids=split.ids, hashes=split.hashes)


def feed_of(split, batch_size=4, seed=0, ranks=None):
    return SequenceFeed(split, batch_size=batch_size, seed=seed, device=CPU, ranks=ranks or Ranks())


def some_lengths(num, seed=0):
    return np.random.default_rng(seed).integers(1, 60, num)


class TestCollate:
    def test_samples_lie_side_by_side_with_nothing_behind_their_ends(self):
        found = collate(column([2, 0, 3]), np.array([2, 1, 0]), 4, 0)
        assert found.dtype == np.int64
        assert found.tolist() == [
            [[5, 6], [7, 8], [9, 10], [0, 0]],
            [[0, 0]] * 4,
            [[1, 2], [3, 4], [0, 0], [0, 0]],
        ]

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(0, 5))
    def test_it_is_what_a_loop_would_do(self, lengths, extra):
        held = column(lengths)
        ids = np.arange(len(lengths))[::-1]
        width = max(lengths) + extra
        found = collate(held, ids, width, -7)
        for row, i in zip(found, ids, strict=True):
            assert np.array_equal(row[: lengths[i]], held[int(i)])
            assert (row[lengths[i] :] == -7).all()


class TestOrder:
    @settings(max_examples=30, deadline=None)
    @given(st.integers(1, 70), st.integers(1, 9), st.integers(0, 3))
    def test_every_sample_comes_once_an_epoch(self, num, batch_size, seed):
        feed = feed_of(labelled(some_lengths(num)), batch_size, seed)
        # After as many pools as there are samples in one, all samples were seen equally often.
        pool = feed._pool_batches * batch_size
        pools = num // np.gcd(num, pool)
        seen = np.concatenate([feed.ids(step) for step in range(pools * feed._pool_batches)])
        assert set(np.bincount(seen, minlength=num).tolist()) == {len(seen) // num}

    def test_an_epoch_of_whole_pools_has_each_sample_once(self):
        feed = feed_of(labelled(some_lengths(64)))
        for epoch in range(3):
            seen = np.concatenate([feed.ids(step) for step in range(16 * epoch, 16 * (epoch + 1))])
            assert sorted(seen) == list(range(64))

    def test_batches_hold_samples_of_nearly_equal_length(self):
        lengths = some_lengths(4000)
        feed = feed_of(labelled(lengths), batch_size=20)
        ranges = [int(np.ptp(lengths[feed.ids(step)])) for step in range(200)]
        assert np.mean(ranges) < 3
        assert all((np.diff(lengths[feed.ids(step)]) >= 0).all() for step in range(10))

    def test_long_and_short_batches_take_turns(self):
        lengths = some_lengths(4000)
        feed = feed_of(labelled(lengths), batch_size=20)
        means = np.array([lengths[feed.ids(step)].mean() for step in range(50)])
        assert not (np.diff(means) > 0).all()
        assert np.abs(np.corrcoef(means, np.arange(50))[0, 1]) < 0.5

    def test_hardly_a_batch_holds_a_sample_twice(self):
        feed = feed_of(labelled(some_lengths(90)), batch_size=4)
        batches = [feed.ids(step) for step in range(450)]
        doubled = sum(len(set(ids.tolist())) < len(ids) for ids in batches)
        assert doubled < 20

    @pytest.mark.parametrize("steps", [[90, 0, 3, 90], [39, 0, 20, 41]])
    def test_a_step_is_the_same_whatever_was_asked_before(self, steps):
        split = tagged(some_lengths(50))
        feed = feed_of(split)
        for step in steps:
            batch, fresh = feed.batch(step, size=0), feed_of(split).batch(step, size=3)
            assert torch.equal(batch.inputs, fresh.inputs)
            assert torch.equal(batch.targets, fresh.targets)
            assert np.array_equal(batch.ids, fresh.ids)

    def test_seeds_and_epochs_differ(self):
        split = labelled(some_lengths(64))
        first = feed_of(split)
        assert not np.array_equal(first.ids(0), feed_of(split, seed=1).ids(0))
        assert not np.array_equal(first.ids(0), first.ids(16))

    def test_pools_of_long_past_steps_are_forgotten(self):
        feed = feed_of(labelled(some_lengths(64)))
        for step in range(80):
            feed.ids(step)
        assert len(feed._pools) <= 2
        assert len(feed._orders) <= 2


class TestBatch:
    def test_shapes_types_and_what_belongs_together(self):
        split = labelled([3, 9, 17, 1, 5, 8, 2, 30])
        feed = feed_of(split, batch_size=2)
        assert feed.num_samples == 8
        for step in range(8):
            batch = feed.batch(step, size=0)
            longest = split.inputs.lengths[batch.ids].max()
            assert batch.inputs.shape == (2, -(-longest // 8) * 8, 2)
            assert batch.inputs.dtype == batch.targets.dtype == torch.int64
            assert batch.targets.tolist() == split.targets[batch.ids].tolist()
            for row, i in zip(batch.inputs.numpy(), batch.ids, strict=True):
                assert np.array_equal(row[: len(split.inputs[int(i)])], split.inputs[int(i)])

    def test_tags_have_no_class_where_there_is_no_word(self):
        split = tagged([3, 9])
        batch = next(looks_sequences(split, batch_size=2, device=CPU))
        assert batch.targets.shape == (2, 16)
        assert batch.targets[0].tolist() == [*split.targets[0].tolist(), *[NO_TAG] * 13]
        assert ((batch.targets == NO_TAG) == (batch.inputs[..., 0] == 0)).all()

    def test_the_ranks_together_hold_the_whole_batch(self):
        split = tagged(some_lengths(50))
        for step in (0, 7):
            whole = feed_of(split, batch_size=6).batch(step, size=0)
            parts = [
                feed_of(split, batch_size=6, ranks=Ranks(rank=rank, world_size=3)).batch(step, size=0)
                for rank in range(3)
            ]
            assert torch.equal(torch.cat([part.inputs for part in parts]), whole.inputs)
            assert torch.equal(torch.cat([part.targets for part in parts]), whole.targets)
            assert np.array_equal(np.concatenate([part.ids for part in parts]), whole.ids)

    def test_a_batch_may_be_larger_than_the_data(self):
        assert sorted(feed_of(labelled([3, 2, 1]), batch_size=6).ids(0)) == [0, 0, 1, 1, 2, 2]

    def test_the_typical_step_is_about_as_long_as_the_mean(self):
        lengths = some_lengths(4000)
        feed = feed_of(labelled(lengths), batch_size=20)
        longest = [lengths[feed.ids(step)].max() for step in range(50)]
        assert abs(longest[feed.typical_step] - np.mean(longest)) <= 2

    def test_another_column_is_refused(self):
        with pytest.raises(TypeError, match="no column of sequences"):
            feed_of(Split(inputs=Items(["a"]), targets=np.zeros(1), ids=Items(["a"]), hashes=digests([b""])))


class TestLooks:
    def test_all_samples_come_in_order_each_once(self):
        split = labelled(some_lengths(11))
        batches = list(looks_sequences(split, batch_size=4, device=CPU))
        assert [len(batch) for batch in batches] == [4, 4, 3]
        assert np.concatenate([batch.ids for batch in batches]).tolist() == list(range(11))
        assert torch.cat([batch.targets for batch in batches]).tolist() == split.targets.tolist()

    def test_some_samples_may_be_asked_for(self):
        rows = np.array([1, 5, 6])
        batches = list(looks_sequences(labelled(some_lengths(11)), batch_size=2, device=CPU, rows=rows))
        assert [batch.ids.tolist() for batch in batches] == [[1, 5], [6]]

    def test_of_nothing_there_is_nothing(self):
        assert list(looks_sequences(labelled([]), batch_size=2, device=CPU)) == []
