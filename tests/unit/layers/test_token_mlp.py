import torch

from gnomon.core.spec import Sequence
from gnomon.layers.token_mlp import BagMlp, WindowMlp

WORDS = Sequence(sizes=(30, 7), length=20, unit="word")


def bag(depth=1):
    torch.manual_seed(0)
    return BagMlp(3, ngrams=(1, 2), num_rows=64, embedding=6, width=8, depth=depth, dropout=0.5).eval()


def window(reach=1, depth=2):
    torch.manual_seed(0)
    return WindowMlp(WORDS, 5, reach=reach, embedding=6, width=8, depth=depth, dropout=0.5).eval()


def sentences(time=8):
    """Sentences of eight, three and no tokens."""
    torch.manual_seed(1)
    found = torch.stack((torch.randint(1, 30, (3, time)), torch.randint(1, 7, (3, time))), dim=-1)
    found[1, 3:] = 0
    found[2] = 0
    return found


class TestBagMlp:
    def test_padding_changes_nothing(self):
        for depth in (0, 2):
            net, inputs = bag(depth), sentences()
            found = net(inputs).value
            assert found.shape == (3, 3)
            assert found.isfinite().all()
            torch.testing.assert_close(net(torch.nn.functional.pad(inputs, (0, 0, 0, 8))).value, found)

    def test_every_parameter_learns_and_tables_are_sparse(self):
        net = bag().train()
        torch.nn.functional.cross_entropy(net(sentences()).value, torch.tensor([0, 1, 2])).backward()
        for name, parameter in net.named_parameters():
            assert parameter.grad.to_dense().abs().sum() > 0, name
            assert (net.role(name, parameter) == "sparse") == parameter.grad.is_sparse, name


class TestWindowMlp:
    def test_padding_changes_nothing(self):
        net, inputs = window(), sentences()
        found = net(inputs).value
        assert found.shape == (3, 8, 5)
        torch.testing.assert_close(net(torch.nn.functional.pad(inputs, (0, 0, 0, 8))).value[:, :8], found)
        torch.testing.assert_close(net(inputs[1:2, :3]).value, found[1:2, :3])

    def test_it_sees_as_far_as_it_reaches(self):
        for reach in (0, 2):
            net, inputs = window(reach), sentences()
            changed = inputs.clone()
            changed[0, 4, 1] = changed[0, 4, 1] % 6 + 1
            seen = (net(inputs).value - net(changed).value).abs().sum(2)[0].nonzero()[:, 0].tolist()
            assert seen == list(range(4 - reach, 5 + reach))
