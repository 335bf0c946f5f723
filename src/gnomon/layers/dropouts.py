"""Dropout for sequences: what is dropped is dropped for a whole sample, a whole word or a whole weight.

Sources: Gal and Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks", arXiv
1512.05287 (one mask for all instants; words dropped by type); Merity, Keskar and Socher, "Regularizing and optimizing
LSTM language models", arXiv 1708.02182 (weight drop, activation and slowness penalties).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class VariationalDropout(nn.Module):
    """Drop the same units at every instant of a sample: ``(time, batch, width)`` to the same."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``, in training with a ``share`` of the units at nought and the others scaled up."""
        if not self.training or self.share == 0:
            return x
        return x * F.dropout(x.new_ones(1, *x.shape[1:]), self.share)

    def extra_repr(self) -> str:
        """Return the share, for printing."""
        return f"{self.share}"


def kept_words(tokens: Tensor, size: int, share: float) -> Tensor:
    """Return a factor for each token, 0 or ``1 / (1 - share)``, the same for all tokens of one type.

    ``tokens`` are int64 of any shape, below ``size``; the factors have their shape.
    """
    kept = F.dropout(torch.ones(size, device=tokens.device), share)
    return kept[tokens]


def activation_penalties(dropped: Tensor, states: Tensor, *, size: float, slowness: float) -> dict[str, Tensor]:
    """Return what large states and fast changes cost, both ``(time, batch, width)``; a weight of 0 leaves one out.

    Source: Merity et al., arXiv 1708.02182, section 4.5: ``size`` is alpha, ``slowness`` is beta.
    """
    penalties = {}
    if size:
        penalties["activation"] = size * dropped.float().square().mean()
    if slowness and len(states) > 1:
        penalties["slowness"] = slowness * states.float().diff(dim=0).square().mean()
    return penalties
