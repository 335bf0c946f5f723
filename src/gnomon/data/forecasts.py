"""Forecasts without a network, which a network has to beat: the last value, the last season, and a linear model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnomon.core.spec import Series, Split
from gnomon.data.windows import Windows

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]

PENALTIES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Ridge penalties to choose from, as shares of the mean variance of the inputs."""

MOST_KNOWN = 2048
"""Known steps that a linear model sees, the newest: solving for more takes longer than they are worth."""

_HELD_OUT = 0.2
_LEAST_WINDOWS = 20


def last_value(inputs: Rows, horizon: int) -> Rows:
    """Return the last of the known values ``(n, lookback, channels)`` for each of the steps ahead.

    The result is ``(n, horizon, channels)``.
    """
    return np.repeat(inputs[:, -1:], horizon, axis=1)


def seasonal(inputs: Rows, horizon: int, period: int) -> Rows:
    """Return the values of the last known season again and again, ``(n, horizon, channels)``.

    Where less than a season is known, all that is known is repeated instead.
    """
    period = min(period, inputs.shape[1])
    places = inputs.shape[1] - period + np.arange(horizon) % period
    return inputs[:, places]


@dataclass(frozen=True, kw_only=True)
class Linear:
    """A linear forecast of the changes since the last known value, with the same weights for all channels."""

    weights: Rows
    """``(lookback, horizon)``: what a known value's distance from the last one adds to each step ahead."""
    bias: Rows
    """``(horizon, channels)``, in the units of the channels."""
    penalty: float

    def __call__(self, inputs: Rows) -> Rows:
        """Return forecasts ``(n, horizon, channels)`` from known values ``(n, lookback, channels)``."""
        last = inputs[:, -1:]
        changes = np.ascontiguousarray((inputs - last).transpose(0, 2, 1)) @ self.weights
        forecast: Rows = changes.transpose(0, 2, 1) + last + self.bias
        return forecast


def fit_linear(windows: Windows, deviation: Floats, period: int = 1) -> Linear:
    """Return the ridge regression of all windows, solved exactly; ``deviation (channels,)`` brings them to one scale.

    What it is drawn to is the mean of the known steps of the same phase, or without a season no change: weights for
    which there is little evidence then say what is sensible anyway. The penalty is the one of `PENALTIES` with the
    least squared error on the last fifth of the windows. Neighbouring windows share all but one row, so that the
    products of all pairs of steps follow from those of the first step: no window is ever written out, and a million
    rows take a second.

    Source: Zeng et al., "Are transformers effective for time series forecasting?", AAAI 2023 (NLinear: the last value
    taken off, weights shared by the channels); Hoerl and Kennard, "Ridge regression", Technometrics 12, 1970.
    """
    columns = list(windows.columns)
    scale = deviation[columns]
    known = min(windows.lookback, MOST_KNOWN)
    rows = windows.rows[windows.first - known :, columns].astype(np.float64)
    rows = (rows - rows.mean(axis=0)) / scale
    length = known + windows.horizon
    prior = _same_phase(known, windows.horizon, period)
    penalty = _choose_penalty(rows, prior, length)
    found = _moments(rows, known, length)
    weights = np.zeros((windows.lookback, windows.horizon), np.float32)
    weights[windows.lookback - known : -1] = solved = _solve(found, penalty, prior)
    bias = found.target_mean - found.input_mean @ solved
    return Linear(weights=weights, bias=(bias[:, None] * scale).astype(np.float32), penalty=penalty)


def exact(train: Split, given: Series) -> tuple[Rows, Rows]:
    """Return the linear model of a training split for values that are divided by the deviation of their channel.

    Weights ``(horizon, lookback)`` that all target channels share, and the offset of each, ``(channels, horizon)``;
    ``given`` are the channels that are known. Raises ``TypeError`` where the split holds no windows.
    """
    if not isinstance(train.inputs, Windows):
        raise TypeError(f"a {type(train.inputs).__name__} holds no windows")
    deviation = np.array(given.deviation or (1.0,) * len(given.names))
    deviation = np.where(deviation > 0, deviation, 1.0)
    found = fit_linear(train.inputs, deviation, given.period)
    offset = found.bias / deviation[list(train.inputs.columns)]
    return np.ascontiguousarray(found.weights.T), np.ascontiguousarray(offset.T, np.float32)


@dataclass(frozen=True, kw_only=True)
class _Moments:
    """Means and centred second moments of changes since the last known value, over windows and channels."""

    count: int
    input_mean: Floats
    target_mean: Floats
    input_input: Floats
    input_target: Floats
    target_target: Floats
    """Of each step with itself only."""


