"""What a linear model of a table scores without the columns that tell the target by themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import printable
from gnomon.core.spec import Dataset, Spec, Vector
from gnomon.data import tableleaks
from gnomon.outputs import evaluate

_MOST_NAMED = 3


class _Narrowed:
    """Some columns of rows that may lie in a file: only what is asked for is read."""

    def __init__(self, rows: Any, kept: list[int]) -> None:
        self._rows, self._kept = rows, kept

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: Any) -> npt.NDArray[np.float32]:
        return np.asarray(self._rows[key], np.float32)[..., self._kept]


def baselines(task_for: Callable[[Spec], Any], raw: Dataset, dataset: Dataset, *, seed: int) -> list[dict[str, Any]]:
    """Return the linear model that does without columns that are suspected of telling the target, as a baseline.

    ``raw`` is the table as it was read, ``dataset`` the same as families see it; ``task_for`` makes the task. Nothing
    where no column is suspected, or none is left without them.
    """
    given = dataset.spec.input
    if not isinstance(given, Vector):
        return []
    suspected = [leak.name for leak in tableleaks.find(raw) if not leak.is_equal]
    kept = _kept(given, suspected)
    names = (*given.names, *(name for name, _ in given.categories))
    if not suspected or not kept or len(kept) == len(names):
        return []
    leaf = replace(
        given,
        names=tuple(name for name in given.names if name not in suspected),
        categories=tuple(pair for pair in given.categories if pair[0] not in suspected),
    )
    spec = replace(dataset.spec, input=leaf)
    splits = {name: replace(split, inputs=_Narrowed(split.inputs, kept)) for name, split in dataset.splits.items()}
    found = evaluate.baselines(task_for(spec), replace(dataset, spec=spec, splits=splits), seed=seed)
    told = ", ".join(repr(printable(name)) for name in suspected[:_MOST_NAMED])
    return [one | {"name": f"{one['name']} without {told}"} for one in found[-1:]]


def _kept(given: Vector, suspected: Collection[str]) -> list[int]:
    """Return the places in a row of what comes from other columns."""
    names = (*given.names, *(name for name, _ in given.categories))
    return [place for place, name in enumerate(names) if name not in suspected]
