"""How unlike normal pictures a picture is: by its edges, compared with those of remembered pictures.

A likelihood alone calls simple pictures normal: Nalisnick et al., "Do deep generative models know what they don't
know?", arXiv 1810.09136. A distance that is taken relative to how far normal pictures are from each other does not.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnomon.layers.neighbours import Neighbours
from gnomon.layers.oriented_gradients import CELLS, ORIENTATIONS, oriented_gradients

REMEMBERED = 8000
"""Normal pictures that are remembered."""
_COMPONENTS = 60
_ROWS = 1000


class Familiarity(nn.Module):
    """Remembers normal pictures uint8 ``(n, height, width, channels)`` and says how strange others are beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.edges = Neighbours(ORIENTATIONS * CELLS**2, size=REMEMBERED, components=_COMPONENTS)

    @torch.no_grad()
    def fit(self, inputs: Tensor) -> None:
        """Remember pictures, evenly spread ones where they are too many."""
        self.edges.fit(torch.cat([oriented_gradients(part) for part in inputs.split(_ROWS)]))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logarithm of the ratio of distances, ``(batch,)``: about 0 for what is usual."""
        found: Tensor = self.edges(oriented_gradients(inputs))
        return found
