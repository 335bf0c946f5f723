import pytest
import torch

from gnomon.layers.conv1d import ChannelNorm, TimeConvolution, TimeGroup, TimeStack


def ones(conv):
    with torch.no_grad():
        for part in conv.convs:
            part.weight.fill_(1)
            part.bias.zero_()
    return conv


class TestTimeConvolution:
    def test_centred_by_hand(self):
        x = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
        assert ones(TimeConvolution(1, 1, (3,)))(x).tolist() == [[[3, 6, 9, 7]]]

    def test_an_even_filter_looks_farther_ahead(self):
        x = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
        assert ones(TimeConvolution(1, 1, (2,)))(x).tolist() == [[[3, 5, 7, 4]]]

    def test_causal_and_dilated_by_hand(self):
        x = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
        assert ones(TimeConvolution(1, 1, (2,), dilation=2, causal=True))(x).tolist() == [[[1, 2, 4, 6]]]

    def test_several_lengths_share_the_channels(self):
        conv = TimeConvolution(2, 8, (1, 3, 5))
        assert [part.out_channels for part in conv.convs] == [4, 2, 2]
        assert conv(torch.randn(3, 2, 7)).shape == (3, 8, 7)

    def test_more_lengths_than_channels_are_refused(self):
        with pytest.raises(ValueError, match="cannot be shared"):
            TimeConvolution(2, 2, (1, 3, 5))

    @pytest.mark.parametrize("time", [1, 2, 9])
    def test_time_stays(self, time):
        assert TimeConvolution(2, 4, (2, 4), dilation=3)(torch.randn(1, 2, time)).shape == (1, 4, time)


def test_the_norm_is_one_at_every_instant():
    found = ChannelNorm(4)(10 * torch.randn(2, 4, 5))
    torch.testing.assert_close(found.square().mean(1), torch.ones(2, 5), atol=1e-4, rtol=0)


def test_nothing_stays_nothing():
    assert ChannelNorm(2)(torch.zeros(1, 2, 1)).tolist() == [[[0], [0]]]


@pytest.mark.parametrize(("ins", "outs"), [(4, 4), (4, 6)])
def test_a_group_adds_its_input(ins, outs):
    torch.manual_seed(0)
    group = TimeGroup(ins, outs, (3,), depth=2).eval()
    with torch.no_grad():
        for conv in group.convs:
            conv.convs[0].weight.zero_()
            conv.convs[0].bias.zero_()
    x = torch.randn(2, ins, 5)
    assert torch.equal(group(x, None), group.shortcut(x))
    assert (ins == outs) == torch.equal(group.shortcut(x), x)


def stack(**changed):
    torch.manual_seed(0)
    return TimeStack(3, (8, 8, 12), (3,), **{"depth": 2, **changed}).eval()


class TestTimeStack:
    def test_what_is_not_there_changes_nothing(self):
        net, x = stack(), torch.randn(2, 3, 6)
        present = torch.ones(2, 1, 6)
        longer = torch.cat((x, 100 * torch.randn(2, 3, 5)), dim=2)
        padded = torch.cat((present, torch.zeros(2, 1, 5)), dim=2)
        torch.testing.assert_close(net(longer, padded)[..., :6], net(x, present))
        torch.testing.assert_close(net(x, present), net(x))

    @pytest.mark.parametrize("causal", [True, False])
    def test_a_causal_stack_does_not_see_what_comes(self, causal):
        net, x = stack(causal=causal), torch.randn(1, 3, 9)
        changed = x.clone()
        changed[..., 5] += 1
        difference = (net(x) - net(changed)).abs().sum(1)[0]
        assert difference[5] > 0
        assert (difference[:5] > 0).any() == (not causal)

    def test_how_far_it_sees(self):
        net, x = stack(causal=True), torch.randn(1, 3, 40)
        changed = x.clone()
        changed[..., 5] += 1
        seen = (net(x) - net(changed)).abs().sum(1)[0].nonzero()[:, 0].tolist()
        assert (seen[0], seen[-1]) == (5, 5 + 2 + 2 * 2 + 2 * 4)  # stem, two at distance one, two at distance two

    def test_batch_statistics_where_all_have_one_length(self):
        net = stack(norm="batch").train()
        net(torch.randn(4, 3, 6))
        assert {name for name, _ in net.named_buffers()} >= {"norm.running_mean", "groups.0.norms.0.running_var"}
