"""From the states of all instants to one vector a sample: what the network attends to, and the largest of each unit.

Source: Lin et al., "A structured self-attentive sentence embedding", arXiv 1703.03130, section 2.1 (weights over the
instants, several of them side by side); Howard and Ruder, arXiv 1801.06146 (beside the maximum).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class AttentionPool(nn.Module):
    """``(time, batch, width)`` and a mask ``(time, batch)`` to ``(batch, 2 * width)``.

    Each head weighs the instants of its own share of the units. A sample without any token gives noughts.
    """

    def __init__(self, width: int, *, num_heads: int = 4) -> None:
        super().__init__()
        if width % num_heads:
            raise ValueError(f"{num_heads} heads cannot share {width} units")
        self.num_heads = num_heads
        self.score = nn.Linear(width, num_heads, bias=False)
        nn.init.normal_(self.score.weight, std=1 / width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return the weighted means and the maxima, shape ``(batch, 2 * width)``, float32."""
        x = x.float()
        absent = ~mask[..., None]
        lowest = torch.finfo(x.dtype).min
        scores = self.score(x).float().masked_fill(absent, lowest)
        weights = torch.softmax(scores, 0).masked_fill(absent, 0)
        shares = x.unflatten(-1, (self.num_heads, -1))
        means = (weights[..., None] * shares).sum(0).flatten(1)
        empty = ~mask.any(0)[:, None]
        maxima = x.masked_fill(absent, -math.inf).amax(0).masked_fill(empty, 0)
        return torch.cat([means, maxima], 1)
