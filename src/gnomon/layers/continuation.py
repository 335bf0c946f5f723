"""How a series goes on, as a weighted sum of how it went: the linear models that are hard to beat."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Floor = Literal["exact", "learned"]
"""How the linear part of a forecaster is found: solved before the training and kept, or learned with the rest."""


class ExactContinuation(nn.Module):
    """Known steps ``(…, channels, lookback)`` to coming steps ``(…, channels, horizon)`` by weights that never change.

    One matrix is shared by all channels, and each has an offset of its own. Both are found in closed form on the
    training rows and handed over by `take`; before that nothing changes. What is learned beside it begins at the best
    linear forecast, and cannot unlearn it.
    """

    weight: Tensor
    offset: Tensor

    def __init__(self, lookback: int, horizon: int, num_channels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(horizon, lookback))
        self.register_buffer("offset", torch.zeros(num_channels, horizon))

    @torch.no_grad()
    def take(self, weight: Tensor, offset: Tensor) -> None:
        """Keep weights ``(horizon, lookback)`` and offsets ``(channels, horizon)``, both for standardised values."""
        self.weight.copy_(weight)
        self.offset.copy_(offset)

    def forward(self, known: Tensor) -> Tensor:
        """Return ``(…, channels, horizon)``."""
        return known @ self.weight.T + self.offset


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


def continuation(
    lookback: int, horizon: int, period: int, *, floor: Floor = "learned", num_channels: int = 1
) -> nn.Module:
    """Return the linear model that suits a horizon. One that is learned has the fewer weights, the farther it sees.

    Over a few periods, or without a season, each step ahead has weights of its own for all known steps. Farther than
    that there are few futures to learn from that do not overlap, and weights are shared by all steps of one phase.
    """
    if floor == "exact":
        return ExactContinuation(lookback, horizon, num_channels)
    if period > 1 and lookback >= 2 * period and horizon > _MOST_PERIODS * period:
        return PeriodicContinuation(lookback, horizon, period)
    return LinearContinuation(lookback, horizon, period)
