"""How well scores put the samples of one class before those of the other, with 95 % intervals."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals
from gnomon.core.spec import Score

Floats = npt.NDArray[np.float64]


def auroc(scores: Floats, positive: npt.NDArray[np.bool_]) -> Score:
    """Return the chance that a positive sample scores higher than a negative one, ties counted half; both ``(n,)``.

    The interval is that of DeLong on the scale of logits, so that it stays in [0, 1]; where no pair is in the wrong
    order it goes down to the lower end of a Wilson interval over the rarer class. Raises ``ValueError`` where one of
    the two does not occur.

    Source: DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
    characteristic curves", Biometrics 44, 1988; ranks instead of pairs: Sun and Xu, IEEE SPL 21, 2014.
    """
    above, below = scores[positive], scores[~positive]
    num_above, num_below = len(above), len(below)
    if not (num_above and num_below):
        raise ValueError("there are no samples of both kinds")
    together = _midranks(scores)
    wins = (together[positive] - _midranks(above)) / num_below
    losses = (together[~positive] - _midranks(below)) / num_above
    value = float(wins.mean())
    variance = _variance(wins) / num_above + _variance(losses) / num_below
    low, high = _by_logits(value, math.sqrt(variance), min(num_above, num_below))
    return Score(value=value, low=low, high=high, n=len(scores))


def auprc(scores: Floats, positive: npt.NDArray[np.bool_]) -> Score:
    """Return the mean precision over the positive samples, each taken at its own score; both ``(n,)``.

    Raises ``ValueError`` where there is no positive sample.

    Source: average precision without interpolation; logit interval of Boyd, Eng and Page, "Area under the
    precision-recall curve: point estimates and confidence intervals", ECML 2013, section 3.
    """
    num_above = int(positive.sum())
    if not num_above:
        raise ValueError("there is no positive sample")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    last = np.searchsorted(-scores[order], -scores[order], side="right") - 1  # of equal scores all count at once
    precision = hits[last] / (last + 1)
    value = float(precision[positive[order]].mean())
    low, high = _by_logits(value, math.sqrt(value * (1 - value) / num_above), num_above)
    return Score(value=value, low=low, high=high, n=len(scores))


def _midranks(values: Floats) -> Floats:
    """Return the rank of each value, from 1 on; equal ones share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[inverse]
    return ranks


def _variance(values: Floats) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.25


def _by_logits(value: float, error: float, count: int) -> tuple[float, float]:
    """Return an interval of a share with a standard error; of a perfect share, that of as many successes."""
    if value >= 1.0 or value <= 0.0 or error == 0.0:
        low, high = intervals.wilson(round(value * count), count)
        return min(low, value), max(high, value)
    middle, half = math.log(value / (1 - value)), intervals.Z_95 * error / (value * (1 - value))
    return _share(middle - half), _share(middle + half)


def _share(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit)) if logit > -700 else 0.0
