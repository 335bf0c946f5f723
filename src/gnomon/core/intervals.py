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
    return wilson_share(successes / n, n)


def wilson_share(share: float, n: float) -> tuple[float, float]:
    """Return the interval of `wilson` for a share that varies as much as that of ``n`` trials, any positive number."""
    z_squared = Z_95**2
    middle = (share + z_squared / (2 * n)) / (1 + z_squared / n)
    half = Z_95 / (1 + z_squared / n) * math.sqrt(share * (1 - share) / n + z_squared / (4 * n * n))
    low = 0.0 if share == 0 else max(0.0, middle - half)
    high = 1.0 if share == 1 else min(1.0, middle + half)
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


def block_bootstrap(
    statistic: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]],
    num_samples: int,
    *,
    block: int,
    seed: int,
    draws: int = 1000,
    about: float | None = None,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a statistic over samples in order, drawn again in whole blocks.

    For samples that depend on their neighbours, as windows of one series do: ``block`` neighbours stay together, so
    that their dependence is part of the interval. The order is a circle, so that all samples are drawn equally often.
    ``statistic`` and ``about`` as in `bootstrap`. Raises ``ValueError`` where ``block`` is not in 1 … ``num_samples``.

    Source: Politis and Romano, "A circular block-resampling procedure for stationary data", 1992.
    """
    _require_block(block, num_samples)
    generator = np.random.default_rng(key("bootstrap", seed))
    rows = max(1, _CELLS_AT_ONCE // num_samples)
    inside = np.arange(block)
    values = []
    for start in range(0, draws, rows):
        starts = _block_starts(generator, min(rows, draws - start), num_samples, block)
        picks = (starts[:, :, None] + inside).reshape(len(starts), -1)[:, :num_samples] % num_samples
        values.append(statistic(picks))
    return _percentiles(np.concatenate(values), about)


def block_bootstrap_sums(
    statistic: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
    parts: npt.NDArray[np.float64],
    *,
    block: int,
    seed: int,
    draws: int = 1000,
    about: float | None = None,
) -> tuple[float, float]:
    """Return what `block_bootstrap` does, of a statistic that sees the samples only as sums of ``parts (n, columns)``.

    The sum of a block is the difference of two running sums, so that a draw costs the number of blocks and not n.
    ``statistic`` maps sums ``(resamples, columns)`` to values ``(resamples,)``.
    """
    num_samples = len(parts)
    _require_block(block, num_samples)
    generator = np.random.default_rng(key("bootstrap", seed))
    rest = num_samples % block or block
    whole, last = _circular_sums(parts, block), _circular_sums(parts, rest)
    rows = max(1, _CELLS_AT_ONCE // num_samples)
    values = []
    for start in range(0, draws, rows):
        starts = _block_starts(generator, min(rows, draws - start), num_samples, block)
        values.append(statistic(whole[starts[:, :-1]].sum(axis=1) + last[starts[:, -1]]))
    return _percentiles(np.concatenate(values), about)


def widened(low: float, high: float, value: float, *, blocks: float) -> tuple[float, float]:
    """Return a percentile interval around ``value`` widened for the number of independent ``blocks`` behind it.

    Percentiles of resamples are too narrow where little was drawn from: as if the deviation were known, and smaller by
    the root of ``1 - 1 / blocks``. With 4 blocks the interval becomes 1.9 times as wide, with 100 it hardly changes.

    Source: Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69, 2015, section
    3.2 (narrowness bias).
    """
    blocks = max(blocks, 2.0)
    factor = student(blocks - 1) / Z_95 * math.sqrt(blocks / (blocks - 1))
    return value - factor * (value - low), value + factor * (high - value)


def student(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's law, within 1 % from three degrees of freedom on, 5 % from 1.7 on.

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964, equation 26.7.5.
    """
    z = Z_95
    found = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return found + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)


def _require_block(block: int, num_samples: int) -> None:
    if not 1 <= block <= num_samples:
        raise ValueError(f"blocks of {block} out of {num_samples} samples")


def _block_starts(
    generator: np.random.Generator, resamples: int, num_samples: int, block: int
) -> npt.NDArray[np.int64]:
    return generator.integers(0, num_samples, size=(resamples, -(-num_samples // block)))


def _circular_sums(parts: npt.NDArray[np.float64], length: int) -> npt.NDArray[np.float64]:
    """Return the sum of ``length`` rows from each row on, shape ``(n, columns)``; after the last comes the first."""
    running = np.zeros((len(parts) + length, parts.shape[1]))
    np.cumsum(np.concatenate([parts, parts[: length - 1]]), axis=0, out=running[1:])
    sums: npt.NDArray[np.float64] = running[length:] - running[:-length]
    return sums


def _percentiles(values: npt.NDArray[np.float64], about: float | None) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    if about is None:
        return float(low), float(high)
    shift = about - float(values.mean())
    return min(about, float(low) + shift), max(about, float(high) + shift)
