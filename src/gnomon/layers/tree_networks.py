"""Recursive networks: what a tree is as a whole, and what each of its nodes is.

Sources: Socher et al., EMNLP 2013 (a label for every node); Tai, Socher and Manning, arXiv 1503.00075, section 4.1
(softmax over the state of a node); Cheng et al., arXiv 1606.07792 (a linear model beside the deep one).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnomon.core.spec import Output, Tree
from gnomon.layers.embed import SparseEmbedding
from gnomon.layers.head import Head
from gnomon.layers.network import Network, Role
from gnomon.layers.tree_inputs import TreeCell
from gnomon.layers.tree_schedule import Forest, forest
from gnomon.layers.tree_spans import SpanLogits


class TreeNetwork(Network):
    """Trees ``(batch, places, features)`` to values for each tree, ``(batch, size)``, or for each node.

    Where ``every_node`` is set, the values are ``(batch, places, size)``, those of places without a node nought.
    ``scale`` is the deviation with which the vectors of symbols begin.
    """

    def __init__(
        self,
        trees: Tree,
        head: Head,
        cell: TreeCell,
        *,
        embedding: int,
        every_node: bool,
        orthogonal: bool = False,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        word_dropout: float = 0.0,
        scale: float = 1.0,
        wide: SpanLogits | None = None,
    ) -> None:
        super().__init__()
        self.every_node = every_node
        self.orthogonal = orthogonal
        self.embedding = SparseEmbedding(trees.sizes, embedding, word_dropout=word_dropout, scale=scale)
        self.input_dropout = nn.Dropout(input_dropout)
        self.cell = cell
        self.dropout = nn.Dropout(dropout)
        self.head = head
        self.wide = wide

    def forward(self, inputs: Tensor, carry: Tensor | None = None) -> Output:
        """Return values in float32."""
        trees = forest(inputs)
        symbols = self.embedding(trees.kinds[:, None])[:, 0]
        states = self.cell(trees, self.input_dropout(symbols))
        if not self.every_node:
            return Output(self._values(trees, self.cell.whole(trees, states), trees.roots))
        nodes = torch.arange(trees.num_nodes, device=inputs.device)
        return Output(trees.padded(self._values(trees, states, nodes)))

    def role(self, name: str, parameter: nn.Parameter) -> Role:
        """Tables are sparse, matrices of the cell may be orthogonalised, all else learns by Adam."""
        if not parameter.requires_grad:
            return "frozen"
        if name.endswith(".table"):
            return "sparse"
        return "orthogonal" if self.orthogonal and name.startswith("cell.") and parameter.ndim == 2 else "adam"

    def _values(self, trees: Forest, states: Tensor, nodes: Tensor) -> Tensor:
        values: Tensor = self.head(self.dropout(states))
        return values if self.wide is None else values + self.wide(trees, nodes)
