"""Texts as trees, and trees as texts."""

import numpy as np
import pytest
from raw_data import LABELLED, texts
from small_trees import LABELS, dataset

from gnomon.core.errors import UsageError
from gnomon.core.spec import Dataset, NodeLabels, Sequence, Text, Tree, Trees
from gnomon.data import brackets, prefix, treeforms, treefound, treeprep

REVIEWS = Dataset(
    name="d",
    source="d",
    reader="r",
    spec=LABELLED,
    splits={"train": texts(["It does n't work.", "Fine"], [1, 0])},
    fingerprint="f",
)


def test_texts_become_balanced_trees_where_nothing_else_is_taken():
    made = treeforms.fitting(REVIEWS, (Tree,))
    assert made.spec.input == Trees()
    assert brackets.printed(made.splits["train"].inputs[0]) == "(((It does) n't) (work .))"
    assert made.splits["train"].targets.tolist() == [1, 0]
    assert made.facts[treeprep.FORM] == "text"
    assert made.guesses[-1].what == "texts are read as balanced binary trees over their words"
    for kinds in ((), (Sequence,), (Tree, Sequence)):
        assert treeforms.fitting(REVIEWS, kinds) is REVIEWS
    assert treeforms.fitting(REVIEWS, (), {"kind": "Tree"}).spec.input == Trees()


def test_trees_become_texts_where_nothing_else_is_taken():
    data = dataset([prefix.parse("[MAX 1 [MIN 2 3 ] ]"), prefix.parse("7")], np.array([0, 1]))
    made = treeforms.fitting(data, (Sequence,))
    assert made.spec.input == Text()
    assert list(made.splits["train"].inputs[:]) == ["[MAX 1 [MIN 2 3 ] ]", "7"]
    assert made.spec.target == LABELS
    assert treeforms.fitting(data, (Tree,)) is data
    words = brackets.parse("((so good) !)", heads="none").tree
    assert treeforms.as_text(words) == "so good !"


def test_labels_of_nodes_are_lost_in_a_text():
    labels = treefound.of_nodes([("a", "b", "a")], {"a": 0, "b": 1})
    data = dataset([brackets.parse("(a b)", heads="none").tree], labels, NodeLabels(classes=("a", "b")))
    with pytest.raises(UsageError) as caught:
        treeforms.fitting(data, (Sequence,))
    assert caught.value.fix == "add --target root"


def test_what_the_named_family_takes():
    assert treeforms.takes([("user", {})]) == ()
    assert treeforms.takes([("user", {"run.family": "auto"})]) == ()
    assert treeforms.takes([("config", {"run.family": "cnn"}), ("user", {"run.family": "tree"})]) == (Tree,)
    assert Sequence in treeforms.takes([("user", {"run.family": "rnn"})])


def test_a_text_without_words_has_a_leaf():
    assert treeforms.of_text(" ").symbols == ("",)
