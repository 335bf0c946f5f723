"""Bounds on how probable samples are: from the terms of each sample to scores with intervals and what stands behind.

What is kept of a sample is a row of numbers, in nats where nothing else is said; see the columns below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals
from gnomon.core.errors import DataError, DivergedError
from gnomon.core.spec import Score

Floats = npt.NDArray[np.float64]

RECONSTRUCTION, STRANGENESS, BOUND, VARIANCE, DRAWS, GROUPS = 0, 1, 2, 3, 4, 5
"""Columns of what is kept: the reconstruction term, how strange the sample is (no unit), the bound on -log p with the
Monte-Carlo variance of it and the number of its importance samples, and from `GROUPS` on the divergence of each group
of latents."""
ACTIVE_NATS = 0.01
"""A group whose divergence is below this says nothing about the samples."""
COLLAPSED_NATS = 0.5
"""Latents that say less than this altogether are reported as collapsed."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms of every sample; ``also`` are nats that each sample costs besides: to say its class."""

    reconstruction: Floats
    divergences: Floats
    """Shape ``(n, groups)``."""
    bound: Floats
    variance: Floats
    draws: Floats
    strangeness: Floats
    also: float

    @property
    def negative_elbo(self) -> Floats:
        """The bound of one draw for each sample, ``(n,)``."""
        found: Floats = self.reconstruction + self.divergences.sum(axis=1) + self.also
        return found

    @property
    def tightened(self) -> npt.NDArray[np.bool_]:
        """Which samples have a bound of several draws, ``(n,)``."""
        found: npt.NDArray[np.bool_] = self.draws > 1
        return found


def terms(kept: npt.NDArray[Any], *, also: float = 0.0) -> Terms:
    """Return the columns of what was kept ``(n, columns)``, in float64.

    Raises ``DataError`` where there is no sample, ``DivergedError`` where a number is not finite.
    """
    values = np.asarray(kept, dtype=np.float64)
    if not len(values):
        raise DataError("there is no sample to measure", fix="name a split that holds samples")
    if not np.isfinite(values).all():
        raise DivergedError("the network's outputs are not finite numbers", fix="lower the rate: --set train.lr_adam=…")
    return Terms(
        reconstruction=values[:, RECONSTRUCTION],
        divergences=values[:, GROUPS:],
        bound=values[:, BOUND] + also,
        variance=values[:, VARIANCE],
        draws=values[:, DRAWS],
        strangeness=values[:, STRANGENESS],
        also=also,
    )


def negative_log_likelihood(found: Terms) -> Score:
    """Return the mean bound on -log p, nats a sample, with its normal 95 % interval.

    Where only some samples have a bound of many draws, it is the mean of the cheap bound over all, plus the mean of
    what the many draws gained on those: a difference estimate, unbiased as the samples were chosen without looking.
    Source: Särndal, Swensson and Wretman, "Model assisted survey sampling", 1992, section 6.3.
    """
    cheap, many = found.negative_elbo, found.tightened
    if not many.any():
        return mean(cheap)
    gained = found.bound[many] - cheap[many]
    value = float(cheap.mean() + gained.mean())
    if len(cheap) < 2 or many.sum() < 2:
        return Score(value=value, low=value, high=value, n=len(cheap))
    both = np.cov(cheap[many], gained)
    variance = cheap.var(ddof=1) / len(cheap) + both[1, 1] / many.sum() + 2 * both[0, 1] / len(cheap)
    half = intervals.Z_95 * math.sqrt(max(0.0, float(variance)))
    return Score(value=value, low=value - half, high=value + half, n=len(cheap))


def monte_carlo_error(found: Terms) -> float:
    """Return the standard error that the draws of the latents alone put on the mean bound, nats."""
    many = found.tightened
    return float(math.sqrt(found.variance[many].sum()) / many.sum()) if many.any() else 0.0


def mean(values: Floats, *, scale: float = 1.0) -> Score:
    """Return the mean of ``values (n,)`` times ``scale``, with its normal 95 % interval."""
    value = float(values.mean()) * scale
    half = intervals.Z_95 * float(values.std(ddof=1)) / math.sqrt(len(values)) * abs(scale) if len(values) > 1 else 0.0
    return Score(value=value, low=value - half, high=value + half, n=len(values))


def scores(found: Terms, *, num_values: int, measured: bool = False) -> dict[str, Score]:
    """Return nll, elbo and its parts in nats a sample, and what is said of one of ``num_values`` a sample.

    That are bits where values are counted, and nats of their density where they are ``measured``.
    """
    nll = negative_log_likelihood(found)
    name, each = per_value(num_values, measured=measured)
    return {
        "nll": nll,
        name: Score(value=nll.value * each, low=nll.low * each, high=nll.high * each, n=nll.n),
        "elbo": mean(found.negative_elbo, scale=-1.0),
        "reconstruction": mean(found.reconstruction),
        "kl": mean(found.divergences.sum(axis=1)),
    }


def per_value(num_values: int, *, measured: bool) -> tuple[str, float]:
    """Return what the bound of one value is called, and by what the nats of a sample are multiplied for it."""
    return ("nll_per_value", 1 / num_values) if measured else ("bits_per_dim", 1 / (num_values * math.log(2)))


def details(found: Terms) -> dict[str, Any]:
    """Return how the bound was measured, what each group of latents says, and whether they collapsed."""
    each, many = found.divergences.mean(axis=0), found.tightened
    total = float(each.sum())
    collapsed = total < COLLAPSED_NATS
    draws, num = (int(found.draws[many].max()), int(many.sum())) if many.any() else (1, 0)
    return {
        "bound": {"k": draws, "num": num, "mc_error": monte_carlo_error(found), "text": _told(draws, num, len(many))},
        "groups": [{"kl": float(kl), "active": bool(kl > ACTIVE_NATS)} for kl in each],
        "label_nats": found.also,
        "collapsed": collapsed,
        "warnings": [_COLLAPSED.format(total)] if collapsed else [],
    }


_COLLAPSED = "the posterior collapsed: all latents together say {:.2f} nats about a sample, and all are rebuilt alike"


def _told(draws: int, num: int, count: int) -> str:
    if not num:
        return "the evidence lower bound, one draw of the latents a sample"
    if num == count:
        return f"importance-weighted bound of {draws} draws of the latents a sample"
    return (
        f"the evidence lower bound of all {count:,} samples, corrected by what {draws} draws gained on {num:,} of them"
    )
