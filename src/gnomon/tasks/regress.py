"""Regression: a number for each sample, with the range in which it will lie."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals
from gnomon.core.config import require_within
from gnomon.core.errors import DataError, DivergedError
from gnomon.core.spec import QUANTILES, Column, Number, Output, Score, Spec, Split, Vector
from gnomon.data import tablebaselines

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.float64]

TARGETS = (Number,)

_MIDDLE = 1 + len(QUANTILES) // 2
"""Where the middle quantile stands in an answer."""

LEVEL = QUANTILES[-1] - QUANTILES[0]
"""Share of the true values that should lie between the lowest and the highest quantile."""
WIDEST = 10.0
"""Factor by which a range is widened at most, and one over it the least."""
NUM_WORST = 48
NUM_DRAWN = 1500
"""Samples whose true and predicted numbers are kept to be drawn, evenly spread."""
NUM_BINS = 41
NUM_BANDS = 10


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the task."""

    loss: Literal["mse", "mae", "huber"] = "mse"
    """How the number is judged in training, divided by the deviation of the target; mae and huber bear outliers."""
    quantile_weight: float = 1.0
    """Weight of the pinball loss of the quantiles beside the loss of the number."""

    def __post_init__(self) -> None:
        require_within("task.quantile_weight", self.quantile_weight, 0, 100)


