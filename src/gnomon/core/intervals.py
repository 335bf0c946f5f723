"""95 % intervals: how sure a score is, given the number of samples behind it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from gnomon.core.seed import key

Z_95 = 1.959963984540054
"""The standard normal distribution has 95 % of its mass within plus and minus this."""

_CELLS_AT_ONCE = 1 << 20


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share: ``successes`` out of ``n``.

    Unlike the textbook interval it never leaves [0, 1], and does not claim certainty at 0 or ``n`` successes.
    Nothing is known where ``n`` is 0: (0, 1).

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes out of {n}")
    if n == 0:
        return 0.0, 1.0
    share, z_squared = successes / n, Z_95**2
    middle = (share + z_squared / (2 * n)) / (1 + z_squared / n)
    half = Z_95 / (1 + z_squared / n) * math.sqrt(share * (1 - share) / n + z_squared / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == n else min(1.0, middle + half)
    return low, high


def bootstrap(
    statistic: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]],
    num_samples: int,
    *,
    seed: int,
    draws: int = 1000,
    about: float | None = None,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a statistic over samples drawn again with replacement.

    ``statistic`` maps indices ``(resamples, num_samples)`` to values ``(resamples,)``; it is called a few
    times with some of the ``draws`` each. ``about`` shifts the resamples so that their mean falls on that
    value: for statistics such as a calibration error, which resampling makes larger on average.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    generator = np.random.default_rng(key("bootstrap", seed))
    rows = max(1, _CELLS_AT_ONCE // max(1, num_samples))
    values = [
        statistic(generator.integers(0, num_samples, size=(min(rows, draws - start), num_samples)))
        for start in range(0, draws, rows)
    ]
    return _percentiles(np.concatenate(values), about)


def bootstrap_counts(
    statistic: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]],
    counts: npt.NDArray[np.int64],
    *,
    seed: int,
    draws: int = 1000,
    about: float | None = None,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a statistic that sees the samples only as ``counts (cells,)``.

    Drawing n samples with replacement and counting them is one multinomial draw, so this equals `bootstrap`
    at a cost that does not grow with n. ``statistic`` maps counts ``(resamples, cells)`` to ``(resamples,)``.
    """
    generator = np.random.default_rng(key("bootstrap", seed))
    num_samples = int(counts.sum())
    rows = max(1, _CELLS_AT_ONCE // max(1, len(counts)))
    values = [
        statistic(generator.multinomial(num_samples, counts / num_samples, size=min(rows, draws - start)))
        for start in range(0, draws, rows)
    ]
    return _percentiles(np.concatenate(values), about)


def _percentiles(values: npt.NDArray[np.float64], about: float | None) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    if about is None:
        return float(low), float(high)
    shift = about - float(values.mean())
    return min(about, float(low) + shift), max(about, float(high) + shift)
