"""Fully connected layers for vectors of any kind, wherever they stand: normalised one by one, added to their input."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F


class DenseStack(nn.Module):
    """``depth`` hidden layers: ``(…, units_in)`` to ``(…, width)``; without any, the vectors stay as they are.

    Each layer is added to its input where the units are as many. No vector depends on another. ``width`` afterwards
    says how wide the result is.
    """

    def __init__(self, units_in: int, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        units = [units_in] + [width] * depth
        self.width = units[-1]
        self.norms = nn.ModuleList(nn.RMSNorm(count, eps=1e-6) for count in units[:-1])
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(units))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(…, width)``."""
        for norm, linear in zip(self.norms, self.linears, strict=True):
            y = self.dropout(F.gelu(linear(norm(x))))
            x = x + y if y.shape == x.shape else y
        return x
