"""Linear models on weighed n-grams, as support vector machines are, that learn beside a network without misleading it.

A network that is added to a linear model finds the texts that it learns from explained by it, for the model knows
them by heart, and learns little. So there are more models, each of which
leaves out the texts of one fold: what the network is added to in training is the answer of the one that has never
seen the text. Afterwards the model that learned all texts answers.

Sources: Joachims, "Text categorization with support vector machines", ECML 1998 (tf-idf, vectors of length one);
Wolpert, "Stacked generalization", Neural Networks 5, 1992 (answers about samples that were left out).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import Output
from gnomon.layers.ngrams import mixed, ngram_rows

_EDGE = 2**40
"""Stands before the first and after the last token: no token has such an id."""
_PLACED = 2**41
_WEIGHING = 10
"""One text in so many says how much the network counts beside the linear models."""
_TRUST = 3.0
"""What a margin counts at the start."""
_PACE = 4.0
"""How much faster than other parameters these two numbers learn: much depends on them, and little misleads them."""


class HeldOutMargins(nn.Module):
    """Linear models of n-grams: int64 tokens ``(time, batch)`` to margins ``(batch, folds + 1, classes)``.

    Each of the first leaves out the texts of one fold, the last one learns all; with no folds there is only that.
    An n-gram weighs the more the rarer it is (`measure`), by the logarithm of how often the text has it, and the
    weights of a text have a length of one. The edges of
    a text are part of its n-grams, and the tokens of its ``opening`` count by their place too. All start at nought.
    """

    rarity: Tensor

    def __init__(
        self,
        orders: tuple[int, ...],
        num_rows: int,
        num_classes: int,
        *,
        folds: int,
        opening: int = 0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.orders = orders
        self.folds = folds
        self.opening = opening
        self.dropout = dropout
        self.table = nn.Parameter(torch.zeros(num_rows, (folds + 1) * num_classes))
        self.register_buffer("rarity", torch.ones(num_rows))

    @torch.no_grad()
    def measure(self, tokens: Tensor) -> None:
        """Learn from some texts ``(time, batch)`` how rare n-grams are.

        Source: Sparck Jones, "A statistical interpretation of term specificity", Journal of Documentation 28, 1972,
        smoothed as if one more text had every n-gram.
        """
        rows = self.rows(tokens)
        num_texts = len(rows)
        texts = torch.arange(num_texts, device=rows.device)[:, None].expand_as(rows)
        pairs = torch.unique(texts * len(self.table) + rows)
        found = torch.bincount(pairs.remainder(len(self.table)), minlength=len(self.table)).float()
        self.rarity.copy_(torch.log((1 + num_texts) / (1 + found)) + 1)

    def rows(self, tokens: Tensor) -> Tensor:
        """Return the rows of all n-grams of each text, 0 where there is none, shape ``(batch, …)``."""
        num_rows = len(self.table)
        edged = _edged(tokens)
        rows = ngram_rows(edged, orders=self.orders, num_rows=num_rows)
        rows = torch.where((edged == _EDGE)[..., None] & _alone(self.orders, rows), 0, rows)
        opening = tokens[: self.opening]
        places = torch.arange(len(opening), device=tokens.device)[:, None] + _PLACED
        placed = mixed(mixed(places) + opening).remainder(num_rows - 1) + 1
        placed = torch.where(opening != 0, placed, 0)
        return torch.cat([rows.transpose(0, 1).flatten(1), placed.t()], 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return margins in float32; of a text without tokens those of two edges that meet."""
        rows, counts = _counted(self.rows(tokens))
        weights = (1 + counts.log()) * self.rarity[rows] * (rows != 0)
        length = (weights.square() / counts).sum(1, keepdim=True).sqrt()
        weights = weights / counts / length.clamp_min(1e-6)
        weights = F.dropout(weights, self.dropout, self.training)
        with torch.autocast(rows.device.type, enabled=False):
            sums = F.embedding_bag(rows, self.table, mode="sum", per_sample_weights=weights, sparse=True, padding_idx=0)
        return sums.unflatten(1, (self.folds + 1, -1))

    def fold(self, tokens: Tensor) -> Tensor:
        """Return the fold of each text, shape ``(batch,)``."""
        return lots(tokens).remainder(self.folds)

    def parted(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return the margins of the model that leaves a text out ``(batch, classes)``, and of those that learn it.

        The others are ``(batch, folds, classes)``; the first have no gradient.
        """
        margins = self(tokens)
        fold = self.fold(tokens)
        others = (fold[:, None] + torch.arange(1, self.folds + 1, device=fold.device)).remainder(self.folds + 1)
        texts = torch.arange(len(fold), device=fold.device)
        return margins[texts, fold].detach(), margins[texts[:, None], others]


class Blend(nn.Module):
    """Margins of linear models and the logits of a network to logits of both, ``(batch, classes)``.

    How much either counts is learned on one text in ten, from whose class the network does not learn: it says the same
    of texts that it knows by heart and of others, only more surely.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(2))

    def counts(self) -> tuple[Tensor, Tensor]:
        """Return how much a margin and a logit count: 3 and 1 at the start, never less than nought."""
        trust, share = torch.exp(_PACE * self.weights).unbind()
        return _TRUST * trust, share

    def forward(self, margins: Tensor, logits: Tensor, tokens: Tensor) -> Tensor:
        """Return the sum of both; in training of what did not learn the texts ``tokens`` ``(time, batch)``."""
        trust, share = self.counts()
        if not self.training:
            return trust * margins + share * logits
        weighs = (mixed(lots(tokens) + 1).remainder(_WEIGHING) == 0)[:, None]
        return torch.where(weighs, trust * margins + share * logits.detach(), trust.detach() * margins + logits)


