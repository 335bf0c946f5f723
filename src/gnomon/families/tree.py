"""Recursive networks: a state for every node of a tree, composed of those of its children, level by level.

Notable: all trees of a batch share one schedule, so that a level is one matrix product and no node is walked to; a
gated, normalised residual cell that takes any number of children in their order; a linear model on n-grams of symbols
beside it. Sources: Socher et al., EMNLP 2013; Tai, Socher and Manning, arXiv 1503.00075; Shen et al., "Ordered memory",
arXiv 1910.13466; Looks et al., arXiv 1702.02181.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gnomon.core.config import Off, require_within
from gnomon.core.errors import UsageError
from gnomon.core.spec import Label, NodeLabels, Number, Spec, Tree
from gnomon.core.training import Allowance, Proposal, Speed
from gnomon.layers.head import Head
from gnomon.layers.network import Network
from gnomon.layers.number_head import NumberHead
from gnomon.layers.tree_both_ways import BothWays
from gnomon.layers.tree_fold import FoldCell
from gnomon.layers.tree_inputs import TreeCell
from gnomon.layers.tree_networks import TreeNetwork
from gnomon.layers.tree_places import PlaceLstm
from gnomon.layers.tree_plain import PlainCell
from gnomon.layers.tree_spans import SpanLogits
from gnomon.layers.tree_sums import ChildSum

ACCEPTS = (Tree,)

_WITHOUT_CANDIDATES = ("plain", "tensor")
_MOST_PLACES = 8
"""Places of children that have matrices of their own, at most."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network."""

    cell: Literal["gated", "nary", "childsum", "bidirectional", "plain", "tensor"] = "gated"
    """How a node is composed of its children: gated residual; Tree-LSTM by place, by sum, upward and downward; the
    plain recursive network, and the one with a tensor (RNTN)."""
    width: int = 128
    """Units of the state of a node."""
    hidden: int = 256
    """Units between the two matrices of the gated cell, an even number."""
    embedding: int = 128
    """Numbers of the vector of a symbol."""
    embedding_scale: float = 1.0
    """Deviation with which these numbers begin; small where many symbols are rare, so that they say little."""
    dropout: float = 0.1
    """Share of the units of a state that is dropped before the last layer."""
    input_dropout: float = 0.0
    """Share of the numbers of the vector of a symbol that is dropped."""
    candidate_dropout: float = 0.0
    """Share of the units that a composition would change that stay as they were; not for the plain and the tensor cell,
    which change all of them."""
    word_dropout: float = 0.0
    """Share of the symbols that a training step does without."""
    updates: Literal["orthogonal", "adam"] = "orthogonal"
    """How the matrices of the cell learn: by orthogonalised updates, or by Adam, whose steps cost less."""
    ngrams: int | Off = 2
    """Longest n-gram of symbols that the linear model beside the cell knows; there is none for numbers."""
    ngram_rows: int = 2**16
    """Rows of its table."""
    ngram_dropout: float = 0.0
    """Share of the n-grams that is dropped."""

    def __post_init__(self) -> None:
        for name in ("width", "hidden", "embedding"):
            require_within(f"family.{name}", getattr(self, name), 1, 65_536)
        require_within("family.embedding_scale", self.embedding_scale, 1e-4, 100)
        if self.hidden % 2:
            raise UsageError(f"family.hidden = {self.hidden} is not possible", fix="choose an even number")
        for name in ("dropout", "input_dropout", "candidate_dropout", "word_dropout", "ngram_dropout"):
            require_within(f"family.{name}", getattr(self, name), 0, 0.99)
        if self.candidate_dropout and self.cell in _WITHOUT_CANDIDATES:
            raise UsageError(
                f"family.candidate_dropout is nothing that the {self.cell} cell has",
                fix="leave it out, or choose another family.cell",
            )
        if self.ngrams != "off":
            require_within("family.ngrams", self.ngrams, 1, 16)
        require_within("family.ngram_rows", self.ngram_rows, 16, 2**28)


def build(config: Config, spec: Spec) -> Network:
    """Return the network for trees and the targets of this spec."""
    if not isinstance(spec.input, Tree):
        raise _refused(spec)
    cell = _cell(config, spec.input)
    wide = None
    match spec.target:
        case Label(classes=classes) | NodeLabels(classes=classes):
            head = Head(cell.output_width, len(classes))
            if config.ngrams != "off":
                orders = tuple(range(1, config.ngrams + 1))
                wide = SpanLogits(orders, config.ngram_rows, len(classes), dropout=config.ngram_dropout)
        case Number():
            head = NumberHead(cell.output_width)
        case _:
            raise _refused(spec)
    return TreeNetwork(
        spec.input,
        head,
        cell,
        embedding=config.embedding,
        every_node=isinstance(spec.target, NodeLabels),
        orthogonal=config.updates == "orthogonal",
        dropout=config.dropout,
        input_dropout=config.input_dropout,
        word_dropout=config.word_dropout,
        scale=config.embedding_scale,
        wide=wide,
    )


