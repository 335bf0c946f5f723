from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from gnomon.core.errors import UsageError
from gnomon.core.spec import Label, Series, Spec
from gnomon.core.training import Allowance, Speed
from gnomon.layers.segments import SegmentConfig, SegmentNetwork, segment_size

SPEED = Speed(flop_per_s=5e10, device="cpu", memory_bytes=2**33)
KNOWN = Series(names=("a", "b", "c"), length=12, period=4, mean=(100.0, 0.0, -5.0), deviation=(10.0, 1.0, 0.1))
COMING = Series(names=("c", "a"), length=6, mean=(-5.0, 100.0), deviation=(0.1, 10.0))


def network(values=4, *, known=KNOWN, coming=COMING, seed=0, **config):
    torch.manual_seed(seed)
    return SegmentNetwork(SegmentConfig(**{"width": 8, "segment_steps": 4, **config}), known, coming, values).eval()


def windows(count=3, *, length=12, seed=1):
    torch.manual_seed(seed)
    return torch.randn(count, length, 3) * torch.tensor([10.0, 1.0, 0.1]) + torch.tensor([100.0, 0.0, -5.0])


@pytest.mark.parametrize(
    ("length", "horizon", "steps"), [(12, 6, 4), (13, 1, 4), (3, 9, 24), (1, 1, 24), (12, 8, 12), (12, 5, 1)]
)
def test_any_lengths_fit(length, horizon, steps):
    known, coming = replace(KNOWN, length=length), replace(COMING, length=horizon)
    found = network(known=known, coming=coming, segment_steps=steps)(windows(length=length)).value
    assert found.shape == (3, horizon, 2, 4)
    assert found.dtype == torch.float32


def test_quantiles_rise():
    assert (network(5)(windows()).value[..., 1:].diff(dim=-1) > 0).all()


def test_forecasts_move_with_the_level_and_in_units():
    net, inputs = network(), windows()
    moved = net(inputs + torch.tensor([50.0, 7.0, 0.5])).value
    expected = net(inputs).value + torch.tensor([0.5, 50.0])[:, None]
    torch.testing.assert_close(moved, expected, atol=2e-3, rtol=1e-4)


def test_a_channel_sees_itself_only_and_a_window_too():
    net, inputs = network(), windows()
    other = inputs.clone()
    other[:, :, 1] += torch.randn(3, 12)
    other[1, :, 0] += torch.randn(12)
    found, changed = net(inputs).value, net(other).value
    torch.testing.assert_close(changed[:, :, 0], found[:, :, 0])
    torch.testing.assert_close(changed[[0, 2], :, 1], found[[0, 2], :, 1])
    assert not torch.allclose(changed[1, :, 1], found[1, :, 1])


def test_channels_are_told_apart():
    alike = replace(KNOWN, mean=(0.0,) * 3, deviation=(1.0,) * 3)
    found = network(known=alike)(torch.randn(2, 12, 1).expand(-1, -1, 3)).value
    assert not torch.allclose(found[:, :, 0], found[:, :, 1])


def test_decoding_at_once_is_decoding_one_segment_after_the_other():
    net = network(2)
    known, _ = net.last_value(windows())
    state = net._encode(known)
    together = net._decode(state, 3)
    for channel in range(2):
        for segment in range(2):
            which = torch.cat((net.position[segment], net.channel[channel])).expand(1, 3, -1)
            _, alone = net.recurrence(which.contiguous(), state.view(3, 2, -1)[:, channel].contiguous()[None])
            expected = net.head(alone[0]).view(3, 4, 2)[:, : 6 - 4 * segment]
            torch.testing.assert_close(together[:, channel, 4 * segment : 4 * segment + 4], expected)


def test_every_parameter_learns_from_point_and_quantiles():
    net = network().train()
    value = net(windows()).value
    (value.square().mean() + value[..., 1:].abs().mean()).backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_roles():
    net = network()
    roles = {name: net.role(name, parameter) for name, parameter in net.named_parameters()}
    assert {name for name, role in roles.items() if role == "embedding"} == {"position", "channel"}
    assert set(roles.values()) == {"embedding", "adam"}


def test_series_that_are_not_cut_are_refused():
    with pytest.raises(UsageError, match="not cut into windows"):
        network(known=replace(KNOWN, length=0))


def test_a_width_of_one_is_refused():
    with pytest.raises(UsageError, match=r"family\.width"):
        SegmentConfig(width=1)


def allowance(train_s=None, *, samples=None, num_train=8000):
    return Allowance(train_s=train_s, samples=samples, flop=None, num_train=num_train)


