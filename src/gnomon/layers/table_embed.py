"""Rows of numbers and codes as vectors: piecewise-linear embeddings of numbers, embeddings of categories.

Sources: Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in tabular deep learning", arXiv
2203.05556, section 3.2 (piecewise-linear encoding with the bins at quantiles); version B of its first author's
``rtdl_num_embeddings``: a linear embedding, to which the encoding is added with weights that start at 0; Holzmüller
et al., "Better by default", arXiv 2407.04491, section 3 (smooth clipping).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnomon.core.spec import Vector

_FAR = 3.0
"""What the smooth clip tends to, in units of the usual spread."""
_MISSING, _UNSEEN = 0, 1
_ROUNDS = 8


def smooth_clip(x: Tensor) -> Tensor:
    """Return ``x / sqrt(1 + (x / 3)^2)``: near 0 the same, and never beyond 3 from it.

    Source: Holzmüller et al., arXiv 2407.04491, section 3.
    """
    return x / torch.hypot(torch.ones_like(x), x / _FAR)


class PiecewiseLinear(nn.Module):
    """Numbers ``(batch, numbers)`` to shares ``(batch, numbers, bins)``: how far each bin is filled, in [0, 1].

    Source: Gorishniy et al., arXiv 2203.05556, equation 1; nothing is beyond the outermost bins.
    """

    low: Tensor
    rate: Tensor

    def __init__(self, num_numbers: int, num_bins: int) -> None:
        super().__init__()
        self.register_buffer("low", torch.zeros(num_numbers, num_bins))
        self.register_buffer("rate", torch.zeros(num_numbers, num_bins))

    def forward(self, x: Tensor) -> Tensor:
        """Return the shares; those of bins that a number does not have are 0."""
        return ((x[..., None] - self.low) * self.rate).clamp(0.0, 1.0)

    @torch.no_grad()
    def measure(self, x: Tensor) -> None:
        """Put the edges of the bins at quantiles of ``x (samples, numbers)``, NaN where one is missing.

        A constant or unknown number gets no bins.
        """
        self.low.zero_()
        self.rate.zero_()
        for index, column in enumerate(x.double().T):
            edges = edges_of(column[~column.isnan()], self.low.shape[1])
            if len(edges) > 1:
                self.low[index, : len(edges) - 1] = edges[:-1].float()
                self.rate[index, : len(edges) - 1] = (1.0 / edges.diff()).clamp_max(1e30).float()


def edges_of(known: Tensor, num_bins: int) -> Tensor:
    """Return the edges of at most ``num_bins`` bins, rising, for values ``(samples,)``: about their quantiles.

    Of few different values each is an edge. A value that comes again and again counts no more than a bin holds:
    else, of a number that is mostly 0, hardly an edge would be left for all the others.
    """
    values, counts = known.unique(return_counts=True)
    if len(values) <= num_bins + 1:
        return values
    weights = counts.double()
    for _ in range(_ROUNDS):
        weights = weights.clamp_max(weights.sum() / num_bins)
    middles = (weights.cumsum(0) - weights / 2) / weights.sum()
    inner = torch.linspace(0.0, 1.0, num_bins + 1, dtype=torch.float64)[1:-1]
    places = torch.searchsorted(middles, inner).clamp_max(len(values) - 1)
    return torch.cat([values[:1], values[places], values[-1:]]).unique()


class TableEmbedding(nn.Module):
    """A row ``(batch, features)`` as its leaf describes it to ``(batch, width)``, ``size`` numbers for each feature.

    A missing number has a vector of its own. In training a small share of the categories is taken for unseen, so that
    those that are have learned what to say.
    """

    offsets: Tensor

    def __init__(self, vector: Vector, *, size: int, num_bins: int, unseen: float = 0.01) -> None:
        super().__init__()
        self.num_numbers = len(vector.names)
        sizes = [size for _, size in vector.categories]
        self.width = size * (self.num_numbers + len(sizes))
        self.unseen = unseen
        if self.num_numbers:
            self.bins = PiecewiseLinear(self.num_numbers, num_bins)
            self.filled = nn.Parameter(torch.zeros(self.num_numbers, num_bins, size))
            self.slope = nn.Parameter(torch.randn(self.num_numbers, size) * 0.5)
            self.bias = nn.Parameter(torch.randn(self.num_numbers, size) * 0.5)
            self.missing = nn.Parameter(torch.randn(self.num_numbers, size) * 0.5)
        if sizes:
            starts = torch.tensor([0, *sizes[:-1]]).cumsum(0)
            self.register_buffer("offsets", starts, persistent=False)
            self.categories = nn.Parameter(torch.randn(sum(sizes), size) * 0.5)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return ``(batch, width)``."""
        numbers, codes = inputs[:, : self.num_numbers], inputs[:, self.num_numbers :]
        parts = []
        if self.num_numbers:
            parts.append(self._numbers(numbers))
        if codes.shape[1]:
            parts.append(self._categories(codes.long()))
        return torch.cat([part.flatten(1) for part in parts], dim=1)

    def _numbers(self, numbers: Tensor) -> Tensor:
        absent = numbers.isnan()
        known = numbers.masked_fill(absent, 0.0)
        vectors = torch.einsum("bnt,ntd->bnd", self.bins(known), self.filled)
        vectors = vectors + smooth_clip(known)[..., None] * self.slope + self.bias
        return torch.where(absent[..., None], self.missing, vectors)

    def _categories(self, codes: Tensor) -> Tensor:
        if self.training and self.unseen:
            dropped = torch.rand(codes.shape, device=codes.device) < self.unseen
            codes = codes.masked_fill(dropped & (codes != _MISSING), _UNSEEN)
        return self.categories[codes + self.offsets]
