import numpy as np
import pytest
from tree_cells import chain, from_parents, star

from gnomon.data.nodecolumn import NodeColumn, shape_of
from gnomon.data.ragged import Ragged

TREE = from_parents([0, 0, 1, 1], [2, 3, 4, 5, 6])  # 0 over 1 and 2, 1 over 3 and 4; in post-order 3 4 1 2 0
NO_LABELS = np.zeros(0, np.int64)


def trees(*found):
    return Ragged.of(found, like=np.zeros((0, 4), np.int64))


def test_how_trees_are_built():
    shape = shape_of(trees(TREE, from_parents([], [6])))
    assert shape.tree.tolist() == [0, 0, 0, 0, 0, 1]
    assert shape.parent.tolist() == [2, 2, 4, 4, 4, 5]
    assert shape.root.tolist() == [False] * 4 + [True, True]
    assert shape.depth.tolist() == [2, 2, 1, 1, 0, 0]
    assert shape.height.tolist() == [0, 0, 1, 0, 2, 0]
    assert shape.size.tolist() == [1, 1, 3, 1, 5, 1]
    assert shape.symbol.tolist() == [5, 6, 3, 4, 2, 6]


def test_deep_and_wide_trees_end():
    shape = shape_of(trees(chain(2000), star(2000)))
    assert (shape.depth.max(), shape.size[1999], shape.size[-1]) == (1999, 2000, 2001)


def test_no_tree_has_no_shape():
    assert len(shape_of(trees()).size) == 0


def test_a_column_knows_its_trees():
    column = NodeColumn(Ragged.of([np.array([0, 1, -1, 1, 0])], like=NO_LABELS), trees(TREE))
    assert column[0].tolist() == [0, 1, -1, 1, 0]
    assert column.shape.size.tolist() == [1, 1, 3, 1, 5]
    assert column.shape is column.shape


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit the trees"):
        NodeColumn(Ragged.of([np.zeros(4, np.int64)], like=NO_LABELS), trees(TREE))
