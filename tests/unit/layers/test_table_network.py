import pytest
import torch

from gnomon.core.spec import Label, Vector
from gnomon.layers.linear_rows import LinearRows
from gnomon.layers.table_network import MemberHead, MemberLayer, SharedDropout, TableNetwork

ROWS = Vector(names=("x", "y"), categories=(("colour", 4),))


def made(num_classes, *, members=3, depth=2, seed=0):
    torch.manual_seed(seed)
    about = {"members": members, "width": 8, "depth": depth, "dropout": 0.1, "embedding": 4, "bins": 4}
    network = TableNetwork(ROWS, num_classes, **about)
    network.prepare(rows(20))
    return network


def rows(count, seed=1):
    draw = torch.Generator().manual_seed(seed)
    numbers, codes = torch.randn(count, 2, generator=draw), torch.randint(0, 4, (count, 1), generator=draw)
    return torch.cat([numbers, codes.float()], dim=1)


def test_a_layer_is_one_matrix_with_factors_for_each_member():
    torch.manual_seed(0)
    layer = MemberLayer(2, 3, 4, first=False)
    with torch.no_grad():
        layer.factor.normal_()
    x = torch.randn(2, 5, 3)
    wanted = torch.relu((x @ layer.weight.T) * layer.factor + layer.bias)
    torch.testing.assert_close(layer(x), wanted)


def test_the_first_layer_takes_one_input_for_all():
    torch.manual_seed(0)
    layer, x = MemberLayer(2, 3, 4, first=True), torch.randn(5, 3)
    torch.testing.assert_close(layer(x), torch.relu((x @ layer.weight.T)[None] * layer.factor + layer.bias))


def test_a_head_has_a_matrix_for_each_member():
    head = MemberHead(2, 3, 2)
    with torch.no_grad():
        head.linear.weight.copy_(torch.arange(12.0).view(4, 3))
    assert head(torch.ones(2, 1, 3)).tolist() == [[[3, 12]], [[21, 30]]]


def test_what_is_dropped_of_a_sample_is_dropped_in_all_members():
    torch.manual_seed(0)
    dropped = SharedDropout(0.5)(torch.ones(3, 4, 10)) == 0
    assert dropped.any()
    assert not dropped.all()
    assert torch.equal(dropped[0], dropped[1])
    assert not torch.equal(dropped[0, 0], dropped[0, 1])
    assert torch.equal(SharedDropout(0.5).eval()(torch.ones(1, 2, 3)), torch.ones(1, 2, 3))


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_classes_get_the_mean_of_the_members_probabilities(depth):
    network = made(3, depth=depth)
    with torch.no_grad():
        training = network.train()(rows(6))
        network.dropout.share, network.embed.unseen = 0.0, 0.0
        members = network(rows(6)).members
        answer = network.eval()(rows(6))
    assert training.members.shape == (3, 6, 3)
    assert answer.members is None
    torch.testing.assert_close(answer.value.exp(), members.softmax(-1).mean(0))
    torch.testing.assert_close(answer.value.exp().sum(1), torch.ones(6))


def test_numbers_get_the_mean_and_quantiles_that_rise():
    network = made(None).eval()
    value = network(rows(50)).value
    assert value.shape == (50, 4)
    assert (value[:, 1:].diff(dim=1) >= 0).all()


def test_members_differ():
    members = made(3).train()(rows(6)).members
    assert not torch.allclose(members[0], members[1])


def test_a_linear_model_answers_beside_the_network_only_when_it_is_used_and_counts():
    torch.manual_seed(0)
    about = {"members": 2, "width": 8, "depth": 1, "dropout": 0.0, "embedding": 4, "bins": 4}
    network = TableNetwork(ROWS, 3, beside=LinearRows(ROWS, Label(classes=("a", "b", "c"))), **about).eval()
    inputs = rows(40)
    alone = network(inputs).value
    network.solve(inputs, inputs[:, 2].long().clamp_max(2))
    assert torch.equal(network(inputs).value, alone)
    assert network.lean(0.5)
    mixed = network(inputs).value
    torch.testing.assert_close(mixed.exp(), (alone.softmax(1) + network.beside(inputs).softmax(1)) / 2)
    network.embed.unseen = 0.0
    torch.testing.assert_close(network.train()(inputs).value, alone)
    assert not made(3).lean(0.5)
