"""The bidirectional Tree-LSTM: upward, then downward, so that every node knows what is below it and what is around it.

Sources: Miwa and Bansal, "End-to-end relation extraction using LSTMs on sequences and tree structures", arXiv
1601.00770, section 3.3; Teng and Zhang, "Head-lexicalized bidirectional tree LSTMs", TACL 2017, section 4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnomon.layers.tree_inputs import TreeCell
from gnomon.layers.tree_schedule import Forest, downward
from gnomon.layers.tree_sums import SumLstm


class BothWays(TreeCell):
    """What a cell makes of the nodes from below, beside what a Tree-LSTM carries down from the root over that.

    A tree as a whole is the state of its root from below and the mean of all nodes from above.
    """

    def __init__(self, upward: TreeCell, width: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.upward = upward
        self.enter = nn.Linear(upward.output_width, 4 * width)
        self.down = SumLstm(width, dropout=dropout)
        self.output_width = upward.output_width + width

    def forward(self, forest: Forest, symbols: Tensor) -> Tensor:
        """Return the states of all nodes, from below and from above side by side."""
        below = self.upward(forest, symbols)
        above = self.down(downward(forest), self.enter(below))
        return torch.cat([below, above], 1)

    def whole(self, forest: Forest, states: Tensor) -> Tensor:
        """Return ``(batch, output_width)``."""
        below, above = states.split([self.upward.output_width, self.down.width], 1)
        num_trees = len(forest.roots)
        total = above.new_zeros(num_trees, above.shape[1]).index_add(0, forest.tree, above)
        counts = torch.bincount(forest.tree, minlength=num_trees)[:, None]
        return torch.cat([below[forest.roots], total / counts], 1)
