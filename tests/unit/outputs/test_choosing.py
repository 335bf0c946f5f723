import numpy as np

from gnomon.outputs.choosing import MOST_CLASSES, by_class, num_samples, spread


def test_indices_are_spread_evenly():
    assert spread(np.arange(10), 20) == list(range(10))
    assert spread(np.arange(100), 4) == [12, 37, 62, 87]


def test_each_class_has_its_samples():
    targets = np.array([1, 0, 1, 1, 0])
    assert by_class(targets, ["a", "b", "empty"], 2) == [("a", [1, 4]), ("b", [0, 3])]


def test_many_classes_are_thinned():
    assert len(by_class(np.arange(100), [str(k) for k in range(100)], 1)) == MOST_CLASSES


def test_the_number_of_samples_is_that_of_the_manifest():
    assert num_samples({"splits": {"train": {"num_samples": 7}}}, "train") == 7
    assert num_samples({}, "train") == 0
