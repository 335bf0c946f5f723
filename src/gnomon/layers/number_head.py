"""The last layer of a network that gives a number and the range in which it will lie."""

from __future__ import annotations

import torch
from torch import Tensor

from gnomon.layers.head import Head
from gnomon.layers.scaling import VALUES, with_quantiles


class NumberHead(Head):
    """Features ``(…, width)`` to a number and its quantiles in rising order, ``(…, 1 + quantiles)``, standardised.

    Standardised by mean and deviation of the target in training: the task brings them back to the units.
    """

    def __init__(self, width: int) -> None:
        super().__init__(width, VALUES)

    @torch.no_grad()
    def answer(self, values: Tensor) -> None:
        """Give this number and these quantiles, shape ``(1 + quantiles,)``, rising, for every input."""
        super().answer(free_of(values))

    def forward(self, features: Tensor) -> Tensor:
        """Return ``(…, 1 + quantiles)`` in float32."""
        return with_quantiles(super().forward(features))


def free_of(values: Tensor) -> Tensor:
    """Return the free numbers of which `with_quantiles` makes ``values (…, 1 + quantiles)``, an odd number of them.

    Quantiles that are equal come out a very small step apart.
    """
    point, quantiles = values[..., :1], values[..., 1:]
    half = quantiles.shape[-1] // 2
    steps = quantiles.diff(dim=-1).clamp_min(1e-6)
    free = steps + torch.log(-torch.expm1(-steps))  # softplus, undone
    return torch.cat((point, free[..., :half], quantiles[..., half : half + 1] - point, free[..., half:]), dim=-1)
