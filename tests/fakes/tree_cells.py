"""Trees of any shape, and every recursive cell as its paper writes it: node after node, child after child."""

import numpy as np
import torch
from hypothesis import strategies as st
from torch.nn import functional as F

from gnomon.layers.tree_schedule import forest

NUM_SYMBOLS = 7


def from_parents(above, symbols):
    """A tree as the leaf kind `Tree` stores it; node i > 0 is below node ``above[i - 1]``, which is less than i."""
    below = [[] for _ in symbols]
    for node, parent in enumerate(above, start=1):
        below[parent].append(node)
    order, stack = [], [0]
    while stack:  # reversed preorder from the right is post-order
        node = stack.pop()
        order.append(node)
        stack.extend(below[node])
    order.reverse()
    place = {node: i for i, node in enumerate(order)}
    rows = np.zeros((len(order), 4), np.int64)
    rows[:, 1] = 1
    rows[:, 3] = [symbols[node] for node in order]
    for node in order:
        for number, child in enumerate(below[node], start=1):
            rows[place[child], :2] = place[node] - place[child], number
            rows[place[node], 2] = max(rows[place[node], 2], rows[place[child], 2] + 1)
    return rows


def chain(num_nodes):
    return from_parents(list(range(num_nodes - 1)), [2 + i % 5 for i in range(num_nodes)])


def star(num_children):
    return from_parents([0] * num_children, [2 + i % 5 for i in range(num_children + 1)])


@st.composite
def any_trees(draw, most_nodes=12, most_trees=4):
    """A few trees of any shape; a symbol of 1 is none."""
    found = []
    for _ in range(draw(st.integers(1, most_trees))):
        above = [draw(st.integers(0, i)) for i in range(draw(st.integers(0, most_nodes - 1)))]
        symbols = draw(st.lists(st.integers(1, NUM_SYMBOLS - 1), min_size=len(above) + 1, max_size=len(above) + 1))
        found.append(from_parents(above, symbols))
    return found


def padded(trees, more=3):
    """A batch of trees, int64 ``(batch, places, features)``."""
    batch = np.zeros((len(trees), max(map(len, trees)) + more, 4), np.int64)
    for row, tree in zip(batch, trees, strict=True):
        row[: len(tree)] = tree
    return torch.from_numpy(batch)


def children(tree):
    """The children of each node, in their order."""
    found = [[] for _ in tree]
    for node, (distance, *_) in enumerate(tree.tolist()):
        if distance:
            found[node + distance].append(node)
    return found


def entered(linear, vector, symbol):
    """What enters at a node: the bias, and the product where it has a symbol."""
    return linear.bias + vector @ linear.weight if symbol > 1 else linear.bias


def plain(cell, tree, table):
    def state(node, below):
        x = entered(cell.enter, table[tree[node, 3]], tree[node, 3])
        if not below:
            return torch.tanh(x)
        side = torch.cat(seats(below, cell.num_places, cell.width))
        if cell.tensor is not None:
            forms = cell.tensor.view(len(side), cell.width, len(side))
            x = x + torch.einsum("a,aob,b->o", side, forms, side)
        return torch.tanh(x + side @ cell.recurrent)

    return upward(tree, state)


def places(cell, tree, table):
    w, count = cell.width, cell.num_places

    def state(node, below):
        x, f = (entered(linear, table[tree[node, 3]], tree[node, 3]) for linear in (cell.enter, cell.forget))
        h = seats([pair[0] for pair in below], count, w)
        c = seats([pair[1] for pair in below], count, w)
        i, o, u = x.split(w)
        z = torch.cat([i, o, *[f] * count, u]) + torch.cat(h) @ cell.recurrent
        i, o, *forgets = torch.sigmoid(z[:-w]).split(w)
        memory = i * torch.tanh(z[-w:]) + sum(f * one for f, one in zip(forgets, c, strict=True))
        return o * torch.tanh(memory), memory

    return torch.stack([h for h, _ in upward(tree, state, stacked=False)])


