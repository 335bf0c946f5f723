import pytest
import torch

from gnomon.layers.fused import FusedCell, FusedLayer

KINDS = ("lstm", "gru")


@pytest.mark.parametrize("kind", KINDS)
def test_going_on_from_the_state_equals_the_whole(kind):
    torch.manual_seed(0)
    cell, x = FusedCell(kind, 3, 5), torch.randn(7, 2, 3)
    whole, last = cell(x)
    first, state = cell(x[:4])
    second, state = cell(x[4:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    torch.testing.assert_close(state, last)
    assert state.shape == (2, cell.state_width)


def test_an_lstm_starts_with_orthogonal_gates_and_remembers():
    cell = FusedCell("lstm", 3, 5).cell
    for gate in cell.weight_hh_l0.detach().split(5):
        torch.testing.assert_close(gate @ gate.T, torch.eye(5))
    assert cell.bias_ih_l0.tolist() == [0.0] * 5 + [1.0] * 5 + [0.0] * 10
    assert cell.bias_hh_l0.eq(0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_recurrent_weights_are_dropped_in_training_only(kind):
    torch.manual_seed(0)
    cell, x = FusedCell(kind, 3, 5, weight_dropout=0.5), torch.randn(7, 2, 3)
    before = cell.cell.weight_hh_l0.detach().clone()
    one, other = cell(x)[0], cell(x)[0]
    torch.testing.assert_close(one[0], other[0])  # the first instant has nothing to recur from
    assert not torch.allclose(one[1:], other[1:])
    one.sum().backward()
    assert cell.cell.weight_hh_l0.grad.eq(0).float().mean() > 0.2
    assert torch.equal(cell.cell.weight_hh_l0, before)
    cell.eval()
    assert torch.equal(cell(x)[0], cell(x)[0])


@pytest.mark.parametrize("kind", KINDS)
class TestBothWays:
    def test_it_agrees_with_torch_on_packed_samples(self, kind):
        torch.manual_seed(0)
        layer, lengths = FusedLayer(kind, 3, 5, bidirectional=True), [6, 4, 1]
        peer = (torch.nn.LSTM if kind == "lstm" else torch.nn.GRU)(3, 5, bidirectional=True)
        cells = (layer.onward.cell, layer.back.cell)
        with torch.no_grad():
            for cell, suffix in zip(cells, ("", "_reverse"), strict=True):
                for name, parameter in cell.named_parameters():
                    getattr(peer, name + suffix).copy_(parameter)
        x = torch.randn(6, 3, 3)
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths)
        wanted, _ = torch.nn.utils.rnn.pad_packed_sequence(peer(packed)[0])
        mask = torch.arange(6)[:, None] < torch.tensor(lengths)
        found, state = layer(x, mask)
        torch.testing.assert_close(found[mask], wanted[mask])
        assert state.shape == (3, 0)

    def test_without_a_mask_all_samples_are_of_full_length(self, kind):
        layer, x = FusedLayer(kind, 3, 5, bidirectional=True), torch.randn(6, 2, 3)
        assert torch.equal(layer(x)[0], layer(x, torch.ones(6, 2, dtype=torch.bool))[0])


def test_states_are_float32_in_any_precision():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, state = FusedCell("lstm", 3, 5)(torch.randn(4, 2, 3))
    assert y.dtype == state.dtype == torch.float32
