import torch

from gnomon.core.spec import Series
from gnomon.layers.series_mlp import LinearForecast, SeriesMlp

KNOWN = Series(names=("a", "b"), length=8, period=4, mean=(100.0, 0.0), deviation=(10.0, 1.0))
COMING = Series(names=("b", "a"), length=6)


def forecaster(depth=0):
    torch.manual_seed(0)
    return LinearForecast(KNOWN, COMING, 4, width=5, depth=depth, dropout=0.1).eval()


def windows():
    torch.manual_seed(1)
    return torch.randn(3, 8, 2) * torch.tensor([10.0, 1.0]) + torch.tensor([100.0, 0.0])


def test_classes():
    net = SeriesMlp(KNOWN, 3, width=5, depth=2, dropout=0.1).eval()
    assert net(windows()).value.shape == (3, 3)
    roles = {name: net.role(name, parameter) for name, parameter in net.named_parameters()}
    assert roles["dense.linears.0.weight"] == "orthogonal"
    assert roles["head.linear.weight"] == roles["dense.linears.0.bias"] == "adam"


def test_untrained_it_gives_the_mean_of_the_phases():
    inputs = windows()
    means = inputs.unflatten(1, (2, 4)).mean(1)
    expected = torch.cat((means, means[:, :2]), dim=1)[..., [1, 0]]
    net = forecaster()
    net.head.answer(torch.zeros(4))
    torch.testing.assert_close(net(inputs).value[..., 0], expected)


def test_without_hidden_layers_it_is_linear():
    net, inputs = forecaster(), windows()
    with torch.no_grad():
        net.head.linear.weight.normal_()
    one, two = inputs, windows().flip(0)
    middle = net((one + two) / 2).value[..., 0]
    torch.testing.assert_close(middle, (net(one).value[..., 0] + net(two).value[..., 0]) / 2, atol=1e-3, rtol=1e-4)


def test_every_parameter_learns_from_point_and_quantiles():
    for depth in (0, 2):
        net = forecaster(depth).train()
        value = net(windows()).value
        (value.square().mean() + value[..., 1:].abs().mean()).backward()
        assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_quantiles_rise():
    assert (forecaster()(windows()).value[..., 1:].diff(dim=-1) > 0).all()


def test_the_exact_part_is_kept_and_the_rest_is_learned_beside_it():
    torch.manual_seed(0)
    net = LinearForecast(KNOWN, COMING, 4, width=5, depth=0, dropout=0.0, floor="exact").eval()
    assert net.exact is net.floor
    assert forecaster().exact is None
    net.head.answer(torch.zeros(4))
    weight, offset = torch.randn(6, 8), torch.randn(2, 6)
    net.exact.take(weight, offset)
    standard = ((windows() - torch.tensor([100.0, 0.0])) / torch.tensor([10.0, 1.0])).transpose(1, 2)[:, [1, 0]]
    last = standard[..., -1:]
    expected = ((standard - last) @ weight.T + offset + last).transpose(1, 2) * torch.tensor([1.0, 10.0])
    torch.testing.assert_close(net(windows()).value[..., 0], expected + torch.tensor([0.0, 100.0]))
    assert [name for name, _ in net.named_parameters()] == ["spread", "head.linear.weight"]
