"""Separately given data, seen as the training data are: the same classes, tags or channels, found by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import DataError
from gnomon.core.spec import Dataset, Density, Image, Label, Leaf, NodeLabels, Series, Spec, Split, Table, Tags, Text
from gnomon.data.ragged import Ragged

_NUM_NAMES = 5


def fit(other: Dataset, main: Dataset, name: str) -> Split:
    """Return the one split of ``other`` that is to be the split ``name`` of ``main``, its targets translated.

    Raises ``DataError`` where the kinds, sizes or channels differ, where it has a class or tag that ``main`` lacks, or
    where several splits are there to choose from.
    """
    if isinstance(main.spec.target, Density):
        other = as_density(other, main.spec.target)
    _require_like(other, main, name)
    part = _only_split(other, name)
    if isinstance(main.spec.input, Series) and isinstance(other.spec.input, Series):
        part = _with_channels(part, other.spec.input, main.spec.input)
    kinds = Label | Tags | NodeLabels
    if isinstance(main.spec.target, kinds) and isinstance(other.spec.target, kinds):
        return _translated(part, other.spec.target, main.spec.target, other.source)
    return part


def as_density(dataset: Dataset, target: Density) -> Dataset:
    """Return labelled or unlabelled samples for a model of the samples themselves: classes are found by name.

    A class that ``target`` lacks is unknown, -1. Other data stay as they are.
    """
    own = dataset.spec.target
    if not isinstance(dataset.spec.input, Image | Series | Table) or not isinstance(own, Label | Density):
        return dataset
    index = {name: k for k, name in enumerate(target.classes)}
    table = np.array([*(index.get(name, -1) for name in own.classes), -1], dtype=np.int64)
    splits = {name: replace(part, targets=table[np.asarray(part.targets)]) for name, part in dataset.splits.items()}
    return replace(dataset, spec=Spec(input=dataset.spec.input, target=target), splits=splits)


def _require_like(other: Dataset, main: Dataset, name: str) -> None:
    """Refuse data of another kind, pictures of another size, series of other channels or another length."""
    if not _alike(other.spec.input, main.spec.input):
        raise DataError(
            f"the {name} data holds {_told(other.spec.input)}, the training data {_told(main.spec.input)}",
            fix="set one size for both: --set data.size_px=64"
            if isinstance(main.spec.input, Image)
            else f"give {name} data of the same form as the training data",
            path=other.source,
        )
    kinds = type(other.spec.target), type(main.spec.target)
    if kinds[0] is not kinds[1]:
        raise DataError(
            f"the {name} data has {kinds[0].__name__} targets, the training data {kinds[1].__name__} targets",
            fix="choose the same target for both with --target",
            path=other.source,
        )


def _alike(one: Leaf, two: Leaf) -> bool:
    if isinstance(one, Series) and isinstance(two, Series):
        return set(one.names) == set(two.names) and one.length == two.length
    if isinstance(one, Table) and isinstance(two, Table):
        return bool({column.name for column in one.columns} & {column.name for column in two.columns})
    return one == two


def _told(leaf: Leaf) -> str:
    if isinstance(leaf, Text):
        return "texts cut into words" if leaf.words else "texts"
    if isinstance(leaf, Series):
        names = ", ".join(leaf.names[:_NUM_NAMES]) + (", …" if len(leaf.names) > _NUM_NAMES else "")
        return f"series of {leaf.length} steps of {names}" if leaf.length else f"a series of {names}"
    if isinstance(leaf, Table):
        names = [column.name for column in leaf.columns]
        return f"a table of {', '.join(names[:_NUM_NAMES])}" + (", …" if len(names) > _NUM_NAMES else "")
    return str(leaf)


def _with_channels(part: Split, here: Series, there: Series) -> Split:
    """Return a split with its channels in the order of ``there``."""
    if here.names == there.names:
        return part
    order = [here.names.index(channel) for channel in there.names]
    inputs = np.ascontiguousarray(np.asarray(part.inputs[:])[..., order])
    return replace(part, inputs=inputs, targets=inputs if part.targets is part.inputs else part.targets)


def _only_split(other: Dataset, name: str) -> Split:
    for candidate in ("all", name):
        if candidate in other.splits:
            return other.splits[candidate]
    if len(other.splits) == 1:
        return next(iter(other.splits.values()))
    raise DataError(
        f"holds the splits {', '.join(other.splits)}, but not {name}", fix="name the folder of one", path=other.source
    )


def _translated(part: Split, here: Label | Tags | NodeLabels, there: Label | Tags | NodeLabels, path: str) -> Split:
    """Return ``part`` with its labels or tags as indices into the classes of ``there``."""
    index = {name: k for k, name in enumerate(there.classes)}
    targets: Any = part.targets
    values: npt.NDArray[np.int64] = targets.values if isinstance(targets, Ragged) else targets
    present = np.bincount(values[values >= 0], minlength=len(here.classes)) > 0
    unknown = [name for name, found in zip(here.classes, present, strict=True) if found and name not in index]
    if unknown:
        what = "tags" if isinstance(there, Tags) else "classes"
        raise DataError(
            f"has {what} that the training data lacks: {', '.join(map(repr, unknown[:_NUM_NAMES]))}"
            + (f" and {len(unknown) - _NUM_NAMES} more" if len(unknown) > _NUM_NAMES else ""),
            fix=f"the training data has: {', '.join(map(repr, there.classes[:8]))}",
            path=path,
        )
    # The last entry serves the index -1, which stands for a word without a tag.
    table = np.array([*(index.get(name, -1) for name in here.classes), -1], dtype=np.int64)
    translated = Ragged(table[values], targets.offsets) if isinstance(targets, Ragged) else table[values]
    return replace(part, targets=translated)