def _cell(config: Config, trees: Tree) -> TreeCell:
    width_in, width = config.embedding, config.width
    dropout = config.candidate_dropout
    places = min(_MOST_PLACES, max(2, trees.arity))
    match config.cell:
        case "gated":
            return FoldCell(width_in, width, config.hidden, ordered=trees.ordered, dropout=dropout)
        case "nary":
            return PlaceLstm(width_in, width, places, dropout=dropout)
        case "childsum":
            return ChildSum(width_in, width, dropout=dropout)
        case "bidirectional":
            return BothWays(ChildSum(width_in, width, dropout=dropout), width, dropout=dropout)
        case "plain" | "tensor":
            return PlainCell(width_in, width, places, tensor=config.cell == "tensor")


def _refused(spec: Spec) -> TypeError:
    return TypeError(f"a tree does not take {type(spec.input).__name__} and give {type(spec.target).__name__}")


_LADDER = ((64, 0.0), (128, 16.0), (192, 60.0), (256, 200.0))
"""Width, and the passes over the data from which on this is better than the one before: a narrow network that makes
twice as many passes over labelled words is better than one of twice the width."""
_OF_NOTATION = ((64, 0.0), (128, 10.0), (192, 200.0), (256, 600.0))
"""The same for expressions, whose rules are found suddenly and late, by a width that makes more passes."""
_FEW_SYMBOLS = 64
"""Up to so many symbols are a notation, as expressions have: there, composition is all, and n-grams say nothing."""


def size_for(allowance: Allowance, spec: Spec, speed: Speed) -> Proposal:
    """Return the largest network of the ladder for such trees that the allowance can train for long enough."""
    if not isinstance(spec.input, Tree) or not isinstance(spec.target, Label | NodeLabels | Number):
        raise _refused(spec)
    trees = spec.input
    notation = math.prod(trees.sizes) <= _FEW_SYMBOLS
    width = _largest(_OF_NOTATION if notation else _LADDER, allowance, trees, speed)
    config = _of_notation(width) if notation else _of_words(width, allowance)
    why = (f"width {width}: the largest that sees the trees often enough",)
    batch_size = 2 ** min(7, max(3, round(math.log2(max(1, allowance.num_train) / (150 if notation else 250)))))
    settings = {
        "train.batch_size": batch_size,
        "train.lr_adam": 2e-3,
        "train.lr_orthogonal": 2e-3,
        "train.lr_sparse": 0.3 if notation else 0.15,
        "train.decay_adam": 1.0 if notation else 0.01,
        "train.warmup": 0.05,
        "train.clip": 1.0,
        "train.average": 0.05,
        "train.max_epochs": _passes_of_one(spec, notation=notation),
    }
    return Proposal(config=config, merit=0.95, settings=settings, why=why)


def _passes_of_one(spec: Spec, *, notation: bool) -> float:
    """Return after how many passes one network has learnt; labels of all nodes bear more of them than one a tree."""
    if notation:
        return 300.0
    return 6.0 if isinstance(spec.target, NodeLabels) else 4.0


def _of_notation(width: int) -> Config:
    """Return a network for trees of few different symbols, whose rules can be found."""
    return Config(width=width, hidden=2 * width, embedding=width, dropout=0.0, updates="adam", ngrams="off")


def _of_words(width: int, allowance: Allowance) -> Config:
    """Return a network for trees over words."""
    rows = 2 ** min(20, max(14, round(math.log2(max(1, allowance.num_train) * 40))))
    return Config(
        width=width,
        hidden=2 * width,
        embedding=128,
        embedding_scale=0.15,
        dropout=0.3,
        input_dropout=0.3,
        word_dropout=0.1,
        ngram_rows=rows,
        ngram_dropout=0.5,
    )


def _largest(ladder: tuple[tuple[int, float], ...], allowance: Allowance, trees: Tree, speed: Speed) -> int:
    """Return the width of the last rung that makes the passes it wants."""
    chosen = ladder[0][0]
    for width, wants in ladder:
        nodes = trees.nodes**0.75  # the largest tree is known; most are far smaller
        affordable = allowance.samples_at(_flop_per_node(width) * nodes, speed) / max(1, allowance.num_train)
        if affordable < wants:
            break
        chosen = width
    return chosen


def _flop_per_node(width: int) -> float:
    # Forward and backward through both matrices; what is no product takes as long again.
    return 2 * 3 * 2 * 12 * width**2
