"""Expressions with the operator first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_trees import DEEP, WIDE, any_tree

from gnomon.data import prefix
from gnomon.data.prefix import PrefixError
from gnomon.data.trees import Tree


def test_an_expression_of_listops():
    tree = prefix.parse("[MAX 2 9 [MIN 4 7 ] 0 ]")
    assert tree == Tree(("2", "9", "4", "7", "MIN", "0", "MAX"), np.array([6, 6, 4, 4, 6, 6, -1], np.int32))
    assert prefix.printed(tree) == "[MAX 2 9 [MIN 4 7 ] 0 ]"


def test_other_brackets_and_single_words():
    assert prefix.parse("(+ 1 (* x 2))").symbols == ("1", "x", "2", "*", "+")
    assert prefix.parse(" 7 ").symbols == ("7",)
    assert prefix.parse("{[a b] c}").symbols == ("b", "a", "c", "")


@pytest.mark.parametrize(
    ("text", "what", "column"),
    [
        ("[MAX 2", "the bracket '\\[' is never closed", 1),
        ("[MAX 2)", "closes a '\\[' \\(column 1\\)", 7),
        ("[MAX 2 ] ]", "']' after the end of the expression", 10),
        ("]", "closes nothing", 1),
        ("[]", "empty brackets", 2),
        ("  ", "there is no expression", 1),
        ("1 2", "'2' after the end", 3),
    ],
)
def test_what_is_broken_is_named_with_its_column(text, what, column):
    with pytest.raises(PrefixError, match=what) as caught:
        prefix.parse(text)
    assert caught.value.column == column


def test_what_looks_like_an_expression():
    assert prefix.looks_like_prefix("[MAX 1 2 ]")
    assert not prefix.looks_like_prefix("7")
    assert not prefix.looks_like_prefix("[MAX 1 2")
    assert not prefix.looks_like_prefix("a [b c]")


@given(any_tree(words=st.text(alphabet="abc+*", min_size=1, max_size=3)))
@settings(max_examples=60, deadline=None)
def test_what_is_printed_is_read_again(tree):
    again = prefix.parse(prefix.printed(tree))
    assert again == tree


def test_neither_depth_nor_width_is_too_much():
    deep = prefix.parse("[a " * DEEP + "x" + " ]" * DEEP)
    assert len(deep) == DEEP + 1
    assert prefix.parse(prefix.printed(deep)) == deep
    assert len(prefix.parse("[a" + " x" * WIDE + "]")) == WIDE + 1
