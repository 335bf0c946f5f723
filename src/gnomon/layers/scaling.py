"""Series in their own units to numbers near zero and back, inside the network: a saved model needs nothing else."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnomon.core.errors import UsageError
from gnomon.core.spec import QUANTILES, Series

VALUES = 1 + len(QUANTILES)
"""Numbers of a forecast for one step of one channel: the point, and the quantiles in rising order."""


class SeriesScale(nn.Module):
    """Series ``(…, channels)`` in their own units to mean 0 and deviation 1 over the training rows.

    A channel that never changes has no deviation and is divided by one.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, series: Series) -> None:
        super().__init__()
        count = len(series.names)
        deviation = torch.tensor(series.deviation or (1.0,) * count, dtype=torch.float32)
        self.register_buffer("mean", torch.tensor(series.mean or (0.0,) * count, dtype=torch.float32), persistent=False)
        self.register_buffer("deviation", torch.where(deviation > 0, deviation, 1.0), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Return standardised values of the same shape, float32."""
        return (values.float() - self.mean) / self.deviation


class LastValue(nn.Module):
    """The channels to be continued, standardised, as changes from the last value that is known; and the way back.

    Where a series stands is taken out, so that a network learns how it goes on from there, at any level.
    Source: Zeng et al., "Are transformers effective for time series forecasting?", arXiv 2205.13504 (NLinear).
    """

    def __init__(self, input: Series, target: Series) -> None:
        super().__init__()
        self.picked = channels_of(input, target)
        self.scale = SeriesScale(input)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return changes ``(batch, target channels, time)`` and the last values ``(batch, target channels, 1)``."""
        known = self.scale(inputs)[..., self.picked].transpose(1, 2)
        last = known[..., -1:]
        return known - last, last

    def restore(self, changes: Tensor, last: Tensor) -> Tensor:
        """Return ``(batch, horizon, target channels, values)`` in units for ``(batch, channels, horizon, values)``."""
        values = (changes.float() + last[..., None]).transpose(1, 2)
        return values * self.scale.deviation[self.picked, None] + self.scale.mean[self.picked, None]


def channels_of(input: Series, target: Series) -> list[int]:
    """Return where in the input the channels of the target are. Raises ``UsageError`` where one is not there."""
    missing = [name for name in target.names if name not in input.names]
    if missing:
        raise UsageError(
            f"the channel {missing[0]!r} is to be continued and is not among those that are known",
            fix=f"choose from {', '.join(input.names)}",
        )
    return [input.names.index(name) for name in target.names]


def with_quantiles(raw: Tensor) -> Tensor:
    """Turn free numbers ``(…, 1 + quantiles)`` into a point forecast and quantiles in rising order, same shape.

    The first number is the point and stays. The middle quantile (of an odd number) is an offset from it; the others
    go out from there by positive steps, so that they cannot cross. The point learns nothing from the quantiles.
    """
    count = raw.shape[-1] - 1
    if count == 0:
        return raw
    point, free = raw[..., :1], raw[..., 1:]
    half = count // 2
    steps = nn.functional.softplus(free)
    middle = point.detach() + (free[..., half : half + 1] if count % 2 else 0.0)
    below = middle - steps[..., :half].flip(-1).cumsum(-1).flip(-1)
    above = middle + steps[..., count - half :].cumsum(-1)
    between = (middle,) if count % 2 else ()
    return torch.cat((point, below, *between, above), dim=-1)
