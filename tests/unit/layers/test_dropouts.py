import pytest
import torch

from gnomon.layers.dropouts import VariationalDropout, activation_penalties, kept_words


class TestVariationalDropout:
    def test_a_unit_is_dropped_at_all_instants_of_a_sample_or_at_none(self):
        torch.manual_seed(0)
        found = VariationalDropout(0.5)(torch.ones(7, 20, 30))
        assert set(found.unique().tolist()) == {0.0, 2.0}
        assert torch.equal(found, found[:1].expand_as(found))
        assert not torch.equal(found[:, 0], found[:, 1])
        assert found.mean().item() == pytest.approx(1, abs=0.1)

    def test_without_training_nothing_is_dropped(self):
        x = torch.randn(3, 2, 4)
        assert torch.equal(VariationalDropout(0.5).eval()(x), x)
        assert torch.equal(VariationalDropout(0.0)(x), x)

    def test_the_share_is_printed(self):
        assert repr(VariationalDropout(0.25)) == "VariationalDropout(0.25)"


def test_a_word_is_dropped_wherever_it_stands():
    torch.manual_seed(0)
    tokens = torch.arange(50).repeat(4, 1)
    found = kept_words(tokens, 50, 0.2)
    assert found.shape == tokens.shape
    assert torch.equal(found, found[:1].expand_as(found))
    assert found.unique().tolist() == [0.0, 1.25]


class TestActivationPenalties:
    STATES = torch.tensor([1.0, 3.0]).view(2, 1, 1)

    def test_values_by_hand(self):
        found = activation_penalties(self.STATES, self.STATES, size=2.0, slowness=0.5)
        assert {name: value.item() for name, value in found.items()} == {"activation": 10.0, "slowness": 2.0}

    def test_a_weight_of_nought_leaves_one_out(self):
        assert activation_penalties(self.STATES, self.STATES, size=0.0, slowness=0.0) == {}

    def test_one_instant_has_no_changes(self):
        assert activation_penalties(self.STATES[:1], self.STATES[:1], size=0.0, slowness=1.0) == {}
