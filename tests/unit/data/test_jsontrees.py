"""Trees in JSON."""

import numpy as np
import pytest
from hypothesis import given, settings
from small_trees import DEEP, WIDE, any_tree, chain

from gnomon.data import deepjson, jsontrees
from gnomon.data.trees import Tree


def test_nodes_leaves_and_labels():
    found = jsontrees.tree_of(
        {"value": "and", "label": 1, "children": ["rain", {"value": True, "label": "x"}, 2.0, 2.5, None]}
    )
    assert found.tree == Tree(("rain", "true", "2", "2.5", "", "and"), np.array([5, 5, 5, 5, 5, -1], np.int32))
    assert found.labels == (None, "x", None, None, None, "1")


def test_what_a_line_holds():
    node = {"value": 1, "children": [2]}
    assert jsontrees.held_in({"id": 1, "ast": node}) == ("ast", node)
    assert jsontrees.held_in(node) == ("", node)
    assert jsontrees.held_in({"tree": 5, "label": 5}) == ("tree", 5)
    assert jsontrees.held_in({"tree": "oak", "children": []}) == ("", {"tree": "oak", "children": []})
    assert [jsontrees.held_in(one) for one in ({"tree": None}, {"tree": [1]}, {"label": 1}, [1], 1)] == [None] * 5


def test_other_names():
    assert jsontrees.tree_of({"type": "Call", "args": [{"name": "f"}]}).tree.symbols == ("f", "Call")


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ([1, 2], "a list stands where a node should be"),
        ({"value": 1, "children": {}}, "the children of a node are no list"),
        ({"value": [1]}, "the value of a node is a list"),
        ({"value": 1, "label": {}}, "the label of a node is a list"),
    ],
)
def test_what_is_no_node(given, what):
    with pytest.raises(ValueError, match=what):
        jsontrees.tree_of(given)


@given(any_tree())
@settings(max_examples=50, deadline=None)
def test_what_is_printed_is_read_again(tree):
    labels = [None if node % 2 else str(node) for node in range(len(tree))]
    found = jsontrees.tree_of(deepjson.loads(jsontrees.printed(tree, labels)))
    assert found.tree == tree
    assert list(found.labels) == labels


def test_neither_depth_nor_width_is_too_much():
    deep = chain(DEEP)
    assert jsontrees.tree_of(deepjson.loads(jsontrees.printed(deep))).tree == deep
    assert len(jsontrees.tree_of({"value": 1, "children": [0] * WIDE}).tree) == WIDE + 1
