import torch
from hypothesis import given, settings
from tree_cells import any_trees, chain, child_sum, from_parents, padded, same, star

from gnomon.layers.tree_schedule import downward, forest, upward
from gnomon.layers.tree_sums import ChildSum, SumLstm


def cell(dropout=0.0):
    torch.manual_seed(1)
    return ChildSum(3, 4, dropout=dropout)


@settings(max_examples=25, deadline=None)
@given(trees=any_trees())
def test_it_is_what_the_recursion_gives_gradients_too(trees):
    same(cell(), child_sum, trees, 3)


def test_the_order_of_the_children_does_not_count():
    batch = forest(padded([from_parents([0, 0], [2, 3, 4]), from_parents([0, 0], [2, 4, 3])]))
    table = torch.randn(7, 3)
    found = batch.padded(cell()(batch, table[batch.kinds[:, 0]]))[:, 2]
    torch.testing.assert_close(found[0], found[1])


def test_downward_a_node_knows_what_is_above_it_and_nothing_else():
    torch.manual_seed(0)
    lstm, batch = SumLstm(4), forest(padded([from_parents([0, 0, 1], [2, 3, 4, 5])]))
    x = torch.randn(4, 16, requires_grad=True)
    found = lstm(downward(batch), x)
    lowest = int((batch.position == 0).nonzero())  # its parent is at 1, the root's other child at 2
    seen = torch.autograd.grad(found[lowest].sum(), x)[0][batch.position.argsort()].abs().sum(1) > 0
    assert seen.tolist() == [True, True, False, True]


def test_deep_and_wide_trees_end_both_ways():
    batch = forest(padded([chain(3000), star(2000)]))
    for flow in (upward(batch), downward(batch)):
        lstm = SumLstm(4)
        lstm(flow, torch.randn(batch.num_nodes, 16)).square().sum().backward()
        assert all(parameter.grad.isfinite().all() for parameter in lstm.parameters())


def test_candidates_are_dropped_in_training_only():
    some, batch = cell(dropout=0.5), forest(padded([chain(9)]))
    x = torch.randn(len(batch.kinds), 3)
    assert not torch.equal(some(batch, x), some.eval()(batch, x))
    assert torch.equal(some(batch, x), cell().eval()(batch, x))
