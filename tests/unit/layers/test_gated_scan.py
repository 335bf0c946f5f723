import pytest
import torch

from gnomon.layers import gated_scan as module
from gnomon.layers.gated_scan import gated_scan


def stepped(logits, candidates, initial, *, reverse=False):
    states, state = [None] * len(logits), initial
    for t in reversed(range(len(logits))) if reverse else range(len(logits)):
        gate = torch.sigmoid(logits[t])
        state = states[t] = (1 - gate) * state + gate * candidates[t]
    return torch.stack(states)


def inputs(time, *, batch=8, width=128, dtype=torch.float64):
    generator = torch.Generator().manual_seed(time)
    shapes = [(time, batch, width), (time, batch, width), (batch, width)]
    return [torch.randn(shape, dtype=dtype, generator=generator).requires_grad_() for shape in shapes]


def test_values_by_hand():
    found = gated_scan(torch.zeros(3, 1, 1), torch.tensor([4.0, 0.0, 8.0]).view(3, 1, 1), torch.tensor([[2.0]]))
    assert found.flatten().tolist() == [3.0, 1.5, 4.75]


@pytest.mark.parametrize("width", [2, 128], ids=["by scan", "in blocks"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("time", [1, 2, 7, 64, 65])
def test_values_and_gradients_are_those_of_steps(time, reverse, width):
    given = inputs(time, width=width)
    wanted, found = stepped(*given, reverse=reverse), gated_scan(*given, reverse=reverse)
    torch.testing.assert_close(found, wanted)
    seed = torch.randn_like(wanted)
    torch.testing.assert_close(torch.autograd.grad(found, given, seed), torch.autograd.grad(wanted, given, seed))


@pytest.mark.parametrize("numbers", [1, 1024, 3 * 1024, 10**6])
def test_the_size_of_the_blocks_changes_nothing(monkeypatch, numbers):
    given = inputs(10)
    wanted = torch.autograd.grad(gated_scan(*given).square().sum(), given)
    monkeypatch.setattr(module, "_NUMBERS_AT_ONCE", numbers)
    torch.testing.assert_close(torch.autograd.grad(gated_scan(*given).square().sum(), given), wanted)


@pytest.mark.parametrize("width", [2, 128], ids=["by scan", "in blocks"])
def test_gates_that_are_shut_or_open_to_the_limit_of_the_number_format(width):
    logits = torch.tensor([1e4, -1e4, -1e4, 200.0, -200.0])[:, None, None].repeat(1, 8, width).requires_grad_()
    candidates = torch.arange(5.0)[:, None, None].repeat(1, 8, width).requires_grad_()
    initial = torch.full((8, width), 9.0, requires_grad=True)
    found = gated_scan(logits, candidates, initial)
    assert found[:, 0, 0].tolist() == [0.0, 0.0, 0.0, 3.0, 3.0]
    gradients = torch.autograd.grad(found.sum(), (logits, candidates, initial))
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert gradients[1][:, 0, 0].tolist() == [3.0, 0.0, 0.0, 2.0, 0.0]
    assert gradients[2].eq(0).all()


def test_low_precision_in_gives_float32_states_and_gradients_in_the_format_of_the_input():
    logits, candidates, initial = inputs(6, dtype=torch.bfloat16)
    found = gated_scan(logits, candidates, initial)
    assert found.dtype == torch.float32
    wanted = stepped(logits.float(), candidates.float(), initial.float())
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    gradients = torch.autograd.grad(found.sum(), (logits, candidates, initial))
    assert {gradient.dtype for gradient in gradients} == {torch.bfloat16}


def test_parts_of_a_wider_tensor_need_no_copy():
    both = torch.randn(6, 8, 256, dtype=torch.float64, requires_grad=True)
    initial = torch.zeros(8, 128, dtype=torch.float64)
    candidates, logits = both.split(128, -1)
    found = torch.autograd.grad(gated_scan(logits, candidates, initial).square().sum(), both)
    wanted = torch.autograd.grad(stepped(logits, candidates, initial).square().sum(), both)
    torch.testing.assert_close(found, wanted)


def test_a_single_step_equals_the_parallel_result():
    logits, candidates, state = (x.detach() for x in inputs(20, dtype=torch.float32))
    whole = gated_scan(logits, candidates, state)
    for t in range(20):
        state = gated_scan(logits[t : t + 1], candidates[t : t + 1], state)[0]
        torch.testing.assert_close(state, whole[t])