def beside(wide: HeldOutMargins, blend: Blend, logits: Tensor, tokens: Tensor) -> Output:
    """Return what linear models and a network beside them say of texts ``(time, batch, features)``.

    ``logits`` ``(batch, classes)`` are the network's. In training it is added to the models that have not seen a text,
    and the margins of the others, which learn by themselves, are part of the output.
    """
    words = names(tokens)
    if not blend.training:
        return Output(blend(wide(words)[:, -1], logits, words))
    held_out, others = wide.parted(words)
    return Output(blend(held_out, logits, words), margins=others)


def side_by_side(wide: HeldOutMargins, logits: Tensor, tokens: Tensor) -> Output:
    """Return what a linear model of all texts and a network that learn each by itself say, ``logits`` as in `beside`.

    The sum of their logits is the product of their probabilities: where the network does well alone, the two make
    different mistakes, which one that learns what the other leaves does not. In training the value is the network's.
    """
    margins = wide(names(tokens))
    if wide.training:
        return Output(logits, margins=margins)
    return Output(logits.float() + _TRUST * margins[:, -1])


def names(tokens: Tensor) -> Tensor:
    """Return one int64 name for all features of a token, 0 where there is none: ``(…, features)`` to ``(…)``.

    Rare words share their first feature with others; with their beginnings, endings and shape they seldom share all.
    """
    named = torch.zeros_like(tokens[..., 0])
    for feature in tokens.unbind(-1):
        named = mixed(named + feature + 1)
    return torch.where(tokens[..., 0] != 0, named.remainder(_EDGE - 1) + 1, 0)


def lots(tokens: Tensor) -> Tensor:
    """Return an int64 hash of each text ``(batch,)``: the same one wherever the text stands, whatever stands around."""
    places = torch.arange(1, len(tokens) + 1, device=tokens.device)[:, None]
    marks = torch.where(tokens != 0, mixed(mixed(tokens) + places), 0)
    return mixed(marks.sum(0))


def _counted(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rows ``(batch, n)`` of each text in order, and how often each of them is there, float32."""
    ordered = rows.sort(1).values
    group = (F.pad(ordered, (1, 0))[:, :-1] != ordered).long().cumsum(1)
    counts = torch.zeros(len(rows), rows.shape[1] + 1, device=rows.device)
    counts.scatter_add_(1, group, torch.ones_like(group, dtype=counts.dtype))
    return ordered, counts.gather(1, group)


def _edged(tokens: Tensor) -> Tensor:
    """Return the tokens of each text with an edge before and after them, ``(time + 2, batch)``."""
    lengths = (tokens != 0).sum(0)
    edged = F.pad(tokens, (0, 0, 1, 1))
    edged[0] = _EDGE
    return edged.scatter(0, lengths[None] + 1, torch.full_like(lengths[None], _EDGE))


def _alone(orders: tuple[int, ...], rows: Tensor) -> Tensor:
    """Return which of the orders are single tokens: an edge alone tells nothing."""
    return torch.tensor([order == 1 for order in orders], device=rows.device)
