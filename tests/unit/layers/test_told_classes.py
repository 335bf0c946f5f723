import torch

from gnomon.layers.told_classes import class_indices, some_hidden

CPU = torch.device("cpu")


def test_unknown_is_the_index_behind_the_last_class():
    assert class_indices(3, torch.tensor([1, -1, 0]), 2, CPU).tolist() == [1, 2, 0]
    assert class_indices(2, None, 2, CPU).tolist() == [2, 2]


def test_without_classes_what_is_given_is_not_looked_at():
    assert class_indices(2, torch.tensor([5, 1]), 0, CPU).tolist() == [0, 0]


def test_a_tenth_is_hidden():
    torch.manual_seed(0)
    classes = torch.tensor([0, 1]).repeat(2000)
    found = some_hidden(classes, 2)
    assert 0.08 < (found == 2).float().mean() < 0.12
    assert torch.equal(found[found != 2], classes[found != 2])
