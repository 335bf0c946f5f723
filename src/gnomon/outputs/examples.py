"""What the report may ask of the data itself: some samples of a split, their labels and their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Dataset, Label, NodeLabels, Tags

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Data as it was read, not as a network sees it. Each callable may raise a ``GnomonError``: the data is gone."""

    kind: str
    """The leaf of the input: ``Image``, ``Text``, ``Series``, ``Trees``, ``Table`` or ``Audio``."""
    samples: Callable[[str, Sequence[int]], Sequence[Any]]
    """Samples of a split by their indices: uint8 pictures ``(height, width, channels)``, a ``str`` or a tuple of
    words, a `Tree`, or float rows ``(channels,)``; series with a label are ``(time, channels)``, recordings int16
    ``(samples,)``; rows of a table are dicts."""
    labels: Callable[[str], Ints | None]
    """The class of every sample of a split, shape ``(num_samples,)``; None where samples have no label."""
    tags: Callable[[str, Sequence[int]], Sequence[Ints]]
    """The tags of samples of a split, each ``(time,)``, or the labels of their nodes; none where they have none."""
    names: Callable[[str, Sequence[int]], Sequence[str]]
    """What samples of a split are called: a path, a row, an instant."""


def examples_of(dataset: Dataset) -> Examples:
    """Return what the report may ask of a raw dataset, whose input is an `Image`, a `Text`, a `Series` or `Audio`."""
    target = dataset.spec.target

    def samples(split: str, indices: Sequence[int]) -> Sequence[Any]:
        return list(dataset.splits[split].inputs[_rows(indices)])

    def labels(split: str) -> Ints | None:
        return np.asarray(dataset.splits[split].targets) if isinstance(target, Label) else None

    def tags(split: str, indices: Sequence[int]) -> Sequence[Ints]:
        return list(dataset.splits[split].targets[_rows(indices)]) if isinstance(target, Tags | NodeLabels) else []

    def names(split: str, indices: Sequence[int]) -> Sequence[str]:
        return [str(name) for name in dataset.splits[split].ids[_rows(indices)]]

    return Examples(kind=type(dataset.spec.input).__name__, samples=samples, labels=labels, tags=tags, names=names)


def _rows(indices: Sequence[int]) -> Ints:
    return np.asarray(indices, dtype=np.int64)
