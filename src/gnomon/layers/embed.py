"""From tokens to vectors, and back to tokens with the same table."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.layers.dropouts import VariationalDropout, kept_words


class TokenEmbedding(nn.Module):
    """The sum of one learned vector for each feature of a token: ``(time, batch, features)`` to ``(…, width)``.

    The value 0 of a feature means that there is none, and adds nothing. In training, ``word_dropout`` leaves out a
    share of the values everywhere in the batch, ``dropout`` a share of the units everywhere in a sample.
    """

    def __init__(self, sizes: tuple[int, ...], width: int, *, dropout: float = 0.0, word_dropout: float = 0.0) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(size, width, padding_idx=0) for size in sizes)
        self.scale = math.sqrt(width)
        self.word_dropout = word_dropout
        self.dropout = VariationalDropout(dropout)
        for table in self.tables:
            nn.init.normal_(table.weight, std=1 / math.sqrt(width * len(sizes)))
            with torch.no_grad():
                table.weight[0] = 0

    def forward(self, tokens: Tensor) -> Tensor:
        """Return vectors of about unit variance, shape ``(time, batch, width)``."""
        parts = [self._looked_up(table, tokens[..., i]) for i, table in enumerate(self.tables)]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return self.dropout(total * self.scale)

    def _looked_up(self, table: nn.Module, tokens: Tensor) -> Tensor:
        vectors: Tensor = table(tokens)
        if not self.training or self.word_dropout == 0:
            return vectors
        return vectors * kept_words(tokens, table.num_embeddings, self.word_dropout)[..., None]


class SparseEmbedding(nn.Module):
    """The same as `TokenEmbedding`, with the rows of all features in one table, of which a step touches few.

    Words with their beginnings and endings have tens of thousands of rows, a batch a few thousand: a dense update of
    all takes longer than the rest of the step. The numbers of the table are as large as those of the vectors, so that
    the rate of sparse tables suits them. ``scale`` is the deviation with which vectors begin: where it is small, what
    was rarely seen in training says little, and what was never seen almost nothing.
    """

    starts: Tensor

    def __init__(
        self, sizes: tuple[int, ...], width: int, *, dropout: float = 0.0, word_dropout: float = 0.0, scale: float = 1.0
    ) -> None:
        super().__init__()
        self.word_dropout = word_dropout
        self.dropout = VariationalDropout(dropout)
        self.table = nn.Parameter(torch.randn(sum(sizes), width) * (scale / math.sqrt(len(sizes))))
        self.register_buffer("starts", torch.tensor([0, *sizes[:-1]]).cumsum(0), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return vectors of about unit variance, shape ``(time, batch, width)``, float32."""
        weights = (tokens != 0).float()
        rows = tokens + self.starts
        if self.training and self.word_dropout:
            weights = weights * kept_words(rows, len(self.table), self.word_dropout)
        rows, weights = rows.flatten(0, 1), weights.flatten(0, 1)
        with torch.autocast(rows.device.type, enabled=False):
            vectors = F.embedding_bag(rows, self.table, mode="sum", per_sample_weights=weights, sparse=True)
        return self.dropout(vectors.view(*tokens.shape[:2], -1))


class TiedHead(nn.Module):
    """A head whose matrix is the table of an embedding: ``(…, width)`` to one value for each token, ``(…, tokens)``.

    Source: Press and Wolf, "Using the output embedding to improve language models", arXiv 1608.05859.
    """

    offset: Tensor

    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        self._tables = (table,)  # in a tuple: the table stays a part of the embedding, and of nothing else
        self.register_buffer("offset", torch.zeros(table.num_embeddings))

    @torch.no_grad()
    def answer(self, values: Tensor) -> None:
        """Give these values, shape ``(tokens,)``, for every input: what a model that was not trained should say."""
        self._tables[0].weight.zero_()
        self.offset.copy_(values)

    def forward(self, features: Tensor) -> Tensor:
        """Return ``(…, tokens)`` in float32."""
        return F.linear(features, self._tables[0].weight).float() + self.offset
