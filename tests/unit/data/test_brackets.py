"""Trees in brackets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_trees import DEEP, WIDE, any_tree

from gnomon.data import brackets, trees
from gnomon.data.brackets import BracketError, Record
from gnomon.data.trees import Tree

SST = "(3 (2 It) (4 (2 's) (3 good)))"


def test_a_label_at_every_node():
    found = brackets.parse(SST)
    assert found.tree == Tree(("It", "'s", "good", "", ""), np.array([4, 3, 3, 4, -1], np.int32))
    assert found.labels == ("2", "2", "3", "4", "3")
    assert brackets.printed(found.tree, found.labels) == SST
    assert brackets.words_of(found.tree) == "It 's good"


def test_a_tree_of_the_penn_treebank():
    found = brackets.parse("( (S (NP (DT the) (NN cat))\n   (VP sat there)) )")
    assert found.labels == ("DT", "NN", "NP", "", "", "VP", "S")
    assert found.tree.symbols == ("the", "cat", "", "sat", "there", "", "")


def test_brackets_without_labels():
    found = brackets.parse("((the cat) (sat down))", heads="none")
    assert found.tree == Tree(("the", "cat", "", "sat", "down", "", ""), np.array([2, 2, 6, 5, 5, 6, -1], np.int32))
    assert set(found.labels) == {""}
    assert brackets.printed(found.tree) == "((the cat) (sat down))"


def test_whether_there_are_labels():
    def heads(*texts):
        return brackets.heads([Record(1, text) for text in texts])

    assert heads(SST, "(1 (2 a) (0 b))") == "labels"
    assert heads("( (S (DT the) (NN cat)) )") == "labels"
    assert heads("((the cat) (sat down))") == "none"
    assert heads("(sat (down))") == "none"


@pytest.mark.parametrize(
    ("text", "what", "line", "column"),
    [
        ("(3 (2 It)", "a bracket is never closed", 1, 1),
        ("(3 (2 It\n  (1 so)", "2 brackets are never closed, the last one here", 1, 4),
        ("(3 (2 It)))", r"'\)' after the end of the tree", 1, 11),
        ("(3 (2 a)\n (3 b)) x", "'x' after the end", 2, 9),
        ("word", "'word' before the first bracket", 1, 1),
        (")", "a closing bracket without an opening one", 1, 1),
        ("(3 )", "'3' has no word beside it", 1, 4),
        ("(3 (2 a) ())", "empty brackets", 1, 11),
        ("", "there is no tree", 1, 1),
    ],
)
def test_what_is_broken_is_named_with_its_place(text, what, line, column):
    with pytest.raises(BracketError, match=what) as caught:
        brackets.parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_trees_that_go_over_several_lines():
    text = "\n(S (NP a)\n   (VP b))\n\n(S (NP c) (VP d))\n"
    assert list(brackets.records(text)) == [Record(2, "(S (NP a)\n   (VP b))\n"), Record(5, "(S (NP c) (VP d))\n")]
    indented = "  (1 (2 a) (3 b))\n  (1 (2 a) (3 b))"
    assert len(list(brackets.records(indented))) == 2
    assert next(brackets.records("words\n(1 (2 a))")).text == "words"
    assert list(brackets.records(" \n")) == []


WORDS = st.text(alphabet="abc-'.,üß漢", min_size=1, max_size=4)


@given(any_tree(words=WORDS), st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_printed_is_read_again(tree, data):
    children = trees.children_of(tree.parents)
    labels = [data.draw(WORDS) for _ in range(len(tree))]
    bare = Tree(tuple("" if below else word for word, below in zip(tree.symbols, children, strict=True)), tree.parents)
    again = brackets.parse(brackets.printed(bare, labels))
    assert again.tree == bare
    assert list(again.labels) == labels


@given(st.lists(WORDS, min_size=1, max_size=12))
@settings(max_examples=30, deadline=None)
def test_balanced_trees_are_printed_and_read_again(words):
    tree = trees.balanced(words)
    assert brackets.parse(brackets.printed(tree), heads="none").tree == tree


def test_brackets_in_words_are_written_as_the_treebank_does():
    assert brackets.printed(Tree(("(", ")", ""), np.array([2, 2, -1], np.int32)), ["a", "b", "c"]) == (
        "(c (a -LRB-) (b -RRB-))"
    )


def test_neither_depth_nor_width_is_too_much():
    deep = "(a " * DEEP + "x" + ")" * DEEP
    found = brackets.parse(deep)
    assert len(found.tree) == DEEP
    assert brackets.printed(found.tree, found.labels) == deep
    assert len(brackets.parse("(a" + " x" * WIDE + ")").tree) == WIDE + 1
    with pytest.raises(BracketError, match="100,000 brackets are never closed"):
        brackets.parse("(a " * DEEP)
