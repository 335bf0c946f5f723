import pytest
import torch

from gnomon.layers.dense import DenseStack


def test_without_layers_vectors_stay():
    stack, x = DenseStack(5, 8, 0, 0.5), torch.randn(3, 5)
    assert stack.width == 5
    assert torch.equal(stack(x), x)


@pytest.mark.parametrize("shape", [(3,), (3, 2), ()])
def test_vectors_anywhere_and_each_by_itself(shape):
    torch.manual_seed(0)
    stack, x = DenseStack(5, 8, 2, 0.0), torch.randn(*shape, 5)
    found = stack(x)
    assert found.shape == (*shape, 8)
    torch.testing.assert_close(found.reshape(-1, 8)[0], stack(x.reshape(-1, 5)[0]))


def test_a_layer_is_added_where_the_units_are_as_many():
    stack, x = DenseStack(4, 4, 1, 0.0), torch.randn(3, 4)
    with torch.no_grad():
        stack.linears[0].weight.zero_()
        stack.linears[0].bias.zero_()
    assert torch.equal(stack(x), x)


def test_dropout_is_for_training_only():
    stack, x = DenseStack(4, 64, 1, 0.5), torch.randn(3, 4)
    assert (stack(x) == 0).any()
    assert not (stack.eval()(x) == 0).any()
