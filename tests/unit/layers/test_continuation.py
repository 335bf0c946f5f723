import pytest
import torch

from gnomon.layers.continuation import ExactContinuation, LinearContinuation, PeriodicContinuation, continuation


def test_a_matrix_by_hand():
    layer = LinearContinuation(3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 1.0]]))
    assert layer(torch.tensor([[5.0, 6.0, 7.0]])).tolist() == [[5, 19]]


def test_it_starts_at_the_mean_of_the_phase():
    known = torch.tensor([[9.0, 1.0, 2.0, 3.0, 5.0, 6.0, 7.0]])  # the 9 does not fill a period of three
    assert LinearContinuation(7, 5, 3)(known).tolist() == [[3, 4, 5, 3, 4]]


@pytest.mark.parametrize("period", [1, 4])
def test_less_than_a_season_starts_with_no_change(period):
    assert LinearContinuation(3, 2, period)(torch.randn(2, 4, 3)).tolist() == [[[0, 0]] * 4] * 2


class TestPeriodic:
    def test_it_starts_at_the_mean_of_the_phase(self):
        known = torch.tensor([[9.0, 1.0, 2.0, 3.0, 5.0, 6.0, 7.0]])  # the 9 does not fill a period of three
        assert PeriodicContinuation(7, 5, 3)(known).tolist() == [[3, 4, 5, 3, 4]]

    def test_weights_by_hand(self):
        layer = PeriodicContinuation(4, 4, 2)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor([[0.0, 1.0], [-1.0, 2.0]]))
        assert layer(torch.tensor([[1.0, 2.0, 3.0, 5.0]])).tolist() == [[3, 5, 5, 8]]

    def test_steps_are_mixed_with_their_neighbours(self):
        layer = PeriodicContinuation(4, 2, 2)
        with torch.no_grad():
            layer.mixing.copy_(torch.tensor([[[10.0, 0.0, 100.0]]]))  # of the step before and of the step after
        mixed = [1 + 0 + 200, 2 + 10 + 300, 3 + 20 + 500, 5 + 30 + 0]
        expected = [(mixed[0] + mixed[2]) / 2, (mixed[1] + mixed[3]) / 2]
        assert layer(torch.tensor([[1.0, 2.0, 3.0, 5.0]])).tolist() == [expected]

    def test_less_than_a_period_is_refused(self):
        with pytest.raises(ValueError, match="do not fill"):
            PeriodicContinuation(6, 5, 7)


@pytest.mark.parametrize(
    ("lookback", "horizon", "period", "kind"),
    [
        (48, 192, 24, LinearContinuation),
        (48, 193, 24, PeriodicContinuation),
        (47, 193, 24, LinearContinuation),
        (48, 193, 1, LinearContinuation),
    ],
)
def test_far_ahead_a_season_that_was_seen_twice_saves_weights(lookback, horizon, period, kind):
    layer = continuation(lookback, horizon, period)
    assert isinstance(layer, kind)
    assert layer(torch.randn(3, 2, lookback)).shape == (3, 2, horizon)


class TestExact:
    def test_before_it_is_given_weights_nothing_changes(self):
        assert not ExactContinuation(5, 3, 2)(torch.randn(4, 2, 5)).any()

    def test_weights_and_offsets_by_hand(self):
        layer = ExactContinuation(3, 2, 2)
        layer.take(torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]), torch.tensor([[0.0, 10.0], [100.0, 0.0]]))
        known = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
        assert layer(known).tolist() == [[7, 12], [116, 5]]

    def test_it_is_saved_and_never_learns(self):
        layer = continuation(4, 3, 2, floor="exact", num_channels=2)
        assert isinstance(layer, ExactContinuation)
        assert not list(layer.parameters())
        assert {name: tuple(t.shape) for name, t in layer.state_dict().items()} == {"weight": (3, 4), "offset": (2, 3)}
