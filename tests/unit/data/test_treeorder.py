import numpy as np
from tree_cells import children, from_parents

from gnomon.data.treeorder import alike


def told(trees, labels):
    parents, start = [], 0
    for tree in trees:
        nodes = np.arange(len(tree))
        parents.append(np.where(tree[:, 0] > 0, start + nodes + tree[:, 0], -1))
        start += len(tree)
    rows = np.concatenate(trees)
    return alike(np.concatenate(parents), rows[:, 2], rows[:, 1], rows[:, 3], np.array(labels))


def pair(i):
    """Two trees of the same nodes: an operator over a number and a pair, and the other way round."""
    one = from_parents([0, 0, 2, 2], [2, 3 + i, 2, 3, 4 + i])
    other = from_parents([0, 1, 1, 0], [2, 2, 4 + i, 3, 3 + i])
    assert len(children(one)[-1]) == len(children(other)[-1]) == 2
    return [one, other]


def test_pairs_of_one_label_say_that_the_order_is_moot():
    trees = [tree for i in range(30) for tree in pair(i)]
    found = told(trees, [i // 2 % 5 for i in range(60)])
    assert (found.pairs, found.agreeing) == (30, 30)
    assert abs(found.by_chance - 0.2) < 1e-9
    assert found.order_is_moot


def test_one_pair_that_differs_says_that_it_is_not():
    trees = [tree for i in range(30) for tree in pair(i)]
    found = told(trees, [1, *(i // 2 % 5 for i in range(1, 60))])
    assert (found.pairs, found.agreeing) == (30, 29)
    assert not found.order_is_moot


def test_equal_trees_are_no_pair_and_few_pairs_say_nothing():
    trees = [tree for i in range(10) for tree in pair(i)]
    found = told([*trees, *trees], [i // 2 % 5 for i in range(20)] * 2)
    assert found.pairs == 10
    assert not found.order_is_moot


def test_where_all_labels_are_equal_agreement_says_nothing():
    trees = [tree for i in range(30) for tree in pair(i)]
    assert not told(trees, [0] * 60).order_is_moot


def test_what_is_below_another_parent_is_another_tree():
    one, other = from_parents([0, 0, 1], [2, 3, 4, 5]), from_parents([0, 0, 2], [2, 3, 4, 5])
    assert told([one, other], [0, 0]).pairs == 0


def test_leaves_alone():
    assert told([from_parents([], [2]), from_parents([], [3])], [0, 1]).pairs == 0
