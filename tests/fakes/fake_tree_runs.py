"""Run folders on trees as training leaves them: trees whose nodes have labels, and trees with one label."""

from typing import Any

import numpy as np
import torch
from fake_sequence_runs import FakeSequenceRun
from small_trees import dataset

from gnomon.assemble import Model
from gnomon.core.spec import Label, NodeLabels, Number
from gnomon.data import brackets, preparing, treefound
from gnomon.families import tree as family
from gnomon.outputs import evaluate
from gnomon.tasks import classify, label_nodes, regress
from gnomon.training.precision import Precision

CLASSES = ("0", "1", "2", "3", "4")
PHRASES = (
    "(3 (2 It) (4 (2 's) (3 good)))",
    "(1 (2 A) (1 (1 (2 not) (3 good)) (2 film)))",
    "(2 (2 the) (2 film))",
    "(4 (2 It) (4 (4 (2 very) (3 good)) (2 film)))",
    "(0 (2 It) (0 (0 (2 so) (1 bad)) (2 .)))",
    "(3 (2 It) (3 (2 's) (3 (2 not) (1 bad))))",
)


def sentences(copies: int = 4, *, roots: bool = False, form: str = "labels") -> Any:
    """Phrases with a label at each node, or with the one of the root alone, in three splits."""
    found = [brackets.parse(phrase) for phrase in PHRASES] * copies
    whole = [one.tree for one in found]
    index = {name: i for i, name in enumerate(CLASSES)}
    targets = (
        np.array([index[one.labels[-1]] for one in found], np.int64)
        if roots
        else treefound.of_nodes([one.labels for one in found], index)
    )
    target = Label(classes=CLASSES) if roots else NodeLabels(classes=CLASSES)
    return dataset(whole, targets, target, form=form, valid=(whole, targets), test=(whole, targets))


def measures(copies: int = 4, *, form: str = "prefix") -> Any:
    """Phrases with a number at the root, in three splits."""
    found = [brackets.parse(phrase) for phrase in PHRASES] * copies
    numbers = np.array([float(one.labels[-1] or 0) * 10 for one in found])
    whole = [one.tree for one in found]
    return dataset(whole, numbers, Number(name="worth"), form=form, valid=(whole, numbers), test=(whole, numbers))


def model_of(raw: Any, **settings: Any) -> tuple[Model, Any]:
    """A small untrained model for a raw dataset, and the dataset as it sees it."""
    prepared = preparing.prepare(raw, [("user", {"run.family": "tree"})], cache_dir=None)
    spec = prepared.dataset.spec
    torch.manual_seed(0)
    task: Any = {Label: classify, NodeLabels: label_nodes, Number: regress}[type(spec.target)]
    made = Model(
        network=family.build(family.Config(width=8, hidden=8, embedding=8, ngram_rows=64, **settings), spec).eval(),
        task=task.Task(task.Config(), spec),
        spec=spec,
        preparation=prepared.preparation,
        precision=Precision("fp32", torch.device("cpu")),
    )
    return made, prepared.dataset


class FakeTrees(FakeSequenceRun):
    """Trees whose nodes, or roots, are labelled by an untrained network."""

    family = "tree"

    def __init__(self, parent: Any, raw: Any = None, **options: Any) -> None:
        raw = raw or sentences()
        self.model, prepared = model_of(raw)
        self.headline = self.model.task.headline
        self.task = {Label: "classify", NodeLabels: "label_nodes", Number: "regress"}[type(raw.spec.target)]
        self.found = evaluate.evaluation(
            self.model, prepared, known={}, task_name=self.task, seed=0, emit=lambda event: None
        )
        super().__init__(parent, raw, **options)

    def _evaluation(self) -> dict[str, Any]:
        return self.found
