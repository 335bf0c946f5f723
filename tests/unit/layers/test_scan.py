import pytest
import torch

from gnomon.layers.scan import log_scan, scan, solve

LENGTHS = (1, 2, 3, 4, 5, 15, 16, 17, 50)


def stepped(decay, value, initial, *, reverse=False):
    """The recurrence as it is written down, one instant after the other."""
    states, state = [None] * len(decay), initial
    for t in reversed(range(len(decay))) if reverse else range(len(decay)):
        state = states[t] = decay[t] * state + value[t]
    return torch.stack(states)


def inputs(time, *, batch=2, width=3, seed=0):
    """Decays, values and initial states in float64; 1 x 3 numbers are solved in chunks, 64 x 32 one by one."""
    generator = torch.Generator().manual_seed(seed)
    options = {"dtype": torch.float64, "generator": generator}
    decay = torch.rand(time, batch, width, **options)
    value, initial = torch.randn(time, batch, width, **options), torch.randn(batch, width, **options)
    return [x.requires_grad_() for x in (decay, value, initial)]


def test_values_by_hand():
    decay, value = torch.tensor([0.5, 0.0, 1.0, 0.25]), torch.tensor([1.0, 2.0, 3.0, 4.0])
    found = scan(decay[:, None, None], value[:, None, None], torch.tensor([[8.0]]))
    assert found.flatten().tolist() == [5.0, 2.0, 5.0, 5.25]
    backwards = scan(decay[:, None, None], value[:, None, None], torch.tensor([[8.0]]), reverse=True)
    assert backwards.flatten().tolist() == [2.0, 2.0, 9.0, 6.0]


@pytest.mark.parametrize("size", [{"batch": 1, "width": 3}, {"batch": 64, "width": 32}], ids=["chunks", "one by one"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("time", LENGTHS)
def test_values_and_gradients_are_those_of_steps(time, reverse, size):
    given = inputs(time, **size)
    wanted, found = stepped(*given, reverse=reverse), scan(*given, reverse=reverse)
    torch.testing.assert_close(found, wanted)
    seed = torch.randn_like(wanted)
    torch.testing.assert_close(torch.autograd.grad(found, given, seed), torch.autograd.grad(wanted, given, seed))


def test_without_a_gradient_the_values_are_the_same():
    given = inputs(20)
    with torch.no_grad():
        found = scan(*given)
    assert torch.equal(found, scan(*given).detach())
    assert not found.requires_grad


@pytest.mark.parametrize("size", [{"batch": 1, "width": 3}, {"batch": 64, "width": 32}], ids=["chunks", "one by one"])
def test_decays_of_nought_and_one_in_float32(size):
    decay, value, initial = (x.detach().float() for x in inputs(200, **size))
    decay = decay.round()
    wanted = stepped(decay.double(), value.double(), initial.double())
    torch.testing.assert_close(solve(decay, value, initial).double(), wanted, rtol=1e-5, atol=1e-5)


def test_tiny_decays_underflow_to_nothing_else():
    decay = torch.full((100, 1, 2), 1e-30)
    found = solve(decay, torch.ones(100, 1, 2), torch.full((1, 2), 1e30))
    assert found.isfinite().all()
    assert found[1:].tolist() == torch.ones(99, 1, 2).tolist()


def test_a_single_step_equals_the_parallel_result():
    decay, value, state = (x.detach() for x in inputs(30))
    whole = solve(decay, value, state)
    for t in range(30):
        state = solve(decay[t : t + 1], value[t : t + 1], state)[0]
        torch.testing.assert_close(state, whole[t])


class TestInLogarithms:
    @pytest.mark.parametrize("time", LENGTHS)
    def test_values_and_gradients_are_those_of_steps(self, time):
        decay, value, initial = (x.detach().abs().requires_grad_() for x in inputs(time))
        wanted = stepped(decay, value, initial)
        found = log_scan(decay.log(), value.log(), initial.log())
        torch.testing.assert_close(found, wanted)
        seed, given = torch.randn_like(wanted), (decay, value, initial)
        torch.testing.assert_close(torch.autograd.grad(found, given, seed), torch.autograd.grad(wanted, given, seed))

    def test_an_initial_state_of_nought(self):
        decay, value, initial = (x.detach().abs() for x in inputs(10))
        log_value = value.log().requires_grad_()
        found = log_scan(decay.log(), log_value, torch.zeros_like(initial).log())
        torch.testing.assert_close(found, stepped(decay, value, torch.zeros_like(initial)))
        assert torch.autograd.grad(found.sum(), log_value)[0].isfinite().all()

    def test_what_products_of_decays_could_not_hold(self):
        # After 500 instants the product of the decays is e^-5000: no float32 holds that, and none has to.
        log_decay = torch.full((500, 1, 1), -10.0)
        found = log_scan(log_decay, torch.zeros(500, 1, 1), torch.zeros(1, 1))
        torch.testing.assert_close(found[1:], torch.full((499, 1, 1), 1 / (1 - torch.e**-10)), rtol=1e-3, atol=0)
