"""Train, valid and test: from the data where it has them, else made here.

Samples are drawn, seeded, stratified by class and grouped by content, or by the groups that they have; the latest are
held out where they have times; what is to be continued is cut in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.errors import DataError, UsageError
from gnomon.core.spec import Column, Dataset, Guess, Label, Number, Split
from gnomon.data import grouping, joining, nouns, ordered
from gnomon.data.cutting import CUSTOMARY, Divided, InOrder
from gnomon.data.ragged import Ragged
from gnomon.data.shares import parse_amounts, parse_shares
from gnomon.data.stratify import are_distinct, assign, distinct_labels

Ints = npt.NDArray[np.int64]
Shares = tuple[float, float, float]

SPLITS = ("train", "valid", "test")
ORIGINS = "split_origins"
"""The key under which ``Dataset.facts`` tells of each split ``{"made_by": …, "indices_of": …}``."""

_SHARES = (0.8, 0.1, 0.1)
_VALID_SHARE = 0.1
_MAX_VALID = 1000
_BANDS = 10
_LEAST_IN_BAND = 20


class Subset:
    """Some samples of a column, in the order of ``indices (num_samples,)``: a view, not a copy."""

    def __init__(self, parent: Column, indices: Ints, whole: Split | None = None) -> None:
        self.parent = parent
        self.indices = indices
        self.whole = whole
        """The split from which the samples were drawn, where this is the inputs of a part of it."""

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, key: Any) -> Any:
        """Return the samples at an int, a slice or an int array, as the parent gives them."""
        return self.parent[self.indices[key]]


def split(dataset: Dataset, shares: str, seed: int) -> Dataset:
    """Return ``dataset`` with the splits train, valid and test where possible; ``shares`` is ``auto`` or a list.

    What the data or the user gave is kept; what is missing is drawn from the training samples: stratified by class,
    with equal contents on one side. What is to be continued, a text or a series, is cut in order instead.
    Says as a `Guess` what the user did not ask for.
    Raises ``DataError`` where there is nothing to train on, ``UsageError`` where ``shares`` does not fit the data.
    """
    way = _way(dataset, shares, seed)
    given = {name: part for name, part in dataset.splits.items() if len(part)}
    main = next((name for name in ("all", "train") if name in given), None)
    if main is None:
        held = ", ".join(given) or f"no {nouns.of_samples(dataset.spec).many}"
        raise DataError(f"there is no train split, only: {held}", fix="name a folder that holds training data")
    if "valid" in given and "test" in given:
        if shares != "auto":
            raise UsageError("the data has valid and test splits of its own", fix="leave --split out")
        names = {"train": main, "valid": "valid", "test": "test"}
        return _with_splits(dataset, {new: _kept(dataset, new, old) for new, old in names.items()}, ())
    if "test" not in given and "valid" not in given:
        parts, guesses = way.three(given[main])
        return _with_splits(dataset, {name: _made(part, main) for name, part in parts.items()}, guesses)
    if "test" not in given and _made_by(dataset, "valid") == "user":
        return _carve(dataset, main, "test", way, {"valid": "valid"})
    kept = "test" if "test" in given else "valid"
    return _carve(dataset, main, "valid", way, {"test": kept})


def join(main: Dataset, valid: Dataset | None = None, test: Dataset | None = None) -> Dataset:
    """Return ``main`` with separately given data as its valid and test split; classes, tags, channels go by name.

    Raises ``DataError`` as `joining.fit` does.
    """
    splits = dict(main.splits)
    origins = dict(main.facts.get(ORIGINS, {}))
    skipped, guesses, prints = list(main.skipped), list(main.guesses), [main.fingerprint]
    for name, other in (("valid", valid), ("test", test)):
        if other is None:
            continue
        splits[name] = joining.fit(other, main, name)
        origins[name] = {"made_by": "user", "indices_of": None}
        skipped += [replace(entry, split=name) for entry in other.skipped]
        guesses += [guess for guess in other.guesses if guess not in guesses]
        prints.append(other.fingerprint)
    return replace(
        main,
        splits=splits,
        fingerprint=prints[0] if len(prints) == 1 else f"{seeds.key(*prints):016x}",
        guesses=tuple(guesses),
        skipped=tuple(skipped),
        facts={**main.facts, ORIGINS: origins},
    )


def undo(dataset: Dataset) -> Dataset:
    """Return the dataset as it was before `split`: what was drawn from a split goes back into it."""
    splits: dict[str, Split] = {}
    for name, part in dataset.splits.items():
        origin = dataset.facts.get(ORIGINS, {}).get(name, {})
        is_made = origin.get("made_by") == "gnomon"
        splits[origin.get("indices_of") or name] = whole(part) if is_made else part
    users = {name: {"made_by": "user", "indices_of": None} for name in splits if _made_by(dataset, name) == "user"}
    return replace(dataset, splits=splits, facts={**dataset.facts, ORIGINS: users})


def whole(part: Split) -> Split:
    """Return the split from which a part was drawn or cut. Raises ``TypeError`` where it was not."""
    made = part.inputs
    if not isinstance(made, Subset | ordered.Span | ordered.Passage) or made.whole is None:
        raise TypeError(f"a {type(made).__name__} is no part of another split")
    return made.whole


def take(parent: Split, indices: Ints) -> Split:
    """Return the samples of ``parent`` at ``indices``; inputs and ids are views."""
    return Split(
        inputs=Subset(parent.inputs, indices, parent),
        targets=_taken(parent.targets, indices),
        ids=Subset(parent.ids, indices),
        hashes=parent.hashes[indices],
        groups=None if parent.groups is None else parent.groups[indices],
        times=None if parent.times is None else parent.times[indices],
    )


def _taken(targets: Any, indices: Ints) -> Any:
    """Return the targets at ``indices``: an array of an array, a `Ragged` of a `Ragged`."""
    if not isinstance(targets, Ragged):
        return targets[indices]
    lengths = targets.lengths[indices]
    offsets = np.zeros(len(indices) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    places = np.arange(offsets[-1]) + np.repeat(targets.offsets[indices] - offsets[:-1], lengths)
    return Ragged(targets.values[places], offsets)


class _Way(Protocol):
    """How missing splits are made out of the training samples."""

    def three(self, parent: Split) -> Divided:
        """Return train, valid and, where there is a share for it, test."""
        ...

    def two(self, parent: Split, name: str, why: str) -> Divided:
        """Return train and what is held out of it as ``name``, ``why`` it is needed."""
        ...


def _way(dataset: Dataset, shares: str, seed: int) -> _Way:
    if ordered.unit_of(dataset.spec) is not None:
        return InOrder(dataset=dataset, wanted=None if shares == "auto" else parse_amounts(shares))
    wanted = None if shares == "auto" else parse_shares(shares)
    if any(part.times is not None for part in dataset.splits.values()):
        return _Latest(dataset=dataset, wanted=wanted)
    return _Drawn(dataset=dataset, wanted=wanted, seed=seed)


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """Samples are drawn: seeded, stratified where they have one label, with equal contents on one side."""

    dataset: Dataset
    wanted: Shares | None
    seed: int

    def three(self, parent: Split) -> Divided:
        customary = self.dataset.facts.get(CUSTOMARY)
        shares = self.wanted or (parse_shares(customary) if customary else _SHARES)
        assigned = self._assigned(parent, shares)
        parts = {name: take(parent, np.flatnonzero(assigned == s)) for s, name in enumerate(SPLITS)}
        parts = {name: part for name, part in parts.items() if len(part)}
        if "valid" not in parts:
            what = f"{self._counted(parent)} are too few to hold some out for validation"
            raise self._too_few(parent, what)
        why = f"the data has no splits of its own: {self._how(parent)}"
        guess = Guess(
            what=", ".join(f"{name} {len(part):,}" for name, part in parts.items()),
            why=f"this is the customary split of {self.dataset.name}: {self._how(parent)}" if customary else why,
            flag="--split 0.8,0.1,0.1 or --valid PATH --test PATH",
        )
        return parts, () if self.wanted else (guess,)

    def two(self, parent: Split, name: str, why: str) -> Divided:
        share = _wish(self.wanted, parent, name)
        held = self._assigned(parent, (1 - share, share)) == 1
        if not held.any():
            what = f"{self._counted(parent, 'training ')} are too few to hold some out as {name}"
            raise self._too_few(parent, what, f"--{name} PATH")
        guess = Guess(
            what=f"{name}: {held.sum():,} {self._many} held out of train",
            why=why,
            flag=f"--{name} PATH or --split 0.9,0.1",
        )
        return {"train": take(parent, np.flatnonzero(~held)), name: take(parent, np.flatnonzero(held))}, (guess,)

    @property
    def _many(self) -> str:
        return nouns.of_samples(self.dataset.spec).many

    def _counted(self, parent: Split, kind: str = "") -> str:
        """Return how many samples there are, and how many different ones, as equal ones stay together."""
        num = len(np.unique(parent.hashes, axis=0))
        told = f" ({num:,} different ones)" if num < len(parent) else ""
        return f"{len(parent):,} {kind}{self._many}{told}"

    def _assigned(self, parent: Split, shares: tuple[float, ...]) -> Ints:
        if parent.groups is not None:
            return grouping.assign(parent.groups, parent.hashes, shares, self.seed)
        return assign(self._labels(parent), parent.hashes, shares, self.seed)

    def _how(self, parent: Split) -> str:
        if parent.groups is not None:
            return "seeded, each group on one side"
        target = self.dataset.spec.target
        stratified = "stratified by class, " if isinstance(target, Label) else ""
        stratified = "stratified by tenths of the target, " if isinstance(target, Number) else stratified
        return f"seeded, {stratified}equal contents on one side"

    def _labels(self, parent: Split) -> Ints:
        if isinstance(self.dataset.spec.target, Label):
            return np.asarray(parent.targets, dtype=np.int64)
        if isinstance(self.dataset.spec.target, Number):
            return _bands(np.asarray(parent.targets, np.float64))
        return np.zeros(len(parent), np.int64)

    def _too_few(self, parent: Split, what: str, flags: str = "--valid PATH --test PATH") -> DataError:
        target = self.dataset.spec.target
        if isinstance(target, Label) and are_distinct(np.bincount(parent.targets)):
            return distinct_labels(len(parent), self._many, target.classes, self.dataset.source)
        if len(parent) > 1 and len(set(parent.hashes.tolist())) == 1:
            what = f"all {len(parent):,} {self._many} are the same, so that none can be held out that was not learned"
            return DataError(what, fix=f"give {self._many} that differ")
        return DataError(what, fix=f"give more {self._many}, or separate ones with {flags}")


def _bands(values: npt.NDArray[np.float64]) -> Ints:
    """Return for each number which tenth of all numbers it lies in, ``(n,)``; fewer bands where numbers are few."""
    count = max(1, min(_BANDS, len(values) // _LEAST_IN_BAND))
    edges = np.unique(np.quantile(values, np.linspace(0, 1, count + 1)[1:-1])) if count > 1 else np.zeros(0)
    return np.searchsorted(edges, values, side="right").astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class _Latest:
    """The latest samples are held out, as they will be new when the model is used; equal times are on one side."""

    dataset: Dataset
    wanted: Shares | None

    def three(self, parent: Split) -> Divided:
        shares = np.array(self.wanted or _SHARES)
        part_of = self._cut(parent, shares)
        parts = {name: take(parent, np.flatnonzero(part_of == s)) for s, name in enumerate(SPLITS)}
        parts = {name: part for name, part in parts.items() if len(part)}
        if not {"train", "valid"} <= parts.keys():
            raise self._too_few(parent)
        told = ", ".join(f"{name} {len(part):,}" for name, part in parts.items())
        return parts, () if self.wanted else (self._guess(told, "the latest rows are held out: --time"),)

    def two(self, parent: Split, name: str, why: str) -> Divided:
        share = _wish(self.wanted, parent, name)
        held = self._cut(parent, np.array([1 - share, share])) == 1
        if not held.any() or held.all():
            raise self._too_few(parent)
        guess = self._guess(f"{name}: the latest {held.sum():,} rows of train", why)
        return {"train": take(parent, np.flatnonzero(~held)), name: take(parent, np.flatnonzero(held))}, (guess,)

    def _cut(self, parent: Split, shares: npt.NDArray[np.float64]) -> Ints:
        """Return the number of the part of each sample, ``(n,)``: the earliest are in the first."""
        times = np.asarray(parent.times, np.int64)
        ranked = np.sort(times)
        ends = np.minimum((np.cumsum(shares)[:-1] * len(times)).round().astype(np.int64), len(times) - 1)
        return np.searchsorted(ranked[ends], times, side="right")

    def _guess(self, what: str, why: str) -> Guess:
        return Guess(what=what, why=why, flag="--split 0.8,0.1,0.1 or --valid PATH --test PATH")

    def _too_few(self, parent: Split) -> DataError:
        what = (
            f"{len(parent):,} rows with {len(np.unique(parent.times))} different times cannot be cut in order of time"
        )
        return DataError(what, fix="give more rows, or another column with --time")


def _carve(dataset: Dataset, main: str, name: str, way: _Way, kept: Mapping[str, str]) -> Dataset:
    """Hold some of the training samples out as ``name``; ``kept`` maps the other split to where it is."""
    why = f"the data has no {name} split"
    if kept.get("test") == "valid":
        why = "the data's own valid split serves as test, so that no setting is chosen on it"
    parts, guesses = way.two(dataset.splits[main], name, why)
    made = {new: _made(part, main) for new, part in parts.items()}
    made |= {new: _kept(dataset, new, old) for new, old in kept.items()}
    return _with_splits(dataset, {part: made[part] for part in SPLITS}, guesses)


def _wish(wanted: Shares | None, parent: Split, name: str) -> float:
    if wanted is None:
        return min(_VALID_SHARE, _MAX_VALID / len(parent))
    train, valid, test = wanted
    share, other = (valid, test) if name == "valid" else (test, valid)
    if name == "valid" and other:
        raise UsageError("the data has a test split of its own", fix=f"try --split {1 - share:g},{share:g}")
    if name == "test" and not share:
        raise UsageError("--split has no share for test", fix="give --test PATH or a third share")
    return share / (train + share)


_Made = tuple[Split, dict[str, Any]]


def _made(part: Split, main: str) -> _Made:
    return part, {"made_by": "gnomon", "indices_of": main}


def _kept(dataset: Dataset, new: str, old: str) -> _Made:
    origin = {"made_by": _made_by(dataset, old), "indices_of": None if new == old else old}
    return dataset.splits[old], origin


def _made_by(dataset: Dataset, name: str) -> str:
    return str(dataset.facts.get(ORIGINS, {}).get(name, {}).get("made_by", "data"))


def _with_splits(dataset: Dataset, made: Mapping[str, _Made], guesses: tuple[Guess, ...]) -> Dataset:
    return replace(
        dataset,
        splits={name: part for name, (part, _) in made.items()},
        guesses=dataset.guesses + guesses,
        facts={**dataset.facts, ORIGINS: {name: origin for name, (_, origin) in made.items()}},
    )
