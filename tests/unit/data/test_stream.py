import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.core.ranks import Ranks
from gnomon.core.spec import Split
from gnomon.data.ragged import Items, digests
from gnomon.data.stream import UNSCORED, Places, Stream, StreamFeed, looks_stream

CPU = torch.device("cpu")


def split_of(num_tokens, window, dtype=np.uint16):
    stream = Stream(np.arange(1, num_tokens + 1, dtype=dtype), window)
    return Split(inputs=stream, targets=stream, ids=Items(["?"] * len(stream)), hashes=digests([b""] * len(stream)))


def feed_of(split, batch_size=4, seed=0, ranks=None):
    return StreamFeed(split, batch_size=batch_size, seed=seed, device=CPU, ranks=ranks or Ranks())


class TestStream:
    @pytest.mark.parametrize(
        ("num_tokens", "window", "expected"), [(0, 4, 0), (1, 4, 0), (2, 4, 1), (5, 4, 1), (6, 4, 2), (9, 4, 2)]
    )
    def test_windows_cover_all_tokens_but_the_first(self, num_tokens, window, expected):
        stream = Stream(np.arange(num_tokens), window)
        assert len(stream) == expected
        assert [token for found in stream[:] for token in found] == list(range(1, num_tokens))

    def test_windows_are_int64_whatever_the_store(self):
        stream = Stream(np.arange(10, dtype=np.uint16), 4)
        assert stream[1].dtype == np.int64
        assert stream[-1].tolist() == [9]
        assert [found.tolist() for found in stream[np.array([2, 0])]] == [[9], [1, 2, 3, 4]]
        with pytest.raises(IndexError):
            stream[3]

    def test_a_window_has_at_least_one_token(self):
        with pytest.raises(ValueError, match="0 tokens"):
            Stream(np.arange(3), 0)

    def test_places_name_the_document_and_the_token(self):
        stream = Stream(np.arange(12), 4)
        places = Places(["a.txt", "b.txt"], np.array([0, 6]), stream)
        assert len(places) == len(stream) == 3
        assert places[0] == "a.txt@1"
        assert places[:] == ["a.txt@1", "a.txt@5", "b.txt@3"]
        assert places[np.array([2])] == ["b.txt@3"]

    def test_no_torch_is_needed_to_hold_a_stream(self):
        program = "import sys, gnomon.data.textprep; print('torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "False"


