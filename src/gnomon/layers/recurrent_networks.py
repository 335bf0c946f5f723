"""Recurrent networks: the class of a text, the tags of its tokens, the token that comes next, the class of a series.

Sources: Cheng et al., "Wide & deep learning for recommender systems", arXiv 1606.07792 (a linear model beside the
deep one); Mikolov et al., "Recurrent neural network based language model" (2010); Huang, Xu and Yu, "Bidirectional
LSTM-CRF models for sequence tagging", arXiv 1508.01991 (both directions for tags).
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gnomon.core.spec import Output, Sequence, Series
from gnomon.layers.attention_pool import AttentionPool
from gnomon.layers.context import Context
from gnomon.layers.dropouts import VariationalDropout, activation_penalties
from gnomon.layers.embed import SparseEmbedding, TiedHead, TokenEmbedding
from gnomon.layers.head import Head
from gnomon.layers.margins import Blend, HeldOutMargins, beside, names
from gnomon.layers.network import Network, Role
from gnomon.layers.ngrams import NgramEmbedding
from gnomon.layers.recurrence import Recurrence, RecurrenceConfig
from gnomon.layers.scaling import SeriesScale

_TAGGER_SCALE = 0.1
"""Deviation with which the vectors of a tagger begin: what was never seen should say little."""


class RecurrentNetwork(Network):
    """What these networks share: how their parameters are trained."""

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Matrices of residual blocks are orthogonalised; tables of n-grams are sparse; all else learns by Adam."""
        if not parameter.requires_grad:
            return "frozen"
        if name.endswith(".table"):
            return "linear" if name == "wide.table" else "sparse"
        if name.startswith("embedding."):
            return "embedding"
        in_block = name.startswith("recurrence.layers.") and not name.endswith("_l0")
        return "orthogonal" if in_block and parameter.ndim == 2 else "adam"


class TextClassifier(RecurrentNetwork):
    """Tokens ``(batch, time, features)`` to logits ``(batch, classes)``: a recurrence both ways, beside n-grams.

    The recurrence learns what linear models of n-grams, which have not seen the text, leave to be said of it.
    """

    def __init__(
        self,
        text: Sequence,
        num_classes: int,
        recurrence: RecurrenceConfig,
        *,
        embedding: int,
        word_dropout: float,
        wide: HeldOutMargins | None,
    ) -> None:
        super().__init__()
        self.embedding = SparseEmbedding(text.sizes, embedding, dropout=recurrence.dropout, word_dropout=word_dropout)
        self.recurrence = Recurrence(replace(recurrence, bidirectional=True), embedding)
        self.dropout = VariationalDropout(recurrence.dropout)
        self.pool = AttentionPool(self.recurrence.output_width)
        self.head = Head(2 * self.recurrence.output_width, num_classes)
        self.wide = wide
        if wide is not None:
            self.blend = Blend()

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, classes)``; in training also margins that learn by themselves."""
        tokens = inputs.transpose(0, 1)
        mask = tokens[..., 0] != 0
        states, _ = self.recurrence(self.embedding(tokens), mask)
        logits = self.head(self.pool(self.dropout(states), mask))
        return Output(logits) if self.wide is None else beside(self.wide, self.blend, logits, tokens)

    def prepare(self, inputs: Tensor) -> None:
        """Measure on training texts how rare n-grams are."""
        if self.wide is not None:
            self.wide.measure(names(inputs.transpose(0, 1)))


class Tagger(RecurrentNetwork):
    """Tokens ``(batch, time, features)`` to logits for each token, ``(batch, time, classes)``.

    ``context`` neighbours on each side are seen with a token before the recurrence runs both ways.
    """

    def __init__(
        self,
        text: Sequence,
        num_classes: int,
        recurrence: RecurrenceConfig,
        *,
        embedding: int,
        word_dropout: float,
        context: int,
    ) -> None:
        super().__init__()
        like = {"dropout": recurrence.dropout, "word_dropout": word_dropout, "scale": _TAGGER_SCALE}
        self.embedding = SparseEmbedding(text.sizes, embedding, **like)
        self.context = Context(embedding, context) if context else nn.Identity()
        self.recurrence = Recurrence(replace(recurrence, bidirectional=True), embedding)
        self.dropout = VariationalDropout(recurrence.dropout)
        self.head = Head(self.recurrence.output_width, num_classes)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, time, classes)``."""
        tokens = inputs.transpose(0, 1)
        states, _ = self.recurrence(self.context(self.embedding(tokens)), tokens[..., 0] != 0)
        return Output(self.head(self.dropout(states).transpose(0, 1)))


