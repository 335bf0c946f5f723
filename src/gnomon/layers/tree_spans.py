"""A linear model beside a recursive cell: which symbols stand below a node, alone, in n-grams, and under each other.

In an order in which children come before their parent, what is below a node is one contiguous span. So a running sum
over all nodes of a batch gives the sums of all spans at once. Sources: Joulin et al., "Bag of tricks for efficient text
classification", arXiv 1607.01759 (hashed n-grams); Cheng et al., "Wide & deep learning", arXiv 1606.07792.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import NO_SYMBOL
from gnomon.layers.ngrams import ngram_rows
from gnomon.layers.tree_schedule import Forest


class SpanLogits(nn.Module):
    """A linear model of what is below nodes: logits ``(nodes, classes)``.

    They are the sum of the rows of all n-grams of symbols in the span of a node, and of all pairs of a symbol and the
    one above it, over the square root of their number. The matrix starts at nought; its role is ``sparse``.
    """

    def __init__(self, orders: tuple[int, ...], num_rows: int, num_classes: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.orders = orders
        self.dropout = dropout
        self.table = nn.Parameter(torch.zeros(num_rows, num_classes))

    def forward(self, forest: Forest, nodes: Tensor) -> Tensor:
        """Return logits for some ``nodes`` of the forest, int64 ``(n,)``, in float32; nought where nothing is below."""
        begin, end = spans(forest)
        begin, end = begin[nodes], end[nodes]
        symbols = torch.empty_like(forest.position).index_copy(0, forest.position, forest.symbols[:, 0])
        named = symbols > NO_SYMBOL
        before = F.pad(named.cumsum(0), (1, 0))
        first, last = before[begin], before[end]
        grams = ngram_rows(symbols[named][:, None], orders=self.orders, num_rows=len(self.table))[:, 0]
        total, count = self._sums(_pair_rows(forest, len(self.table)), begin, end - 1)
        for column, order in enumerate(self.orders):
            some, found = self._sums(grams[:, column], torch.minimum(first + order - 1, last), last)
            total, count = total + some, count + found
        return (total / count.clamp_min(1).sqrt()[:, None]).float()

    def _sums(self, rows: Tensor, begin: Tensor, end: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum of the vectors of ``rows (items,)`` over spans of them, and how many are not row 0."""
        weights = F.dropout((rows != 0).float(), self.dropout, self.training)
        with torch.autocast(rows.device.type, enabled=False):
            vectors = F.embedding(rows, self.table, sparse=True) * weights[:, None]
        # In float64: a difference of two long sums must not depend on what stands before the span.
        sums = F.pad(vectors.double().cumsum(0), (0, 0, 1, 0))
        counts = F.pad((rows != 0).cumsum(0), (1, 0))
        return sums[end] - sums[begin], counts[end] - counts[begin]


def spans(forest: Forest) -> tuple[Tensor, Tensor]:
    """Return where what is below each node begins and ends, itself included, among all nodes one after the other.

    Both are int64 ``(nodes,)``; the end is one behind the node.
    """
    child = forest.child
    first = forest.sibling[child] == 1
    ends = forest.position + 1
    begins = torch.empty_like(ends)
    begins[forest.roots] = F.pad(ends[forest.roots], (1, 0))[:-1]
    begins[child[~first]] = ends[child.roll(1)[~first]]  # right behind the sibling before
    known = torch.arange(forest.num_nodes, device=child.device)
    known[child[first]] = forest.parent[child[first]]
    for _ in range(len(forest.starts).bit_length()):
        known = known[known]
    return begins[known], ends


def _pair_rows(forest: Forest, num_rows: int) -> Tensor:
    """Return the row of each node's symbol under that of its parent, int64 ``(nodes,)`` by position; else 0."""
    own, above = forest.symbols[:, 0], forest.symbols[forest.parent, 0]
    paired = (own > NO_SYMBOL) & (above > NO_SYMBOL)
    paired[forest.roots] = False
    mark = torch.full_like(own, 3)  # tells a pair from two neighbours
    tokens = torch.stack([mark, above, own])
    rows = ngram_rows(tokens, orders=(3,), num_rows=num_rows)[2, :, 0]
    return torch.zeros_like(own).index_copy(0, forest.position, torch.where(paired, rows, torch.zeros_like(rows)))
