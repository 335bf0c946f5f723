import numpy as np
import pytest

from gnomon.core.spec import MixedRow, Quantity, Split
from gnomon.data.mixedbaselines import Standard, isolation, principal, some

NUMBER = {"low": 0.0, "step": 1.0, "places": 100, "means": (50.0,), "deviations": (20.0,)}
LEAF = MixedRow(numbers=(Quantity(name="x", **NUMBER), Quantity(name="y", **NUMBER)), categories=(("c", 4),))


def split(num_rows, seed=0):
    draw = np.random.default_rng(seed)
    x = draw.normal(50, 10, num_rows)
    rows = np.stack([x, x + draw.normal(0, 1, num_rows), 2 + (x > 50)], axis=1).astype(np.float32)
    return Split(inputs=rows, targets=np.full(num_rows, -1), ids=np.arange(num_rows), hashes=np.zeros(num_rows, "V16"))


def test_features_have_deviation_one_and_a_column_for_each_code():
    rows = np.array([[0, 10, 2], [2, np.nan, 3], [4, 30, 0]], np.float32)
    standard = Standard.fitted(rows, LEAF)
    found = standard(rows)
    assert found.shape == (3, 2 + 1 + 4)
    assert found[:, 0] == pytest.approx([-1.2247, 0, 1.2247], abs=1e-3)
    assert found[:, 1].tolist() == [-1, 0, 1]
    assert found[:, 2].tolist() == [0, 1, 0]
    assert found[1, 3:].tolist() == [0, 0, 0, 1]


def test_at_most_so_many_rows_evenly_spread():
    assert len(some(split(50), 10)) == 10
    assert len(some(split(50))) == 50


@pytest.mark.parametrize("measure", [principal, lambda *a: isolation(*a, seed=0)])
def test_a_row_that_breaks_what_ties_the_columns_is_stranger(measure):
    train = split(500)
    odd = np.concatenate([train.inputs[:20], np.array([[20, 90, 2]], np.float32)])
    found = measure(train, odd, LEAF)
    assert found.shape == (21,)
    assert found.argmax() == 20
