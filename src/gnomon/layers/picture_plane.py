"""Where a picture is off the plane in which usual pictures spread most: a scratch, a stain, a piece that is missing.

Pictures are made small and taken as vectors. Their whole distance from the plane says little; what stands out in one
place does, where usual pictures show the same thing in the same position.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import Image
from gnomon.layers.importance_bound import together
from gnomon.layers.plane import off_plane, plane_of

SIDE_PX = 32
"""Larger pictures are made that small."""
_AXES = 64
_MOST = 1000
"""So many usual pictures, at most, say which plane that is."""
_FAINT = 0.003
"""What stands out by less than this, of the range of pixels, does not count."""
_USUAL = 1.5
"""What stands out by less than so many deviations above the middle is usual."""
_ALIKE = 1e-6


class PicturePlane(nn.Module):
    """Lays the plane through usual pictures uint8 ``(n, height, width, channels)`` and says what is off it."""

    middle: Tensor
    axes: Tensor
    centre: Tensor
    deviation: Tensor

    def __init__(self, image: Image) -> None:
        super().__init__()
        self.shape = (image.channels, min(SIDE_PX, image.height_px), min(SIDE_PX, image.width_px))
        numbers = self.shape[0] * self.shape[1] * self.shape[2]
        self.register_buffer("middle", torch.zeros(numbers))
        self.register_buffer("axes", torch.zeros(max(1, min(_AXES, numbers // 4)), numbers))
        self.register_buffer("centre", torch.zeros(()))
        self.register_buffer("deviation", torch.zeros(()))

    @torch.no_grad()
    def fit(self, inputs: Tensor) -> None:
        """Lay the plane, and see how much usual pictures stand out that another plane, of half of them, did not see."""
        chosen = inputs[torch.linspace(0, len(inputs) - 1, min(_MOST, len(inputs))).long().to(inputs.device)]
        parts = [self._small(part.to(self.middle.device)) for part in chosen.split(together(inputs[:1].numel()))]
        rows = torch.cat(parts).flatten(1)
        middle, axes = self._laid(rows)
        self.middle.copy_(middle)
        self.axes.copy_(axes)
        found = [self._outstanding(rows[k::2], *self._laid(rows[1 - k :: 2])) for k in range(2) if len(rows) > 1]
        usual = torch.cat(found) if found else torch.zeros(1)
        self.centre.copy_(usual.median())
        self.deviation.copy_(usual.std(correction=0))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return by how many deviations pictures stand out more than usual ones do, ``(batch,)``: 0 for those."""
        found = self._outstanding(self._small(inputs).flatten(1), self.middle, self.axes)
        beyond = ((found - self.centre) / self.deviation.clamp_min(_ALIKE) - _USUAL).clamp_min(0)
        return beyond * (self.deviation >= _ALIKE)  # no plane yet, or pictures that were all alike

    @torch.no_grad()
    def where(self, inputs: Tensor) -> Tensor:
        """Return how far each place stands out, ``(batch, height, width)`` of the pictures: above 1 what is unusual.

        Zero for all where no plane is laid yet.
        """
        around = self._around(self._small(inputs).flatten(1), self.middle, self.axes)
        limit = torch.exp(self.centre + _USUAL * self.deviation)
        found = ((around + _FAINT) / limit)[:, None] * (self.deviation >= _ALIKE)
        return F.interpolate(found, size=inputs.shape[1:3], mode="bilinear", align_corners=False)[:, 0]

    def _laid(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return middle and axes; few pictures, which lie in any plane of many axes, get few."""
        count = len(self.axes)
        middle, axes = plane_of(rows, max(1, min(count, len(rows) // 4)))
        return middle, F.pad(axes, (0, 0, 0, count - len(axes)))

    def _outstanding(self, rows: Tensor, middle: Tensor, axes: Tensor) -> Tensor:
        """Return the logarithm of what stands out most, ``(n,)``."""
        return torch.log(self._around(rows, middle, axes).flatten(1).amax(1) + _FAINT)

    def _around(self, rows: Tensor, middle: Tensor, axes: Tensor) -> Tensor:
        """Return how far squares of 3 by 3 pixels are off the plane, all channels together, ``(n, height, width)``."""
        left = off_plane(rows, middle, axes).view(-1, *self.shape)
        return F.avg_pool2d(left, 3, 1, 1, count_include_pad=False).square().sum(1).sqrt()

    def _small(self, inputs: Tensor) -> Tensor:
        """Return pictures ``(n, channels, height, width)`` in [0, 1], no larger than `SIDE_PX`."""
        return F.adaptive_avg_pool2d(inputs.permute(0, 3, 1, 2).float() / 255, self.shape[1:])
