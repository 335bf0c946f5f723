"""Labels of nodes: which one of several classes each node of a tree belongs to, the root above all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core import confusion, intervals
from gnomon.core.config import require_within
from gnomon.core.errors import DataError, DivergedError
from gnomon.core.spec import Column, NodeLabels, Output, Score, Spec, Split, Tree
from gnomon.data import nodebaselines
from gnomon.data.nodecolumn import NodeColumn, Shape

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TARGETS = (NodeLabels,)

NUM_WORST = 48
NUM_FLIPS = 48
DEPTHS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
"""Where groups of nodes begin, by depth below the root and by the number of nodes below."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the task."""

    label_smoothing: float = 0.0
    """Share of the target that is spread evenly over all classes in training, in [0, 0.9]; never in measuring."""
    root_share: float = 0.0
    """Share of the loss that the roots have to themselves, beside their part among all nodes, in [0, 1]."""

    def __post_init__(self) -> None:
        require_within("task.label_smoothing", self.label_smoothing, 0, 0.9)
        require_within("task.root_share", self.root_share, 0, 1)


class Task:
    """Softmax classification of every node that has a label; where the root has one, it is what is told first.

    In a batch, the root of a tree is the last of its nodes that has a label.
    """

    headline = "root_accuracy"
    higher_is_better = True
    calibrates = False

    def __init__(self, config: Config, spec: Spec) -> None:
        if not isinstance(spec.target, NodeLabels) or not isinstance(spec.input, Tree):
            raise DataError(
                f"a {type(spec.input).__name__} with a {type(spec.target).__name__} is no tree of labelled nodes",
                fix="give trees whose nodes have labels, as (3 (2 It) (4 works)), or choose another --task",
            )
        self.spec = spec
        self.classes = spec.target.classes
        self.output_size = len(self.classes)
        self.label_smoothing = config.label_smoothing
        self.root_share = config.root_share

    def loss(self, output: Output, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy (nats a node) of logits ``(batch, nodes, classes)``; no penalties."""
        from torch.nn import functional as F

        counts = targets >= 0
        losses = F.cross_entropy(
            output.value[counts].float(), targets[counts], reduction="none", label_smoothing=self.label_smoothing
        )
        mean = losses.sum() / counts.sum().clamp_min(1)
        if not self.root_share:
            return mean
        ends = counts.sum(1).cumsum(0)[counts.any(1)] - 1
        return (1 - self.root_share) * mean + self.root_share * losses[ends].sum() / max(1, len(ends))

    def keep(self, output: Output, targets: Tensor) -> Tensor:
        """Return of each labelled node, in order: predicted class, nats of the true class, true class, whether last.

        The last column tells the last labelled node of each tree from the others. Logits ``(batch, nodes, classes)``
        and targets ``(batch, nodes)`` give float32 ``(labelled nodes, 4)``.
        """
        import torch
        from torch.nn import functional as F

        counts = targets >= 0
        logits, true = output.value[counts].float(), targets[counts]
        nats = F.cross_entropy(logits, true, reduction="none")
        last = torch.zeros_like(nats)
        last[counts.sum(1).cumsum(0)[counts.any(1)] - 1] = 1
        return torch.stack([logits.argmax(1).float(), nats, true.float(), last], dim=1)

    def prior(self, train: Split) -> npt.NDArray[np.float32]:
        """Return the logits ``(classes,)`` that a model without any training should give: the shares of the labels."""
        labels = _column(train.targets).values
        counts = np.bincount(labels[labels >= 0], minlength=self.output_size) + 1.0
        return np.log(counts / counts.sum()).astype(np.float32)

    def progress_metrics(self, kept: Tensor, targets: Any) -> dict[str, float]:
        """Return root accuracy, accuracy and log-loss (nats a node) of what was kept, for the live line.

        Here the last node of a tree that has a label stands for its root.
        """
        rows = kept.double()
        right = (rows[:, 0] == rows[:, 2]).double()
        return {
            self.headline: right[rows[:, 3] == 1].mean().item(),
            "node_accuracy": right.mean().item(),
            "log_loss": rows[:, 1].mean().item(),
        }

    def metrics(self, kept: npt.NDArray[Any], targets: Any, *, seed: int) -> dict[str, Score]:
        """Return every score of what was kept, ``(labelled nodes, 4)``, of trees with the labels ``targets``.

        root_accuracy over the roots that have a label has a Wilson interval; node_accuracy and log_loss (nats a node)
        are over all nodes that have one, and as the nodes of a tree depend on each other, trees are bootstrapped with
        ``seed`` and are the samples behind the score. Raises ``DivergedError`` where a loss is not finite,
        ``DataError`` where no node, or no root, has a label.
        """
        answers = _answers(kept, targets)
        sums = answers.per_tree(answers.nats)
        return self._accuracies(answers, seed) | {"log_loss": _ratio(sums, seed)}

    def details(self, kept: npt.NDArray[Any], targets: Any, ids: Column) -> dict[str, Any]:
        """Return what stands behind the scores.

        ``classes``; ``num_nodes`` with a label and ``num_roots`` with one; of the roots ``per_class``, ``confusion``
        and ``confused`` as in a classification; of all nodes ``node_per_class`` and ``node_confusion``; ``by_depth``
        and ``by_size``, lists of ``{"from", "to", "accuracy", "low", "high", "n"}`` over nodes, and ``by_tree_depth``
        and ``by_tree_size`` over roots, by the whole tree's depth and size (``to`` is the last one that belongs to the
        group); ``worst``, the trees whose root is most surely wrong: ``{"index", "id", "true", "predicted",
        "probability_of_true", "num_nodes", "num_wrong"}``; ``flips``, nodes that change the sign of their children,
        as `_flips` says; ``num_flips``, ``flip_accuracy`` and ``other_accuracy`` of inner nodes whose true label is
        none of their children's, and of the others.
        """
        answers = _answers(kept, targets)
        root = answers.labelled.root
        roots = confusion.matrix(answers.true[root], answers.predicted[root], self.output_size)
        nodes = confusion.matrix(answers.true, answers.predicted, self.output_size)
        return {
            "classes": list(self.classes),
            "num_nodes": len(answers.true),
            "num_roots": int(root.sum()),
            "per_class": confusion.per_class(roots, self.classes),
            "confusion": roots.tolist(),
            "confused": confusion.most_confused(roots, self.classes),
            "node_per_class": confusion.per_class(nodes, self.classes),
            "node_confusion": nodes.tolist(),
            "worst": self._worst(answers, ids),
            **_groups(answers),
            **self._flips(answers, ids),
        }

    def decode(self, value: npt.NDArray[np.float32], inputs: Ints) -> list[dict[str, Any]]:
        """Return for each tree the root's label and confidence, and both of every node, in the order of the nodes.

        ``value`` are logits ``(batch, nodes, classes)`` of ``inputs (batch, nodes, features)``.
        """
        return [self._decode_row(row[nodes[:, 1] != 0]) for row, nodes in zip(value, inputs, strict=True)]

    def baselines(self, train: Split, other: Split, *, seed: int, thorough: bool = True) -> list[dict[str, Any]]:
        """Return what trivial models, fitted on ``train``, score on ``other``.

        Always the most frequent label, of roots for roots and of nodes for nodes, and the usual label of each node's
        symbol. Where ``thorough``, also linear models on the bag of the symbols of each tree, for roots only.
        """
        column = _column(other.targets)
        labelled = _Labelled.of(column)
        true = column.values[labelled.node]
        guesses = nodebaselines.usual_labels(_column(train.targets), column, self.output_size)
        names = ("most frequent label", "most frequent label of each symbol")
        found = [
            {
                "name": name,
                "scores": self._accuracies(
                    _Answers(predicted=guess[labelled.node], true=true, nats=np.zeros(0), labelled=labelled), seed
                ),
            }
            for name, guess in zip(names, guesses, strict=True)
        ]
        return [*found, *(self._linear(train, other, seed) if thorough else ())]

    def _linear(self, train: Split, other: Split, seed: int) -> Iterator[dict[str, Any]]:
        for name, outputs, true in nodebaselines.linear(train, other, self.output_size, seed=seed):
            yield {"name": name, "scores": {self.headline: _wilson(outputs.argmax(axis=1) == true)}}

    def _accuracies(self, answers: _Answers, seed: int) -> dict[str, Score]:
        right = answers.predicted == answers.true
        if not answers.labelled.root.any():
            raise DataError(
                "no root has a label to measure", fix="name a split in which the labels of whole trees are known"
            )
        return {
            self.headline: _wilson(right[answers.labelled.root]),
            "node_accuracy": _ratio(answers.per_tree(right), seed),
        }

    def _worst(self, answers: _Answers, ids: Column) -> list[dict[str, Any]]:
        """Return the trees whose root is wrong, those of the highest loss first."""
        labelled = answers.labelled
        root = np.flatnonzero(labelled.root & (answers.predicted != answers.true))
        order = root[np.argsort(-answers.nats[root], kind="stable")][:NUM_WORST]
        trees = labelled.tree[order]
        wrong = answers.per_tree(answers.predicted != answers.true)[:, 0]
        return [
            {
                "index": int(tree),
                "id": str(name),
                "true": self.classes[answers.true[row]],
                "predicted": self.classes[answers.predicted[row]],
                "probability_of_true": float(np.exp(-answers.nats[row])),
                "num_nodes": int(labelled.shape.size[labelled.node[row]]),
                "num_wrong": int(wrong[tree]),
            }
            for row, tree, name in zip(order, trees, ids[trees], strict=True)
        ]

    def _flips(self, answers: _Answers, ids: Column) -> dict[str, Any]:
        """Return how well nodes are told whose label is none of their children's, and some of them.

        ``flips`` are nodes that are predicted right where none of their children has their label, small ones first:
        ``{"index", "id", "node", "label", "children", "size"}``, the node counted from 0 within its tree.
        """
        labelled, shape = answers.labelled, answers.labelled.shape
        inner, flipped = _flipped(answers)
        right = answers.predicted == answers.true
        rows = np.flatnonzero(flipped & right)
        rows = rows[np.argsort(shape.size[labelled.node[rows]], kind="stable")][:NUM_FLIPS]
        trees = labelled.tree[rows]
        of_node = np.full(len(shape.tree), -1, np.int64)
        of_node[labelled.node] = answers.true
        by_parent = _children(shape, labelled.node[rows])
        first = np.searchsorted(shape.tree, trees)
        return {
            "num_flips": int(flipped.sum()),
            "flip_accuracy": _share_of(right[flipped]),
            "other_accuracy": _share_of(right[inner & ~flipped]),
            "flips": [
                {
                    "index": int(tree),
                    "id": str(name),
                    "node": int(labelled.node[row] - start),
                    "label": self.classes[answers.true[row]],
                    "children": [self.classes[of_node[child]] for child in by_parent[int(labelled.node[row])]],
                    "size": int(shape.size[labelled.node[row]]),
                }
                for row, tree, start, name in zip(rows, trees, first, ids[trees], strict=True)
            ],
        }

    def _decode_row(self, logits: npt.NDArray[np.float32]) -> dict[str, Any]:
        rows = logits.astype(np.float64)
        best = rows.argmax(axis=1)
        confidence = 1 / np.exp(rows - rows.max(axis=1, keepdims=True)).sum(axis=1)
        return {
            "label": self.classes[best[-1]],
            "confidence": float(confidence[-1]),
            "labels": [self.classes[k] for k in best],
            "confidences": [float(share) for share in confidence],
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class _Labelled:
    """The nodes of a column that have a label: which ``node`` among all, of which ``tree``, and whether a root."""

    node: Ints
    tree: Ints
    root: npt.NDArray[np.bool_]
    shape: Shape
    num_trees: int

    @classmethod
    def of(cls, column: NodeColumn) -> _Labelled:
        node = np.flatnonzero(column.values >= 0)
        shape = column.shape
        return cls(node=node, tree=shape.tree[node], root=shape.root[node], shape=shape, num_trees=len(column))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Answers:
    """What the metrics need: one value a labelled node."""

    predicted: Ints
    true: Ints
    nats: Floats
    labelled: _Labelled

    def per_tree(self, values: npt.NDArray[Any]) -> Floats:
        """Return the sum of one value a node over each tree, and the number of its nodes, ``(trees, 2)``."""
        tree, num_trees = self.labelled.tree, self.labelled.num_trees
        sums = np.bincount(tree, weights=values, minlength=num_trees)
        return np.stack([sums, np.bincount(tree, minlength=num_trees)], axis=1)


def _column(targets: Any) -> NodeColumn:
    if not isinstance(targets, NodeColumn):
        raise TypeError(f"a {type(targets).__name__} is no column of the labels of nodes")
    return targets


def _answers(kept: npt.NDArray[Any], targets: Any) -> _Answers:
    labelled = _Labelled.of(_column(targets))
    if len(kept) != len(labelled.node):
        raise ValueError(f"{len(kept)} nodes were measured, and {len(labelled.node)} have a label")
    if not len(kept):
        raise DataError("there is no labelled node to measure", fix="name a split that holds labelled trees")
    nats = np.asarray(kept[:, 1], dtype=np.float64)
    if not np.isfinite(nats).all():
        raise DivergedError(
            "the network's outputs are not finite numbers", fix="lower the learning rate: --set train.lr_adam=…"
        )
    predicted, true = kept[:, 0].astype(np.int64), kept[:, 2].astype(np.int64)
    return _Answers(predicted=predicted, true=true, nats=nats, labelled=labelled)


def _flipped(answers: _Answers) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which labelled nodes have children that all have labels, and which of them agree with none of these."""
    labelled, shape = answers.labelled, answers.labelled.shape
    labels = np.full(len(shape.tree), -1, np.int64)
    labels[labelled.node] = answers.true
    below = np.flatnonzero(~shape.root)
    above = shape.parent[below]
    children, known, agreeing = (np.zeros(len(labels), np.int64) for _ in range(3))
    np.add.at(children, above, 1)
    np.add.at(known, above, labels[below] >= 0)
    np.add.at(agreeing, above, labels[below] == labels[above])
    inner = (children > 0) & (known == children)
    return inner[labelled.node], (inner & (agreeing == 0))[labelled.node]


