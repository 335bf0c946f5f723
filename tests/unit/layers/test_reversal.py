import torch

from gnomon.layers.reversal import reordered, reversal

MASK = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 0, 0]]).bool()


def test_each_sample_is_turned_round_within_its_length():
    x = torch.arange(9.0).view(3, 3, 1)
    found = reordered(x, reversal(MASK))
    assert found[:, 0].flatten().tolist() == [6, 3, 0]
    assert found[:, 1].flatten().tolist() == [1, 4, 7]
    assert found[:, 2].flatten().tolist() == [2, 5, 8]


def test_twice_is_not_at_all():
    x, order = torch.randn(3, 3, 4), reversal(MASK)
    assert torch.equal(reordered(reordered(x, order), order), x)
