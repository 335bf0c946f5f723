import math

import pytest
import torch

from gnomon.layers.gated_cell import GatedCell, positive

KINDS = ("mingru", "minlstm")


def cell(kind, **options):
    torch.manual_seed(0)
    return GatedCell(kind, 4, 6, **options).double()


def test_a_minlstm_is_what_its_equations_say():
    layer, x = cell("minlstm"), torch.randn(9, 2, 4, dtype=torch.float64)
    candidates, enters, forgets = layer.enter(x).split(6, -1)
    state, wanted = torch.ones(2, 6, dtype=torch.float64), []
    for t in range(9):
        enter, forget = torch.sigmoid(enters[t]), torch.sigmoid(forgets[t])
        state = (forget * state + enter * candidates[t]) / (forget + enter)
        wanted.append(state)
    torch.testing.assert_close(layer(x, torch.ones(2, 6, dtype=torch.float64)), torch.stack(wanted))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_and_logarithms_give_the_same(kind, reverse):
    real, log = cell(kind, candidates="positive"), cell(kind, candidates="positive", form="log")
    x = 3 * torch.randn(40, 3, 4, dtype=torch.float64)
    mask = torch.arange(40)[:, None] < torch.tensor([40, 7, 0])
    found, wanted = (layer(x, x.new_zeros(3, 6), mask, reverse=reverse) for layer in (log, real))
    torch.testing.assert_close(found, wanted)
    for of_log, of_real in zip(
        torch.autograd.grad(found.square().sum(), list(log.parameters())),
        torch.autograd.grad(wanted.square().sum(), list(real.parameters())),
        strict=True,
    ):
        torch.testing.assert_close(of_log, of_real)


def test_only_positive_numbers_have_logarithms():
    with pytest.raises(ValueError, match="positive"):
        GatedCell("mingru", 4, 6, form="log")


def test_positive_is_positive_and_continuous():
    x = torch.tensor([-2.0, -1e-6, 0.0, 1e-6, 3.0])
    assert positive(x).tolist() == pytest.approx([0.1192029, 0.5, 0.5, 0.5, 3.5], abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_units_start_with_spans_of_memory_from_two_to_the_longest(kind):
    layer = GatedCell(kind, 4, 5, longest=32)
    with torch.no_grad():
        layer.enter.weight.zero_()
        layer.enter.bias[:5] = 1.0
    states = layer(torch.zeros(1, 1, 4), torch.zeros(1, 5))  # after one instant a unit holds 1 / span
    assert (1 / states).flatten().tolist() == pytest.approx([2, 4, 8, 16, 32], rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_where_there_is_no_token_the_state_stays(kind):
    layer, x = cell(kind), torch.randn(5, 1, 4, dtype=torch.float64)
    mask = torch.tensor([True, True, False, False, True])[:, None]
    initial = torch.randn(1, 6, dtype=torch.float64)
    found = layer(x, initial, mask)
    assert torch.equal(found[1], found[2])
    assert torch.equal(found[1], found[3])
    torch.testing.assert_close(found[[0, 1, 4]], layer(x[[0, 1, 4]], initial))
    assert math.isfinite(torch.autograd.grad(found.sum(), layer.enter.bias)[0].sum().item())
