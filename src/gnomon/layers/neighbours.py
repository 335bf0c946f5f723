"""How far a sample is from those that are remembered, compared with how far those are from each other.

Sources: the local outlier factor, Breunig et al., SIGMOD 2000, in its simplified form: Schubert, Zimek and Kriegel,
"Local outlier detection reconsidered", Data Mining and Knowledge Discovery 28, 2014, definition 8.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

NEAREST = 10
REMEMBERED = 8000
"""Samples that are remembered, where no other number is asked for."""
_COMPONENTS = 60
_AT_ONCE = 1000
_FAR = 1e6
_LEAST = 1e-6


class Neighbours(nn.Module):
    """Remembers up to ``size`` samples by the ``components`` in which their features ``(batch, features)`` vary."""

    mean: Tensor
    axes: Tensor
    memory: Tensor
    spacing: Tensor
    count: Tensor

    def __init__(self, features: int, *, size: int = REMEMBERED, components: int = _COMPONENTS) -> None:
        super().__init__()
        components = min(features, components)
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("axes", torch.zeros(features, components))
        self.register_buffer("memory", torch.full((size, components), _FAR))
        self.register_buffer("spacing", torch.ones(size))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def fit(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Remember samples ``(n, features)``, evenly spread ones where they are too many, and how close they lie.

        Returns what `distances` would say of each of them if it were not remembered itself, ``(remembered,)`` each.
        """
        size = len(self.memory)
        rows = torch.linspace(0, len(features) - 1, min(size, len(features))).round().long().unique()
        chosen = features[rows].float()
        self.mean.copy_(chosen.mean(0))
        centred = chosen - self.mean
        _, _, axes = torch.linalg.svd(centred.T @ centred / len(rows))
        self.axes.copy_(axes[: self.axes.shape[1]].T)
        self.count.fill_(len(rows))
        self.memory.fill_(_FAR)
        self.memory[: len(rows)] = centred @ self.axes
        self.spacing.fill_(1.0)
        if len(rows) < 2:
            return _nothing(chosen)
        distance, near = self._near(self.memory[: len(rows)], own=True)
        self.spacing[: len(rows)] = distance
        return self._told(distance, near)

    def forward(self, features: Tensor) -> Tensor:
        """Return the logarithm of the ratio of distances, ``(batch,)``: about 0 for what is usual.

        Zero for all where nothing is remembered yet.
        """
        return self.distances(features)[1]

    def distances(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logarithms of the mean distance to the nearest and of its ratio to theirs, ``(batch,)`` each.

        Zero for all where nothing is remembered yet.
        """
        if int(self.count) < 2:
            return _nothing(features)
        with torch.autocast(features.device.type, enabled=False):  # small differences of large numbers
            distance, rows = self._near((features.float() - self.mean) @ self.axes, own=False)
        return self._told(distance, rows)

    def _told(self, distance: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return both logarithms for samples so far from the remembered ``rows (batch, nearest)``."""
        around = self.spacing[rows].mean(1)
        return torch.log(distance + _LEAST), torch.log((distance + _LEAST) / (around + _LEAST))

    def _near(self, points: Tensor, *, own: bool) -> tuple[Tensor, Tensor]:
        """Return the mean distance of the nearest remembered samples and which they are; not the sample ``own``."""
        known = self.memory[: int(self.count)]
        num = min(NEAREST, len(known) - int(own))
        means, places = [], []
        for start in range(0, len(points), _AT_ONCE):
            part = points[start : start + _AT_ONCE]
            distances = torch.cdist(part, known)
            if own:
                distances[torch.arange(len(part)), torch.arange(start, start + len(part))] = math.inf
            found = distances.topk(num, dim=1, largest=False)
            means.append(found.values.mean(1))
            places.append(found.indices)
        return torch.cat(means), torch.cat(places)


def _nothing(features: Tensor) -> tuple[Tensor, Tensor]:
    none = torch.zeros(len(features), device=features.device)
    return none, none
