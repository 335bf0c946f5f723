"""How unlike normal pictures a picture is: by its edges, compared with those of remembered pictures, by how much of it
is left unexplained by a network that knows only normal ones, and by what stands out in one place.

Edges are looked at in several views, from the coarse to the fine; what is strange in one may be usual in another, and
the mean of all is surer than any.

A likelihood alone calls simple pictures normal: Nalisnick et al., "Do deep generative models know what they don't
know?", arXiv 1810.09136. A distance that is taken relative to how far normal pictures are from each other does not, nor
does an error that is taken relative to how much there is to explain.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnomon.core.spec import Image
from gnomon.layers.importance_bound import together
from gnomon.layers.neighbours import Neighbours
from gnomon.layers.oriented_gradients import ORIENTATIONS, oriented_gradients
from gnomon.layers.picture_plane import PicturePlane

VIEWS = ((4, 2), (5, 1), (7, 0), (9, 1))
"""Cells along each side, and how often the pictures are smoothed before."""
EXPLAINED = 300
"""Remembered pictures, at most, whose unexplained shares say what is usual."""
_WEIGHT = 0.35
"""What one deviation of the unexplained share counts, in deviations of the edges."""
_FAINT = 0.01
"""Contrasts below this, of the range of pixels, do not count: of an even picture nothing can be explained."""
_ALIKE = 1e-6


class Familiarity(nn.Module):
    """Remembers normal pictures uint8 ``(n, height, width, channels)`` and says how strange others are beside them."""

    usual: Tensor
    slope: Tensor
    spread: Tensor

    def __init__(self, image: Image) -> None:
        super().__init__()
        self.views = nn.ModuleList(Neighbours(ORIENTATIONS * cells**2) for cells, _ in VIEWS)
        self.plane = PicturePlane(image)
        self.register_buffer("usual", torch.zeros(()))
        self.register_buffer("slope", torch.zeros(()))
        self.register_buffer("spread", torch.zeros(()))

    @property
    def ready(self) -> bool:
        """Whether pictures are remembered."""
        return all(int(view.count) > 1 for view in self.views)  # type: ignore[operator]

    @torch.no_grad()
    def fit(self, inputs: Tensor, shares: Tensor) -> None:
        """Remember pictures, evenly spread ones where they are too many.

        ``shares (m,)`` is what `unexplained` says of some of them.
        """
        device, some, found = self.usual.device, together(inputs[:1].numel()), []
        for view, (cells, smoothed) in zip(self.views, VIEWS, strict=True):
            parts = [oriented_gradients(part.to(device), cells=cells, smoothed=smoothed) for part in inputs.split(some)]
            found.append(view.fit(torch.cat(parts))[1])  # type: ignore[operator]
        by_edges, by_share = torch.stack(found).mean(0).std(correction=0), shares.float().std(correction=0)
        self.spread.copy_(by_edges)
        self.usual.copy_(shares.float().median())
        self.slope.copy_(_WEIGHT * by_edges / by_share if by_share > _ALIKE else 0.0)
        self.plane.fit(inputs)

    def forward(self, inputs: Tensor, shares: Tensor) -> Tensor:
        """Return how strange pictures are, ``(batch,)``: about 0 for what is usual.

        That is the mean logarithm of the ratios of distances, and in units of its deviation the ``shares (batch,)`` of
        `unexplained`, and what stands out in one place.
        """
        found = [
            view(oriented_gradients(inputs, cells=cells, smoothed=smoothed))
            for view, (cells, smoothed) in zip(self.views, VIEWS, strict=True)
        ]
        beside = self.slope * (shares.float() - self.usual) + self.spread * self.plane(inputs)
        return torch.stack(found).mean(0) + beside


def unexplained(inputs: Tensor, rebuilt: Tensor) -> Tensor:
    """Return the logarithm of the share of what makes up a picture that was not rebuilt, ``(batch,)``.

    ``inputs`` are uint8 ``(batch, height, width, channels)``, ``rebuilt`` those pictures made from their latents, in
    [0, 1], ``(batch, channels, height, width)``. The share is the error over the deviation of the pixels, both the root
    of the mean square: that of the fraction of variance unexplained.
    """
    pixels = inputs.float().permute(0, 3, 1, 2) / 255
    error = (pixels - rebuilt.float()).square().mean((1, 2, 3)).sqrt()
    contrast = (pixels - pixels.mean((2, 3), keepdim=True)).square().mean((1, 2, 3)).sqrt()
    return torch.log((error + _FAINT) / (contrast + _FAINT))
