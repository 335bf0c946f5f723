"""What needs no training where samples themselves are learned: pictures, rows of a table or series."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gnomon.core import mixed
from gnomon.core.spec import Column, Density, Leaf, MixedRow, Series, Split
from gnomon.data import mixedbaselines, pixelbaselines, stretchbaselines

Floats = npt.NDArray[np.float64]


def first_guess(train: Split, leaf: Leaf) -> npt.NDArray[np.float32]:
    """Return what is best without any training: the mean picture ``(height, width, channels)`` in [0, 1].

    Of rows of a table, the parameters ``(parameters,)`` for which each column is spread as in training; of a series,
    the mean of each channel, ``(channels,)``.
    """
    if isinstance(leaf, MixedRow):
        return mixed.marginals(mixedbaselines.some(train), leaf)
    if isinstance(leaf, Series):
        return np.array(leaf.mean, np.float32)
    return pixelbaselines.mean_picture(train)


def likelihoods(train: Split, other: Split, leaf: Leaf, target: Density) -> dict[str, Floats]:
    """Return -log p in nats of each picture or series of ``other``, ``(n,)``, by models that know little of it.

    In one each pixel or value is independent of all others; of a series, in another it follows the one before it.
    """
    if isinstance(leaf, Series):
        return {
            "value by value": stretchbaselines.by_value(train, other, leaf),
            "from the last value": stretchbaselines.from_last_value(train, other, leaf),
        }
    return {"pixel by pixel": pixelbaselines.independent(train, other, binarize=target.binarize)}


def distances(train: Split, inputs: Column, leaf: Leaf, *, seed: int, thorough: bool) -> dict[str, Floats]:
    """Return how strange samples are, ``(n,)``, to models that say nothing of how probable they are."""
    if isinstance(leaf, MixedRow):
        found = {"principal components": mixedbaselines.principal(train, inputs, leaf)}
        forest = {"isolation forest": mixedbaselines.isolation(train, inputs, leaf, seed=seed)} if thorough else {}
    elif isinstance(leaf, Series):
        found = {"principal components": stretchbaselines.principal(train, inputs, leaf)}
        forest = {"isolation forest": stretchbaselines.isolation(train, inputs, leaf, seed=seed)} if thorough else {}
    else:
        found = {"principal components": pixelbaselines.principal(train, inputs)}
        forest = {"isolation forest": pixelbaselines.isolation(train, inputs, seed=seed)} if thorough else {}
    return found | forest