def _children(shape: Shape, nodes: Ints) -> dict[int, list[int]]:
    """Return the children of some nodes."""
    found: dict[int, list[int]] = {int(node): [] for node in nodes}
    for child in np.flatnonzero(np.isin(shape.parent, nodes) & ~shape.root):
        found[int(shape.parent[child])].append(int(child))
    return found


def _groups(answers: _Answers) -> dict[str, Any]:
    """Return accuracy by depth and size, of nodes and of whole trees by their roots."""
    labelled, shape = answers.labelled, answers.labelled.shape
    node, root = labelled.node, labelled.root
    right = answers.predicted == answers.true
    return {
        "by_depth": _grouped(shape.depth[node], right, DEPTHS),
        "by_size": _grouped(shape.size[node], right, SIZES),
        "by_tree_depth": _grouped(shape.height[node[root]], right[root], DEPTHS),
        "by_tree_size": _grouped(shape.size[node[root]], right[root], SIZES),
    }


def _grouped(values: Ints, right: npt.NDArray[np.bool_], starts: tuple[int, ...]) -> list[dict[str, Any]]:
    group = np.searchsorted(starts, values, side="right") - 1
    found = []
    for index in np.unique(group).tolist():
        chosen = group == index
        score = _wilson(right[chosen])
        last = starts[index + 1] - 1 if index + 1 < len(starts) else int(values.max())
        found.append({"from": starts[index], "to": last, "accuracy": score.value, "low": score.low, "high": score.high})
        found[-1]["n"] = score.n
    return found


def _wilson(right: npt.NDArray[np.bool_]) -> Score:
    low, high = intervals.wilson(int(right.sum()), len(right))
    return Score(value=float(right.mean()), low=low, high=high, n=len(right))


def _share_of(right: npt.NDArray[np.bool_]) -> float | None:
    return float(right.mean()) if len(right) else None


def _ratio(sums: Floats, seed: int) -> Score:
    """Return the ratio of the sums of two columns ``(trees, 2)``; its interval is bootstrapped over trees."""
    value = float(sums[:, 0].sum() / max(sums[:, 1].sum(), 1))
    low, high = intervals.block_bootstrap_sums(
        lambda drawn: drawn[:, 0] / np.maximum(drawn[:, 1], 1), sums.astype(np.float64), block=1, seed=seed
    )
    return Score(value=value, low=min(low, value), high=max(high, value), n=len(sums))
