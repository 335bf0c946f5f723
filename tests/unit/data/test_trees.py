"""Trees as data."""

import numpy as np
import pytest
from hypothesis import given, settings
from small_trees import DEEP, SMALL, WIDE, any_tree, chain, star

from gnomon.data import trees
from gnomon.data.trees import Growing, Tree


def test_what_is_grown_is_in_post_order():
    growing = Growing()
    growing.open("f")
    assert growing.is_bare
    growing.leaf("a")
    growing.open()
    growing.leaf("b")
    growing.leaf("c")
    assert growing.depth == 2
    assert growing.close() == 3
    assert growing.close() == 4
    assert growing.tree() == SMALL


def test_what_is_not_finished_is_no_tree():
    growing = Growing()
    growing.open()
    with pytest.raises(ValueError, match="1 nodes are open"):
        growing.tree()
    with pytest.raises(ValueError, match="0 roots"):
        Growing().tree()


def test_shape_of_a_tree():
    assert trees.heights(SMALL.parents).tolist() == [0, 0, 0, 1, 2]
    assert trees.depths(SMALL.parents).tolist() == [1, 2, 2, 1, 0]
    assert trees.sizes(SMALL.parents).tolist() == [1, 1, 1, 3, 5]
    assert trees.places(SMALL.parents).tolist() == [1, 1, 2, 2, 1]
    assert trees.arities(SMALL.parents).tolist() == [0, 0, 0, 2, 2]
    assert trees.children_of(SMALL.parents) == [[], [], [], [1, 2], [0, 3]]


def test_several_trees_one_after_the_other():
    parents = np.array([2, 2, -1, -1, 5, -1])
    assert trees.places(parents).tolist() == [1, 2, 1, 1, 1, 1]
    assert trees.heights(parents).tolist() == [0, 0, 1, 0, 0, 1]


@given(any_tree())
@settings(max_examples=50, deadline=None)
def test_shapes_agree(tree):
    parents = tree.parents
    assert (parents[:-1] > np.arange(len(tree) - 1)).all()
    assert parents[-1] == trees.ROOT
    assert (trees.heights(parents) + trees.depths(parents)).max() == trees.heights(parents)[-1]
    for node in range(len(tree)):
        below = trees.below(tree, node)
        assert len(below) == trees.sizes(parents)[node]
        assert below.symbols[-1] == tree.symbols[node]
        assert trees.heights(below.parents)[-1] == trees.heights(parents)[node]


def test_equal_trees_are_equal():
    same = Tree(SMALL.symbols, SMALL.parents.copy())
    assert same == SMALL
    assert hash(same) == hash(SMALL)
    assert same.content == SMALL.content
    assert star(2) != chain(3)
    assert star(2).content != chain(3).content
    assert SMALL != "f"


def test_what_is_cut_is_farthest_from_the_root():
    small, kept = trees.cut(SMALL, 4)
    assert kept.tolist() == [0, 1, 3, 4]
    assert small == Tree(("a", "b", "", "f"), np.array([3, 2, 3, -1], np.int32))
    whole, kept = trees.cut(SMALL, 5)
    assert whole is SMALL
    assert kept.tolist() == [0, 1, 2, 3, 4]


def test_balanced_trees():
    tree = trees.balanced(["a", "b", "c", "d", "e"])
    assert [symbol for symbol in tree.symbols if symbol] == ["a", "b", "c", "d", "e"]
    assert len(tree) == 9
    assert trees.arities(tree.parents).max() == 2
    assert trees.heights(tree.parents)[-1] == 3
    assert trees.balanced(["a"]) == Tree(("a",), np.array([-1], np.int32))
    assert trees.heights(trees.balanced(["x"] * 1024).parents)[-1] == 10
    with pytest.raises(ValueError, match="no token"):
        trees.balanced([])


def test_neither_depth_nor_width_is_too_much():
    deep, wide = chain(DEEP), star(WIDE)
    assert trees.heights(deep.parents)[-1] == DEEP - 1
    assert trees.depths(deep.parents)[0] == DEEP - 1
    assert trees.sizes(deep.parents)[-1] == DEEP
    assert len(trees.cut(deep, 10)[0]) == 10
    assert trees.places(wide.parents)[-2] == WIDE
    assert len(trees.below(deep, 50)) == 51