HOURLY = Spec(
    input=Series(names=tuple("abcdefg"), length=720, period=24), target=Series(names=tuple("abcdefg"), length=96)
)


class TestSize:
    def test_it_never_shrinks_as_the_budget_grows(self):
        widths = [segment_size(allowance(10.0**power), HOURLY, SPEED)[0].width for power in range(-2, 6)]
        assert all(b >= a for a, b in pairwise(widths))
        assert widths[-1] > widths[0]

    def test_what_is_proposed_says_why(self):
        config, settings, why = segment_size(allowance(300.0), HOURLY, SPEED)
        assert config.segment_steps == 24
        assert settings["train.batch_size"] >= 2
        assert "passes over the data" in why[0]
        assert why[1] == "segments of 24 steps: the season"

    def test_more_windows_get_a_wider_network(self):
        widths = [segment_size(allowance(1e7, num_train=10**power), HOURLY, SPEED)[0].width for power in range(3, 7)]
        assert widths == [32, 64, 128, 256]

    @pytest.mark.parametrize(
        ("num_train", "horizon", "passes"),
        [(7680, 96, 10), (8640, 720, 1.5), (100, 24, 32), (10**6, 24, 60)],  # 100 windows: 200 batches of 16
    )
    def test_a_far_horizon_is_not_seen_as_often(self, num_train, horizon, passes):
        spec = replace(HOURLY, target=replace(HOURLY.target, length=horizon))
        _, settings, _ = segment_size(allowance(300.0, num_train=num_train), spec, SPEED)
        assert settings["train.max_epochs"] == passes

    @pytest.mark.parametrize(
        ("length", "horizon", "period", "steps"),
        [
            (720, 96, 24, 24),
            (720, 96, 1, 24),
            (720, 96, 7, 7),
            (720, 96, 144, 24),
            (336, 48, 168, 24),
            (20, 5, 1, 10),
            (1, 1, 1, 1),
            (720, 96, 23, 23),
            (720, 96, 1000, 25),
            (30, 60, 12, 12),
        ],
    )
    def test_segments_fit_the_season(self, length, horizon, period, steps):
        known = replace(HOURLY.input, length=length, period=period)
        spec = replace(HOURLY, input=known, target=replace(HOURLY.target, length=horizon))
        assert segment_size(allowance(300.0), spec, SPEED)[0].segment_steps == steps

    def test_data_of_another_kind_is_refused(self):
        with pytest.raises(TypeError):
            segment_size(allowance(1.0), replace(HOURLY, target=Label(classes=("a", "b"))), SPEED)


def test_the_recurrence_is_added_to_what_was_solved_exactly():
    plain, exact = network(floor="exact"), network(floor="exact")
    weight, offset = torch.randn(6, 12), torch.randn(2, 6)
    exact.exact.take(weight, offset)
    known, _ = exact.last_value(windows())
    expected = (known @ weight.T + offset).transpose(1, 2) * torch.tensor([0.1, 10.0])
    found = exact(windows()).value[..., 0] - plain(windows()).value[..., 0]
    torch.testing.assert_close(found, expected, atol=2e-4, rtol=1e-4)
    assert "floor.weight" not in dict(exact.named_parameters())


def test_the_linear_part_is_solved_where_nobody_says_otherwise():
    allowance = Allowance(train_s=60.0, samples=None, flop=None, num_train=8000)
    config, _, why = segment_size(allowance, Spec(input=KNOWN, target=COMING), SPEED)
    assert config.floor == "exact"
    assert why[-1].startswith("the linear part is solved exactly")


def test_the_recurrence_is_trusted_by_the_futures_that_there_are():
    def proposed(num_train):
        allowance = Allowance(train_s=60.0, samples=None, flop=None, num_train=num_train)
        return segment_size(allowance, Spec(input=KNOWN, target=COMING), SPEED)[0].gain

    assert proposed(480) == 1.0  # eighty futures of six steps
    assert proposed(120) == 0.25
    assert proposed(100_000) == 1.0


def test_the_gain_changes_the_point_and_not_how_far_the_quantiles_lie_around_it():
    full, half = network(gain=1.0)(windows()).value, network(gain=0.5)(windows()).value
    none = network(gain=0.0)(windows()).value
    torch.testing.assert_close(half[..., 0], (full[..., 0] + none[..., 0]) / 2, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close((half - half[..., :1])[..., 1:], (full - full[..., :1])[..., 1:], atol=1e-3, rtol=1e-3)
