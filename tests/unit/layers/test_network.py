import pytest
import torch
from torch import nn

from gnomon.core.spec import Output
from gnomon.layers.network import Network


class Plain(Network):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.gain = nn.Parameter(torch.ones(3))
        self.fixed = nn.Parameter(torch.ones(3, 3), requires_grad=False)

    def forward(self, inputs):
        return Output(inputs)


def test_roles_follow_from_the_dimensions():
    network = Plain()
    roles = {name: network.role(name, parameter) for name, parameter in network.named_parameters()}
    assert roles == {"conv.weight": "matrix", "conv.bias": "vector", "gain": "vector", "fixed": "frozen"}


def test_by_default_there_is_one_view_the_input():
    inputs = torch.ones(2, 3)
    ((weight, view),) = Plain().views(inputs)
    assert weight == 1.0
    assert view is inputs


def test_by_default_nothing_depends_on_the_data():
    network = Plain()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.prepare(torch.randn(4, 3))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_a_network_must_say_what_it_computes():
    with pytest.raises(NotImplementedError):
        Network()(torch.ones(1))
