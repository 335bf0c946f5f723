"""Channels of a series that cannot be learned: constant ones, and ones with holes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Dataset, Series, Split
from gnomon.data import nouns
from gnomon.data.finding import MAX_IDS, Finding, listed

MIN_ROWS = 100
"""Fewer training rows than this are told."""

_AT_ONCE = 1 << 16


def find(dataset: Dataset) -> Iterable[Finding]:
    """Return what is wrong with the channels; nothing where the input is no series."""
    series, target = dataset.spec.input, dataset.spec.target
    if not isinstance(series, Series) or not dataset.splits:
        return
    broken = [finding for name, part in dataset.splits.items() for finding in _holes(dataset, series.names, name, part)]
    yield from broken
    train = dataset.splits["train" if "train" in dataset.splits else next(iter(dataset.splits))]
    if not len(train) or broken:
        return
    if isinstance(target, Series) and len(train) < MIN_ROWS:
        yield Finding(level="warning", text=f"train has only {len(train):,} rows", fix="give a longer series")
    yield from _constant(dataset, train, series.names, target.names if isinstance(target, Series) else ())


def _holes(dataset: Dataset, names: tuple[str, ...], name: str, part: Split) -> Iterable[Finding]:
    """Tell how many values are no numbers, and where the first of them are."""
    num_bad, where, ids = 0, "", []
    for start in range(0, len(part), _AT_ONCE):
        rows = np.arange(start, min(start + _AT_ONCE, len(part)))
        bad = ~np.isfinite(np.asarray(part.inputs[rows]))
        if not bad.any():
            continue
        places = np.argwhere(bad)
        if not num_bad:
            at = places[0]
            name_of_row = f"{nouns.of_samples(dataset.spec).one} {start + at[0] + 1:,} ({part.ids[int(rows[at[0]])]})"
            where = f"the first in {name_of_row}, channel {names[at[-1]]!r}"
        num_bad += len(places)
        ids += [str(part.ids[int(rows[i])]) for i in np.unique(places[:, 0])[: MAX_IDS - len(ids)]]
    if num_bad:
        text = f"{num_bad:,} values in {name} are missing or infinite, {where}"
        yield Finding(level="error", text=text, ids=tuple(ids), fix="fill them in, or leave the rows out")


def _constant(dataset: Dataset, train: Split, names: tuple[str, ...], wanted: tuple[str, ...]) -> Iterable[Finding]:
    constant = [name for name, is_flat in zip(names, _is_flat(train), strict=True) if is_flat]
    if set(wanted or names) <= set(constant):
        what = f"what is to be forecast, {listed(wanted)}, is" if wanted else "every channel is"
        fix = "name another --target" if wanted else "give other data"
        yield Finding(level="error", text=f"{what} constant in train: there is nothing to learn", fix=fix)
    elif constant:
        yield Finding(level="warning", text=f"constant in train, so nothing is learned from it: {listed(constant)}")


def _is_flat(part: Split) -> npt.NDArray[np.bool_]:
    """Tell of each channel whether it never changes, ``(channels,)``."""
    low = high = None
    for start in range(0, len(part), _AT_ONCE):
        values = np.asarray(part.inputs[np.arange(start, min(start + _AT_ONCE, len(part)))])
        flat = values.reshape(-1, values.shape[-1])
        low = flat.min(axis=0) if low is None else np.minimum(low, flat.min(axis=0))
        high = flat.max(axis=0) if high is None else np.maximum(high, flat.max(axis=0))
    return np.asarray(low == high)
