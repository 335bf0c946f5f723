"""Fully connected networks on tokens: a text as a bag of n-grams, a token with its neighbours in a window."""

from __future__ import annotations

from torch import Tensor, nn

from gnomon.core.spec import Output, Sequence
from gnomon.layers.bags import NgramBag
from gnomon.layers.conv1d import TimeConvolution
from gnomon.layers.dense import DenseStack
from gnomon.layers.embed import TokenEmbedding
from gnomon.layers.head import Head
from gnomon.layers.network import Network, Role
from gnomon.layers.ngrams import NgramLogits


class BagMlp(Network):
    """Tokens ``(batch, time, features)`` to logits ``(batch, classes)``: hidden layers on the mean n-gram vector.

    A linear model on the n-grams is added. Only the first feature of the tokens is looked at.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        ngrams: tuple[int, ...],
        num_rows: int,
        embedding: int,
        width: int,
        depth: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.bag = NgramBag(ngrams, num_rows, embedding)
        self.dense = DenseStack(embedding, width, depth, dropout)
        self.norm = nn.RMSNorm(self.dense.width, eps=1e-6)
        self.dropout = nn.Dropout(dropout)
        self.head = Head(self.dense.width, num_classes)
        self.wide = NgramLogits(ngrams, num_rows, num_classes)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, classes)``."""
        tokens = inputs[..., 0].transpose(0, 1)
        features = self.norm(self.dense(self.bag(tokens)))
        return Output(self.head(self.dropout(features)) + self.wide(tokens))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Tables of n-grams are sparse, the rest learns by Adam."""
        if not parameter.requires_grad:
            return "frozen"
        return "sparse" if name.endswith(".table") else "adam"


class WindowMlp(Network):
    """Tokens ``(batch, time, features)`` to logits ``(batch, time, classes)``: each from a window around its token."""

    def __init__(
        self,
        sequence: Sequence,
        num_classes: int,
        *,
        reach: int,
        embedding: int,
        width: int,
        depth: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.embed = TokenEmbedding(sequence.sizes, embedding, dropout=dropout)
        self.window = TimeConvolution(embedding, width, (2 * reach + 1,))
        self.dense = DenseStack(width, width, max(0, depth - 1), dropout)
        self.norm = nn.RMSNorm(width, eps=1e-6)
        self.dropout = nn.Dropout(dropout)
        self.head = Head(width, num_classes)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, time, classes)``."""
        vectors = self.embed(inputs.transpose(0, 1)).permute(1, 2, 0)
        hidden = nn.functional.gelu(self.window(vectors)).transpose(1, 2)
        return Output(self.head(self.dropout(self.norm(self.dense(hidden)))))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Everything learns by Adam."""
        if not parameter.requires_grad:
            return "frozen"
        return "embedding" if name.startswith("embed.") else "adam"
