"""Multilayer perceptrons: fully connected layers on all pixels at once. The plainest network, and a floor for others.

Notable: one batch norm before every activation, residual connections between layers of one width, matrices of fixed
norm that the optimizer orthogonalises. Source: Rumelhart, Hinton and Williams, Nature 323 (1986); He et al., arXiv
1512.03385 (residual connections).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from gnomon.core.config import require_within
from gnomon.core.spec import Image, Label, Output, Spec
from gnomon.core.training import Allowance, Proposal, Speed
from gnomon.layers.head import Head
from gnomon.layers.network import Network
from gnomon.layers.standardise import Standardise

ACCEPTS = (Image,)

_WIDTHS = (128, 256, 512, 1024)
_PASSES = 15
"""Passes over the data that a wider network should still get."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network."""

    width: int = 256
    """Units of each hidden layer."""
    depth: int = 3
    """Hidden layers."""
    dropout: float = 0.1
    """Share of the units that is dropped after each hidden layer."""

    def __post_init__(self) -> None:
        require_within("family.width", self.width, 1, 65_536)
        require_within("family.depth", self.depth, 1, 256)
        require_within("family.dropout", self.dropout, 0, 0.99)


class Block(nn.Module):
    """One hidden layer: ``(batch, units_in)`` to ``(batch, width)``, added to its input where the widths agree."""

    def __init__(self, units_in: int, width: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(units_in, width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.norm.weight.requires_grad_(False)
        self.activation = nn.GELU()
        self.dropout = nn.Dropout(dropout)
        self.residual = units_in == width

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, width)``."""
        y: Tensor = self.dropout(self.activation(self.norm(self.linear(x))))
        return x + y if self.residual else y


class Mlp(Network):
    """Pixels ``(batch, height, width, channels)`` uint8 to logits ``(batch, classes)``."""

    def __init__(self, config: Config, image: Image, num_classes: int) -> None:
        super().__init__()
        self.standardise = Standardise(image.channels)
        units = [image.height_px * image.width_px * image.channels] + [config.width] * config.depth
        self.blocks = nn.Sequential(*(Block(a, b, config.dropout) for a, b in pairwise(units)))
        self.head = Head(units[-1], num_classes)

    def forward(self, inputs: Tensor) -> Output:
        """Return logits of shape ``(batch, classes)``."""
        pixels = self.standardise(inputs).flatten(1)
        return Output(self.head(self.blocks(pixels)))

    @torch.no_grad()
    def prepare(self, inputs: Tensor) -> None:
        """Measure pixel statistics on training pictures."""
        self.standardise.measure(inputs)


def build(config: Config, spec: Spec) -> Mlp:
    """Return the network for pictures and labels of this spec."""
    if not isinstance(spec.input, Image) or not isinstance(spec.target, Label):
        raise TypeError(f"an mlp takes pictures and gives labels, not {spec}")
    return Mlp(config, spec.input, len(spec.target.classes))


def size_for(allowance: Allowance, spec: Spec, speed: Speed) -> Proposal:
    """Return the widest network that the allowance can train for enough passes over the data."""
    if not isinstance(spec.input, Image):
        raise TypeError(f"an mlp takes pictures, not {spec.input}")
    num_pixels = spec.input.height_px * spec.input.width_px * spec.input.channels
    affordable = [
        width
        for width in _WIDTHS
        if allowance.samples_at(_flop_per_sample(width, num_pixels), speed) >= _PASSES * allowance.num_train
    ]
    config = Config(width=max(affordable, default=_WIDTHS[0]))
    batch_size = 2 ** min(9, max(5, round(math.log2(max(1, allowance.num_train) / 20))))
    side = max(spec.input.height_px, spec.input.width_px)
    settings = {
        "train.batch_size": batch_size,
        "train.phases": ((0.0, side),),
        "train.lr_matrix": 0.1,
        "train.average": 0.02,
        "task.label_smoothing": 0.1,
        "augment.flip": "alternate" if spec.input.channels == 3 else "off",
        "augment.shift_px": max(1, side // 16),
    }
    why = (f"width {config.width}: the widest that makes {_PASSES} passes over the data in the budget",)
    return Proposal(config=config, merit=0.3, settings=settings, why=why)


def _flop_per_sample(width: int, num_pixels: int) -> float:
    # Products with vectors reach about a third of the rate of convolutions, which speed is measured in.
    return 3 * 3 * 2 * (num_pixels * width + 2 * width**2)
