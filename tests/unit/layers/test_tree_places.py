import pytest
import torch
from hypothesis import given, settings
from tree_cells import any_trees, chain, padded, places, same, star

from gnomon.layers.tree_places import PlaceLstm
from gnomon.layers.tree_schedule import forest


def cell(num_places=2, *, dropout=0.0):
    torch.manual_seed(1)
    return PlaceLstm(3, 4, num_places, dropout=dropout)


@pytest.mark.parametrize("num_places", [1, 2, 3])
@settings(max_examples=20, deadline=None)
@given(trees=any_trees())
def test_it_is_what_the_recursion_gives_gradients_too(num_places, trees):
    same(cell(num_places), places, trees, 3)


def test_deep_and_wide_trees_end():
    some, batch = cell(), forest(padded([chain(3000), star(2000)]))
    found = some(batch, torch.randn(len(batch.kinds), 3))
    found.square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in some.parameters())


def test_forget_gates_start_open():
    assert cell().forget.bias.tolist() == [1.0] * 4


def test_what_is_dropped_has_no_gradient():
    some, batch = cell(dropout=0.9), forest(padded([chain(2)]))
    x = torch.randn(2, 3, requires_grad=True)
    torch.manual_seed(0)
    trained = some(batch, x)
    assert not torch.equal(trained, some.eval()(batch, x))
    trained.sum().backward()
    assert x.grad.isfinite().all()
