"""95 % intervals of means over samples in order that resemble their neighbours, such as windows that overlap.

Blocks of neighbours are drawn again; where only few blocks fit into the samples, what is drawn varies too little, and
how much too little follows from how far the samples are known to depend on each other.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals

Floats = npt.NDArray[np.float64]

_LEAST_BLOCKS = 4
_BINS = 240
"""Neighbouring samples are taken together into this many for the calibration, which is accurate enough."""


def positive_mean(values: Floats, *, reach: int, seed: int) -> tuple[float, float]:
    """Return the interval of the mean of ``values (n,)``, none negative, that depend on those up to ``reach`` away.

    It is symmetrical for the cube root of the mean: means of a few squared or absolute errors are skewed, their cube
    roots hardly. Source: Wilson and Hilferty, "The distribution of chi-square", PNAS 17, 1931.
    """
    mean = float(values.mean())
    if mean == 0:
        return 0.0, 0.0
    third = _half_width(values, reach, seed) / (3 * mean)
    return mean * max(0.0, 1 - third) ** 3, mean * (1 + third) ** 3


def share_mean(values: Floats, *, reach: int, seed: int) -> tuple[float, float]:
    """Return the interval of the mean of shares ``values (n,)`` in [0, 1] that depend on those up to ``reach`` away.

    It is that of Wilson for as many independent trials as vary as much as the mean does; where nothing varies, for one
    trial in each stretch of ``reach`` samples.
    """
    mean = float(values.mean())
    half = _half_width(values, reach, seed)
    varies = 0 < mean < 1 and half > 0
    trials = mean * (1 - mean) * (intervals.Z_95 / half) ** 2 if varies else max(1.0, len(values) / reach)
    return intervals.wilson_share(mean, trials)


def calibration(count: int, block: int, reach: int) -> tuple[float, float]:
    """Return by what the deviation that ``block`` neighbours at a time give must be multiplied, and its freedom.

    For ``count`` normal samples whose correlation falls in a straight line to zero at a distance of ``reach``, as that
    of windows does that overlap. The variance of the mean that a circular block bootstrap finds is a quadratic form of
    the samples; its expectation and variance are known, and it is taken for chi-square with as many degrees of freedom.

    Source: Satterthwaite, "An approximate distribution of estimates of variance components", Biometrics 2, 1946.
    """
    bins = min(count, _BINS)
    size = count / bins
    width = max(1, round(block / size))
    place = np.arange(bins)
    correlation = np.maximum(0.0, 1 - np.abs(place[:, None] - place) * size / reach)
    blocks = np.zeros((bins, bins))
    for step in range(width):
        blocks[place, (place + step) % bins] += 1 / width
    blocks -= 1 / bins
    form = blocks.T @ blocks * (width / bins**2) @ correlation
    expected, spread = float(np.trace(form)), 2 * float((form * form.T).sum())
    return math.sqrt(float(correlation.sum()) / bins**2 / expected), 2 * expected**2 / spread


def _half_width(values: Floats, reach: int, seed: int) -> float:
    count = len(values)
    if count < 2:
        return 3 * float(values.mean())  # nothing is known of how much it varies
    block = max(1, min(2 * reach, count // _LEAST_BLOCKS))
    low, high = intervals.block_bootstrap_sums(
        lambda sums: sums[:, 0] / count, np.asarray(values, np.float64)[:, None], block=block, seed=seed
    )
    factor, freedom = calibration(count, block, reach)
    return factor * intervals.student(freedom) / intervals.Z_95 * (high - low) / 2
