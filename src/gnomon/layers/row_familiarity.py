"""How unlike usual rows of a table a row is: by the bound, column by column, and beside its nearest neighbours.

A likelihood of whole rows passes over what lies between usual rows, and learns little from few of them; the distance to
remembered rows does neither. Each view counts as far as it is beyond what it says of usual rows, and the one that is
furthest beyond has the greatest say. Sources: the distance to the nearest: Ramaswamy, Rastogi and Shim, "Efficient
algorithms for mining outliers from large data sets", SIGMOD 2000; the ratio of distances: see `layers/neighbours.py`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.mixed import marginals
from gnomon.core.spec import MixedRow
from gnomon.layers.likelihood_mixed import MixedLikelihood, by_column
from gnomon.layers.neighbours import REMEMBERED, Neighbours

ENOUGH = 10
"""From so many rows on that were not trained on, they say what is usual."""
VIEWS = 4
"""The bound, column by column, the distance to the nearest, and its ratio to theirs."""
_FAR = 10.0
"""Numbers that are more deviations off count as so far off, lest one column be all that is seen."""
_MOST_CODES = 64
"""Codes of a category that are told apart."""
_QUARTILES = 1.35
"""Deviations between the first and the third quarter of a normal distribution."""
_ALIKE = 1e-3
_TIES = 1e-3
"""Weight of what is less than usual: it only orders what nothing speaks against."""


class RowFamiliarity(nn.Module):
    """Remembers usual rows, as `MixedRow` stores them, and says how strange others are beside them."""

    mean: Tensor
    deviation: Tensor
    own: Tensor
    middle: Tensor
    spread: Tensor

    def __init__(self, leaf: MixedRow) -> None:
        super().__init__()
        self.leaf = leaf
        self.alone = MixedLikelihood(leaf)
        numbers, codes = len(leaf.numbers), sum(min(size, _MOST_CODES) for _, size in leaf.categories)
        self.near = Neighbours(2 * numbers + codes)
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("deviation", torch.ones(numbers))
        self.register_buffer("own", torch.zeros(self.alone.num_parameters))
        self.register_buffer("middle", torch.zeros(VIEWS))
        self.register_buffer("spread", torch.ones(VIEWS))

    @property
    def ready(self) -> bool:
        """Whether rows are remembered."""
        return int(self.near.count) > 1

    @torch.no_grad()
    def fit(self, rows: Tensor, bound: Tensor) -> None:
        """Remember rows ``(n, columns)``, evenly spread ones where they are too many; ``bound (n,)`` is theirs."""
        places = torch.linspace(0, len(rows) - 1, min(REMEMBERED, len(rows))).long().to(rows.device)
        rows, bound = rows[places], bound[places]
        numbers = rows[:, : len(self.leaf.numbers)].double()
        mean = numbers.nanmean(0).nan_to_num()
        deviation = (numbers - mean).square().nanmean(0).nan_to_num().sqrt()
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > 0, deviation, 1.0))
        self.own.copy_(torch.from_numpy(marginals(rows.cpu().numpy(), self.leaf)))
        self._take(self._views(rows, bound, self.near.fit(self._features(rows))))

    @torch.no_grad()
    def temper(self, rows: Tensor, bound: Tensor) -> None:
        """Let rows ``(n, columns)`` that were not trained on say what is usual, where they are enough."""
        if self.ready and len(rows) >= ENOUGH:
            self._take(self._views(rows, bound, self.near.distances(self._features(rows))))

    def forward(self, rows: Tensor, bound: Tensor) -> Tensor:
        """Return how strange rows are, ``(batch,)``: in deviations of usual rows, about 0 to 2 for what is usual."""
        views = self._views(rows, bound, self.near.distances(self._features(rows)))
        beyond = (views - self.middle) / self.spread
        return beyond.clamp_min(0).square().sum(1).sqrt() + _TIES * beyond.sum(1)

    def _take(self, views: Tensor) -> None:
        first, middle, third = torch.quantile(views.double(), torch.tensor([0.25, 0.5, 0.75]).to(views).double(), dim=0)
        self.middle.copy_(middle)
        self.spread.copy_(((third - first) / _QUARTILES).clamp_min(_ALIKE))

    def _views(self, rows: Tensor, bound: Tensor, distances: tuple[Tensor, Tensor]) -> Tensor:
        """Return what speaks against rows, ``(batch, views)``; greater is stranger, of no common unit."""
        alone = by_column(self.alone, self.own, rows)
        return torch.stack([bound.float(), alone.float(), *distances], dim=1)

    def _features(self, rows: Tensor) -> Tensor:
        """Return rows as numbers of deviation about 1, and what is missing or of which code: ``(n, features)``."""
        count = len(self.leaf.numbers)
        numbers = (rows[:, :count] - self.mean) / self.deviation
        parts = [numbers.nan_to_num(nan=0.0).clamp(-_FAR, _FAR), numbers.isnan().float()]
        for place, (_, size) in enumerate(self.leaf.categories, start=count):
            most = min(size, _MOST_CODES)
            parts.append(F.one_hot(rows[:, place].long().clamp(0, most - 1), most).float())
        return torch.cat(parts, dim=1).float()
