"""Which edges run where: a description of pictures that is learned from nothing, for comparing them.

Source: Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005, section 6, with a fixed
number of cells and the square root of their sums.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

ORIENTATIONS = 8
CELLS = 7


def oriented_gradients(pixels: Tensor, *, cells: int = CELLS, smoothed: int = 0) -> Tensor:
    """Return how much of each orientation each cell has, float32 ``(batch, 8 * cells ** 2)``.

    ``pixels`` are uint8 ``(batch, height, width, channels)``; colours are averaged, and then squares of 3 by 3 pixels,
    ``smoothed`` times over. A gradient counts for the two orientations next to its own; opposite directions are one.
    """
    grey = pixels.float().mean(dim=3)[:, None] / 255
    for _ in range(smoothed):
        grey = F.avg_pool2d(grey, 3, 1, 1, count_include_pad=False)
    grey = F.pad(grey, (1, 1, 1, 1), mode="replicate")[:, 0]
    right = grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]
    down = grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]
    size = torch.sqrt(right.square() + down.square())
    angle = torch.remainder(torch.atan2(down, right), math.pi) * (ORIENTATIONS / math.pi)
    bins = torch.arange(ORIENTATIONS, device=pixels.device).view(1, -1, 1, 1)
    apart = (angle[:, None] - bins).abs()
    shares = (1 - torch.minimum(apart, ORIENTATIONS - apart)).clamp_min(0)
    return torch.sqrt(F.adaptive_avg_pool2d(shares * size[:, None], cells)).flatten(1)
