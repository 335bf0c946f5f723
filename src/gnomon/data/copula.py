"""A Gaussian copula: columns as they are spread in a table, tied together by correlations alone.

What a variational autoencoder of rows has to beat. Source: Patki, Wedge and Veeramachaneni, "The synthetic data vault",
DSAA 2016, section III; ties and categories by the distributional transform: Rüschendorf, "On the distributional
transform, Sklar's theorem, and the empirical copula process", 2009, section 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]

_CLIP = 1e-6


@dataclass(frozen=True, kw_only=True)
class Copula:
    """The sorted columns of some rows, and the root of the correlations of their normal scores."""

    ordered: Rows
    root: Floats

    @classmethod
    def fitted(cls, rows: Rows, *, seed: int, correlated: bool = True) -> Copula:
        """Return the copula of rows ``(n, columns)``; missing cells, NaN, count as the least value.

        Not ``correlated``, columns know nothing of each other.
        """
        known = np.where(np.isnan(rows), -np.inf, rows)
        ordered = np.sort(known, axis=0)
        if not correlated:
            return cls(ordered=ordered, root=np.eye(rows.shape[1]))
        draw = np.random.Generator(np.random.Philox(key=seeds.key("copula", seed)))
        scores = np.stack([_scores(column, draw) for column in known.T], axis=1)
        correlation = np.corrcoef(scores, rowvar=False).reshape(rows.shape[1], -1)
        values, axes = np.linalg.eigh(np.nan_to_num(correlation))
        root = axes * np.sqrt(np.maximum(values, 0.0))
        return cls(ordered=ordered, root=root)

    def sample(self, count: int, *, seed: int) -> Rows:
        """Return new rows ``(count, columns)``; each cell is one that came in its column."""
        from scipy.special import ndtr

        draw = np.random.Generator(np.random.Philox(key=seeds.key("copula sample", seed)))
        shares = ndtr(draw.standard_normal((count, self.root.shape[1])) @ self.root.T)
        num = len(self.ordered)
        places = np.minimum((shares * num).astype(np.int64), num - 1)
        found = np.take_along_axis(self.ordered, places, axis=0)
        return np.where(np.isinf(found), np.nan, found).astype(np.float32)


def _scores(column: Floats, draw: np.random.Generator) -> Floats:
    """Return normal scores of a column, equal values spread over the range of their ranks."""
    from scipy.special import ndtri

    ordered = np.sort(column)
    low = np.searchsorted(ordered, column, side="left")
    high = np.searchsorted(ordered, column, side="right")
    shares = (low + (high - low) * draw.random(len(column))) / len(column)
    found: Floats = ndtri(np.clip(shares, _CLIP, 1 - _CLIP))
    return found
