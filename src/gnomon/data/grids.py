"""What numbers of a column look like: the grid on which they lie, values that stand out, and their modes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_PLACES = 1 << 22
"""Places of a grid that are told apart, so that each is exact in float32."""
CELLS = 1 << 16
"""Places of a column that lies on no grid."""
MODES = 8

_DECIMALS = 6
_SLACK = 1e-6
_EXACT = 2.0**53
_FEW_DISTINCT = 40
"""A column of so few different values has a probability for each."""
_MOST_SPIKES = 48
_LEAST_SHARE = 0.003
_ABOVE = 2.5
"""A value stands out where it comes so much more often than those beside it."""
_BESIDE = 5
_ROWS_A_MODE = 50
_FITTED = 20_000
_ROUNDS = 60
_LEAST_WEIGHT = 0.005


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Values ``low + place * step`` for places from 0 to ``places - 1``; ``decimals`` is -1 where they are on none."""

    low: float
    step: float
    places: int
    decimals: int

    def placed(self, values: Floats) -> Floats:
        """Return the places of values, NaN where there is none; they may lie outside."""
        return np.clip(np.rint((values - self.low) / self.step), -1e9, 1e9)

    def values(self, places: Floats) -> Floats:
        """Return the values at places, inside the grid, rounded as those that were seen."""
        found: Floats = self.low + np.clip(places, 0, self.places - 1) * self.step
        if self.decimals >= 0:
            return np.round(found, self.decimals)
        digits = max(0, 1 - math.floor(math.log10(self.step)))
        return np.round(found, min(digits, 15))


def grid_of(values: Floats) -> Grid:
    """Return the grid of finite numbers: the coarsest one, of up to six decimals, on which all lie.

    Where there is none, `CELLS` steps between the least and the greatest, or finer ones where most lie close together.
    """
    low, high = float(values.min()), float(values.max())
    for decimals in range(_DECIMALS + 1):
        scaled = values * 10.0**decimals
        whole = np.rint(scaled)
        if np.abs(scaled).max() >= _EXACT or (np.abs(scaled - whole) > _SLACK * np.maximum(1, np.abs(scaled))).any():
            continue
        apart = whole.astype(np.int64) - int(whole.min())
        divisor = int(np.gcd.reduce(np.unique(apart))) or 1
        coarser = -(-int(apart.max()) // divisor // (MOST_PLACES - 1)) or 1
        step = divisor * coarser / 10.0**decimals
        return Grid(low=low, step=step, places=round((high - low) / step) + 1, decimals=decimals)
    first, third = np.quantile(values, [0.25, 0.75])
    wish = min((high - low) / (CELLS - 1), (third - first) / 1000 if third > first else math.inf)
    step = max(wish, (high - low) / (MOST_PLACES - 1))
    return Grid(low=low, step=step, places=math.ceil((high - low) / step) + 1, decimals=-1)


def spikes_of(places: Floats) -> tuple[int, ...]:
    """Return the places that come far more often than those beside them, rising: all, where they are few."""
    distinct, counts = np.unique(places, return_counts=True)
    if len(distinct) <= _FEW_DISTINCT and len(places) >= 2 * len(distinct):
        return tuple(int(place) for place in distinct)
    reach = np.arange(-_BESIDE, _BESIDE + 1)
    reach = reach[reach != 0]
    around = np.pad(counts.astype(np.float64), _BESIDE, mode="reflect" if len(counts) > _BESIDE else "edge")
    beside = np.mean([around[_BESIDE + r : _BESIDE + r + len(counts)] for r in reach], axis=0)
    outstanding = (counts >= _LEAST_SHARE * len(places)) & (counts > _ABOVE * beside) & (counts >= _BESIDE)
    chosen = np.flatnonzero(outstanding)
    chosen = chosen[np.argsort(-counts[chosen], kind="stable")][:_MOST_SPIKES]
    return tuple(sorted(int(distinct[k]) for k in chosen))


def modes_of(places: Floats) -> tuple[Floats, Floats]:
    """Return means and deviations of a mixture of up to `MODES` normal distributions that fits places ``(n,)``.

    Found by expectation and maximisation, from quantiles on. Source: Dempster, Laird and Rubin, JRSS B 39, 1977;
    its use for columns of tables ("mode-specific normalisation"): Xu et al., "Modeling tabular data using conditional
    GAN", arXiv 1907.00503, section 4.2.
    """
    some = places[np.unique(np.linspace(0, len(places) - 1, min(len(places), _FITTED)).astype(np.int64))]
    spread = max(float(some.std()), 0.5)
    count = min(MODES, max(1, len(places) // _ROWS_A_MODE), len(np.unique(some)))
    means = np.quantile(some, (np.arange(count) + 0.5) / count)
    deviations = np.full(count, spread / count + 0.5)
    weights = np.full(count, 1.0 / count)
    least = max(0.5, 1e-3 * spread)
    for _ in range(_ROUNDS if count > 1 else 1):
        shares = _shares(some, means, deviations, weights)
        total = shares.sum(axis=0) + 1e-9
        weights = total / len(some)
        means = (shares * some[:, None]).sum(axis=0) / total
        squares = (shares * (some[:, None] - means) ** 2).sum(axis=0) / total
        deviations = np.sqrt(np.maximum(squares, least**2))
    kept = weights >= min(_LEAST_WEIGHT, weights.max())
    order = np.argsort(means[kept], kind="stable")
    return means[kept][order], deviations[kept][order]


def _shares(some: Floats, means: Floats, deviations: Floats, weights: Floats) -> Floats:
    """Return how much each component answers for each number, ``(n, components)``."""
    logs = -0.5 * ((some[:, None] - means) / deviations) ** 2 - np.log(deviations) + np.log(weights + 1e-12)
    logs -= logs.max(axis=1, keepdims=True)
    found: Floats = np.exp(logs)
    return found / found.sum(axis=1, keepdims=True)
