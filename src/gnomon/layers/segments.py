"""Segment recurrence: forecasts by a recurrent network that reads and writes a season's length at a time.

One gated recurrent layer steps over segments of the past, many values in one step, and from its last state all
segments of the future are decoded at once, each told apart by embeddings of its position and of its channel. Every
channel goes through the same network by itself. A linear continuation is added, so that the network has only to learn
what is not linear.

Sources: Lin et al., "SegRNN", arXiv 2308.11200; Lin et al., "SparseTSF", arXiv 2405.00946 (the linear part).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gnomon.core.config import require_within
from gnomon.core.errors import UsageError
from gnomon.core.spec import Output, Series, Spec
from gnomon.core.training import Allowance, Speed
from gnomon.layers.continuation import ExactContinuation, Floor, continuation
from gnomon.layers.forecast_head import ForecastHead
from gnomon.layers.network import Network, Role
from gnomon.layers.passes import enough_passes
from gnomon.layers.scaling import VALUES, LastValue, with_quantiles


@dataclass(frozen=True, kw_only=True)
class SegmentConfig:
    """Size of the network."""

    width: int = 128
    """Units of the recurrent layer."""
    segment_steps: int = 24
    """Steps that are read and written at once."""
    dropout: float = 0.5
    """Share of the state that is dropped before the last layer."""
    floor: Floor = "learned"
    """How the linear part is found."""
    gain: float = 1.0
    """By what the recurrence's part of the point forecast is multiplied: the less there is to learn from, the less."""

    def __post_init__(self) -> None:
        require_within("family.width", self.width, 2, 65_536)
        require_within("family.segment_steps", self.segment_steps, 1, 65_536)
        require_within("family.dropout", self.dropout, 0, 0.99)
        require_within("family.gain", self.gain, 0, 1)


