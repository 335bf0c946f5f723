"""From trees to numbers."""

from dataclasses import replace

import numpy as np
import pytest
from small_trees import SMALL, chain, dataset, star

from gnomon.core.errors import ArtefactError, StoppedError, UsageError
from gnomon.core.spec import NodeLabels, Number
from gnomon.core.spec import Tree as Leaf
from gnomon.data import treefound, treeprep, trees
from gnomon.data.nodecolumn import NodeColumn
from gnomon.data.treeprep import TreeConfig
from gnomon.data.trees import Tree


def test_the_features_of_nodes():
    made, kept = treeprep.prepare(dataset([SMALL, star(2)], np.array([0, 1])), TreeConfig())
    assert made.spec.input == Leaf(sizes=(8,), nodes=5, arity=2, depth=2)
    rows = made.splits["train"].inputs[0]
    assert rows.dtype == np.int64
    number = dict(zip(SMALL.symbols, rows[:, 3].tolist(), strict=True))
    assert number[""] == 1
    assert sorted(number.values()) == [1, 4, 5, 6, 7]  # x, in the other tree, is the most frequent
    assert rows[:, :3].tolist() == [[4, 1, 0], [2, 1, 0], [1, 2, 0], [1, 2, 1], [0, 1, 2]]
    again = treeprep.encoder(kept)
    assert again.encode(SMALL).tolist() == rows.tolist()
    assert again.spec_input() == replace(made.spec.input, nodes=5)
    values = made.splits["train"].inputs.values
    assert values[:, 0].tolist() == values[np.arange(len(values))][:, 0].tolist()
    assert values[:, 3].tolist() == values[0 : len(values)][:, 3].tolist()


def test_what_was_fitted_is_used_again():
    first, kept = treeprep.prepare(dataset([SMALL, star(2)], np.array([0, 1])), TreeConfig())
    other, again = treeprep.prepare(dataset([star(2), chain(9)], np.array([0, 1])), TreeConfig(), kept)
    assert other.spec.input.sizes == first.spec.input.sizes
    assert other.splits["train"].inputs[0][:, 3].tolist() == first.splits["train"].inputs[1][:, 3].tolist()
    assert again["symbols"] == kept["symbols"]
    assert other.spec.input.nodes == 9
    assert other.guesses == ()


def test_large_trees_are_cut_and_it_is_said():
    made, kept = treeprep.prepare(dataset([star(5000), SMALL], np.array([0, 1])), TreeConfig())
    assert len(made.splits["train"].inputs[0]) == treeprep.MAX_NODES
    assert made.guesses[0].what == "trees are read up to 4,096 nodes, those nearest to the root"
    assert len(treeprep.encoder(kept).encode(star(5000))) == treeprep.MAX_NODES
    smaller, _ = treeprep.prepare(dataset([star(50), SMALL], np.array([0, 1])), TreeConfig(nodes=7))
    assert smaller.splits["train"].inputs.lengths.tolist() == [7, 5]


def test_labels_of_nodes_stay_with_their_nodes():
    labels = treefound.of_nodes([("a", "b", "a", None, "b"), ("b", None, "a")], {"a": 0, "b": 1})
    data = dataset([SMALL, star(2)], labels, NodeLabels(classes=("a", "b")))
    made, _ = treeprep.prepare(data, TreeConfig())
    column = made.splits["train"].targets
    assert isinstance(column, NodeColumn)
    assert column[0].tolist() == [0, 1, 0, -1, 1]
    assert column.shape.height.tolist() == [0, 0, 0, 1, 2, 0, 0, 1]
    with pytest.raises(UsageError, match="a tree whose nodes are labelled is not cut"):
        treeprep.prepare(data, TreeConfig(nodes=4))


def test_a_word_that_was_seen_once_counts_where_nodes_have_labels():
    words = [trees.balanced([f"word{i}", f"word{i // 2}x", "so"]) for i in range(700)]
    whole, _ = treeprep.prepare(dataset(words, np.arange(700) % 2), TreeConfig())
    labels = treefound.of_nodes([("a", "b", "a", "b", "a")] * 700, {"a": 0, "b": 1})
    nodes, _ = treeprep.prepare(dataset(words, labels, NodeLabels(classes=("a", "b"))), TreeConfig())
    assert whole.facts["trees"]["vocabulary"] == 351
    assert nodes.facts["trees"]["vocabulary"] == 1051


def test_numbers_are_measured_on_the_training_trees():
    data = dataset([SMALL, star(2)], np.array([1.0, 3.0]), Number(name="y"), test=([star(3)], np.array([9.0])))
    made, kept = treeprep.prepare(data, TreeConfig())
    assert made.spec.target == Number(name="y", mean=2.0, deviation=1.0)
    assert made.splits["test"].targets.tolist() == [9.0]
    again, _ = treeprep.prepare(dataset([star(2)], np.array([7.0]), Number(name="y")), TreeConfig(), kept)
    assert again.spec.target == made.spec.target


def test_words_at_leaves_lose_their_capitals_and_node_types_do_not():
    words = [trees.balanced([f"Word{i}", f"word{i}", "x"]) for i in range(120)]
    made, _ = treeprep.prepare(dataset(words, np.arange(120) % 2), TreeConfig())
    first = made.splits["train"].inputs[0][:, 3]
    assert first[0] == first[1]
    types = [Tree((f"Word{i}", f"word{i}"), np.array([1, -1], np.int32)) for i in range(120)]
    made, _ = treeprep.prepare(dataset(types, np.arange(120) % 2), TreeConfig())
    first = made.splits["train"].inputs[0][:, 3]
    assert first[0] != first[1]


def test_a_deep_tree_is_no_matter():
    made, _ = treeprep.prepare(dataset([chain(100_000), SMALL], np.array([0, 1])), TreeConfig(nodes=200_000))
    assert made.spec.input.depth == 99_999
    assert made.splits["train"].inputs[0][-1, :3].tolist() == [0, 1, 99_999]


def test_what_cannot_be(tmp_path):
    data = dataset([SMALL], np.array([0]))
    for name in ("nodes", "vocabulary"):
        with pytest.raises(UsageError, match=f"tree.{name}"):
            treeprep.prepare(data, TreeConfig(**{name: 0}))
    with pytest.raises(StoppedError):
        treeprep.prepare(data, TreeConfig(), should_stop=lambda: True)
    _, kept = treeprep.prepare(data, TreeConfig())
    for change in ({"schema": 9}, {"limit": 0}, {"form": "nonsense"}, {"symbols": 3}, {"ordered": 1}):
        with pytest.raises(ArtefactError):
            treeprep.encoder(kept | change)