class Task:
    """A number for each sample, and quantiles of what it may be.

    A network gives ``(batch, 1 + quantiles)``: the number, then the quantiles in rising order, all standardised by
    mean and deviation of the target (see `Number`), so that no number is too large or too small for it.
    """

    headline = "rmse"
    higher_is_better = False
    calibrates = True

    def __init__(self, config: Config, spec: Spec) -> None:
        if not isinstance(spec.target, Number):
            raise DataError(
                f"the target is a {type(spec.target).__name__}, not a number",
                fix="choose the column with --target, or another --task",
            )
        self.config = config
        self.spec = spec
        self.target = spec.target
        self.output_size = 1 + len(QUANTILES)

    def loss(self, output: Output, targets: Tensor) -> Tensor:
        """Return the mean loss of answers ``(batch, 1 + quantiles)`` on standardised values.

        That of the number, and the pinball loss of the quantiles. Source: Koenker and Bassett, "Regression
        quantiles", Econometrica 46, 1978.
        """
        from torch.nn import functional as F

        value = output.value.float()
        true = ((targets.double() - self.target.mean) / self.target.deviation).float()
        point = {"mse": F.mse_loss, "mae": F.l1_loss, "huber": F.smooth_l1_loss}[self.config.loss](value[..., 0], true)
        if value.shape[-1] == 1 or not self.config.quantile_weight:
            return point
        return point + self.config.quantile_weight * _pinball(value[..., 1:], true).mean()

    def keep(self, output: Output, targets: Tensor) -> Tensor:
        """Return what is measured of a batch: its answers ``(batch, 1 + quantiles)``, standardised."""
        return output.value.float()

    def prior(self, train: Split) -> npt.NDArray[np.float32]:
        """Return what a model without any training should answer: mean and quantiles of the targets, standardised."""
        true = np.asarray(train.targets, np.float64)
        found = np.array([true.mean(), *np.quantile(true, QUANTILES)])
        return ((found - self.target.mean) / self.target.deviation).astype(np.float32)

    def progress_metrics(self, kept: Tensor, targets: Tensor) -> dict[str, float]:
        """Return rmse and mae of what was kept, in the units of the target, for the live line."""
        error = self._in_units(kept.double().cpu().numpy())[:, 0] - targets.cpu().numpy()
        return {"rmse": float(np.sqrt((error**2).mean())), "mae": float(np.abs(error).mean())}

    def metrics(self, kept: npt.NDArray[Any], targets: Floats, *, seed: int) -> dict[str, Score]:
        """Return every score of answers ``(n, 1 + quantiles)`` against targets ``(n,)``, with 95 % intervals.

        rmse and mae are in the units of the target; r2 is 1 minus the share of the variance that is left, where the
        targets vary; coverage is the share of true values between the outer quantiles (it should be 0.8), with a
        Wilson interval; pinball is the mean loss of the quantiles, in the units. The others are bootstrapped with
        ``seed``. Raises ``DivergedError`` where an answer is not finite, ``DataError`` where there is no sample.
        """
        value = self._checked(kept, targets)
        scores = _point_scores(value[:, 0], targets, seed)
        if value.shape[1] > 1:
            inside = _inside(value, targets)
            low, high = intervals.wilson(int(inside.sum()), len(inside))
            scores["coverage"] = Score(value=float(inside.mean()), low=low, high=high, n=len(inside))
            scores["pinball"] = _bootstrapped(_mean, seed, _pinballs(value[:, 1:], targets).mean(axis=1))
        return scores

    def costs(self, kept: npt.NDArray[Any], targets: Floats) -> Floats:
        """Return what each answer costs, ``(n,)``: its absolute error, in the units; their mean is the mae."""
        return np.abs(self._checked(kept, targets)[:, 0] - targets)

    def shown(self, kept: npt.NDArray[Any]) -> dict[str, Floats]:
        """Return what an answer comes to, by name, each ``(n,)``: the number, in the units of the target."""
        return {self.target.name or "value": self._in_units(kept)[:, 0]}

    def details(self, kept: npt.NDArray[Any], targets: Floats, ids: Column) -> dict[str, Any]:
        """Return what stands behind the scores: points to draw, residuals, calibration, the worst answers.

        A residual is the true value minus the number that was answered. ``points`` are lists of one length: evenly
        spread samples. ``bands`` are tenths of the samples by what was answered for them.
        """
        value = self._checked(kept, targets)
        residuals = targets - value[:, 0]
        return {
            "name": self.target.name,
            "level": round(LEVEL, 6),
            "points": _points(value, targets),
            "residuals": _histogram(residuals),
            "bands": _bands(value[:, 0], targets),
            "calibration": _calibration(value, targets),
            "worst": self._worst(value, targets, ids),
        }

    def temperature(self, kept: npt.NDArray[Any], targets: Floats) -> float:
        """Return the factor by which to widen ranges about their middles so that they hold their share of ``targets``.

        It is such that a new sample lies in it as often as it should, or more, if it is as those are; 1 where they are
        too few to say so. Source: Romano, Patterson and Candès, "Conformalized quantile regression", arXiv 1905.03222,
        theorem 1, with distances from the middle as Kivaranovic, Johnson and Leeb have it, arXiv 1905.10634.
        """
        rank = math.ceil((len(targets) + 1) * LEVEL - 1e-9)
        if kept.shape[-1] == 1 or rank > len(targets):
            return 1.0
        value = self._checked(kept, targets)
        low, middle, high = value[:, 1], value[:, _MIDDLE], value[:, -1]
        reach = np.where(targets < middle, middle - low, high - middle)
        needed = np.abs(targets - middle) / np.maximum(reach, 1e-12 * self.target.deviation)
        return float(np.clip(np.sort(needed)[rank - 1], 1 / WIDEST, WIDEST))

    def tempered(self, kept: npt.NDArray[np.float32], temperature: float) -> npt.NDArray[np.float32]:
        """Return answers ``(n, 1 + quantiles)`` whose quantiles are so many times as far from the middle one."""
        if kept.shape[-1] == 1 or temperature == 1:
            return kept
        middle = kept[..., _MIDDLE : _MIDDLE + 1]
        wider = middle + np.float32(temperature) * (kept[..., 1:] - middle)
        return np.concatenate([kept[..., :1], wider], axis=-1)

    def decode(self, value: npt.NDArray[np.float32], inputs: npt.NDArray[Any]) -> list[dict[str, Any]]:
        """Return for each row of answers ``(n, 1 + quantiles)`` its value and the ends of its range, in the units."""
        names = ("value", "low", "high") if value.shape[-1] > 1 else ("value",)
        columns = self._in_units(value)[:, [0, 1, -1][: len(names)]]
        return [dict(zip(names, row, strict=True)) for row in columns.tolist()]

    def baselines(self, train: Split, other: Split, *, seed: int, thorough: bool = True) -> list[dict[str, Any]]:
        """Return what trivial models, fitted on ``train``, score on ``other``: rmse, mae and r2.

        The mean and the median of the targets; a linear model for rows of numbers and codes. Not ``thorough``, there
        is no linear model.
        """
        true = np.asarray(train.targets, np.float64)
        found = {"mean": np.full(len(other), true.mean()), "median": np.full(len(other), np.median(true))}
        if thorough and isinstance(self.spec.input, Vector):
            found["linear model (ridge)"] = tablebaselines.ridge(train, other, self.spec.input, seed=seed)
        return [
            {"name": name, "scores": _point_scores(answers, other.targets, seed)} for name, answers in found.items()
        ]

    def _in_units(self, kept: npt.NDArray[Any]) -> Floats:
        found: Floats = np.asarray(kept, np.float64) * self.target.deviation + self.target.mean
        return found

    def _checked(self, kept: npt.NDArray[Any], targets: Floats) -> Floats:
        if len(targets) == 0:
            raise DataError("there is no sample to measure", fix="name a split that holds samples")
        if not np.isfinite(kept).all():
            raise DivergedError(
                "the network's answers are not finite numbers", fix="lower the learning rate: --set train.lr_adam=…"
            )
        return self._in_units(kept)

    def _worst(self, value: Floats, targets: Floats, ids: Column) -> list[dict[str, Any]]:
        error = np.abs(value[:, 0] - targets)
        order = np.argsort(-error, kind="stable")[:NUM_WORST]
        names = ids[order]
        found = []
        for i, name in zip(order.tolist(), names, strict=True):
            entry = {
                "index": i,
                "id": str(name),
                "true": float(targets[i]),
                "predicted": float(value[i, 0]),
                "error": float(value[i, 0] - targets[i]),
            }
            if value.shape[1] > 1:
                entry |= {"low": float(value[i, 1]), "high": float(value[i, -1])}
            found.append(entry)
        return found


