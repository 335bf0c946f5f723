"""How unlike normal pictures a picture is: by its edges, compared with those of remembered pictures.

Edges are looked at in several views, from the coarse to the fine; what is strange in one may be usual in another, and
the mean of all is surer than any.

A likelihood alone calls simple pictures normal: Nalisnick et al., "Do deep generative models know what they don't
know?", arXiv 1810.09136. A distance that is taken relative to how far normal pictures are from each other does not.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnomon.layers.neighbours import Neighbours
from gnomon.layers.oriented_gradients import ORIENTATIONS, oriented_gradients

REMEMBERED = 8000
"""Normal pictures that are remembered."""
VIEWS = ((4, 2), (5, 1), (7, 0), (9, 1))
"""Cells along each side, and how often the pictures are smoothed before."""
_COMPONENTS = 60
_ROWS = 1000


class Familiarity(nn.Module):
    """Remembers normal pictures uint8 ``(n, height, width, channels)`` and says how strange others are beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.views = nn.ModuleList(
            Neighbours(ORIENTATIONS * cells**2, size=REMEMBERED, components=_COMPONENTS) for cells, _ in VIEWS
        )

    @torch.no_grad()
    def fit(self, inputs: Tensor) -> None:
        """Remember pictures, evenly spread ones where they are too many."""
        for view, (cells, smoothed) in zip(self.views, VIEWS, strict=True):
            parts = [oriented_gradients(part, cells=cells, smoothed=smoothed) for part in inputs.split(_ROWS)]
            view.fit(torch.cat(parts))  # type: ignore[operator]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the mean logarithm of the ratios of distances, ``(batch,)``: about 0 for what is usual."""
        found = [
            view(oriented_gradients(inputs, cells=cells, smoothed=smoothed))
            for view, (cells, smoothed) in zip(self.views, VIEWS, strict=True)
        ]
        return torch.stack(found).mean(0)
