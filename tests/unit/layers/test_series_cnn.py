from dataclasses import replace

import pytest
import torch

from gnomon.core.spec import Series
from gnomon.layers.series_cnn import PatchCnn, SeriesCnn

KNOWN = Series(names=("a", "b", "c"), length=12, period=4, mean=(100.0, 0.0, -5.0), deviation=(10.0, 1.0, 0.1))
COMING = Series(names=("c", "a"), length=6)


def windows(length=12):
    torch.manual_seed(1)
    return torch.randn(3, length, 3) * torch.tensor([10.0, 1.0, 0.1]) + torch.tensor([100.0, 0.0, -5.0])


def classifier():
    torch.manual_seed(0)
    return SeriesCnn(KNOWN, 4, widths=(6, 6), spans=(3, 5), depth=2, dropout=0.5)


def forecaster(known=KNOWN, patch_steps=4):
    torch.manual_seed(0)
    about = {"widths": (8, 8), "spans": (3,), "depth": 1, "dropout": 0.5}
    return PatchCnn(known, COMING, 4, patch_steps=patch_steps, **about).eval()


def test_classes_of_series_in_any_units():
    net = classifier().eval()
    found = net(windows()).value
    assert found.shape == (3, 4)
    factor, offset = torch.tensor([3.0, 0.5, 7.0]), torch.tensor([1.0, -2.0, 3.0])
    moved = replace(KNOWN, mean=(301.0, -2.0, -32.0), deviation=(30.0, 0.5, 0.7))
    torch.manual_seed(0)
    other = SeriesCnn(moved, 4, widths=(6, 6), spans=(3, 5), depth=2, dropout=0.5).eval()
    torch.testing.assert_close(other(windows() * factor + offset).value, found, atol=1e-4, rtol=1e-3)


def test_every_parameter_of_a_classifier_learns():
    net = classifier().train()
    torch.nn.functional.cross_entropy(net(windows()).value, torch.tensor([0, 1, 2])).backward()
    assert [name for name, p in net.named_parameters() if not p.grad.abs().sum() > 0] == []


@pytest.mark.parametrize(("length", "patch"), [(12, 4), (13, 4), (3, 24), (1, 1)])
def test_forecasts_from_any_length(length, patch):
    net = forecaster(replace(KNOWN, length=length), patch)
    found = net(windows(length)).value
    assert found.shape == (3, 6, 2, 4)
    assert (found[..., 1:].diff(dim=-1) > 0).all()


def test_forecasts_move_with_the_level():
    net, inputs = forecaster(), windows()
    expected = net(inputs).value + torch.tensor([0.5, 50.0])[:, None]
    torch.testing.assert_close(net(inputs + torch.tensor([50.0, 7.0, 0.5])).value, expected, atol=2e-3, rtol=1e-4)


def test_roles():
    net = forecaster()
    roles = {name: net.role(name, parameter) for name, parameter in net.named_parameters()}
    assert roles["stack.groups.0.convs.0.convs.0.weight"] == "orthogonal"
    assert roles["head.linear.weight"] == roles["floor.weight"] == "adam"
