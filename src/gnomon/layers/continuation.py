"""How a series goes on, as a weighted sum of how it went: the linear models that are hard to beat."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LinearContinuation(nn.Module):
    """Known steps ``(…, lookback)`` to coming steps ``(…, horizon)`` by one matrix that all channels share.

    It starts at zero: no change. Source: Zeng et al., arXiv 2205.13504 (NLinear).
    """

    def __init__(self, lookback: int, horizon: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(horizon, lookback))

    def forward(self, known: Tensor) -> Tensor:
        """Return ``(…, horizon)``."""
        return known @ self.weight.T


class PeriodicContinuation(nn.Module):
    """The same with one small matrix: a step is a sum over the steps of the same phase in the periods before.

    It starts at their mean. The oldest steps that do not fill a period are not used.
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

    def forward(self, known: Tensor) -> Tensor:
        """Return ``(…, horizon)``."""
        used = known[..., known.shape[-1] - self.num_known * self.period :]
        coming = self.weight @ used.unflatten(-1, (self.num_known, self.period))
        return coming.flatten(-2)[..., : self.horizon]


def continuation(lookback: int, horizon: int, period: int) -> nn.Module:
    """Return the linear model with the fewest weights that knows the season: periodic where two periods are known."""
    if period > 1 and lookback >= 2 * period:
        return PeriodicContinuation(lookback, horizon, period)
    return LinearContinuation(lookback, horizon)
