import pytest
import torch
from hypothesis import given, settings
from tree_cells import any_trees, chain, padded, plain, same, star

from gnomon.layers.tree_plain import PlainCell
from gnomon.layers.tree_schedule import forest


def cell(num_places=2, *, tensor=False):
    torch.manual_seed(1)
    some = PlainCell(3, 4, num_places, tensor=tensor)
    if tensor:
        some.tensor.data *= 10  # so that it counts
    return some


@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize("num_places", [2, 3])
@settings(max_examples=15, deadline=None)
@given(trees=any_trees())
def test_it_is_what_the_recursion_gives_gradients_too(num_places, tensor, trees):
    same(cell(num_places, tensor=tensor), plain, trees, 3)


@pytest.mark.parametrize("tensor", [False, True])
def test_deep_and_wide_trees_end(tensor):
    some, batch = cell(tensor=tensor), forest(padded([chain(3000), star(500)]))
    some(batch, torch.randn(len(batch.kinds), 3)).square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in some.parameters())
