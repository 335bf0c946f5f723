import numpy as np

from gnomon.data import duplicates


def hashes(*texts):
    return np.array([text.ljust(16, b"\0") for text in texts]).view("V16")


def test_equal_digests_share_a_group():
    groups, sizes = duplicates.group(hashes(b"b", b"a", b"b", b"c", b"a", b"b"))
    assert groups[0] == groups[2] == groups[5]
    assert groups[1] == groups[4]
    assert len({groups[0], groups[1], groups[3]}) == 3
    assert sizes[groups].tolist() == [3, 2, 3, 1, 2, 3]


def test_digests_that_differ_in_one_half_only_are_different():
    words = np.array([[1, 1], [1, 2], [2, 1], [1, 1]], dtype=np.uint64)
    groups, sizes = duplicates.group(words.view("V16").ravel())
    assert groups[0] == groups[3]
    assert sorted(sizes.tolist()) == [1, 1, 2]


def test_digests_need_not_lie_side_by_side():
    words = np.arange(8, dtype=np.uint64).view("V16")[::2]
    assert duplicates.group(words)[1].tolist() == [1, 1]


def test_no_samples_make_no_groups():
    groups, sizes = duplicates.group(np.zeros(0, "V16"))
    assert len(groups) == len(sizes) == 0
