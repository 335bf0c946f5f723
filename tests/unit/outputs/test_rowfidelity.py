import numpy as np
import pytest

from gnomon.core.spec import MixedRow, Quantity
from gnomon.outputs import rowfidelity

NUMBER = {"low": 0.0, "step": 1.0, "places": 100, "means": (50.0,), "deviations": (20.0,)}
LEAF = MixedRow(
    numbers=(Quantity(name="x", **NUMBER), Quantity(name="y", **NUMBER)), categories=(("c", 4), ("class", 4))
)


def rows(count=600, *, seed=0, tied=True):
    draw = np.random.default_rng(seed)
    x = draw.normal(50, 10, count).round()
    y = x + draw.normal(0, 2, count).round() if tied else draw.normal(50, 10, count).round()
    c = 2 + (x > 50) if tied else draw.integers(2, 4, count)
    return np.stack([x, y, c, 2 + (y > 50)], axis=1).astype(np.float32)


def test_the_same_rows_are_not_apart_and_others_are():
    given = rows()
    assert rowfidelity.columns_apart(given, given, LEAF).tolist() == [0, 0, 0, 0]
    moved = given.copy()
    moved[:, 0] += 1000
    moved[:, 2] = 2
    found = rowfidelity.columns_apart(given, moved, LEAF)
    assert found[0] == 1.0
    assert found[2] == pytest.approx((given[:, 2] == 3).mean())


def test_missing_cells_count_as_the_least_value():
    one, two = rows(), rows()
    two[:300, 0] = np.nan
    assert rowfidelity.columns_apart(one, two, LEAF)[0] == pytest.approx(0.5)


def test_associations_of_numbers_categories_and_both():
    found = rowfidelity.associations(rows(2000), LEAF)
    assert np.allclose(found, found.T) and (found.diagonal() == 1).all()
    assert found[0, 1] > 0.95
    assert 0.7 < found[0, 2] < 0.9
    assert found[2, 3] > 0.7
    loose = rowfidelity.associations(rows(2000, tied=False), LEAF)
    assert loose[0, 1] < 0.1 and loose[0, 2] < 0.1


def test_a_column_of_one_value_is_tied_to_none():
    given = rows()
    given[:, 2] = 2
    assert rowfidelity.associations(given, LEAF)[2].tolist() == [0, 0, 1, 0]


def test_distances_have_intervals_around_them():
    found = rowfidelity.distances(rows(), rows(seed=1, tied=False), LEAF)
    for score in found.values():
        assert score.low <= score.value <= score.high
        assert score.n == 600
    near = rowfidelity.distances(rows(), rows(seed=1), LEAF)
    assert near["association_distance"].value < found["association_distance"].value / 3


def test_a_classifier_of_real_rows_is_right_and_one_of_loose_rows_guesses():
    real, loose = rows(seed=2), rows(seed=1, tied=False)
    loose[:, 3] = np.random.default_rng(0).integers(2, 4, 600)
    good, bad = (rowfidelity.usefulness(some, real, LEAF, rounds=10, seed=0) for some in (rows(), loose))
    assert good.value > 0.9
    assert bad.value < 0.7
    one = rows()
    one[:, 3] = 2
    assert rowfidelity.usefulness(one, real, LEAF, rounds=10, seed=0).value == (real[:, 3] == 2).mean()


def test_a_classifier_tells_loose_rows_from_tied_ones_and_not_real_from_real():
    same = rowfidelity.detection(rows(), rows(seed=1), LEAF, rounds=10, seed=0)
    other = rowfidelity.detection(rows(), rows(seed=1, tied=False), LEAF, rounds=10, seed=0)
    assert same.value < 0.62
    assert other.value > 0.85


def test_copies_are_counted_and_lie_nearer_to_training_rows():
    train, other, new = (rows(seed=seed) for seed in (3, 4, 5))
    for some in (train, other, new):  # no two rows are the same
        some[:, :2] += np.random.default_rng(int(some[0, 0])).random((600, 2)).astype(np.float32)
    learned = rowfidelity.privacy(train, other, train[:200], LEAF)
    assert learned["copies"].value == 1.0
    assert learned["nearer_to_training"].value > 0.75
    fresh = rowfidelity.privacy(train, other, new, LEAF)
    assert 0.4 < fresh["nearer_to_training"].value < 0.6
