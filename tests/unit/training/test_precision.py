import pytest
import torch

from gnomon.training.precision import DTYPES, Precision

CPU = torch.device("cpu")


@pytest.mark.parametrize(("name", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_products_are_computed_in_the_chosen_format(name, dtype):
    precision = Precision(name, CPU)
    weight = torch.ones(2, 2, requires_grad=True)
    with precision.autocast():
        product = weight @ torch.ones(2, 2)
    assert product.dtype == precision.iterate_in == DTYPES[name] == dtype
    precision.backward(product.float().sum())
    assert weight.grad.dtype == torch.float32
    assert weight.grad.tolist() == [[2.0, 2.0], [2.0, 2.0]]


def test_outside_the_block_nothing_is_changed():
    with Precision("bf16", CPU).autocast():
        pass
    assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_a_processor_is_waited_for_a_gpu_is_not():
    assert Precision("fp32", CPU).waits
    assert not Precision("fp32", torch.device("cuda")).waits


def test_an_unknown_format_is_refused():
    with pytest.raises(KeyError):
        Precision("fp8", CPU)
