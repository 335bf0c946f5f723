import pytest
import torch

from gnomon.layers.recurrence import Recurrence, RecurrenceConfig

CELLS = ("lstm", "gru", "mingru", "minlstm")


@pytest.fixture(params=CELLS)
def cell(request):
    return request.param


def recurrence(cell, *, width_in=6, layers=2, **options):
    torch.manual_seed(0)
    return Recurrence(RecurrenceConfig(cell=cell, width=8, layers=layers, **options), width_in)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_output_has_the_width_it_says(cell, bidirectional):
    layer = recurrence(cell, bidirectional=bidirectional)
    found, state = layer(torch.randn(5, 3, 6))
    assert found.shape == (5, 3, layer.output_width)
    assert state.shape == (3, layer.state_width)
    assert (layer.state_width == 0) == bidirectional


def test_going_on_from_the_state_equals_the_whole(cell):
    layer, x = recurrence(cell), torch.randn(9, 2, 6)
    whole, last = layer(x)
    state, parts = None, []
    for part in x.split(1):
        y, state = layer(part, None, state)
        parts.append(y)
    torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(state, last, rtol=1e-4, atol=1e-5)


def test_a_state_of_noughts_is_a_new_start(cell):
    layer, x = recurrence(cell), torch.randn(4, 2, 6)
    assert torch.equal(layer(x)[0], layer(x, None, torch.zeros(2, layer.state_width))[0])


@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_and_neighbours_change_nothing(cell, bidirectional):
    layer = recurrence(cell, bidirectional=bidirectional)
    x = torch.randn(7, 3, 6)
    mask = torch.arange(7)[:, None] < torch.tensor([7, 4, 1])
    found, _ = layer(x, mask)
    for i, length in enumerate([7, 4, 1]):
        torch.testing.assert_close(found[:length, i : i + 1], layer(x[:length, i : i + 1])[0])


def test_a_sample_without_tokens_is_no_trouble(cell):
    layer = recurrence(cell, bidirectional=True)
    found, _ = layer(torch.randn(4, 2, 6), torch.tensor([[True, False]]).expand(4, 2))
    assert found.isfinite().all()


def test_dropout_between_layers_is_for_training_only(cell):
    layer, x = recurrence(cell, dropout=0.5), torch.randn(4, 2, 6)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])


def test_both_forms_of_a_positive_recurrence_agree():
    real, log = (recurrence("mingru", candidates="positive", form=form) for form in ("real", "log"))
    x = torch.randn(20, 2, 6)
    torch.testing.assert_close(log(x)[0], real(x)[0], rtol=1e-4, atol=1e-4)
