"""From a score that grows with strangeness to what it means: a p-value against held-out data, and thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals

Floats = npt.NDArray[np.float64]

KEPT = 1000
"""Held-out scores that are kept beside a model; of more, as many quantiles."""
RATES = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1)
"""False alarms among held-out samples for which thresholds are told."""


def kept(scores: npt.ArrayLike) -> tuple[float, ...]:
    """Return held-out scores in rising order; of more than `KEPT` some, evenly spaced by rank, both ends included."""
    ordered = np.sort(np.asarray(scores, np.float64))
    if len(ordered) > KEPT:
        ordered = ordered[np.round(np.linspace(0, len(ordered) - 1, KEPT)).astype(np.int64)]
    return tuple(ordered.tolist())


def p_values(scores: npt.ArrayLike, held_out: Sequence[float]) -> Floats:
    """Return for each score how often a held-out sample, or the sample itself, is at least as strange, ``(n,)``.

    Never 0: the least value is 1 over the number of held-out scores and one. Valid where the sample comes from the
    same source as the held-out ones and in the same way. 1 where nothing was held out.
    Source: Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2005, section 2.2 (conformal
    p-values); Bates et al., "Testing for outliers with conformal p-values", Annals of Statistics 51, 2023, equation 2.
    """
    ordered = np.sort(np.asarray(held_out, np.float64))
    at_least = len(ordered) - np.searchsorted(ordered, np.asarray(scores, np.float64), side="left")
    return np.asarray((1.0 + at_least) / (1.0 + len(ordered)), np.float64)


def thresholds(held_out: npt.ArrayLike, strange: npt.ArrayLike = ()) -> list[dict[str, Any]]:
    """Return for each rate of false alarms the least score that raises one, and what it would catch of ``strange``.

    A sample is an alarm where its score is over ``threshold``. ``false_alarms`` and ``caught`` are shares with 95 %
    intervals; ``caught`` is there where ``strange`` samples are known. Rates that so few samples cannot tell are left
    out.
    """
    calm, odd = np.sort(np.asarray(held_out, np.float64)), np.asarray(strange, np.float64)
    rows = []
    for rate in RATES:
        allowed = int(rate * len(calm) + 1e-9)
        if not allowed:
            continue
        threshold = float(calm[len(calm) - allowed - 1])
        row = {"rate": rate, "threshold": threshold, "false_alarms": _share(calm > threshold)}
        if len(odd):
            row["caught"] = _share(odd > threshold)
        rows.append(row)
    return rows


def _share(hits: npt.NDArray[np.bool_]) -> dict[str, float]:
    num = int(hits.sum())
    low, high = intervals.wilson(num, len(hits))
    return {"value": num / len(hits), "low": low, "high": high, "n": len(hits)}
