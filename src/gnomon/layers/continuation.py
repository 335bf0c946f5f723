"""How a series goes on, as a weighted sum of how it went: the linear models that are hard to beat."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LinearContinuation(nn.Module):
    """Known steps ``(…, lookback)`` to coming steps ``(…, horizon)`` by one matrix that all channels share.

    It starts as the mean of the steps of the same phase, and without a season at zero: no change. Source: Zeng et al.,
    arXiv 2205.13504 (NLinear).
    """

    def __init__(self, lookback: int, horizon: int, period: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(horizon, lookback))
        num_known = lookback // period
        if period > 1 and num_known:
            ahead, ago = torch.arange(horizon)[:, None], torch.arange(-num_known * period, 0)
            with torch.no_grad():
                self.weight[:, lookback - len(ago) :] = ((ahead - ago) % period == 0) / num_known

    def forward(self, known: Tensor) -> Tensor:
        """Return ``(…, horizon)``."""
        return known @ self.weight.T


class PeriodicContinuation(nn.Module):
    """The same with one small matrix: a step is a sum over the steps of the same phase in the periods before.

    Before, each step is mixed with its neighbours by a filter that is learned. It starts at the mean of the phase, and
    with no neighbours. The oldest steps that do not fill a period are not used.
    Source: Lin et al., "SparseTSF", arXiv 2405.00946.
    """

    def __init__(self, lookback: int, horizon: int, period: int) -> None:
        super().__init__()
        self.horizon = horizon
        self.period = period
        self.num_known = lookback // period
        if self.num_known < 1:
            raise ValueError(f"{lookback} steps do not fill a period of {period}")
        num_coming = -(-horizon // period)
        self.weight = nn.Parameter(torch.full((num_coming, self.num_known), 1.0 / self.num_known))
        self.mixing = nn.Parameter(torch.zeros(1, 1, 1 + 2 * (min(period, _MOST_MIXED) // 2)))

    def forward(self, known: Tensor) -> Tensor:
        """Return ``(…, horizon)``."""
        used = self._mixed(known)[..., known.shape[-1] - self.num_known * self.period :]
        coming = self.weight @ used.unflatten(-1, (self.num_known, self.period))
        return coming.flatten(-2)[..., : self.horizon]

    def _mixed(self, known: Tensor) -> Tensor:
        lines = known.reshape(-1, 1, known.shape[-1])
        return known + nn.functional.conv1d(lines, self.mixing, padding=self.mixing.shape[-1] // 2).view_as(known)


_MOST_MIXED = 48
_MOST_PERIODS = 8
"""Periods up to which every step ahead has a weight for every known step."""


def continuation(lookback: int, horizon: int, period: int) -> nn.Module:
    """Return the linear model that suits a horizon: the farther, the fewer weights.

    Over a few periods, or without a season, each step ahead has weights of its own for all known steps. Farther than
    that there are few futures to learn from that do not overlap, and weights are shared by all steps of one phase.
    """
    if period > 1 and lookback >= 2 * period and horizon > _MOST_PERIODS * period:
        return PeriodicContinuation(lookback, horizon, period)
    return LinearContinuation(lookback, horizon, period)
