"""A text as the bag of its n-grams: their vectors, averaged. The order of the tokens counts within an n-gram only.

Source: Joulin et al., "Bag of tricks for efficient text classification", arXiv 1607.01759.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.layers.ngrams import ngram_rows


class NgramBag(nn.Module):
    """Int64 tokens ``(time, batch)`` to the mean vector of their hashed n-grams, ``(batch, width)``.

    A text without tokens gives noughts. The gradient of the table is sparse: its role is ``sparse``.
    """

    def __init__(self, orders: tuple[int, ...], num_rows: int, width: int) -> None:
        super().__init__()
        self.orders = orders
        self.table = nn.Parameter(torch.randn(num_rows, width) / width**0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return ``(batch, width)`` in float32."""
        rows = ngram_rows(tokens, orders=self.orders, num_rows=len(self.table)).transpose(0, 1).flatten(1)
        present = (rows != 0).float()
        weights = present / present.sum(1, keepdim=True).clamp_min(1)
        with torch.autocast(rows.device.type, enabled=False):
            return F.embedding_bag(rows, self.table, mode="sum", per_sample_weights=weights, sparse=True)


def ngram_orders(unit: str) -> tuple[int, ...]:
    """Return the lengths of n-grams that tell a text's class: words alone and in pairs, runs of characters."""
    return (1, 2, 3, 4, 5) if unit in ("byte", "character") else (1, 2)
