"""Columns that tell the target by themselves: copies of it, other names of it, and what is only known afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import printable
from gnomon.core.spec import Dataset, Label, Number, Table, TableColumn
from gnomon.data import tablevalues
from gnomon.data.cells import Cells, codes
from gnomon.data.finding import Finding

LEAST_RIGHT = 0.98
"""A column that alone foresees so many more of the rows than the commonest answer is suspected."""

_MOST_ROWS = 20_000
_LEAST_ROWS = 50
_LEAST_EACH = 5
_MANY_EQUAL = 100
_CORRELATED = 0.9999


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A column that tells the target by itself."""

    name: str
    why: str
    is_equal: bool
    """True where it is the target under another name, and so is left out."""


def find(dataset: Dataset) -> list[Leak]:
    """Return the columns of a table that tell the target by themselves, judged by at most 20,000 training rows."""
    given, target = dataset.spec.input, dataset.spec.target
    train = dataset.splits.get("train") or dataset.splits.get("all")
    if not isinstance(given, Table) or train is None or len(train) < _LEAST_ROWS:
        return []
    rows = np.unique(np.linspace(0, len(train) - 1, min(len(train), _MOST_ROWS)).astype(np.int64))
    some: Cells = train.inputs[rows]
    targets = np.asarray(train.targets)[rows]
    if isinstance(target, Number):
        found = (_of_quantity(column, some, targets, target) for column in given.columns)
    elif isinstance(target, Label):
        found = (_of_classes(column, some, targets) for column in given.columns)
    else:
        return []
    return [leak for leak in found if leak is not None]


def findings(dataset: Dataset) -> Iterator[Finding]:
    """Yield a warning for each column that tells the target by itself."""
    target = printable(str(dataset.facts.get("target", "the target")))
    for leak in find(dataset):
        name = printable(leak.name)
        if leak.is_equal:
            yield Finding(
                level="warning", text=f"the column {name!r} is the target {target!r} in other words: left out"
            )
        else:
            yield Finding(
                level="warning",
                text=f"the column {name!r} tells the target {target!r} by itself ({leak.why}): "
                "if it is not known when predicting, the scores mean nothing; "
                f"leave it out with --set reader.drop={name}",
                fix=f"--set reader.drop={name}",
            )


def _of_quantity(column: TableColumn, some: Cells, targets: npt.NDArray[Any], target: Number) -> Leak | None:
    """Return whether numbers are the target but for unit and zero."""
    if column.type != "number":
        return None
    values = tablevalues.numbers(some.column(column.name), column.form).values
    there = np.isfinite(values)
    if there.sum() < max(_LEAST_ROWS, 0.5 * len(values)) or values[there].std() == 0 or targets[there].std() == 0:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        correlation = float(np.corrcoef(values[there], targets[there])[0, 1])
    if not abs(correlation) >= _CORRELATED:
        return None
    equal = bool(there.all() and np.allclose(values, targets, rtol=1e-9, atol=0))
    return Leak(name=column.name, why=f"their correlation is {correlation:.5f}", is_equal=equal)


def _of_classes(column: TableColumn, some: Cells, targets: npt.NDArray[np.int64]) -> Leak | None:
    """Return whether the values of a column name the classes."""
    if column.type in ("empty", "identifier", "text", "date"):
        return None
    values = codes(some.column(column.name))
    num_values, num_classes = int(values.max()) + 1, int(targets.max()) + 1
    common = np.bincount(targets).max() / len(targets)
    if column.type == "number" and num_values * _LEAST_EACH > len(values):
        right = _by_one_cut(tablevalues.numbers(some.column(column.name), column.form).values, targets)
        return _suspected(column.name, right, common, num_classes)
    if num_values * _LEAST_EACH > len(values):
        return None
    table = np.zeros((num_values, num_classes), np.int64)
    np.add.at(table, (values, targets), 1)
    right = table.max(axis=1).sum() / len(values)
    one_to_one = num_values == num_classes == np.count_nonzero(table)
    if one_to_one and len(values) >= _MANY_EQUAL:
        return Leak(name=column.name, why="each of its values is one class of the target", is_equal=True)
    return _suspected(column.name, float(right), common, num_classes)


def _suspected(name: str, right: float, common: float, num_classes: int) -> Leak | None:
    if 1 - right > (1 - LEAST_RIGHT) * (1 - common):
        return None
    return Leak(name=name, why=f"it alone foresees {right:.2%} of the training rows", is_equal=False)


def _by_one_cut(values: npt.NDArray[np.float64], targets: npt.NDArray[np.int64]) -> float:
    """Return how often the best single threshold foresees one of two classes; for more classes, 0."""
    there = np.isfinite(values)
    if targets.max() != 1 or not there.all():
        return 0.0
    order = np.argsort(values, kind="stable")
    ranked = targets[order]
    below = np.concatenate([[0], np.cumsum(ranked)])  # of class 1 among the first k
    count = np.arange(len(ranked) + 1)
    right = (count - below) + (below[-1] - below)
    cuts = np.concatenate([[True], np.diff(values[order]) > 0, [True]])
    best = np.maximum(right, len(ranked) - right)[cuts]
    return float(best.max() / len(ranked))
