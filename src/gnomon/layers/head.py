"""The last layer of a network that gives one value a class."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Head(nn.Module):
    """Features ``(batch, width)`` to values ``(batch, size)``: one matrix, and an offset that is never trained."""

    offset: Tensor

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, size, bias=False)
        nn.init.normal_(self.linear.weight, std=1 / width)
        self.register_buffer("offset", torch.zeros(size))

    @torch.no_grad()
    def answer(self, values: Tensor) -> None:
        """Give these values, shape ``(size,)``, for every input: what a model that was not trained should say."""
        self.linear.weight.zero_()
        self.offset.copy_(values)

    def forward(self, features: Tensor) -> Tensor:
        """Return ``(batch, size)`` in float32."""
        return self.linear(features).float() + self.offset
