"""Linear models of what stands at the nodes."""

import numpy as np
from small_trees import dataset

from gnomon.data import prefix, treebaselines, treeprep, trees
from gnomon.data.treeprep import TreeConfig


def scored(found, targets):
    data, _ = treeprep.prepare(dataset(found, np.asarray(targets)), TreeConfig())
    train = data.splits["train"]
    return {
        name: float((outputs.argmax(1) == train.targets).mean())
        for name, outputs in treebaselines.linear(train, train, 2, seed=0)
    }


def test_node_types_tell_where_they_differ():
    kinds = [prefix.parse(f"[{'MAX' if i % 2 else 'MIN'} {i % 7} {i % 5} ]") for i in range(40)]
    found = scored(kinds, np.arange(40) % 2)
    assert found == {treebaselines.NODE_TYPES: 1.0, treebaselines.LEAVES: 1.0}


def test_leaves_alone_where_inner_nodes_have_no_symbol():
    kinds = [trees.balanced(["so", "good" if i % 2 else "bad", str(i % 3)]) for i in range(40)]
    assert scored(kinds, np.arange(40) % 2) == {treebaselines.LEAVES: 1.0}


def test_node_types_know_nothing_of_leaves():
    kinds = [prefix.parse(f"[MAX {'1' if i % 2 else '2'} 3 ]") for i in range(40)]
    found = scored(kinds, np.arange(40) % 2)
    assert found[treebaselines.NODE_TYPES] < 0.9
    assert found[treebaselines.LEAVES] == 1.0
