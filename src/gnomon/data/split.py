"""Train, valid and test: from the data where it has them, else made here, seeded, stratified and grouped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.errors import DataError, UsageError
from gnomon.core.spec import Column, Dataset, Guess, Label, Split
from gnomon.data.stratify import assign

Ints = npt.NDArray[np.int64]

SPLITS = ("train", "valid", "test")
ORIGINS = "split_origins"
"""The key under which ``Dataset.facts`` tells of each split ``{"made_by": …, "indices_of": …}``."""

_SHARES = (0.8, 0.1, 0.1)
_VALID_SHARE = 0.1
_MAX_VALID = 1000


class Subset:
    """Some samples of a column, in the order of ``indices (num_samples,)``: a view, not a copy."""

    def __init__(self, parent: Column, indices: Ints) -> None:
        self.parent = parent
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, key: Any) -> Any:
        """Return the samples at an int, a slice or an int array, as the parent gives them."""
        return self.parent[self.indices[key]]


def parse_shares(text: str) -> tuple[float, float, float]:
    """Return the shares of train, valid and test in ``0.8,0.1,0.1``; test may be left out or 0.

    Raises ``UsageError`` where they are not two or three numbers that sum to 1, with train and valid above 0.
    """
    fix = "try --split 0.8,0.1,0.1 (train, valid, test)"
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError as error:
        raise UsageError(f"--split {text!r} is not a list of numbers", fix=fix) from error
    if len(numbers) not in (2, 3):
        raise UsageError(f"--split {text!r} has {len(numbers)} shares, not two or three", fix=fix)
    if not abs(sum(numbers) - 1) <= 1e-6:  # also true of nan
        raise UsageError(f"--split {text!r} sums to {sum(numbers):g}, not to 1", fix=fix)
    train, valid, test = (*numbers, 0.0)[:3]
    if train <= 0 or test < 0:
        raise UsageError(f"--split {text!r} leaves nothing to train on", fix=fix)
    if valid <= 0:
        raise UsageError(f"--split {text!r} has no share for valid, on which settings are chosen", fix=fix)
    return train, valid, test


def split(dataset: Dataset, shares: str, seed: int) -> Dataset:
    """Return ``dataset`` with the splits train, valid and test where possible; ``shares`` is ``auto`` or a list.

    What the data or the user gave is kept; what is missing is drawn from the training samples: stratified by class,
    with equal contents on one side. Says as a `Guess` what the user did not ask for.
    Raises ``DataError`` where there is nothing to train on, ``UsageError`` where ``shares`` does not fit the data.
    """
    wanted = None if shares == "auto" else parse_shares(shares)
    given = {name: part for name, part in dataset.splits.items() if len(part)}
    main = next((name for name in ("all", "train") if name in given), None)
    if main is None:
        held = ", ".join(given) or "no samples"
        raise DataError(f"there is no train split, only: {held}", fix="name a folder that holds training data")
    if "valid" in given and "test" in given:
        if wanted:
            raise UsageError("the data has valid and test splits of its own", fix="leave --split out")
        names = {"train": main, "valid": "valid", "test": "test"}
        return _with_splits(dataset, {new: _kept(dataset, new, old) for new, old in names.items()}, ())
    if "test" not in given and "valid" not in given:
        return _split_all(dataset, main, wanted, seed)
    if "test" not in given and _made_by(dataset, "valid") == "user":
        return _carve(dataset, main, "test", _wish(wanted, given[main], "test"), seed, {"valid": "valid"})
    kept = "test" if "test" in given else "valid"
    return _carve(dataset, main, "valid", _wish(wanted, given[main], "valid"), seed, {"test": kept})


def join(main: Dataset, valid: Dataset | None = None, test: Dataset | None = None) -> Dataset:
    """Return ``main`` with separately given data as its valid and test split; classes are united by name.

    Raises ``DataError`` where they have a class that ``main`` lacks, other sizes, or several splits to choose from.
    """
    splits = dict(main.splits)
    origins = dict(main.facts.get(ORIGINS, {}))
    skipped, guesses, prints = list(main.skipped), list(main.guesses), [main.fingerprint]
    for name, other in (("valid", valid), ("test", test)):
        if other is None:
            continue
        if other.spec.input != main.spec.input:
            raise DataError(
                f"the {name} data holds {other.spec.input}, the training data {main.spec.input}",
                fix="set one size for both: --set data.size_px=64",
                path=other.source,
            )
        splits[name] = _translated(_only_split(other, name), other, main)
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
    drawn: dict[str, list[Split]] = {}
    for name, part in dataset.splits.items():
        origin = dataset.facts.get(ORIGINS, {}).get(name, {})
        if origin.get("made_by") == "gnomon":
            drawn.setdefault(origin["indices_of"], []).append(part)
        else:
            splits[origin.get("indices_of") or name] = part
    splits |= {parent: _whole(parts) for parent, parts in drawn.items()}
    users = {name: {"made_by": "user", "indices_of": None} for name in splits if _made_by(dataset, name) == "user"}
    return replace(dataset, splits=splits, facts={**dataset.facts, ORIGINS: users})


def take(parent: Split, indices: Ints) -> Split:
    """Return the samples of ``parent`` at ``indices``; pictures and ids are views."""
    return Split(
        inputs=Subset(parent.inputs, indices),
        targets=parent.targets[indices],
        ids=Subset(parent.ids, indices),
        hashes=parent.hashes[indices],
    )


def _split_all(dataset: Dataset, main: str, wanted: tuple[float, float, float] | None, seed: int) -> Dataset:
    parent = dataset.splits[main]
    parts = assign(parent.targets, parent.hashes, wanted or _SHARES, seed)
    made = {name: _part(parent, main, parts == s) for s, name in enumerate(SPLITS)}
    made = {name: part for name, part in made.items() if len(part[0]) or name == "valid"}
    if not len(made["valid"][0]):
        raise DataError(
            f"{len(parent)} samples are too few to hold some out for validation",
            fix="give more samples, or separate ones with --valid PATH --test PATH",
        )
    guess = Guess(
        what=", ".join(f"{name} {len(part[0]):,}" for name, part in made.items()),
        why="the data has no splits of its own: seeded, stratified by class, equal contents on one side",
        flag="--split 0.8,0.1,0.1 or --valid PATH --test PATH",
    )
    return _with_splits(dataset, made, () if wanted else (guess,))


def _carve(dataset: Dataset, main: str, name: str, share: float, seed: int, kept: Mapping[str, str]) -> Dataset:
    """Hold ``share`` of the training samples out as ``name``; ``kept`` maps the other split to where it is."""
    parent = dataset.splits[main]
    held = assign(parent.targets, parent.hashes, (1 - share, share), seed) == 1
    if not held.any():
        raise DataError(
            f"{len(parent)} training samples are too few to hold some out as {name}",
            fix=f"give more samples, or separate ones with --{name} PATH",
        )
    made = {"train": _part(parent, main, ~held), name: _part(parent, main, held)}
    made |= {new: _kept(dataset, new, old) for new, old in kept.items()}
    why = f"the data has no {name} split"
    if kept.get("test") == "valid":
        why = "the data's own valid split serves as test, so that no setting is chosen on it"
    guess = Guess(
        what=f"{name}: {held.sum():,} samples held out of train", why=why, flag=f"--{name} PATH or --split 0.9,0.1"
    )
    return _with_splits(dataset, {part: made[part] for part in SPLITS}, (guess,))


def _wish(wanted: tuple[float, float, float] | None, parent: Split, name: str) -> float:
    if wanted is None:
        return min(_VALID_SHARE, _MAX_VALID / len(parent))
    train, valid, test = wanted
    share, other = (valid, test) if name == "valid" else (test, valid)
    if name == "valid" and other:
        raise UsageError("the data has a test split of its own", fix=f"try --split {1 - share:g},{share:g}")
    if name == "test" and not share:
        raise UsageError("--split has no share for test", fix="give --test PATH or a third share")
    return share / (train + share)


def _whole(parts: list[Split]) -> Split:
    """Return the split from which ``parts`` were taken; together they are all of it."""
    num_samples = sum(map(len, parts))
    targets = np.empty(num_samples, np.int64)
    hashes = np.empty(num_samples, parts[0].hashes.dtype)
    for part in parts:
        targets[_view(part.inputs).indices] = part.targets
        hashes[_view(part.inputs).indices] = part.hashes
    inputs, ids = _view(parts[0].inputs).parent, _view(parts[0].ids).parent
    return Split(inputs=inputs, targets=targets, ids=ids, hashes=hashes)


def _view(column: Column) -> Subset:
    if not isinstance(column, Subset):
        raise TypeError(f"a {type(column).__name__} is no view of another column")
    return column


Made = tuple[Split, dict[str, Any]]


def _part(parent: Split, main: str, mask: npt.NDArray[np.bool_]) -> Made:
    return take(parent, np.flatnonzero(mask)), {"made_by": "gnomon", "indices_of": main}


def _kept(dataset: Dataset, new: str, old: str) -> Made:
    origin = {"made_by": _made_by(dataset, old), "indices_of": None if new == old else old}
    return dataset.splits[old], origin


def _made_by(dataset: Dataset, name: str) -> str:
    return str(dataset.facts.get(ORIGINS, {}).get(name, {}).get("made_by", "data"))


def _with_splits(dataset: Dataset, made: Mapping[str, Made], guesses: tuple[Guess, ...]) -> Dataset:
    return replace(
        dataset,
        splits={name: part for name, (part, _) in made.items()},
        guesses=dataset.guesses + guesses,
        facts={**dataset.facts, ORIGINS: {name: origin for name, (_, origin) in made.items()}},
    )


def _only_split(other: Dataset, name: str) -> Split:
    for candidate in ("all", name):
        if candidate in other.splits:
            return other.splits[candidate]
    if len(other.splits) == 1:
        return next(iter(other.splits.values()))
    raise DataError(
        f"holds the splits {', '.join(other.splits)}, but not {name}", fix="name the folder of one", path=other.source
    )


def _translated(part: Split, other: Dataset, main: Dataset) -> Split:
    """Return ``part`` with its labels as indices into the classes of ``main``."""
    if not isinstance(main.spec.target, Label) or not isinstance(other.spec.target, Label):
        raise DataError("only labels can be joined", fix="choose a label with --target", path=other.source)
    index = {name: k for k, name in enumerate(main.spec.target.classes)}
    classes = other.spec.target.classes
    present = np.bincount(part.targets, minlength=len(classes)) > 0
    unknown = [name for name, there in zip(classes, present, strict=True) if there and name not in index]
    if unknown:
        raise DataError(
            f"has classes that the training data lacks: {', '.join(map(repr, unknown[:5]))}"
            + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""),
            fix=f"the training data has: {', '.join(map(repr, main.spec.target.classes[:8]))}",
            path=other.source,
        )
    table = np.array([index.get(name, -1) for name in classes], dtype=np.int64)
    return replace(part, targets=table[part.targets])
