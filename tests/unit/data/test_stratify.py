import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.data.stratify import are_distinct, assign, distinct_labels


def digests(contents):
    words = np.zeros((len(contents), 2), np.uint64)
    words[:, 0] = contents
    return words.view("V16").ravel()


def test_shares_come_out_exactly_in_every_class():
    targets = np.array([0, 1] * 50)
    parts = assign(targets, digests(np.arange(100)), (0.8, 0.1, 0.1), seed=0)
    for label in (0, 1):
        assert np.bincount(parts[targets == label]).tolist() == [40, 5, 5]


def test_the_seed_decides():
    targets, contents = np.zeros(100, np.int64), digests(np.arange(100))
    first, again, other = (assign(targets, contents, (0.8, 0.2), seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_pairs_of_equal_contents_are_kept_together_and_in_proportion():
    parts = assign(np.zeros(100, np.int64), digests(np.arange(100) // 2), (0.8, 0.1, 0.1), seed=0)
    assert np.array_equal(parts[::2], parts[1::2])
    assert np.abs(np.bincount(parts, minlength=3) - [80, 10, 10]).max() <= 1


def test_small_classes_share_their_remainders_fairly():
    # 40 classes of 5: each wants 4, 1/2, 1/2; the halves must come out even over all classes.
    parts = assign(np.repeat(np.arange(40), 5), digests(np.arange(200)), (0.8, 0.1, 0.1), seed=0)
    assert np.bincount(parts).tolist() == [160, 20, 20]


@st.composite
def samples(draw):
    num_groups = draw(st.integers(1, 40))
    group_sizes = draw(st.lists(st.integers(1, 6), min_size=num_groups, max_size=num_groups))
    labels = draw(st.lists(st.integers(0, 4), min_size=num_groups, max_size=num_groups))
    order = np.array(draw(st.permutations(range(sum(group_sizes)))), dtype=np.int64)
    targets = np.repeat(labels, group_sizes).astype(np.int64)[order]
    return targets, np.repeat(np.arange(num_groups), group_sizes)[order]


shares_of = st.sampled_from([(0.8, 0.1, 0.1), (0.6, 0.2, 0.2), (0.9, 0.1), (0.5, 0.25, 0.25), (0.7, 0.3, 0.0)])


@settings(max_examples=150, deadline=None)
@given(samples(), shares_of, st.integers(0, 2**31))
def test_properties_of_the_assignment(data, shares, seed):
    targets, contents = data
    parts = assign(targets, digests(contents), shares, seed)
    # A partition, with every content on one side.
    assert parts.shape == targets.shape
    assert set(parts) <= set(range(len(shares)))
    for content in np.unique(contents):
        assert len(set(parts[contents == content])) == 1
    # Training sees every class; every part is within one group of its wish, class by class.
    assert set(targets[parts == 0]) == set(targets)
    for label in np.unique(targets):
        mine = targets == label
        if len(np.unique(contents[mine])) == 1:
            continue
        largest = max(np.bincount(contents[mine]))
        for s, share in enumerate(shares):
            assert abs((parts[mine] == s).sum() - share * mine.sum()) <= max(largest, 1) + 1
    # A pure function of its arguments.
    assert np.array_equal(parts, assign(targets, digests(contents), shares, seed))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 9))
def test_contents_under_several_labels_lie_on_one_side_too(contents, seed):
    contents = np.array(contents)
    targets = np.arange(len(contents)) % 3
    parts = assign(targets, digests(contents), (0.8, 0.1, 0.1), seed)
    for content in np.unique(contents):
        assert len(set(parts[contents == content])) == 1


def test_labels_are_distinct_where_no_two_samples_share_one():
    assert are_distinct(np.array([1, 0, 1, 1]))
    assert not are_distinct(np.array([1, 2, 1]))
    assert not are_distinct(np.array([1, 1]))


def test_distinct_labels_are_refused_with_two_of_them():
    error = distinct_labels(9, "texts", ("a" * 30, "b", "c"))
    assert f"each of the 9 texts has a label of its own ('{'a' * 24}…', 'b', …)" in str(error)
