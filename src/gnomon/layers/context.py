"""What a token's neighbours say, beside what it says itself: a convolution over its nearest neighbours.

Sources: Collobert et al., "Natural language processing (almost) from scratch", arXiv 1103.0398, section 3.3.1 (a window
of words for tags); He et al., arXiv 1512.03385 (residual).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Context(nn.Module):
    """``(time, batch, width)`` to the same: to each vector a linear view of those up to ``reach`` tokens away is added.

    Beyond both ends there are noughts, so that padding of noughts changes nothing.
    """

    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        if reach < 1:
            raise ValueError(f"there are no neighbours up to {reach} tokens away")
        self.reach = reach
        span = 2 * reach + 1
        self.view = nn.Linear(span * width, width, bias=False)
        nn.init.normal_(self.view.weight, std=1 / math.sqrt(span * width))

    def forward(self, x: Tensor) -> Tensor:
        """Return the vectors, each with what its neighbours add."""
        places = range(-self.reach, self.reach + 1)
        return x + self.view(torch.cat([F.pad(x, (0, 0, 0, 0, -place, place)) for place in places], -1))
