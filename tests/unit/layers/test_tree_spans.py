from itertools import pairwise

import torch
from hypothesis import given, settings
from tree_cells import any_trees, children, from_parents, padded

from gnomon.layers.ngrams import ngram_rows
from gnomon.layers.tree_schedule import forest
from gnomon.layers.tree_spans import SpanLogits, spans

ROWS = 101


def model(orders=(1, 2)):
    torch.manual_seed(0)
    some = SpanLogits(orders, ROWS, 3)
    torch.nn.init.normal_(some.table)
    return some


def logits(some, trees):
    batch = forest(padded(trees))
    return batch.padded(some(batch, torch.arange(batch.num_nodes)))


def row(*tokens):
    return int(ngram_rows(torch.tensor(tokens)[:, None], orders=(len(tokens),), num_rows=ROWS)[-1, 0, 0])


def counted(tree, node):
    """The rows of all n-grams up to two and of all pairs below a node, one after the other."""
    below, known = children(tree), [node]
    for one in known:
        known.extend(below[one])
    symbols = [int(tree[one, 3]) for one in sorted(known) if tree[one, 3] > 1]
    pairs = [(int(tree[one, 3]), int(tree[child, 3])) for one in known for child in below[one]]
    rows = [row(one) for one in symbols] + [row(*two) for two in pairwise(symbols)]
    return rows + [row(3, *pair) for pair in pairs if min(pair) > 1]


@settings(max_examples=30, deadline=None)
@given(trees=any_trees())
def test_they_are_the_rows_of_all_that_is_below(trees):
    some = model()
    found = logits(some, trees)
    for tree, values in zip(trees, found, strict=True):
        for node in range(len(tree)):
            rows = counted(tree, node)
            wanted = some.table[rows].sum(0) / max(1, len(rows)) ** 0.5
            torch.testing.assert_close(values[node], wanted, rtol=1e-4, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(trees=any_trees())
def test_a_span_is_what_is_below(trees):
    batch = forest(padded(trees))
    begin, end = spans(batch)
    sizes = [len(counted_nodes(tree, node)) for tree in trees for node in range(len(tree))]
    order = batch.position.argsort()
    assert (end - begin)[order].tolist() == sizes
    assert end[order].tolist() == list(range(1, batch.num_nodes + 1))


def counted_nodes(tree, node):
    below, known = children(tree), [node]
    for one in known:
        known.extend(below[one])
    return known


def test_it_starts_at_nought_and_learns_by_few_rows():
    some = SpanLogits((1,), ROWS, 2)
    found = logits(some, [from_parents([0, 0], [2, 3, 4])])
    assert not found.any()
    found.sum().backward()
    assert some.table.grad.is_sparse
