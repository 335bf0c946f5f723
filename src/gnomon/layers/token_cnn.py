"""Convolutional networks on tokens: what class a text has, what tag each token has, what token comes next.

Source: Kim, "Convolutional neural networks for sentence classification", arXiv 1408.5882 (filters of several lengths,
the largest value of each over time).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gnomon.core.spec import Output, Sequence
from gnomon.layers.conv1d import TimeStack
from gnomon.layers.embed import SparseEmbedding, TokenEmbedding
from gnomon.layers.head import Head
from gnomon.layers.margins import HeldOutMargins, names, side_by_side
from gnomon.layers.network import Network, Role


class TextCnn(Network):
    """Tokens ``(batch, time, features)`` to logits ``(batch, classes)``: the most that each filter finds anywhere.

    Beside the filters a linear model of n-grams learns by itself; the two answer together.
    """

    def __init__(
        self,
        text: Sequence,
        num_classes: int,
        *,
        embedding: int,
        widths: tuple[int, ...],
        spans: tuple[int, ...],
        depth: int,
        dropout: float,
        word_dropout: float,
        wide: HeldOutMargins | None,
    ) -> None:
        super().__init__()
        self.embedding = SparseEmbedding(text.sizes, embedding, dropout=dropout / 2, word_dropout=word_dropout)
        self.stack = TimeStack(embedding, widths, spans, depth=depth, dropout=dropout / 2)
        self.dropout = nn.Dropout(dropout)
        self.head = Head(self.stack.width, num_classes)
        self.wide = wide

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, classes)``; in training also margins that learn by themselves."""
        tokens = inputs.transpose(0, 1)
        x, present = _channels_first(self.embedding(tokens), inputs)
        found = self.stack(x, present).masked_fill(present == 0, -math.inf).amax(2)
        found = torch.where(present.amax(2) == 0, 0, found)
        logits = self.head(self.dropout(found))
        return Output(logits) if self.wide is None else side_by_side(self.wide, logits, tokens)

    def prepare(self, inputs: Tensor) -> None:
        """Measure on training texts how rare n-grams are."""
        if self.wide is not None:
            self.wide.measure(names(inputs.transpose(0, 1)))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """The table of the linear models learns by plain descent, that of words is sparse."""
        if name.endswith(".table"):
            return "linear" if name == "wide.table" else "sparse"
        return token_role(name, parameter)


class TokenCnn(Network):
    """Tokens ``(batch, time, features)`` to logits for each of them, ``(batch, time, values)``.

    ``causal`` is for the next token: no output depends on a later token.
    """

    def __init__(
        self,
        sequence: Sequence,
        num_values: int,
        *,
        embedding: int,
        widths: tuple[int, ...],
        spans: tuple[int, ...],
        depth: int,
        dropout: float,
        causal: bool,
    ) -> None:
        super().__init__()
        self.embed = TokenEmbedding(sequence.sizes, embedding, dropout=dropout)
        self.stack = TimeStack(embedding, widths, spans, depth=depth, causal=causal, dropout=dropout)
        self.dropout = nn.Dropout1d(dropout)
        self.head = Head(self.stack.width, num_values)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, time, values)``."""
        x, present = _channels_first(self.embed(inputs.transpose(0, 1)), inputs)
        return Output(self.head(self.dropout(self.stack(x, present)).transpose(1, 2)))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Filters are orthogonalised, the rest learns by Adam."""
        return token_role(name, parameter)


def token_role(name: str, parameter: nn.Parameter) -> Role:
    """Return the role of a parameter in a network that starts with ``embed`` and ends with ``head``."""
    if not parameter.requires_grad:
        return "frozen"
    if name.startswith("embed."):
        return "embedding"
    return "orthogonal" if parameter.ndim >= 2 and not name.startswith(("head.", "pool.")) else "adam"


def _channels_first(embedded: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return vectors ``(time, batch, width)`` as ``(batch, width, time)``, and where there is a token, 0 or 1."""
    present = (inputs[..., 0] != 0).unsqueeze(1)
    return embedded.permute(1, 2, 0), present.to(torch.float32)
