"""Convolutional networks on series: what class a series has, and how it goes on.

Sources: Ismail Fawaz et al., "InceptionTime", arXiv 1909.04939 (filters of several lengths, mean over time); Nie et
al., arXiv 2211.14730 (patches of the past, every channel by itself).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnomon.core.spec import Output, Series
from gnomon.layers.continuation import ExactContinuation, Floor, continuation
from gnomon.layers.conv1d import TimeStack
from gnomon.layers.forecast_head import ForecastHead
from gnomon.layers.head import Head
from gnomon.layers.network import Network, Role
from gnomon.layers.scaling import LastValue, SeriesScale, with_quantiles


class SeriesCnn(Network):
    """Series ``(batch, time, channels)`` in units to logits ``(batch, classes)``."""

    def __init__(
        self,
        series: Series,
        num_classes: int,
        *,
        widths: tuple[int, ...],
        spans: tuple[int, ...],
        depth: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.scale = SeriesScale(series)
        self.stack = TimeStack(len(series.names), widths, spans, depth=depth, norm="batch")
        self.dropout = nn.Dropout(dropout)
        self.head = Head(2 * self.stack.width, num_classes)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, classes)``."""
        x = self.stack(self.scale(inputs).transpose(1, 2))
        return Output(self.head(self.dropout(torch.cat((x.mean(2), x.amax(2)), dim=1))))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Filters are orthogonalised, the rest learns by Adam."""
        return filter_role(name, parameter)


class PatchCnn(Network):
    """Known steps ``(batch, lookback, channels)`` to forecasts ``(batch, horizon, target channels, values)``, in units.

    Patches of the past become vectors, convolutions look at those of a channel, and the last vector gives the future,
    added to a linear continuation.
    """

    def __init__(
        self,
        input: Series,
        target: Series,
        outputs_per_value: int,
        *,
        patch_steps: int,
        widths: tuple[int, ...],
        spans: tuple[int, ...],
        depth: int,
        dropout: float,
        floor: Floor = "learned",
    ) -> None:
        super().__init__()
        self.patch_steps = min(patch_steps, input.length)
        self.num_patches = input.length // self.patch_steps
        self.outputs_per_value = outputs_per_value
        self.last_value = LastValue(input, target)
        shared = {"floor": floor, "num_channels": len(target.names)}
        self.floor = continuation(input.length, target.length, input.period, **shared)
        self.embed = nn.Linear(self.patch_steps, widths[0])
        self.stack = TimeStack(widths[0], widths, spans, depth=depth, causal=True, dropout=dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = ForecastHead(self.stack.width, target.length, outputs_per_value)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return forecasts of shape ``(batch, horizon, target channels, values)``."""
        known, last = self.last_value(inputs)
        used = known[..., known.shape[-1] - self.num_patches * self.patch_steps :]
        patches = self.embed(used.reshape(-1, self.num_patches, self.patch_steps))
        state = self.stack(patches.transpose(1, 2))[..., -1]
        found = self.head(self.dropout(state)).view(*known.shape[:2], -1, self.outputs_per_value)
        point = found[..., :1] + self.floor(known).float()[..., None]
        changes = with_quantiles(torch.cat((point, found[..., 1:]), dim=-1))
        return Output(self.last_value.restore(changes, last))

    @property
    def exact(self) -> ExactContinuation | None:
        """The linear part, where it is solved and not learned."""
        return self.floor if isinstance(self.floor, ExactContinuation) else None

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Filters are orthogonalised, the rest learns by Adam."""
        return "adam" if name.startswith("floor.") else filter_role(name, parameter)


def filter_role(name: str, parameter: nn.Parameter) -> Role:
    """Return the role of a parameter in a network of filters that ends with ``head``."""
    if not parameter.requires_grad:
        return "frozen"
    return "orthogonal" if parameter.ndim >= 2 and not name.startswith("head.") else "adam"
