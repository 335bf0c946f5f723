"""What the evaluation says of trees beside their scores: accuracy by depth and size, some trees with all labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.assemble import Model
from gnomon.core import intervals
from gnomon.core.spec import Label, NodeLabels, Split
from gnomon.data import treeprep
from gnomon.data.ragged import Ragged
from gnomon.data.sequences import collate, placed
from gnomon.training import infer

Ints = npt.NDArray[np.int64]

DEPTHS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
"""Where groups of trees begin, by the height and the number of nodes."""
NUM_WORST, NUM_TYPICAL, NUM_FLIPS = 12, 6, 12
MOST_NODES = 120
"""Larger trees are labelled at their root alone, where a label of each node takes a tree of its own."""
_AT_ONCE = 64


def measured(model: Model, split: Split, kept: npt.NDArray[Any], details: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be added to the details of a split of trees.

    ``trees``, for the worst mistakes, for flips, and for some others: ``{"index", "labels", "confidences"}``, one for
    each node; and for trees with one label, ``kept`` being logits ``(trees, classes)``, ``by_tree_depth`` and
    ``by_tree_size`` as `label_nodes` has them.
    """
    found: dict[str, Any] = {}
    if isinstance(model.spec.target, Label):
        right = np.asarray(kept).argmax(axis=1) == split.targets
        found["by_tree_depth"] = grouped(_heights(split.inputs), right, DEPTHS)
        found["by_tree_size"] = grouped(_lengths(split.inputs), right, SIZES)
    if isinstance(model.spec.target, Label | NodeLabels):
        found["trees"] = labelled(model, split, chosen(split, details))
    return found


def grouped(values: Ints, right: npt.NDArray[np.bool_], starts: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return accuracy with its interval for each group of samples, groups beginning at ``starts``."""
    group = np.searchsorted(starts, values, side="right") - 1
    found = []
    for index in np.unique(group).tolist():
        hits = right[group == index]
        low, high = intervals.wilson(int(hits.sum()), len(hits))
        last = starts[index + 1] - 1 if index + 1 < len(starts) else int(values.max())
        one = {"from": starts[index], "to": last, "accuracy": float(hits.mean()), "low": low, "high": high}
        found.append(one | {"n": len(hits)})
    return found


def chosen(split: Split, details: Mapping[str, Any]) -> list[int]:
    """Return the trees that the report draws: the worst, those with flips, and some of a size that fits a page."""
    worst = [int(one["index"]) for one in details.get("worst", [])[:NUM_WORST]]
    flips = [int(one["index"]) for one in details.get("flips", [])[:NUM_FLIPS]]
    lengths = _lengths(split.inputs)
    fitting = np.flatnonzero((lengths >= 9) & (lengths <= 45))
    some = fitting[np.linspace(0, len(fitting) - 1, min(NUM_TYPICAL, len(fitting))).astype(int)] if len(fitting) else []
    return sorted({*worst, *flips, *(int(place) for place in some)})


def labelled(model: Model, split: Split, rows: Sequence[int]) -> list[dict[str, Any]]:
    """Return a label and its confidence for each node of some trees.

    Where a model labels whole trees alone, the label of a node is that of the tree below it, taken for a whole one.
    """
    found: list[dict[str, Any]] = []
    for row in rows:
        tree = np.asarray(split.inputs[row], np.int64)
        if isinstance(model.spec.target, NodeLabels):
            answer = answers(model, [tree])[0]
            found.append({"index": row, "labels": answer["labels"], "confidences": answer["confidences"]})
            continue
        parts = subtrees(tree) if has_parts(model, len(tree)) else [tree]
        told = answers(model, parts)
        unknown = len(tree) - len(told)
        found.append(
            {
                "index": row,
                "labels": [""] * unknown + [one["label"] for one in told],
                "confidences": [0.0] * unknown + [one["confidence"] for one in told],
            }
        )
    return found


def has_parts(model: Model, num_nodes: int) -> bool:
    """Return whether the trees below the nodes of a tree of so many nodes can be told as trees of their own."""
    is_alike = model.preparation.get("form") not in treeprep.WHOLE
    return is_alike and num_nodes <= MOST_NODES and isinstance(model.spec.target, Label)


def subtrees(tree: Ints) -> list[Ints]:
    """Return the tree below each node of a tree ``(nodes, features)`` as a tree of its own."""
    sizes = [1] * len(tree)
    found = []
    for node, distance in enumerate(tree[:, 0].tolist()):
        part = tree[node + 1 - sizes[node] : node + 1].copy()
        part[-1, :2] = 0, 1
        found.append(part)
        if distance:
            sizes[node + distance] += sizes[node]
    return found


def answers(model: Model, found: Sequence[Ints]) -> list[dict[str, Any]]:
    """Return what the task says of trees ``(nodes, features)``."""
    rows: list[dict[str, Any]] = []
    for start in range(0, len(found), _AT_ONCE):
        column = Ragged.of(found[start : start + _AT_ONCE], like=found[0][:0])
        ids = np.arange(len(column), dtype=np.int64)
        inputs = collate(column, ids, int(column.lengths.max()), 0)
        values = infer.outputs(model.network, [_batch(model, inputs, ids)], precision=model.precision)
        if model.task.calibrates:
            values = model.task.tempered(values, model.temperature)
        rows += model.task.decode(values, inputs)
    return rows


def _batch(model: Model, inputs: Ints, ids: Ints) -> Any:
    from gnomon.core.spec import Batch

    device = model.precision.device
    targets = (
        np.zeros(len(ids), np.int64) if isinstance(model.spec.target, Label) else np.zeros(inputs.shape[:2], np.int64)
    )
    return Batch(inputs=placed(inputs, device), targets=placed(targets, device), ids=ids)


def _lengths(column: Any) -> Ints:
    lengths: Ints = column.lengths
    return lengths


def _heights(column: Any) -> Ints:
    return np.array([int(column.values[end - 1, 2]) for end in column.offsets[1:].tolist()], np.int64)
