import numpy as np
import pytest
import torch
from small_kinds import CPU, KINDS

from gnomon.core.spec import Label, Spec
from gnomon.data import feeds


@pytest.fixture(params=KINDS, ids=[kind.name for kind in KINDS])
def kind(request):
    return request.param


def looked_at(kind, split, **more):
    return list(feeds.looks(split, kind.spec, size=kind.size, device=CPU, **more))


def same(one, other):
    """Whether two tensors are equal bit for bit; what is missing equals what is missing."""
    return torch.equal(one.isnan(), other.isnan()) and torch.equal(one.nan_to_num(), other.nan_to_num())


class TestFeeds:
    def test_a_batch_is_a_pure_function_of_the_step(self, kind):
        split = kind.split(12)
        one, other = kind.feed(split, batch_size=4), kind.feed(split, batch_size=4)
        wanted = [one.batch(step, size=kind.size) for step in range(7)]
        for step in (6, 0, 3, 3, 5):
            found = other.batch(step, size=kind.size)
            assert same(found.inputs, wanted[step].inputs)
            assert torch.equal(found.targets, wanted[step].targets)
            assert np.array_equal(found.ids, wanted[step].ids)

    def test_another_seed_gives_another_order(self, kind):
        split = kind.split(12)
        orders = [
            [kind.feed(split, batch_size=4, seed=seed).batch(s, size=kind.size).inputs.tolist() for s in range(3)]
            for seed in (0, 1)
        ]
        assert orders[0] != orders[1]

    def test_what_planning_needs(self, kind):
        feed = kind.feed(kind.split(12), batch_size=4)
        assert feed.num_samples == len(kind.split(12)) == 12
        assert feed.typical_step >= 0
        assert len(feed.batch(feed.typical_step, size=kind.size)) == 4


class TestLooks:
    def test_every_sample_once_and_in_order(self, kind):
        split = kind.split(7)
        batches = looked_at(kind, split, batch_size=3)
        assert [batch.ids.tolist() for batch in batches] == [[0, 1, 2], [3, 4, 5], [6]]
        assert [len(batch.inputs) for batch in batches] == [3, 3, 1]

    def test_some_samples_are_as_they_are_among_all(self, kind):
        split = kind.split(7)
        (whole,) = looked_at(kind, split, batch_size=7)
        (some,) = looked_at(kind, split, batch_size=7, rows=np.array([1, 4], dtype=np.int64))
        assert some.ids.tolist() == [1, 4]
        width = some.inputs.shape[1]
        assert same(some.inputs, whole.inputs[[1, 4], :width])


def test_a_kind_without_batches():
    spec = Spec(input=Label(classes=("a",)), target=Label(classes=("a",)))
    with pytest.raises(TypeError, match="no batches of Label"):
        feeds.looks(KINDS[0].split(3), spec, batch_size=2, size=0, device=CPU)
    with pytest.raises(TypeError, match="no batches of Label"):
        feeds.feed_for(KINDS[0].split(3), spec, batch_size=2, augment=None, seed=0, device=CPU, ranks=None)
