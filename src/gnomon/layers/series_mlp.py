"""Fully connected networks on series: what class a series has, and how it goes on.

Sources: Zeng et al., arXiv 2205.13504 (NLinear); Lin et al., "SparseTSF", arXiv 2405.00946 (the periodic part).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnomon.core.spec import Output, Series
from gnomon.layers.continuation import ExactContinuation, Floor, continuation
from gnomon.layers.dense import DenseStack
from gnomon.layers.forecast_head import ForecastHead
from gnomon.layers.head import Head
from gnomon.layers.network import Network, Role
from gnomon.layers.scaling import LastValue, SeriesScale, with_quantiles


class SeriesMlp(Network):
    """Series ``(batch, time, channels)`` in units to logits ``(batch, classes)``."""

    def __init__(self, series: Series, num_classes: int, *, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.scale = SeriesScale(series)
        self.dense = DenseStack(series.length * len(series.names), width, depth, dropout)
        self.norm = nn.RMSNorm(self.dense.width, eps=1e-6)
        self.head = Head(self.dense.width, num_classes)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, classes)``."""
        return Output(self.head(self.norm(self.dense(self.scale(inputs).flatten(1)))))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Hidden matrices are orthogonalised, the rest learns by Adam."""
        if not parameter.requires_grad:
            return "frozen"
        return "orthogonal" if parameter.ndim >= 2 and not name.startswith("head.") else "adam"


class LinearForecast(Network):
    """Known steps ``(batch, lookback, channels)`` to forecasts ``(batch, horizon, target channels, values)``, in units.

    A weighted sum of the changes up to now, the weights shared by all channels; with ``depth`` above 0 the free part of
    it sees hidden layers instead. The distance of the quantiles is learned for every step and channel.
    """

    def __init__(
        self,
        input: Series,
        target: Series,
        outputs_per_value: int,
        *,
        width: int,
        depth: int,
        dropout: float,
        floor: Floor = "learned",
    ) -> None:
        super().__init__()
        self.last_value = LastValue(input, target)
        shared = {"floor": floor, "num_channels": len(target.names)}
        self.floor = continuation(input.length, target.length, input.period, **shared)
        self.spread = nn.Parameter(torch.zeros(len(target.names), target.length, outputs_per_value - 1))
        self.dense = DenseStack(input.length, width, depth, dropout)
        self.head = ForecastHead(self.dense.width, target.length, 1)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return forecasts of shape ``(batch, horizon, target channels, values)``."""
        known, last = self.last_value(inputs)
        point = self.floor(known).float() + self.head(self.dense(known))
        found = torch.cat((point[..., None], self.spread.expand(len(known), -1, -1, -1)), dim=-1)
        return Output(self.last_value.restore(with_quantiles(found), last))

    @property
    def exact(self) -> ExactContinuation | None:
        """The linear part, where it is solved and not learned."""
        return self.floor if isinstance(self.floor, ExactContinuation) else None

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Everything learns by Adam."""
        if not parameter.requires_grad:
            return "frozen"
        return "embedding" if name == "spread" else "adam"