class LanguageModel(RecurrentNetwork):
    """Tokens ``(batch, time, 1)`` to logits for the token after each, ``(batch, time, tokens)``.

    What it carries over, ``(batch, …)`` float32, are the last tokens, which n-grams look back to, and the
    recurrence's state. ``activation`` and ``slowness`` weigh the penalties of `activation_penalties`.
    """

    carries = True

    def __init__(
        self,
        text: Sequence,
        recurrence: RecurrenceConfig,
        *,
        embedding: int,
        word_dropout: float,
        ngrams: NgramEmbedding | None,
        tied: bool,
        activation: float = 0.0,
        slowness: float = 0.0,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.slowness = slowness
        self.embedding = TokenEmbedding(text.sizes[:1], embedding, word_dropout=word_dropout)
        self.ngrams = ngrams
        self.reach = 0 if ngrams is None else ngrams.reach
        self.recurrence = Recurrence(recurrence, embedding)
        self.dropout = VariationalDropout(recurrence.dropout)
        width = self.recurrence.output_width
        self.narrow = nn.Linear(width, embedding, bias=False) if tied and width != embedding else nn.Identity()
        self.head = TiedHead(self.embedding.tables[0]) if tied else Head(width, text.sizes[0])

    @property
    def carry_width(self) -> int:
        """Numbers that a sample carries over."""
        return self.reach + self.recurrence.state_width

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, time, tokens)``, and what to carry over."""
        tokens = inputs[..., 0].t()
        if carry is None:
            carry = torch.zeros(len(inputs), self.carry_width, device=inputs.device)
        before, state = carry[:, : self.reach], carry[:, self.reach :]
        known = torch.cat([before.t().to(tokens.dtype), tokens])
        x = self.embedding(tokens[..., None])
        if self.ngrams is not None:
            x = x + self.ngrams(known)
        states, state = self.recurrence(self.dropout(x), None, state)
        dropped = self.dropout(states)
        logits = self.head(self.narrow(dropped.transpose(0, 1)))
        carry = torch.cat([known[len(tokens) :].t().to(state.dtype), state], 1)
        return Output(logits, self._penalties(dropped, states), carry.detach())

    def _penalties(self, dropped: Tensor, states: Tensor) -> dict[str, Tensor]:
        if not self.training:
            return {}
        return activation_penalties(dropped, states, size=self.activation, slowness=self.slowness)


class SeriesClassifier(RecurrentNetwork):
    """Series ``(batch, time, channels)`` to logits ``(batch, classes)``: a recurrence both ways over segments."""

    def __init__(
        self,
        series: Series,
        num_classes: int,
        recurrence: RecurrenceConfig,
        *,
        embedding: int,
        segment_steps: int,
    ) -> None:
        super().__init__()
        self.steps = segment_steps
        self.scale = SeriesScale(series)
        self.enter = nn.Linear(segment_steps * len(series.names), embedding)
        self.recurrence = Recurrence(replace(recurrence, bidirectional=True), embedding)
        self.dropout = VariationalDropout(recurrence.dropout)
        self.pool = AttentionPool(self.recurrence.output_width)
        self.head = Head(2 * self.recurrence.output_width, num_classes)

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return logits of shape ``(batch, classes)``."""
        values = self.scale(inputs).transpose(0, 1)
        values = F.pad(values, (0, 0, 0, 0, 0, -len(values) % self.steps))
        segments = values.unflatten(0, (-1, self.steps)).transpose(1, 2).flatten(2)
        states, _ = self.recurrence(self.dropout(self.enter(segments)))
        mask = torch.ones(states.shape[:2], dtype=torch.bool, device=states.device)
        return Output(self.head(self.pool(self.dropout(states), mask)))
