"""Makes of data with or without classes data of which the samples themselves are learned.

What is decided on the training split: of how many values pictures are, and which classes are normal. Classes without a
training sample, and those that are named as anomalous, are left out of the training and validation splits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import DataError, UsageError
from gnomon.core.spec import Dataset, Density, Guess, Image, Label, Normality, Spec, Split
from gnomon.data.nouns import Noun, of_samples
from gnomon.data.split import take

KIND = "density"

_SAMPLED = 1000
_NEAR = 8
_FEW = 32
"""Up to this many grey values, each has a probability of its own."""
_MOSTLY = 0.8
"""Share of values near black or white from which on grey pictures are taken for two-valued ones."""


@dataclass(frozen=True, kw_only=True)
class DensityConfig:
    """What of the data is learned."""

    binarize: Literal["auto", "off", "dynamic", "static", "threshold"] = "auto"
    """How grey pictures are made of two values: drawn anew at each look, drawn once, cut at the middle, or not at all;
    ``auto`` does where most pixels are nearly black or white."""
    condition: Literal["auto", "on", "off"] = "auto"
    """Tell the model the class; ``auto`` does where there are classes and new samples are wanted."""
    anomalous: tuple[str, ...] = ()
    """Classes that are kept out of the training, as anomalies to be found."""


def prepare(
    dataset: Dataset, config: DensityConfig, wanted: type[Density], known: Mapping[str, Any] | None = None
) -> tuple[Dataset, dict[str, Any]]:
    """Return the dataset with a target of the kind ``wanted``, and what was decided; ``known`` is decided already.

    Raises ``UsageError`` for data of which no density is learned or for unknown classes, ``DataError`` where there is
    nothing to learn.
    """
    if not isinstance(dataset.spec.input, Image):
        raise UsageError(
            f"the density of {type(dataset.spec.input).__name__} data is not learned", fix="give pictures or a table"
        )
    classes = dataset.spec.target.classes if isinstance(dataset.spec.target, Label | Density) else ()
    require_classes(config.anomalous, classes)
    target, guesses = _target(dataset, config, wanted, classes, known)
    splits = {name: usable(name, part, target) for name, part in dataset.splits.items()}
    require_variety(splits.get("train", splits[next(iter(splits))]), dataset)
    made = replace(
        dataset,
        spec=Spec(input=dataset.spec.input, target=target),
        splits=splits,
        guesses=(*dataset.guesses, *guesses),
    )
    learned = list(target.normal) if isinstance(target, Normality) else []
    facts = {"kind": KIND, "binarize": target.binarize, "values": list(target.values)}
    return made, {**facts, "conditional": target.conditional, "normal": learned}


def _target(
    dataset: Dataset,
    config: DensityConfig,
    wanted: type[Density],
    classes: tuple[str, ...],
    known: Mapping[str, Any] | None,
) -> tuple[Density, list[Guess]]:
    guesses: list[Guess] = []
    train = dataset.splits["train"]
    if known is not None:
        binarize = known["binarize"]
    elif config.binarize == "auto":
        binarize, found = _two_valued(train)
        guesses += found
    else:
        binarize = config.binarize
    values = tuple(known["values"]) if known is not None else _few_values(train, binarize)
    if dataset.spec.input.channels != 1 and binarize != "off":  # type: ignore[union-attr]
        raise UsageError("colour pictures cannot be made of two values", fix="--set density.binarize=off")
    if issubclass(wanted, Normality):
        normal = tuple(known["normal"]) if known is not None else normal_classes(train, classes, config.anomalous)
        return wanted(binarize=binarize, values=values, classes=classes, normal=normal), guesses
    conditional = bool(classes) and len(classes) > 1 and config.condition != "off"
    if config.condition == "on" and not conditional:
        raise UsageError("there are no classes to tell the model", fix="--set density.condition=auto")
    return wanted(binarize=binarize, values=values, classes=classes, conditional=conditional), guesses


def _two_valued(train: Split) -> tuple[str, list[Guess]]:
    pixels = np.asarray(train.inputs[_some(train)])
    if pixels.shape[-1] != 1:
        return "off", []
    low, high = int(pixels.min()), int(pixels.max())
    if (low, high) == (0, 255) and bool(np.isin(pixels, (low, high)).all()):
        return "threshold", []
    near = float(((pixels <= _NEAR) | (pixels >= 255 - _NEAR)).mean())
    if near < _MOSTLY or high < 255 - _NEAR:
        return "off", []
    guess = Guess(
        what="grey pixels are drawn black or white anew at each look (dynamic binarisation), and the bound is of those",
        why=f"{near:.0%} of them are nearly black or white",
        flag="--set density.binarize=off",
    )
    return "dynamic", [guess]


def _few_values(train: Split, binarize: str) -> tuple[int, ...]:
    """Return the grey values that occur where they are few and not binarised, else nothing."""
    if binarize != "off":
        return ()
    pixels = np.asarray(train.inputs[_some(train)])
    found = np.unique(pixels) if pixels.shape[-1] == 1 else np.zeros(0)
    return tuple(int(value) for value in found) if 2 <= len(found) <= _FEW else ()


def normal_classes(train: Split, classes: tuple[str, ...], anomalous: tuple[str, ...]) -> tuple[str, ...]:
    """Return the classes that are learned: those of the training samples that are not named as anomalous.

    Raises ``DataError`` where none is left.
    """
    if not classes:
        return ()
    there = np.bincount(train.targets[train.targets >= 0], minlength=len(classes)) > 0
    left = tuple(name for name, any_there in zip(classes, there, strict=True) if any_there and name not in anomalous)
    if not left:
        raise DataError("no class is left to learn from", fix="name fewer classes in density.anomalous")
    return left


def usable(name: str, part: Split, target: Density) -> Split:
    """Return a split without anomalies; only the test split keeps them. Without classes, every target is -1."""
    if not target.classes:
        return replace(part, targets=np.full(len(part), -1, dtype=np.int64))
    part = replace(part, targets=np.asarray(part.targets, dtype=np.int64))
    if name == "test" or not isinstance(target, Normality) or len(target.normal) == len(target.classes):
        return part
    odd = np.array([one not in target.normal for one in target.classes] + [False])
    return take(part, np.flatnonzero(~odd[part.targets]))


def require_classes(named: tuple[str, ...], classes: tuple[str, ...]) -> None:
    """Raise ``UsageError`` where a class that is named as anomalous is none."""
    for name in named:
        if name not in classes:
            there = ", ".join(classes[:20]) or "none"
            raise UsageError(f"density.anomalous names {name!r}, which is no class", fix=f"there are: {there}")


def require_variety(train: Split, dataset: Dataset) -> None:
    """Refuse data that has a single sample, or the same one over and over."""
    noun = Noun("picture", "pictures") if isinstance(dataset.spec.input, Image) else of_samples(dataset.spec)
    if len(train) < 2:
        raise DataError(
            f"{len(train)} {noun.one} is too few to learn from", fix="give at least a few dozen", path=dataset.source
        )
    if len(np.unique(train.hashes)) == 1:
        raise DataError(
            f"all {len(train)} training {noun.many} are the same: there is nothing to learn",
            fix=f"give {noun.many} that differ",
            path=dataset.source,
        )


def _some(part: Split) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, len(part) - 1, min(len(part), _SAMPLED)).astype(np.int64))
