import torch
from torch import nn
from tree_cells import from_parents, padded

from gnomon.layers.tree_inputs import NodeLinear, candidate_mask, hold
from gnomon.layers.tree_schedule import forest


def test_a_node_without_a_symbol_gets_the_bias():
    batch = forest(padded([from_parents([0, 0], [1, 2, 3])]))
    linear = NodeLinear(2, 5)
    nn.init.normal_(linear.bias)
    symbols = torch.randn(2, 2)
    found = batch.padded(linear(batch, symbols))[0]
    torch.testing.assert_close(found[2], linear.bias)
    torch.testing.assert_close(found[:2], linear.bias + symbols @ linear.weight)
    whole = forest(padded([from_parents([0, 0], [3, 3, 2])]))
    again = whole.padded(linear(whole, symbols))[0, :3]
    torch.testing.assert_close(again, (linear.bias + symbols @ linear.weight)[[1, 0, 1]])


def test_a_gradient_is_held_behind_many_levels_only():
    gradient = torch.tensor([-5.0, 0.5, torch.inf])
    assert hold(gradient.clone(), 1000).tolist() == [-5, 0.5, torch.inf]
    assert hold(gradient, 1001) is gradient
    assert gradient.tolist() == [-1, 0.5, 1]


def test_a_mask_keeps_the_mean_and_is_for_training_only():
    cell = nn.Module()
    cell.dropout = 0.25
    torch.manual_seed(0)
    mask = candidate_mask(cell, 100, 50, torch.zeros(1))
    torch.testing.assert_close(mask.unique(), torch.tensor([0.0, 1 / 0.75]))
    assert abs(mask.mean().item() - 1) < 0.05
    assert candidate_mask(cell.eval(), 100, 50, torch.zeros(1)) is None
    cell.train().dropout = 0.0
    assert candidate_mask(cell, 100, 50, torch.zeros(1)) is None