def sums(cell, x, sources):
    """A child-sum Tree-LSTM over ``sources``, one list a node, each of nodes that come before it in the dictionary."""
    w, h, c = cell.width, {}, {}
    for node, below in sources.items():
        total = sum((h[k] for k in below), torch.zeros(w))
        z = x[node, : 3 * w] + total @ cell.recurrent
        i, o = torch.sigmoid(z[: 2 * w]).split(w)
        forgotten = (torch.sigmoid(x[node, 3 * w :] + h[k] @ cell.forget) * c[k] for k in below)
        c[node] = i * torch.tanh(z[2 * w :]) + sum(forgotten, torch.zeros(w))
        h[node] = o * torch.tanh(c[node])
    return torch.stack([h[node] for node in range(len(x))])


def child_sum(cell, tree, table):
    x = torch.stack([entered(cell.enter, table[symbol], symbol) for symbol in tree[:, 3].tolist()])
    return sums(cell.cell, x, dict(enumerate(children(tree))))


def both_ways(cell, tree, table):
    below = child_sum(cell.upward, tree, table)
    parents = {node: [node + int(tree[node, 0])] if tree[node, 0] else [] for node in range(len(tree) - 1, -1, -1)}
    return torch.cat([below, sums(cell.down, cell.enter(below), parents)], 1)


def fold(cell, tree, table):
    w = cell.width

    def composed(left, right):
        smooth, waving = (torch.cat([left, right]) @ cell.enter + cell.enter_bias).chunk(2)
        hidden = torch.cat([F.gelu(smooth), torch.sin(4 * waving)])
        *gates, candidate = (hidden @ cell.leave + cell.leave_bias).split(w)
        a, b, c = map(torch.sigmoid, gates)
        return F.layer_norm(a * left + b * right + c * candidate, (w,))

    def state(node, below):
        own = F.layer_norm(entered(cell.symbol, table[tree[node, 3]], tree[node, 3]), (w,))
        if not below:
            return own
        if not cell.ordered:
            return composed(own, sum(below))
        if tree[node, 3] <= 1 and len(below) > 1:
            own, *below = below
        for child in below:
            own = composed(own, child)
        return own

    return upward(tree, state)


def upward(tree, state, *, stacked=True):
    found = []
    for node, below in enumerate(children(tree)):
        found.append(state(node, [found[child] for child in below]))
    return torch.stack(found) if stacked else found


def seats(below, count, width):
    found = [torch.zeros(width)] * count
    for place, child in enumerate(below):
        found[min(place, count - 1)] = found[min(place, count - 1)] + child
    return found


def same(cell, reference, trees, width_in, seed=0):
    """Check that a cell gives the states and the gradients that the reference gives."""
    torch.manual_seed(seed)
    table = torch.randn(NUM_SYMBOLS, width_in, requires_grad=True)
    batch = forest(padded(trees))
    found = batch.padded(cell(batch, table[batch.kinds[:, 0]]))
    wanted = [reference(cell, tree, table) for tree in trees]
    weights = torch.randn_like(found)
    parameters = [table, *cell.parameters()]
    losses = []
    for row, one, weight in zip(found, wanted, weights, strict=True):
        torch.testing.assert_close(row[: len(one)], one, rtol=1e-4, atol=1e-5)
        assert not row[len(one) :].any()
        losses.append((one * weight[: len(one)]).sum())
    ours, theirs = (
        torch.autograd.grad(loss, parameters, allow_unused=True, retain_graph=True)
        for loss in ((found * weights).sum(), sum(losses))
    )
    for parameter, one, other in zip(parameters, ours, theirs, strict=True):
        nought = torch.zeros_like(parameter)
        torch.testing.assert_close(
            nought if one is None else one, nought if other is None else other, rtol=1e-3, atol=1e-4
        )
