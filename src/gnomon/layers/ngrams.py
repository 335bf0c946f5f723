"""Hashed n-grams: every short run of tokens has a row of its own in a table, found by its hash.

The rows of a batch are few beside the table, so the tables have sparse gradients: their role for the optimizer is
``sparse``. Row 0 belongs to no n-gram. Source: Joulin et al., "Bag of tricks for efficient text classification",
arXiv 1607.01759 (hashed n-grams, averaged).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_FACTOR = 0x5851F42D4C957F2D  # multiplier of Knuth's 64-bit congruential generator; products wrap around
_SEED = 0x14057B7EF767814F


def ngram_rows(tokens: Tensor, *, orders: tuple[int, ...], num_rows: int) -> Tensor:
    """Return the row of the n-gram that ends at each token, in [1, num_rows), shape ``(time, batch, len(orders))``.

    ``tokens`` are int64 ``(time, batch)``, 0 where there is none. The row is 0 where an n-gram would contain a 0 or
    begin before the first instant.
    """
    hashes = torch.full_like(tokens, _SEED)
    complete = torch.ones_like(tokens, dtype=torch.bool)
    rows = []
    for back in range(max(orders)):
        earlier = F.pad(tokens, (0, 0, back, 0))[: len(tokens)]
        complete = complete & (earlier != 0)
        hashes = mixed(hashes + earlier)
        if back + 1 in orders:
            row = hashes.remainder(num_rows - 1) + 1
            rows.append(torch.where(complete, row, torch.zeros_like(row)))
    return torch.stack(rows, -1)


class NgramLogits(nn.Module):
    """A linear model on the n-grams of a text: int64 tokens ``(time, batch)`` to logits ``(batch, classes)``.

    The logits are the sum of the rows of all n-grams, over the square root of their number: a vector of counts of
    length about one times a matrix. The matrix starts at nought.
    """

    def __init__(self, orders: tuple[int, ...], num_rows: int, num_classes: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.orders = orders
        self.dropout = dropout
        self.table = nn.Parameter(torch.zeros(num_rows, num_classes))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits ``(batch, classes)`` in float32; nought for a text without tokens."""
        rows = ngram_rows(tokens, orders=self.orders, num_rows=len(self.table)).transpose(0, 1).flatten(1)
        present = (rows != 0).float()
        weights = present / present.sum(1, keepdim=True).clamp_min(1).sqrt()
        weights = F.dropout(weights, self.dropout, self.training)
        with torch.autocast(rows.device.type, enabled=False):
            return F.embedding_bag(rows, self.table, mode="sum", per_sample_weights=weights, sparse=True, padding_idx=0)


class NgramEmbedding(nn.Module):
    """A vector for the n-grams that end at each token: int64 tokens ``(time, batch)`` to ``(time, batch, width)``.

    A linear map widens the rows of the table, which are narrow, so that the table can have many. ``reach`` is the
    number of earlier tokens that a vector depends on.
    """

    def __init__(self, orders: tuple[int, ...], num_rows: int, row_width: int, width: int) -> None:
        super().__init__()
        self.orders = orders
        self.reach = max(orders) - 1
        self.table = nn.Parameter(torch.randn(num_rows, row_width))
        self.widen = nn.Linear(row_width * len(orders), width, bias=False)
        with torch.no_grad():
            self.table[0] = 0

    def forward(self, tokens: Tensor) -> Tensor:
        """Return ``(time - reach, batch, width)``: nothing for the first ``reach`` tokens, which only look back."""
        rows = ngram_rows(tokens, orders=self.orders, num_rows=len(self.table))[self.reach :]
        return self.widen(F.embedding(rows, self.table, padding_idx=0, sparse=True).flatten(2))


def mixed(hashes: Tensor) -> Tensor:
    """Return int64 hashes, of any shape, whose low bits depend on all bits."""
    hashes = hashes * _FACTOR
    return hashes ^ (hashes >> 29)