class SegmentNetwork(Network):
    """Known steps ``(batch, lookback, channels)`` to forecasts ``(batch, horizon, target channels, values)``.

    Both in units. ``outputs_per_value`` is 1 for the point forecast and one more for every quantile, in rising order.
    Raises ``UsageError`` where a target channel is not among the known ones.
    """

    def __init__(self, config: SegmentConfig, input: Series, target: Series, outputs_per_value: int) -> None:
        super().__init__()
        if input.length < 1 or target.length < 1:
            raise UsageError("the series is not cut into windows", fix="give a horizon: --horizon 24")
        segment, width = min(config.segment_steps, input.length), config.width
        self.segment_steps = segment
        self.horizon = target.length
        self.num_known = input.length // segment
        self.num_coming = -(-target.length // segment)
        self.outputs_per_value = outputs_per_value
        self.gain = config.gain
        self.last_value = LastValue(input, target)
        shared = {"floor": config.floor, "num_channels": len(target.names)}
        self.floor = continuation(input.length, target.length, input.period, **shared)
        self.embed = nn.Linear(segment, width)
        self.recurrence = nn.GRU(width, width)
        self.position = nn.Parameter(torch.randn(self.num_coming, width // 2))
        self.channel = nn.Parameter(torch.randn(len(target.names), width - width // 2))
        self.dropout = nn.Dropout(config.dropout)
        self.head = ForecastHead(width, segment, outputs_per_value)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return forecasts of shape ``(batch, horizon, target channels, values)``."""
        known, last = self.last_value(inputs)
        found = self._decode(self._encode(known), len(inputs))
        point = self.gain * found[..., :1] + self.floor(known).float()[..., None]
        changes = with_quantiles(torch.cat((point, found[..., 1:]), dim=-1))
        return Output(self.last_value.restore(changes, last))

    @property
    def exact(self) -> ExactContinuation | None:
        """The linear part, where it is solved and not learned."""
        return self.floor if isinstance(self.floor, ExactContinuation) else None

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Everything learns by Adam."""
        if not parameter.requires_grad:
            return "frozen"
        return "embedding" if name in ("position", "channel") else "adam"

    def _encode(self, known: Tensor) -> Tensor:
        """Return the state after the last segment, ``(batch * channels, width)``; the oldest steps may be left out."""
        used = known[..., known.shape[-1] - self.num_known * self.segment_steps :]
        segments = used.reshape(-1, self.num_known, self.segment_steps).transpose(0, 1)
        _, state = self.recurrence(torch.relu(self.embed(segments)))
        return state[0]

    def _decode(self, state: Tensor, num_samples: int) -> Tensor:
        """Return free numbers ``(batch, channels, horizon, values)`` from the last state, all segments at once."""
        num_channels, num_coming = len(self.channel), self.num_coming
        position = self.position.expand(num_channels, -1, -1)
        channel = self.channel[:, None].expand(-1, num_coming, -1)
        states = self._next(torch.cat((position, channel), dim=-1), state.view(num_samples, num_channels, 1, -1))
        steps = self.head(self.dropout(states)).view(num_samples, num_channels, -1, self.outputs_per_value)
        return steps[:, :, : self.horizon]

    def _next(self, inputs: Tensor, state: Tensor) -> Tensor:
        """Return the state after one step, ``(batch, channels, segments, width)``.

        From inputs ``(channels, segments, width)`` that all samples share and states ``(batch, channels, 1, width)``
        that all segments share: each is multiplied once, and only the sums are as many as there are states to come.
        """
        gru = self.recurrence
        gates = nn.functional.linear(inputs, gru.weight_ih_l0, gru.bias_ih_l0).chunk(3, dim=-1)
        memory = nn.functional.linear(state, gru.weight_hh_l0, gru.bias_hh_l0).chunk(3, dim=-1)
        reset, keep = torch.sigmoid(gates[0] + memory[0]), torch.sigmoid(gates[1] + memory[1])
        return torch.lerp(torch.tanh(gates[2] + reset * memory[2]), state, keep)


_WIDTHS = ((32, 0.0, 0), (64, 5.0, 2_000), (128, 8.0, 30_000), (256, 8.0, 200_000))
"""Widths, and the passes over the data and the windows in it that each needs to be better than the one before."""


def segment_size(
    allowance: Allowance, spec: Spec, speed: Speed
) -> tuple[SegmentConfig, dict[str, Any], tuple[str, ...]]:
    """Return the widest network that sees enough data often enough, settings for its training, and why.

    Raises ``TypeError`` where the data are not series to be continued.
    """
    known, coming = spec.input, spec.target
    if not isinstance(known, Series) or not isinstance(coming, Series):
        raise TypeError(f"segments are of series to be continued, not {spec}")
    segment = _segment_steps(known, coming)
    chosen = _WIDTHS[0][0]
    for width, wants, windows in _WIDTHS:
        flop = _flop_per_sample(width, segment, known, coming)
        affordable = allowance.samples_at(flop, speed) / max(1, allowance.num_train)
        if affordable < wants or allowance.num_train < windows:
            break
        chosen = width
    why = (
        f"width {chosen}: the widest that suits {allowance.num_train:,} windows and the passes over the data that the "
        "budget allows",
        f"segments of {segment} steps: " + _why_segment(segment, known),
        "the linear part is solved exactly before the training and kept (--set family.floor=learned learns it)",
    )
    batch_size = 2 ** min(6, max(4, round(math.log2(max(1, allowance.num_train) / 60))))
    settings = {
        "train.batch_size": batch_size,
        "train.lr_adam": 1e-3,
        "train.decay_adam": 0.01,
        "train.average": 0.05,
        "train.clip": 1.0,
        "train.max_epochs": enough_passes(allowance.num_train, coming.length, batch_size),
    }
    gain = round(min(1.0, allowance.num_train / max(1, coming.length) / _ENOUGH_FUTURES), 3)
    return (
        SegmentConfig(width=chosen, segment_steps=segment, dropout=_DROPOUT, floor="exact", gain=gain),
        settings,
        why,
    )


_DROPOUT = 0.2
_ENOUGH_FUTURES = 80.0
"""Futures that do not overlap from which on the recurrence is trusted as much as the linear part beside it."""

_USUAL_STEPS = 24


def _segment_steps(known: Series, coming: Series) -> int:
    """Return the divisor of the period that is nearest to 24 steps, at most half of what is known."""
    most = max(1, min(known.length // 2, max(coming.length, _USUAL_STEPS)))
    fitting = [steps for steps in range(4, min(2 * _USUAL_STEPS, most) + 1) if known.period % steps == 0]
    return min(fitting, key=lambda steps: abs(steps - _USUAL_STEPS), default=min(_USUAL_STEPS, most))


def _why_segment(steps: int, known: Series) -> str:
    if known.period > 1 and known.period % steps == 0:
        return "the season" if steps == known.period else f"the season of {known.period} steps in equal parts"
    return "the usual length, as there is no season that it could fit"


def _flop_per_sample(width: int, segment: int, known: Series, coming: Series) -> float:
    """Return multiplications and additions of one window, forward and backward."""
    num_known, num_coming = known.length // segment, -(-coming.length // segment)
    recurrence = num_known * (6 * width**2 + segment * width)
    # A coming segment has no product with its state; what is not a product takes as long as 60 for every unit.
    decoding = num_coming * width * (VALUES * segment + 60)
    # Products of a few hundred rows reach about a third of the rate of convolutions, which speed is measured in.
    return 3 * 3 * 2 * len(coming.names) * (recurrence + decoding + known.length * coming.length)
