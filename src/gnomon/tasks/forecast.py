"""Forecasting: how a series goes on, with the range in which it will lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from gnomon.core import dependence
from gnomon.core.config import require_within
from gnomon.core.errors import DataError, DivergedError
from gnomon.core.spec import QUANTILES, Column, Output, Score, Series, Spec, Split
from gnomon.data import forecasts
from gnomon.data.windows import Windows

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TARGETS = (Series,)

LEVEL = QUANTILES[-1] - QUANTILES[0]
"""Share of the true values that should lie between the lowest and the highest quantile."""
NUM_WORST = 12
NUM_DRAWN = 6
MAX_BANDS = 48
"""Errors by step ahead are kept for this many bands of steps at most."""

_STATS = ("squared", "absolute", "pinball", "covered", "width")
_BASELINE_WORK = 4e10
_WINDOWS_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the task."""

    loss: Literal["mse", "mae", "huber"] = "mse"
    """How the point forecast is judged in training, on values divided by the deviation of their channel."""
    quantile_weight: float = 1.0
    """Weight of the pinball loss of the quantiles beside the loss of the point forecast."""

    def __post_init__(self) -> None:
        require_within("task.quantile_weight", self.quantile_weight, 0, 100)


class Task:
    """Point forecasts and quantiles of one or several channels, for all steps of a horizon at once."""

    headline = "mse"
    higher_is_better = False
    calibrates = False

    def __init__(self, config: Config, spec: Spec) -> None:
        if not isinstance(spec.target, Series) or not isinstance(spec.input, Series):
            raise DataError(
                f"a {type(spec.input).__name__} with a {type(spec.target).__name__} is no series to go on with",
                fix="give a table with a column of times, or choose another --task",
            )
        self.config = config
        self.spec = spec
        self.given = spec.input
        self.target = spec.target
        self.names = spec.target.names
        self.horizon = spec.target.length
        self.output_size = 1 + len(QUANTILES)
        self.deviation = _scales(spec.target)
        self.num_bands = min(self.horizon, MAX_BANDS)

    def loss(self, output: Output, targets: Tensor) -> Tensor:
        """Return the loss of forecasts ``(batch, horizon, channels, 1 + quantiles)``, per value, on scaled values.

        That of the point forecast, and the pinball loss of the quantiles. Source: Koenker and Bassett, "Regression
        quantiles", Econometrica 46, 1978.
        """
        from torch.nn import functional as F

        value, true = self._scaled(output.value, targets)
        point = {"mse": F.mse_loss, "mae": F.l1_loss, "huber": F.smooth_l1_loss}[self.config.loss](value[..., 0], true)
        if value.shape[-1] == 1 or not self.config.quantile_weight:
            return point
        return point + self.config.quantile_weight * _pinball(value[..., 1:], true).mean()

    def keep(self, output: Output, targets: Tensor) -> Tensor:
        """Return what is measured of a batch, float32 ``(batch, channels * 5 + bands)``, on scaled values.

        For each channel the means over the horizon of the squared and the absolute error, the pinball loss, whether
        the true value lay between the outer quantiles, and their distance; then for each band of steps ahead the mean
        over the channels of the squared error. Without quantiles their three are 0.
        """
        import torch

        value, true = self._scaled(output.value, targets)
        error = value[..., 0] - true
        squared = error**2
        stats = [squared, error.abs()]
        if value.shape[-1] > 1:
            low, high = value[..., 1], value[..., -1]
            inside = (low <= true) & (true <= high)
            stats += [_pinball(value[..., 1:], true).mean(dim=-1), inside.float(), high - low]
        else:
            stats += [torch.zeros_like(error)] * 3
        per_channel = torch.stack(stats, dim=-1).mean(dim=1).flatten(1)
        bands = [band.mean(dim=1) for band in squared.mean(dim=2).tensor_split(self.num_bands, dim=1)]
        return torch.cat([per_channel, torch.stack(bands, dim=1)], dim=1)

    def prior(self, train: Split) -> npt.NDArray[np.float32]:
        """Return what a forecast adds to where the series stands before any training: nothing."""
        return np.zeros(self.output_size, np.float32)

    def progress_metrics(self, kept: Tensor, targets: Any) -> dict[str, float]:
        """Return mse and mae of what was kept, for the live line."""
        stats = self._stats(kept.double().cpu().numpy())
        return {"mse": float(stats["squared"].mean()), "mae": float(stats["absolute"].mean())}

    def metrics(self, kept: npt.NDArray[Any], targets: Any, *, seed: int) -> dict[str, Score]:
        """Return every score of what was kept of all windows, in order, with 95 % intervals.

        mse and mae are means over windows, steps and channels of values divided by the deviation of their channel in
        training; mse_original and mae_original are in the units; mase is mae in the units over that of answering with
        the value one season before, on the training rows, the mean over channels (Hyndman and Koehler 2006); coverage
        is the share of true values between the outer quantiles (it should be 0.8); pinball is the loss of the
        quantiles. Windows overlap, so that blocks of neighbours are drawn for the intervals. Raises ``DivergedError``
        where a forecast is not finite, ``DataError`` where there is no window.
        """
        scores = self._point_scores(kept, seed)
        stats = self._stats(kept)
        if stats["width"].any():
            covered = stats["covered"].mean(axis=1)
            low, high = dependence.share_mean(covered, reach=self._reach, seed=seed)
            scores["coverage"] = Score(value=float(covered.mean()), low=low, high=high, n=len(covered))
            scores["pinball"] = self._score(stats["pinball"].mean(axis=1), seed)
        return scores

    def details(self, kept: npt.NDArray[Any], targets: Any, ids: Column) -> dict[str, Any]:
        """Return what stands behind the scores: errors by step ahead and by channel, the worst windows, some to draw.

        ``draw`` are the indices of windows to be drawn: typical ones spread over time, and the worst.
        """
        stats = self._stats(kept)
        per_window = stats["squared"].mean(axis=1)
        worst = _apart(np.argsort(-per_window, kind="stable"), self.horizon, NUM_WORST)
        return {
            "horizon": self.horizon,
            "period": self.target.period,
            "level": round(LEVEL, 6),
            "by_step": self._by_step(kept, targets),
            "per_channel": self._per_channel(stats),
            "worst": [
                {
                    "index": int(i),
                    "id": str(ids[int(i)]),
                    "mse": float(per_window[i]),
                    "channel": self._worst_of(stats, i),
                }
                for i in worst
            ],
            "draw": _to_draw(per_window, worst),
        }

    def drawn(self, value: npt.NDArray[Any], targets: Any, rows: Ints, ids: Column) -> list[dict[str, Any]]:
        """Return for a picture what was known, what came, and the forecast ``value`` of the windows ``rows``, in units.

        ``value (len(rows), horizon, channels, 1 + quantiles)``; of each window the channel with the largest error is
        taken. ``targets`` are the windows of the split; the last value of a season ago stands beside as ``seasonal``,
        and ``times`` are those of the known and the coming steps, where rows have any.
        """
        windows = _windows_of(targets)
        known, truth = windows[rows][..., list(windows.columns)], windows.futures(rows)
        naive = forecasts.seasonal(known, self.horizon, self.target.period)
        squared = (((value[..., 0] - truth) / self.deviation) ** 2).mean(axis=1)
        shown = min(known.shape[1], 2 * max(self.horizon, self.target.period))
        return [
            {
                "index": int(row),
                "id": str(ids[int(row)]),
                "channel": self.names[c],
                "mse": float(squared[k, c]),
                "times": windows.times(int(row))[-shown - self.horizon :],
                "past": known[k, -shown:, c].tolist(),
                "truth": truth[k, :, c].tolist(),
                "forecast": value[k, :, c, 0].tolist(),
                "low": value[k, :, c, 1].tolist(),
                "high": value[k, :, c, -1].tolist(),
                "seasonal": naive[k, :, c].tolist(),
            }
            for k, row in enumerate(rows)
            for c in [int(squared[k].argmax())]
        ]

    def decode(self, value: npt.NDArray[np.float32], inputs: npt.NDArray[Any]) -> list[dict[str, Any]]:
        """Return for each window of ``value (batch, horizon, channels, 1 + quantiles)`` its forecasts, in units.

        By channel: ``forecast``, and each quantile under its share, such as ``0.1``; lists of ``horizon`` numbers.
        """
        labels = ("forecast", *(f"{share:g}" for share in QUANTILES))
        return [
            {
                name: {label: row[:, c, k].astype(float).tolist() for k, label in enumerate(labels[: value.shape[-1]])}
                for c, name in enumerate(self.names)
            }
            for row in value
        ]

    def baselines(self, train: Split, other: Split, *, seed: int, thorough: bool = True) -> list[dict[str, Any]]:
        """Return what forecasts without a network, fitted on ``train``, score on ``other``.

        The last value; the last season, where there is one; a linear model of the known values. Where there are very
        many windows, some of them, evenly spread, are measured. Not ``thorough``, there is no linear model.
        """
        windows = _windows_of(other.inputs)
        columns, horizon, period = list(windows.columns), self.horizon, self.target.period
        found: dict[str, Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]] = {
            "last value": lambda known: forecasts.last_value(known, horizon),
            "last season": lambda known: forecasts.seasonal(known, horizon, period),
        }
        if thorough:
            known = _windows_of(train.inputs)
            found["linear model (ridge)"] = forecasts.fit_linear(known, _scales(self.given), period)
        if period == 1:
            del found["last season"]
        rows = _spread(windows)
        return [
            {"name": name, "scores": self._point_scores(self._kept(windows, rows, columns, forecast), seed)}
            for name, forecast in found.items()
        ]

    def _scaled(self, value: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        import torch

        deviation = torch.as_tensor(self.deviation, dtype=torch.float32, device=value.device)
        return value.float() / deviation[:, None], targets.float() / deviation

    def _stats(self, kept: npt.NDArray[Any]) -> dict[str, Floats]:
        """Return the kept numbers by name, each ``(windows, channels)``."""
        part = np.asarray(kept[:, : len(self.names) * len(_STATS)], np.float64)
        cube = part.reshape(len(kept), len(self.names), len(_STATS))
        return {name: cube[..., k] for k, name in enumerate(_STATS)}

    def _point_scores(self, kept: npt.NDArray[Any], seed: int) -> dict[str, Score]:
        if not len(kept):
            raise DataError("there is no window to measure", fix="name a split that holds more rows than the horizon")
        if not np.isfinite(kept).all():
            raise DivergedError(
                "the network's forecasts are not finite numbers", fix="lower the learning rate: --set train.lr_adam=…"
            )
        stats = self._stats(kept)
        squared, absolute = stats["squared"], stats["absolute"]
        found = {"mse": squared.mean(axis=1), "mae": absolute.mean(axis=1)}
        naive = np.array(self.target.naive_error or (0.0,) * len(self.names))
        if (naive > 0).any():
            can = naive > 0
            found["mase"] = (absolute[:, can] * self.deviation[can] / naive[can]).mean(axis=1)
        found["mse_original"] = (squared * self.deviation**2).mean(axis=1)
        found["mae_original"] = (absolute * self.deviation).mean(axis=1)
        return {name: self._score(values, seed) for name, values in found.items()}

    def _score(self, values: Floats, seed: int) -> Score:
        """Return the mean over windows of an error, none negative, with the interval of a bootstrap in blocks."""
        low, high = dependence.positive_mean(values, reach=self._reach, seed=seed)
        return Score(value=float(values.mean()), low=low, high=high, n=len(values))

    @property
    def _reach(self) -> int:
        """Steps after which windows share nothing: they overlap for a horizon, and errors last for a season more."""
        return self.horizon + self.target.period

    def _by_step(self, kept: npt.NDArray[Any], targets: Any) -> list[dict[str, Any]]:
        errors = np.asarray(kept[:, len(self.names) * len(_STATS) :], np.float64).mean(axis=0)
        steps = [int(band[-1]) + 1 for band in np.array_split(np.arange(self.horizon), self.num_bands)]
        found = [{"step": step, "mse": float(error)} for step, error in zip(steps, errors, strict=True)]
        if isinstance(targets, Windows) and len(targets) == len(kept):
            for entry, naive in zip(found, self._seasonal_by_step(targets), strict=True):
                entry["seasonal"] = naive
        return found

    def _seasonal_by_step(self, windows: Windows) -> list[float]:
        """Return the squared error of the last season for each band of steps ahead, scaled."""
        rows, columns = _spread(windows), list(windows.columns)
        total = np.zeros(self.horizon)
        for start in range(0, len(rows), _WINDOWS_AT_ONCE):
            some = rows[start : start + _WINDOWS_AT_ONCE]
            naive = forecasts.seasonal(windows[some][..., columns], self.horizon, self.target.period)
            error = (naive - windows.futures(some)) / self.deviation
            total += (error**2).mean(axis=2).sum(axis=0)
        return [float(band.mean()) for band in np.array_split(total / len(rows), self.num_bands)]

    def _per_channel(self, stats: dict[str, Floats]) -> list[dict[str, Any]]:
        means = {name: values.mean(axis=0) for name, values in stats.items()}
        naive = self.target.naive_error or (0.0,) * len(self.names)
        found = []
        for c, name in enumerate(self.names):
            entry: dict[str, Any] = {
                "name": name,
                "mse": float(means["squared"][c]),
                "mae": float(means["absolute"][c]),
            }
            entry["mse_original"] = entry["mse"] * float(self.deviation[c]) ** 2
            entry["mae_original"] = entry["mae"] * float(self.deviation[c])
            if naive[c] > 0:
                entry["mase"] = entry["mae_original"] / naive[c]
            if stats["width"].any():
                entry["coverage"] = float(means["covered"][c])
            found.append(entry)
        return found

    def _worst_of(self, stats: dict[str, Floats], window: int) -> str:
        return self.names[int(stats["squared"][window].argmax())]

    def _kept(
        self, windows: Windows, rows: Ints, columns: list[int], forecast: Callable[[Any], npt.NDArray[np.float32]]
    ) -> npt.NDArray[np.float32]:
        """Return what `keep` keeps of a forecast without quantiles."""
        import torch

        parts = []
        for start in range(0, len(rows), _WINDOWS_AT_ONCE):
            some = rows[start : start + _WINDOWS_AT_ONCE]
            value = np.ascontiguousarray(forecast(windows[some][..., columns]))
            kept = self.keep(Output(torch.from_numpy(value)[..., None]), torch.from_numpy(windows.futures(some)))
            parts.append(kept.numpy())
        return np.concatenate(parts)


def _scales(series: Series) -> Floats:
    """Return by what each channel is divided: its deviation, one where it has none."""
    deviation = np.array(series.deviation or (1.0,) * len(series.names))
    return np.where(deviation > 0, deviation, 1.0)


def _pinball(quantiles: Tensor, true: Tensor) -> Tensor:
    """Return the pinball loss of quantiles ``(…, quantiles)`` of true values ``(…)``, same shape as the quantiles."""
    import torch

    shares = torch.tensor(QUANTILES, dtype=quantiles.dtype, device=quantiles.device)
    missed = true[..., None] - quantiles
    return torch.maximum(shares * missed, (shares - 1) * missed)


def _windows_of(column: Any) -> Windows:
    if not isinstance(column, Windows):
        raise TypeError(f"a {type(column).__name__} holds no windows")
    return column


def _spread(windows: Windows) -> Ints:
    """Return windows, all or evenly spread ones, whose linear forecasts take a few seconds at most."""
    work = windows.lookback * windows.horizon * len(windows.columns)
    most = max(200, int(_BASELINE_WORK / work))
    return np.unique(np.linspace(0, len(windows) - 1, min(most, len(windows))).astype(np.int64))


def _apart(order: Ints, distance: int, most: int) -> list[int]:
    """Return the first windows of an order that do not overlap in what they forecast."""
    chosen: list[int] = []
    for i in order[: 200 * most].tolist():
        if len(chosen) < most and all(abs(i - other) >= distance for other in chosen):
            chosen.append(i)
    return chosen


def _to_draw(per_window: Floats, worst: list[int]) -> list[int]:
    """Return windows to draw: some with about the median error, spread over time, and the worst."""
    num_typical = NUM_DRAWN - 2
    typical = []
    for part in np.array_split(np.arange(len(per_window)), min(num_typical, len(per_window))):
        errors = per_window[part]
        typical.append(int(part[np.abs(errors - np.median(per_window)).argmin()]))
    return list(dict.fromkeys([*typical, *worst[:2]]))