class TestFeed:
    @settings(max_examples=60, deadline=None)
    @given(st.integers(2, 90), st.integers(1, 7), st.integers(1, 6), st.integers(0, 3))
    def test_targets_are_the_next_tokens_and_every_token_comes_in_every_epoch(self, num, window, lanes, epoch):
        feed = feed_of(split_of(num, window), lanes)
        seen = set()
        for step in range(epoch * feed.steps, (epoch + 1) * feed.steps):
            batch = feed.batch(step, size=0)
            assert batch.inputs.shape == (lanes, window, 1)
            assert batch.targets.shape == (lanes, window)
            inputs = batch.inputs[..., 0].numpy()
            expected = np.where(inputs == num, UNSCORED, inputs + 1)
            assert np.array_equal(batch.targets.numpy(), expected)
            seen |= set(inputs.flatten().tolist())
        assert seen == set(range(1, num + 1))

    def test_every_lane_goes_on_where_it_ended(self):
        feed = feed_of(split_of(1000, 8))
        assert feed.steps == 32
        for step in range(1, 32):
            before, after = feed.batch(step - 1, size=0), feed.batch(step, size=0)
            assert torch.equal(after.inputs[:, 0, 0], before.inputs[:, -1, 0] % 1000 + 1)
            assert not after.fresh.any()

    def test_all_rows_are_fresh_at_the_start_of_an_epoch_which_begins_elsewhere(self):
        feed = feed_of(split_of(1000, 8))
        starts = [feed.starts(step).tolist() for step in (0, 32, 64)]
        assert all(feed.batch(step, size=0).fresh.tolist() == [True] * 4 for step in (0, 32, 64))
        assert len({tuple(one) for one in starts}) == 3
        assert np.diff(np.sort(feed.starts(32))).tolist() == [250] * 3
        assert starts[0] != feed_of(split_of(1000, 8), seed=1).starts(0).tolist()

    def test_a_step_is_the_same_whatever_was_asked_before(self):
        split = split_of(500, 8)
        feed = feed_of(split)
        for step in (90, 0, 17, 16, 90):
            batch, fresh = feed.batch(step, size=0), feed_of(split).batch(step, size=0)
            assert torch.equal(batch.inputs, fresh.inputs)
            assert torch.equal(batch.targets, fresh.targets)
            assert torch.equal(batch.fresh, fresh.fresh)

    def test_the_ranks_together_hold_the_whole_batch(self):
        split = split_of(500, 8)
        for step in (0, 5):
            whole = feed_of(split, 6).batch(step, size=0)
            parts = [feed_of(split, 6, ranks=Ranks(rank=r, world_size=3)).batch(step, size=0) for r in range(3)]
            for name in ("inputs", "targets", "fresh"):
                assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(whole, name))
            assert np.concatenate([part.ids for part in parts]).tolist() == whole.ids.tolist()

    def test_ids_are_windows_of_the_split(self):
        split = split_of(500, 8)
        feed = feed_of(split)
        ids = np.concatenate([feed.batch(step, size=0).ids for step in range(40)])
        assert ids.min() >= 0
        assert ids.max() < len(split) == feed.num_samples == 63
        assert feed.typical_step == 0

    def test_what_cannot_be_continued_is_refused(self):
        with pytest.raises(ValueError, match="fewer than two tokens"):
            feed_of(split_of(1, 4))
        with pytest.raises(TypeError, match="no text to be continued"):
            feed_of(Split(inputs=Items(["a"]), targets=0, ids=Items(["a"]), hashes=digests([b""])))


class TestLooks:
    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 60), st.integers(1, 7), st.integers(1, 5), st.none() | st.integers(0, 9))
    def test_every_token_but_the_first_is_scored_once(self, num, window, batch_size, context):
        scored, ids = [], []
        before = window if context is None else context
        for batch in looks_stream(split_of(num, window), batch_size=batch_size, device=CPU, context=context):
            inputs, targets = batch.inputs[..., 0].numpy(), batch.targets.numpy()
            counts = targets != UNSCORED
            assert (targets[counts] == inputs[counts] + 1).all()
            assert batch.inputs.shape[1] <= before + window
            for row, seen in zip(counts, inputs, strict=True):
                first = row.argmax()  # tokens before the first that is scored: the context
                assert first == min(before, seen[first] - 1)
                assert (seen[: row.sum() + first] > 0).all()
            scored += targets[counts].tolist()
            ids += batch.ids.tolist()
        assert scored == list(range(2, num + 1))
        assert ids == list(range(len(ids)))

    def test_an_example(self):
        batches = list(looks_stream(split_of(6, 2), batch_size=2, device=CPU, context=1))
        assert batches[0].inputs[..., 0].tolist() == [[1, 2, 0], [2, 3, 4]]
        assert batches[0].targets.tolist() == [[2, 3, -1], [-1, 4, 5]]
        assert batches[1].inputs[..., 0].tolist() == [[4, 5]]
        assert batches[1].targets.tolist() == [[-1, 6]]

    def test_some_windows_may_be_asked_for(self):
        found = list(looks_stream(split_of(60, 4), batch_size=2, device=CPU, rows=np.array([1, 5, 6])))
        assert [batch.ids.tolist() for batch in found] == [[1, 5], [6]]
        whole = list(looks_stream(split_of(60, 4), batch_size=1, device=CPU))
        assert torch.equal(found[0].inputs[1], whole[5].inputs[0])
