import pytest
import torch
from torch.nn import functional as F

from gnomon.layers.gated_block import GatedBlock, GatedLinearUnit


def block(**options):
    torch.manual_seed(0)
    return GatedBlock("mingru", 8, **options).double()


def test_the_block_adds_to_its_input_what_its_equations_say():
    layer, x = block(), torch.randn(6, 2, 8, dtype=torch.float64)
    normed = F.layer_norm(x, (8,))
    states = layer.cells[0](normed, x.new_zeros(2, 8))
    wanted = x + layer.contract(states * F.silu(layer.gate(normed)))
    wanted = wanted + layer.unit(wanted)
    found, last = layer(x)
    torch.testing.assert_close(found, wanted)
    assert torch.equal(last, states[-1])


def test_the_linear_unit_is_gated():
    torch.manual_seed(0)
    unit, x = GatedLinearUnit(4, 6), torch.randn(3, 4)
    gate, up = unit.up(F.layer_norm(x, (4,))).split(6, -1)
    torch.testing.assert_close(unit(x), unit.down(F.silu(gate) * up))


def test_going_on_from_the_state_equals_the_parallel_result():
    layer, x = block(), torch.randn(7, 2, 8, dtype=torch.float64)
    whole, last = layer(x)
    state, parts = None, []
    for part in x.split([3, 1, 3]):
        y, state = layer(part, None, state)
        parts.append(y)
    torch.testing.assert_close(torch.cat(parts), whole)
    torch.testing.assert_close(state, last)


def test_no_output_depends_on_a_later_instant():
    layer, x = block(), torch.randn(6, 1, 8, dtype=torch.float64)
    changed = x.clone()
    changed[4] *= -1
    before, after = layer(x)[0], layer(changed)[0]
    assert torch.equal(before[:4], after[:4])
    assert not torch.allclose(before[4:], after[4:])


class TestBothWays:
    def test_padding_changes_nothing(self):
        layer, x = block(bidirectional=True), torch.randn(5, 2, 8, dtype=torch.float64)
        padded = torch.cat([x, torch.randn(3, 2, 8, dtype=torch.float64)])
        mask = torch.arange(8)[:, None].expand(8, 2) < 5
        torch.testing.assert_close(layer(padded, mask)[0][:5], layer(x)[0])

    def test_the_first_output_depends_on_the_last_instant(self):
        layer, x = block(bidirectional=True), torch.randn(5, 1, 8, dtype=torch.float64)
        changed = x.clone()
        changed[4] *= -1
        assert not torch.allclose(layer(x)[0][0], layer(changed)[0][0])

    def test_there_is_no_state_to_go_on_from(self):
        assert block(bidirectional=True)(torch.randn(5, 3, 8, dtype=torch.float64))[1].shape == (3, 0)

    def test_units_that_cannot_be_shared_are_refused(self):
        with pytest.raises(ValueError, match="7 units"):
            GatedBlock("mingru", 7, bidirectional=True)


def test_dropout_is_for_training_only():
    layer, x = block(dropout=0.5), torch.randn(4, 2, 8, dtype=torch.float64)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])
