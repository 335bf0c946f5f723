import json
import math

import numpy as np
import pytest
import torch
from tree_cells import from_parents

from gnomon.core.errors import DataError, DivergedError, UsageError
from gnomon.core.spec import Label, NodeLabels, Output, Spec, Split, Tree
from gnomon.data.nodecolumn import NodeColumn
from gnomon.data.ragged import Ragged
from gnomon.tasks.label_nodes import Config, Task

SPEC = Spec(input=Tree(sizes=(9,), nodes=5, arity=2, depth=2), target=NodeLabels(classes=("bad", "so", "good")))
TREES = [from_parents([0, 0, 1, 1], [1, 1, 4, 5, 6]), from_parents([], [7]), from_parents([0], [1, 5])]
LABELS = [[2, 0, 0, 1, 0], [1], [2, -1]]
"""In post-order: two leaves, their parent, a leaf, the root; a root; a leaf and its root without a label."""
LAST = (0, 0, 0, 0, 1, 1, 1)


def column(trees=TREES, labels=LABELS):
    return NodeColumn(
        Ragged.of([np.array(one, np.int64) for one in labels], like=np.zeros(0, np.int64)),
        Ragged.of(trees, like=np.zeros((0, 4), np.int64)),
    )


def task(**settings):
    return Task(Config(**settings), SPEC)


def batch(labels=LABELS):
    targets = torch.full((len(labels), 6), -1)
    for row, one in zip(targets, labels, strict=True):
        row[: len(one)] = torch.tensor(one)
    return targets


def said(*predicted):
    """What is kept where each node is given half of the probability for one class, and the others share the rest."""
    rows = [label for labels in LABELS for label in labels if label >= 0]
    nats = [math.log(2) if one == true else math.log(4) for one, true in zip(predicted, rows, strict=True)]
    return np.array([*zip(predicted, nats, rows, LAST, strict=True)], np.float32)


def ids(num=3):
    return np.array([f"tree {i}" for i in range(num)], dtype=object)


def test_the_loss_is_the_mean_over_nodes_with_a_label():
    logits = torch.zeros(3, 6, 3)
    assert task().loss(Output(logits), batch()).item() == pytest.approx(math.log(3))
    logits[0, 5] = logits[2, 1] = 100.0  # no node, no label
    logits[0, 4, 0] = 100.0
    assert task().loss(Output(logits), batch()).item() == pytest.approx(6 / 7 * math.log(3))


def test_roots_may_have_a_share_to_themselves():
    logits = torch.zeros(3, 6, 3)
    logits[0, 4, 0] = logits[1, 0, 1] = 100.0
    half = task(root_share=0.5).loss(Output(logits), batch()).item()
    # of the last labelled nodes of the three trees, one is told wrong; of all seven nodes, five
    assert half == pytest.approx(0.5 * 5 / 7 * math.log(3) + 0.5 * math.log(3) / 3)


def test_what_is_kept_is_in_the_order_of_the_nodes():
    logits = torch.randn(3, 6, 3)
    kept = task().keep(Output(logits), batch())
    assert kept[:, 2].tolist() == [2, 0, 0, 1, 0, 1, 2]
    assert kept[:, 3].tolist() == list(LAST)
    assert kept[5, 0] == logits[1, 0].argmax()
    assert kept[5, 1] == pytest.approx(-logits[1, 0].log_softmax(0)[1].item())


def test_scores():
    found = task().metrics(said(2, 1, 0, 1, 0, 2, 2), column(), seed=0)
    assert (found["root_accuracy"].value, found["root_accuracy"].n) == (0.5, 2)
    assert (found["node_accuracy"].value, found["node_accuracy"].n) == (pytest.approx(5 / 7), 3)
    assert found["log_loss"].value == pytest.approx((5 * math.log(2) + 2 * math.log(4)) / 7)
    assert all(score.low <= score.value <= score.high for score in found.values())
    assert task().progress_metrics(torch.from_numpy(said(2, 1, 0, 1, 0, 2, 2)), column()) == {
        "root_accuracy": pytest.approx(2 / 3),
        "node_accuracy": pytest.approx(5 / 7),
        "log_loss": pytest.approx(found["log_loss"].value),
    }


