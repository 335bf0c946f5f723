"""The last layer of a forecaster: the same numbers for every step that is forecast."""

from __future__ import annotations

import torch
from torch import Tensor

from gnomon.layers.head import Head


class ForecastHead(Head):
    """Features ``(…, width)`` to ``(…, steps * values)``: some numbers for each of several steps, step after step."""

    def __init__(self, width: int, steps: int, values: int) -> None:
        super().__init__(width, steps * values)
        self.values = values

    @torch.no_grad()
    def answer(self, values: Tensor) -> None:
        """Give the first of these values, as many as a step has, for every step and every input."""
        super().answer(values[: self.values].repeat(len(self.offset) // self.values))
