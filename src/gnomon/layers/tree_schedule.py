"""In which order the nodes of many trees are computed: level by level, all trees of a batch together.

A `Forest` has the nodes of a batch in one row, without padding, lower ones first: what a level needs has been computed
when its turn comes, and what a level computes is one contiguous block. From it follow the schedules of the cells:
`slots` (every child has its place), `upward` and `downward` (any number of sources, added up) and `steps` (a node takes
its children one after the other). Source for levels as batches: Looks et al., "Deep learning with dynamic computation
graphs", arXiv 1702.02181, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from gnomon.core.spec import NO_SYMBOL

_FACTOR = 0x5851F42D4C957F2D  # multiplier of Knuth's 64-bit congruential generator; products wrap around
_SHIFT = 31
"""Bits of the lower part of a key that two numbers are sorted by: there are fewer nodes than that in a batch."""


@dataclass(frozen=True, kw_only=True)
class Forest:
    """The nodes of a batch of trees, lower ones first, those of one height in the order of the batch."""

    symbols: Tensor
    """What stands at each node, int64 ``(nodes, features)``."""
    named: Tensor
    """The nodes that have a symbol, int64 ``(named,)``, rising."""
    kind: Tensor
    """Which of ``kinds`` each of them has, int64 ``(named,)``."""
    kinds: Tensor
    """The different symbols, int64 ``(kinds, features)``."""
    height: Tensor
    """Int64 ``(nodes,)``, rising; 0 at leaves."""
    parent: Tensor
    """The node above, int64 ``(nodes,)``; at a root the root itself."""
    sibling: Tensor
    """Place among the children of the parent, from 1, int64 ``(nodes,)``."""
    child: Tensor
    """All nodes but roots, those of one parent together and in their order, lower parents first, int64 ``(edges,)``."""
    tree: Tensor
    """To which tree of the batch each node belongs, int64 ``(nodes,)``."""
    roots: Tensor
    """The root of each tree, int64 ``(batch,)``."""
    position: Tensor
    """Where each node stands among the trees one after the other, int64 ``(nodes,)``."""
    cell: Tensor
    """Where each node stands in the padded batch, as an index into its flattened places, int64 ``(nodes,)``."""
    starts: tuple[int, ...]
    """The first node of each height, and behind the last height the number of nodes."""
    edge_starts: tuple[int, ...]
    """The first of ``child`` under a parent of each height, and behind the last height the number of edges."""
    shape: tuple[int, int]
    """Trees and places of the padded batch."""

    @property
    def num_nodes(self) -> int:
        """Nodes of all trees."""
        return self.starts[-1]

    @property
    def num_leaves(self) -> int:
        """Nodes without children, which come first."""
        return self.starts[1]

    def padded(self, values: Tensor) -> Tensor:
        """Return values of the nodes, ``(nodes, …)``, in the places of the batch, ``(batch, places, …)``, else 0."""
        flat = values.new_zeros(self.shape[0] * self.shape[1], *values.shape[1:])
        return flat.index_copy(0, self.cell, values).unflatten(0, self.shape)


def forest(inputs: Tensor) -> Forest:
    """Return the nodes of a batch of trees, int64 ``(batch, places, features)`` as the leaf kind `Tree` stores them.

    A sample without any node counts as a single leaf without a symbol.
    """
    present = inputs[..., 1] != 0
    present[:, 0] |= ~present.any(1)
    cell = present.flatten().nonzero()[:, 0]
    nodes = inputs.flatten(0, 1)[cell]
    height, order = nodes[:, 2].sort(stable=True)
    position = torch.empty_like(order)
    position[order] = torch.arange(len(order), device=order.device)
    rank, position = position, order
    nodes = nodes[order]
    parent = rank[order + nodes[:, 0]]
    inner = (nodes[:, 0] != 0).nonzero()[:, 0]
    child = inner[((parent[inner] << _SHIFT) + nodes[inner, 1]).argsort()]
    named = (nodes[:, 3] > NO_SYMBOL).nonzero()[:, 0]
    kind, kinds = _kinds(nodes[named, 3:])
    counts = torch.stack(
        [torch.bincount(height), torch.bincount(height[parent[child]], minlength=int(height[-1]) + 1)]
    ).tolist()
    return Forest(
        symbols=nodes[:, 3:],
        named=named,
        kind=kind,
        kinds=kinds,
        height=height,
        parent=parent,
        sibling=nodes[:, 1],
        child=child,
        tree=cell[order] // inputs.shape[1],
        roots=rank[present.sum(1).cumsum(0) - 1],
        position=position,
        cell=cell[order],
        starts=(0, *accumulate(counts[0])),
        edge_starts=(0, *accumulate(counts[1])),
        shape=(inputs.shape[0], inputs.shape[1]),
    )


def _kinds(symbols: Tensor) -> tuple[Tensor, Tensor]:
    """Return which of the different rows each row is, and these rows."""
    key = symbols[:, 0]
    for feature in symbols.unbind(1)[1:]:
        key = (key * _FACTOR) ^ (key >> 29) ^ feature
    different, kind = torch.unique(key, return_inverse=True)
    example = torch.empty_like(different).scatter_(0, kind, torch.arange(len(kind), device=kind.device))
    return kind, symbols[example]


@dataclass(frozen=True, kw_only=True)
class Slots:
    """For cells with a matrix for each place of a child: who stands where."""

    child: Tensor
    """The child in each place, int64 ``(inner nodes, places)``; the number of all nodes where there is none."""
    extra: Tensor
    """Children that find all places taken and are added to the last one, int64 ``(extra,)``, lower parents first."""
    extra_parent: Tensor
    """Their parents, as inner nodes counted from 0, int64 ``(extra,)``."""
    levels: tuple[tuple[int, int, int, int], ...]
    """Of each height from 1 on: the inner nodes from, to; of the extra children from, to."""


def slots(forest: Forest, num_places: int) -> Slots:
    """Return the children of the inner nodes in ``num_places`` places."""
    first = forest.num_leaves
    place = forest.sibling[forest.child] - 1
    parent = forest.parent[forest.child] - first
    fits = place < num_places
    table = parent.new_full((forest.num_nodes - first, num_places), forest.num_nodes)
    table[parent[fits], place[fits]] = forest.child[fits]
    extra, extra_parent = forest.child[~fits], parent[~fits]
    ends = [0] * len(forest.starts)
    if len(extra):
        ends = [0, *torch.bincount(forest.height[extra_parent + first], minlength=len(ends) - 1).cumsum(0).tolist()]
    spans = pairwise(forest.starts[1:]), pairwise(ends[1:])
    levels = tuple((b - first, e - first, *span) for (b, e), span in zip(*spans, strict=True))
    return Slots(child=table, extra=extra, extra_parent=extra_parent, levels=levels)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """For cells that add up what comes from any number of sources: which nodes come when, and from where.

    The nodes are numbered anew: the first ``num_first`` have no source, each level of the others follows the last.
    """

    node: Tensor
    """Which node of the forest each is, int64 ``(nodes,)``."""
    source: Tensor
    """From where each edge comes, in the new numbers, int64 ``(edges,)``, by target."""
    target: Tensor
    """Where each edge goes, in the new numbers, int64 ``(edges,)``, rising."""
    num_first: int
    levels: tuple[tuple[int, int, int, int], ...]
    """Of each level after the first: nodes from, to; edges from, to."""


def upward(forest: Forest) -> Flow:
    """Return how states go from the children to their parents."""
    nodes, edges = pairwise(forest.starts[1:]), pairwise(forest.edge_starts[1:])
    return Flow(
        node=torch.arange(forest.num_nodes, device=forest.parent.device),
        source=forest.child,
        target=forest.parent[forest.child],
        num_first=forest.num_leaves,
        levels=tuple((*span, *edge) for span, edge in zip(nodes, edges, strict=True)),
    )


def downward(forest: Forest) -> Flow:
    """Return how states go from the parents to their children: high parents first, as their own parent is higher."""
    num_roots = len(forest.roots)
    child = forest.child.flip(0)
    node = torch.cat([forest.roots, child])
    number = torch.empty_like(node)
    number[node] = torch.arange(len(node), device=node.device)
    total = forest.edge_starts[-1]
    spans = [(total - e, total - b) for b, e in pairwise(forest.edge_starts[1:])][::-1]
    return Flow(
        node=node,
        source=number[forest.parent[child]],
        target=torch.arange(num_roots, len(node), device=node.device),
        num_first=num_roots,
        levels=tuple((num_roots + b, num_roots + e, b, e) for b, e in spans if e > b),
    )


@dataclass(frozen=True, kw_only=True)
class Steps:
    """For cells of two arguments: a node starts from itself and takes its children, in turns or all at once.

    States are numbered: those that nodes start from, as the nodes, then one a step. Where children are ordered, each
    takes a step of its own, and a node of several children without a symbol starts from its first child. Where they
    are not, a node takes the sum of its children in one step.
    """

    left: Tensor
    """What each step goes on from, int64 ``(steps,)``."""
    right: Tensor
    """What the steps take, int64 ``(edges,)``, by step."""
    taker: Tensor | None
    """Which step takes each edge, int64 ``(edges,)``, rising; none where every step takes one."""
    last: Tensor
    """The state in which each node ends, int64 ``(nodes,)``."""
    turns: tuple[tuple[int, int, int, int], ...]
    """Of each turn: steps from, to; edges from, to."""


def ordered_steps(forest: Forest) -> Steps:
    """Return in which turns the nodes take their children: by the height of the parent, then by the child's place."""
    child, num_nodes = forest.child, forest.num_nodes
    parent = forest.parent[child]
    first = forest.sibling[child] == 1
    final = torch.cat([first[1:], first.new_ones(1)])[: len(first)]
    skipped = first & ~final & (forest.symbols[parent, 0] <= NO_SYMBOL)
    taken = (~skipped).nonzero()[:, 0]
    key, order = ((forest.height[parent[taken]] << _SHIFT) + forest.sibling[child[taken]]).sort(stable=True)
    taken = taken[order]
    number = torch.full_like(child, -1)
    number[taken] = torch.arange(num_nodes, num_nodes + len(taken), device=child.device)
    last = torch.arange(num_nodes, device=child.device)
    last[parent[final]] = number[final]
    before = torch.where(skipped, last[child], number).roll(1)
    ends = accumulate(torch.unique_consecutive(key, return_counts=True)[1].tolist(), initial=0)
    return Steps(
        left=torch.where(first, parent, before)[taken],
        right=last[child[taken]],
        taker=None,
        last=last,
        turns=tuple((begin, end, begin, end) for begin, end in pairwise(ends)),
    )


def unordered_steps(forest: Forest) -> Steps:
    """Return one step for every node that has children, lower nodes first."""
    first, num_nodes = forest.num_leaves, forest.num_nodes
    nodes = torch.arange(num_nodes, device=forest.child.device)
    last = torch.where(nodes < first, nodes, nodes + num_nodes - first)
    spans = zip(pairwise(forest.starts[1:]), pairwise(forest.edge_starts[1:]), strict=True)
    return Steps(
        left=nodes[first:],
        right=last[forest.child],
        taker=forest.parent[forest.child] - first,
        last=last,
        turns=tuple((b - first, e - first, *edges) for (b, e), edges in spans),
    )
