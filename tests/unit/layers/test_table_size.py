from itertools import pairwise

import pytest

from gnomon.core.spec import Image, Label, Number, Spec, Vector
from gnomon.core.training import Allowance, Speed
from gnomon.layers.table_size import table_size

SPEED = Speed(flop_per_s=1e11, device="cpu", memory_bytes=2**34)


def sized(num_train, *, train_s=60.0, num_columns=10, target=None):
    spec = Spec(input=Vector(names=tuple(f"x{i}" for i in range(num_columns))), target=target or Number())
    given = Allowance(train_s=train_s, samples=None, flop=None, num_train=num_train)
    return table_size(given, spec, SPEED)


def test_small_tables_get_small_networks_whatever_the_budget():
    network, settings, _ = sized(300, train_s=36_000.0)
    assert network["width"] <= 64
    assert network["members"] >= 16
    assert settings["train.max_epochs"] <= sized(1_000_000)[1]["train.max_epochs"]


def test_tables_that_tell_little_are_regularised_more():
    few, two, many, numbers = (
        sized(count, target=target)
        for count, target in (
            (300, None),
            (50_000, Label(classes=("a", "b"))),
            (50_000, Label(classes=tuple("abcdefg"))),
            (50_000, Number()),
        )
    )
    assert few[0]["dropout"] == two[0]["dropout"] > many[0]["dropout"] == numbers[0]["dropout"]
    assert two[1]["train.decay_adam"] > many[1]["train.decay_adam"]
    assert two[1]["train.max_epochs"] < numbers[1]["train.max_epochs"]
    assert few[1]["train.lr_orthogonal"] < two[1]["train.lr_orthogonal"]
    assert few[0]["bins"] < two[0]["bins"]


def test_batches_grow_with_the_rows():
    sizes = [sized(count)[1]["train.batch_size"] for count in (100, 5000, 20_000, 1_000_000)]
    assert all(a <= b for a, b in pairwise(sizes))
    assert sizes[0] >= 32
    assert sizes[-1] == 256


def test_many_columns_get_short_vectors():
    sizes = [sized(1000, num_columns=count)[0]["embedding"] for count in (10, 200, 5000)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]


def test_smoothing_is_for_classes():
    assert "task.label_smoothing" in sized(1000, target=Label(classes=("a", "b")))[1]
    assert "task.label_smoothing" not in sized(1000)[1]


def test_it_says_why():
    size, beside = sized(1000)[2]
    assert "networks in one" in size
    assert "a linear model answers beside the networks" in beside


def test_few_rows_of_few_columns_get_a_linear_model_beside_the_network():
    assert sized(1999)[0]["linear"]
    assert not sized(2000)[0]["linear"]
    assert len(sized(2000)[2]) == 1
    assert sized(1000, target=Label(classes=("a", "b")))[0]["linear"]
    assert not sized(1000, target=Label(classes=tuple(map(str, range(200)))))[0]["linear"]


def test_other_data_is_refused():
    given = Allowance(train_s=1.0, samples=None, flop=None, num_train=10)
    with pytest.raises(TypeError, match="no row of a table"):
        table_size(given, Spec(input=Image(height_px=2, width_px=2, channels=1), target=Number()), SPEED)
