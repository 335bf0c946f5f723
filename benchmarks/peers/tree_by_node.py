"""A binary Tree-LSTM that walks one node after the other: what people write in plain PyTorch, and what it costs.

It has the weights of a network of ours, so that both compute the same numbers. Imported by ../trees.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class NodeByNode(nn.Module):
    """Trees as nested tuples ``(word, children, label)`` to the sum of the cross-entropies of their nodes."""

    def __init__(self, ours: nn.Module) -> None:
        super().__init__()
        cell = ours.cell
        self.width = cell.width
        self.embedding = nn.Embedding.from_pretrained(ours.embedding.table.detach().clone(), freeze=False, sparse=True)
        self.enter = nn.Linear(*cell.enter.weight.shape)
        self.forget = nn.Parameter(cell.forget.bias.detach().clone())
        self.recurrent = nn.Linear(*cell.recurrent.shape, bias=False)
        self.head = nn.Linear(self.width, len(ours.head.offset), bias=False)
        with torch.no_grad():
            self.enter.weight.copy_(cell.enter.weight.t())
            self.enter.bias.copy_(cell.enter.bias)
            self.recurrent.weight.copy_(cell.recurrent.t())
            self.head.weight.copy_(ours.head.linear.weight)

    def forward(self, trees: list) -> Tensor:
        """Return the mean cross-entropy over all nodes of some trees."""
        states: list[Tensor] = []
        labels: list[int] = []
        for tree in trees:
            self.state(tree, states, labels)
        return F.cross_entropy(self.head(torch.stack(states)), torch.tensor(labels))

    def state(self, node: tuple, states: list[Tensor], labels: list[int]) -> tuple[Tensor, Tensor]:
        """Return hidden state and cell of a node, and add it and its label to the lists."""
        word, children, label = node
        if children:
            (h_left, c_left), (h_right, c_right) = (self.state(child, states, labels) for child in children)
            i, o, u = self.enter.bias.chunk(3)
            gates = self.recurrent(torch.cat([h_left, h_right])) + torch.cat([i, o, self.forget, self.forget, u])
            i, o, f_left, f_right, u = gates.chunk(5)
            c = torch.sigmoid(i) * torch.tanh(u) + torch.sigmoid(f_left) * c_left + torch.sigmoid(f_right) * c_right
        else:
            i, o, u = self.enter(self.embedding(word)).chunk(3)
            c = torch.sigmoid(i) * torch.tanh(u)
        h = torch.sigmoid(o) * torch.tanh(c)
        states.append(h)
        labels.append(label)
        return h, c
