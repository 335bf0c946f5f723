import numpy as np
from tree_cells import from_parents

from gnomon.core.spec import Split
from gnomon.data import nodebaselines
from gnomon.data.nodecolumn import NodeColumn
from gnomon.data.ragged import Ragged


def column(*pairs):
    """Trees with a root without a symbol over leaves: ``(symbols of the leaves, labels of leaves and root)``."""
    trees = [from_parents([0] * len(leaves), [1, *leaves]) for leaves, _ in pairs]
    labels = [np.array(labels, np.int64) for _, labels in pairs]
    return NodeColumn(Ragged.of(labels, like=np.zeros(0, np.int64)), Ragged.of(trees, like=np.zeros((0, 4), np.int64)))


def split(found):
    names = np.arange(len(found))
    return Split(inputs=found.trees, targets=found, ids=names, hashes=names.view("V8"))


TRAIN = column(((2, 3), (0, 2, 1)), ((2, 3), (0, 2, 1)), ((3,), (0, -1)), ((4,), (-1, 2)))


def test_usual_labels_of_roots_nodes_and_symbols():
    other = column(((2, 3, 4, 5), (0, 0, 0, 0, 0)))
    usual, of_symbol = nodebaselines.usual_labels(TRAIN, other, 3)
    assert usual.tolist() == [0, 0, 0, 0, 1]  # 0 three times of all nodes, 1 twice of the roots
    assert of_symbol.tolist() == [0, 2, 0, 0, 1]


def test_linear_models_tell_roots_by_what_is_below_them():
    some = column(*[((2 + i % 2, 5), (-1, -1, i % 2)) for i in range(20)], ((2,), (0, -1)))
    found = list(nodebaselines.linear(split(some), split(some), 2, seed=0))
    assert found
    for name, outputs, true in found:
        assert name
        assert len(outputs) == len(true) == 20
        assert (outputs.argmax(1) == true).all()


def test_without_a_labelled_root_there_is_none():
    assert list(nodebaselines.linear(split(column(((2,), (0, -1)))), split(TRAIN), 2, seed=0)) == []