def _pinball(quantiles: Tensor, true: Tensor) -> Tensor:
    """Return the pinball loss of quantiles ``(…, quantiles)`` of true values ``(…)``, same shape as the quantiles."""
    import torch

    shares = torch.tensor(QUANTILES, dtype=quantiles.dtype, device=quantiles.device)
    missed = true[..., None] - quantiles
    return torch.maximum(shares * missed, (shares - 1) * missed)


def _pinballs(quantiles: Floats, true: Floats) -> Floats:
    missed = true[:, None] - quantiles
    shares = np.array(QUANTILES)
    found: Floats = np.maximum(shares * missed, (shares - 1) * missed)
    return found


def _inside(value: Floats, targets: Floats) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (value[:, 1] <= targets) & (targets <= value[:, -1])
    return inside


def _point_scores(answers: Floats, targets: Floats, seed: int) -> dict[str, Score]:
    if len(targets) == 0:
        raise DataError("there is no sample to measure", fix="name a split that holds samples")
    error = answers - targets
    scores = {"rmse": _bootstrapped(_root_mean, seed, error**2), "mae": _bootstrapped(_mean, seed, np.abs(error))}
    if np.ptp(targets) > 0:
        scores["r2"] = _bootstrapped(_explained, seed, error**2, targets - targets.mean())
    return scores


def _mean(values: Floats) -> Floats:
    found: Floats = values.mean(axis=-1)
    return found


def _root_mean(squares: Floats) -> Floats:
    found: Floats = np.sqrt(squares.mean(axis=-1))
    return found


def _explained(squares: Floats, centred: Floats) -> Floats:
    """Return 1 minus the squared error over the variance; 0 where a resample does not vary."""
    variance = centred.var(axis=-1)
    left = np.divide(squares.mean(axis=-1), variance, out=np.ones_like(variance), where=variance > 0)
    return 1.0 - left


def _bootstrapped(statistic: Callable[..., Floats], seed: int, *columns: Floats) -> Score:
    """Return a statistic of columns ``(n,)`` with its interval; it reduces the last axis of each."""
    value = float(statistic(*(column[None] for column in columns))[0])
    count = len(columns[0])
    low, high = intervals.bootstrap(lambda picks: statistic(*(column[picks] for column in columns)), count, seed=seed)
    return Score(value=value, low=min(low, value), high=max(high, value), n=count)


def _points(value: Floats, targets: Floats) -> dict[str, list[float]]:
    rows = np.unique(np.linspace(0, len(targets) - 1, min(NUM_DRAWN, len(targets))).astype(np.int64))
    found = {"true": targets[rows].tolist(), "predicted": value[rows, 0].tolist()}
    if value.shape[1] > 1:
        found |= {"low": value[rows, 1].tolist(), "high": value[rows, -1].tolist()}
    return found


def _histogram(residuals: Floats) -> dict[str, Any]:
    """Return how often residuals lie in each of equal bins about 0; the outermost hold all beyond as well.

    The bins span 99 of 100 residuals, so that one outlier does not put all others into one bin.
    """
    reach = float(np.quantile(np.abs(residuals), 0.99)) or 1.0
    edges = np.linspace(-reach, reach, NUM_BINS + 1)
    counts, _ = np.histogram(residuals.clip(-reach, reach), edges)
    return {
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "mean": float(residuals.mean()),
        "deviation": float(residuals.std()),
    }


def _bands(answers: Floats, targets: Floats) -> list[dict[str, float]]:
    order = np.argsort(answers, kind="stable")
    return [
        {
            "predicted": float(answers[rows].mean()),
            "true": float(targets[rows].mean()),
            "rmse": float(np.sqrt(((answers[rows] - targets[rows]) ** 2).mean())),
            "n": len(rows),
        }
        for rows in np.array_split(order, min(NUM_BANDS, len(order)))
    ]


def _calibration(value: Floats, targets: Floats) -> list[dict[str, Any]]:
    """Return for each quantile which share of the true values should be below it, and which is, with its interval."""
    found = []
    for index, share in enumerate(QUANTILES[: value.shape[1] - 1]):
        below = targets <= value[:, 1 + index]
        low, high = intervals.wilson(int(below.sum()), len(below))
        found.append({"share": share, "below": float(below.mean()), "low": low, "high": high})
    return found
