import pytest
import torch

from gnomon.core.errors import UsageError
from gnomon.core.spec import QUANTILES, Series
from gnomon.layers.scaling import VALUES, LastValue, SeriesScale, channels_of, with_quantiles

TWO = Series(names=("a", "b"), length=3, mean=(10.0, -1.0), deviation=(2.0, 0.5))


class TestSeriesScale:
    def test_by_hand(self):
        assert SeriesScale(TWO)(torch.tensor([[12.0, -1.0], [6.0, 0.0]])).tolist() == [[1, 0], [-2, 2]]

    def test_a_channel_that_never_changes_is_divided_by_one(self):
        still = Series(names=("a",), length=3, mean=(5.0,), deviation=(0.0,))
        assert SeriesScale(still)(torch.tensor([[7.0]])).tolist() == [[2]]

    def test_what_was_not_measured_stays(self):
        assert SeriesScale(Series(names=("a", "b"), length=3))(torch.tensor([[7.0, 8.0]])).tolist() == [[7, 8]]

    def test_it_has_nothing_to_save(self):
        assert SeriesScale(TWO).state_dict() == {}


class TestLastValue:
    def test_changes_by_hand(self):
        target = Series(names=("b",), length=2)
        known, last = LastValue(TWO, target)(torch.tensor([[[10.0, 0.0], [10.0, 1.0], [10.0, -1.0]]]))
        assert known.tolist() == [[[2, 4, 0]]]
        assert last.tolist() == [[[0]]]

    def test_no_change_is_the_last_value_in_units(self):
        layer = LastValue(TWO, Series(names=("b", "a"), length=2))
        inputs = torch.tensor([[[1.0, 2.0], [30.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]])
        _, last = layer(inputs)
        restored = layer.restore(torch.zeros(2, 2, 5, 1), last)
        assert restored.shape == (2, 5, 2, 1)
        torch.testing.assert_close(restored[:, :, :, 0], inputs[:, -1:, [1, 0]].expand(-1, 5, -1))

    def test_a_change_is_counted_in_deviations(self):
        layer = LastValue(TWO, Series(names=("a",), length=1))
        _, last = layer(torch.zeros(1, 3, 2))
        assert layer.restore(torch.full((1, 1, 1, 1), 1.5), last).item() == pytest.approx(3.0)

    def test_it_does_not_matter_where_the_series_stands(self):
        layer, inputs = LastValue(TWO, TWO), torch.randn(4, 3, 2)
        torch.testing.assert_close(layer(inputs + 100)[0], layer(inputs)[0], atol=1e-4, rtol=0)


def test_channels_are_found_by_name():
    assert channels_of(Series(names=("a", "b", "c"), length=0), Series(names=("c", "a"), length=0)) == [2, 0]


def test_a_channel_that_is_not_known_is_refused():
    with pytest.raises(UsageError, match="'c' is to be continued") as caught:
        channels_of(TWO, Series(names=("a", "c"), length=2))
    assert caught.value.fix == "choose from a, b"


class TestQuantiles:
    def test_there_is_one_value_for_the_point_and_one_for_each_quantile(self):
        assert 1 + len(QUANTILES) == VALUES
        assert list(QUANTILES) == sorted(set(QUANTILES))

    @pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
    def test_they_rise_and_the_point_stays(self, count):
        torch.manual_seed(0)
        raw = 5 * torch.randn(50, 1 + count)
        found = with_quantiles(raw)
        assert found.shape == raw.shape
        assert torch.equal(found[:, 0], raw[:, 0])
        assert (found[:, 1:].diff(dim=1) > 0).all()

    def test_three_by_hand(self):
        one = torch.tensor(1.0).expm1().log().item()  # softplus of this is 1
        found = with_quantiles(torch.tensor([[10.0, one, 0.5, one]]))
        torch.testing.assert_close(found, torch.tensor([[10.0, 9.5, 10.5, 11.5]]))

    def test_two_go_out_from_the_point(self):
        one = torch.tensor(1.0).expm1().log().item()
        torch.testing.assert_close(with_quantiles(torch.tensor([[3.0, one, one]])), torch.tensor([[3.0, 2.0, 4.0]]))

    def test_without_quantiles_there_is_the_point(self):
        assert with_quantiles(torch.tensor([[3.0]])).tolist() == [[3]]

    def test_the_point_learns_nothing_from_them(self):
        raw = torch.randn(1, 4, requires_grad=True)
        with_quantiles(raw)[:, 1:].sum().backward()
        assert raw.grad[0, 0] == 0
        assert raw.grad[0, 1:].abs().min() > 0
