import pytest
import torch

from gnomon.layers.context import Context


def test_each_vector_hears_of_its_neighbours_on_both_sides_only():
    torch.manual_seed(0)
    context = Context(4, 2)
    x = torch.zeros(9, 1, 4)
    x[4] = 1
    heard = (context(x) - x).abs().sum(-1)[:, 0] > 0
    assert heard.nonzero().flatten().tolist() == [2, 3, 4, 5, 6]


def test_places_are_told_apart_in_order():
    context = Context(1, 1)
    with torch.no_grad():
        context.view.weight.copy_(torch.tensor([[100.0, 10.0, 1.0]]))
    x = torch.tensor([1.0, 2.0, 3.0])[:, None, None]
    assert context(x).flatten().tolist() == [1 + 0 + 10 + 2, 2 + 100 + 20 + 3, 3 + 200 + 30 + 0]


def test_padding_of_noughts_changes_nothing():
    context = Context(8, 1)
    x = torch.randn(5, 2, 8)
    padded = torch.cat([x, torch.zeros(3, 2, 8)])
    assert torch.equal(context(padded)[:5], context(x))


def test_no_reach_is_refused():
    with pytest.raises(ValueError, match="no neighbours"):
        Context(4, 0)