def test_details():
    found = task().details(said(2, 1, 0, 1, 0, 2, 2), column(), ids())
    json.dumps(found)
    assert (found["num_nodes"], found["num_roots"]) == (7, 2)
    assert found["confusion"] == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert found["node_confusion"] == [[2, 1, 0], [0, 1, 1], [0, 0, 2]]
    assert [(one["from"], one["to"], one["n"]) for one in found["by_depth"]] == [(0, 0, 2), (1, 1, 3), (2, 2, 2)]
    assert [(one["from"], one["accuracy"]) for one in found["by_tree_size"]] == [(1, 0.0), (4, 1.0)]
    assert found["worst"] == [
        {
            "index": 1,
            "id": "tree 1",
            "true": "so",
            "predicted": "good",
            "probability_of_true": pytest.approx(0.25),
            "num_nodes": 1,
            "num_wrong": 1,
        }
    ]
    assert found["num_flips"] == 0


def test_a_flip_is_a_label_that_no_child_has():
    labels = [[2, 2, 0, 1, 0], [1], [2, -1]]
    rows = np.array([(label, 0.1, label, 0) for one in labels for label in one if label >= 0], np.float32)
    found = task().details(rows, column(labels=labels), ids())
    assert (found["num_flips"], found["flip_accuracy"], found["other_accuracy"]) == (1, 1.0, 1.0)
    (flip,) = found["flips"]
    assert (flip["id"], flip["node"], flip["label"]) == ("tree 0", 2, "bad")
    assert (flip["children"], flip["size"]) == (["good", "good"], 3)


def test_what_is_told_of_a_tree():
    inputs = np.zeros((2, 4, 4), np.int64)
    inputs[0, :3], inputs[1, :1] = from_parents([0, 0], [1, 2, 3]), from_parents([], [4])
    value = np.zeros((2, 4, 3), np.float32)
    value[0, 2, 2], value[1, 0, 1] = 3.0, 2.0
    first, second = task().decode(value, inputs)
    assert (first["label"], first["labels"]) == ("good", ["bad", "bad", "good"])
    assert first["confidence"] == pytest.approx(math.exp(3) / (math.exp(3) + 2))
    assert (second["label"], len(second["confidences"])) == ("so", 1)


def test_baselines():
    trees, labels = [from_parents([0], [1, 3 + i % 2]) for i in range(12)], [[i % 2, 2 * (i % 2)] for i in range(12)]
    targets = column(trees, labels)
    some = Split(inputs=targets.trees, targets=targets, ids=ids(12), hashes=np.arange(24, dtype=np.uint64).view("V16"))
    quick, thorough = (task().baselines(some, some, seed=0, thorough=flag) for flag in (False, True))
    assert [one["name"] for one in quick] == ["most frequent label", "most frequent label of each symbol"]
    assert quick[1]["scores"]["node_accuracy"].value == 0.75
    assert len(thorough) > 2
    assert thorough[-1]["scores"]["root_accuracy"].value == 1.0


def test_the_prior_is_the_shares_of_the_labels():
    found = np.exp(task().prior(Split(inputs=column().trees, targets=column(), ids=ids(), hashes=np.zeros(3, "V16"))))
    assert found.tolist() == pytest.approx([0.4, 0.3, 0.3])


def test_what_is_refused():
    with pytest.raises(DataError, match="no tree of labelled nodes"):
        Task(Config(), Spec(input=SPEC.input, target=Label(classes=("a",))))
    with pytest.raises(UsageError, match="root_share"):
        Config(root_share=2.0)
    with pytest.raises(DivergedError, match="not finite"):
        task().metrics(said(2, 1, 0, 1, 0, 2, 2) * np.float32(np.nan), column(), seed=0)
    with pytest.raises(DataError, match="no labelled node"):
        task().metrics(said(2, 1, 0, 1, 0, 2, 2)[:0], column(labels=[[-1] * 5, [-1], [-1] * 2]), seed=0)
    with pytest.raises(DataError, match="no root"):
        task().metrics(said(2, 1, 0, 1, 0, 2, 2)[:1], column(labels=[[2] + [-1] * 4, [-1], [-1] * 2]), seed=0)
    with pytest.raises(ValueError, match="6 nodes were measured"):
        task().metrics(said(2, 1, 0, 1, 0, 2, 2)[:6], column(), seed=0)
    with pytest.raises(TypeError, match="no column of the labels"):
        task().metrics(said(2, 1, 0, 1, 0, 2, 2), LABELS, seed=0)
