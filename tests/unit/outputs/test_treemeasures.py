"""What the evaluation says of trees."""

import numpy as np
import pytest
from fake_tree_runs import model_of, sentences

from gnomon.data.trees import below
from gnomon.outputs import treemeasures


@pytest.fixture(scope="module")
def roots():
    return model_of(sentences(roots=True))


@pytest.fixture(scope="module")
def nodes():
    return model_of(sentences())


def test_groups_with_their_accuracy():
    found = treemeasures.grouped(np.array([1, 1, 4, 5, 9]), np.array([True, False, True, True, False]), (1, 4, 8))
    assert [(one["from"], one["to"], one["accuracy"], one["n"]) for one in found] == [
        (1, 3, 0.5, 2),
        (4, 7, 1.0, 2),
        (8, 9, 0.0, 1),
    ]
    assert all(one["low"] <= one["accuracy"] <= one["high"] for one in found)


def test_the_trees_below_each_node_are_trees(roots):
    model, data = roots
    raw = sentences(roots=True).splits["test"].inputs[3]
    tree = data.splits["test"].inputs[3]
    from gnomon.data import treeprep

    encoder = treeprep.encoder(model.preparation)
    parts = treemeasures.subtrees(tree)
    assert len(parts) == len(tree)
    for node, part in enumerate(parts):
        assert part.tolist() == encoder.encode(below(raw, node)).tolist()


def test_every_node_gets_a_label(roots, nodes):
    for model, data in (roots, nodes):
        (found,) = treemeasures.labelled(model, data.splits["test"], [1])
        assert found["index"] == 1
        assert len(found["labels"]) == len(found["confidences"]) == 7
        assert set(found["labels"]) <= set("01234")
    model, data = roots
    whole = treemeasures.answers(model, [data.splits["test"].inputs[1]])[0]
    (found,) = treemeasures.labelled(model, data.splits["test"], [1])
    assert found["labels"][-1] == whole["label"]


def test_parts_of_code_are_not_told():
    model, data = model_of(sentences(roots=True, form="code"))
    (found,) = treemeasures.labelled(model, data.splits["test"], [1])
    assert found["labels"][:-1] == [""] * 6
    assert found["labels"][-1] in "01234"
    assert not treemeasures.has_parts(model, 3)


def test_large_trees_are_told_at_the_root(roots, monkeypatch):
    model, data = roots
    monkeypatch.setattr(treemeasures, "MOST_NODES", 3)
    (found,) = treemeasures.labelled(model, data.splits["test"], [1])
    assert found["labels"][:-1] == [""] * 6


def test_what_is_added_to_the_details(roots):
    model, data = roots
    logits = np.eye(5, dtype=np.float32)[data.splits["test"].targets]
    found = treemeasures.measured(model, data.splits["test"], logits, {"worst": [{"index": 2}]})
    assert all(one["accuracy"] == 1 for one in found["by_tree_size"] + found["by_tree_depth"])
    assert sum(one["n"] for one in found["by_tree_depth"]) == len(data.splits["test"])
    assert 2 in [one["index"] for one in found["trees"]]