def _same_phase(lookback: int, horizon: int, period: int) -> Floats:
    """Return the weights ``(lookback - 1, horizon)`` that give the mean of the known steps of the same phase."""
    num_known = lookback // period
    if period <= 1 or not num_known:
        return np.zeros((lookback - 1, horizon))
    ago, ahead = np.arange(-lookback, -1)[:, None], np.arange(horizon)
    recent = ago >= -num_known * period
    weights: Floats = (recent & ((ahead - ago) % period == 0)) / num_known
    return weights


def _choose_penalty(rows: Floats, prior: Floats, length: int) -> float:
    lookback = len(prior) + 1
    num_windows = len(rows) - length + 1
    held = int(_HELD_OUT * num_windows)
    num_fit = num_windows - held - (length - lookback)  # no held out target is among the targets of the fit
    if min(held, num_fit) < _LEAST_WINDOWS:
        return PENALTIES[-1]
    fit = _moments(rows[: num_fit + length - 1], lookback, length)
    check = _moments(rows[num_windows - held :], lookback, length)
    errors = []
    for penalty in PENALTIES:
        weights = _solve(fit, penalty, prior)
        shift = check.target_mean - fit.target_mean - (check.input_mean - fit.input_mean) @ weights
        explained = 2 * (weights * check.input_target).sum() - (weights * (check.input_input @ weights)).sum()
        errors.append(check.target_target.sum() - explained + (shift**2).sum())
    return PENALTIES[int(np.argmin(errors))]


def _solve(moments: _Moments, penalty: float, prior: Floats) -> Floats:
    """Return the weights ``(lookback - 1, horizon)`` of the ridge regression, which draws them to ``prior``."""
    gram = moments.input_input.copy()
    if not len(gram):
        return np.zeros_like(moments.input_target)
    amount = penalty * max(float(np.trace(gram)) / len(gram), 1e-12)
    gram[np.diag_indices_from(gram)] += amount
    weights: Floats = np.linalg.solve(gram, moments.input_target + amount * prior)
    return weights


def _moments(rows: Floats, lookback: int, length: int) -> _Moments:
    """Return the moments of all windows of ``length`` rows, of which ``lookback`` are known."""
    num_windows = len(rows) - length + 1
    count = num_windows * rows.shape[1]
    products, squares, sums = _products(rows, lookback, length, num_windows)
    last = lookback - 1
    means = (sums - sums[last]) / count
    changes = (products[:last] - products[:last, last : last + 1] - products[last] + products[last, last]) / count
    changes -= means[:last, None] * means
    own = (squares - 2 * products[last] + products[last, last]) / count - means**2
    return _Moments(
        count=count,
        input_mean=means[:last],
        target_mean=means[lookback:],
        input_input=changes[:, :last],
        input_target=changes[:, lookback:],
        target_target=own[lookback:],
    )


def _products(rows: Floats, lookback: int, length: int, num_windows: int) -> tuple[Floats, Floats, Floats]:
    """Return sums over all windows and channels: of step times step ``(lookback, length)``, squares, and values.

    Step j + 1 of the windows is step j of the windows one later: one product enters and one leaves the sum.
    """
    products = np.empty((lookback, length))
    products[0] = _first_products(rows, length, num_windows)
    head, tail = rows[: length - 1], rows[num_windows : num_windows + length - 1]
    turnover = tail[: lookback - 1] @ tail.T - head[: lookback - 1] @ head.T
    for step in range(lookback - 1):
        products[step + 1, 0] = products[0, step + 1]
        products[step + 1, 1:] = products[step, :-1] + turnover[step]
    return products, _sliding_sums((rows**2).sum(axis=1), num_windows), _sliding_sums(rows.sum(axis=1), num_windows)


def _first_products(rows: Floats, length: int, num_windows: int) -> Floats:
    """Return the sums of the first step times each step, shape ``(length,)``, by way of the frequencies."""
    size = 1 << int(np.ceil(np.log2(num_windows + length)))
    found = np.zeros(length)
    for channel in rows.T:
        whole = np.fft.rfft(channel[: num_windows + length - 1], size)
        first = np.fft.rfft(channel[:num_windows], size)
        found += np.fft.irfft(whole * first.conj(), size)[:length]
    return found


def _sliding_sums(values: Floats, num_windows: int) -> Floats:
    """Return for each step of a window the sum of its values over all windows."""
    running = np.concatenate([[0.0], np.cumsum(values)])
    sums: Floats = running[num_windows:] - running[:-num_windows]
    return sums
