import math

import numpy as np
import pytest

from gnomon.core.errors import DataError, DivergedError
from gnomon.outputs.fidelity import covered, fidelity, frechet


def cloud(n, *, at=0.0, scale=1.0, features=3, seed=0):
    return at + scale * np.random.default_rng(seed).normal(size=(n, features))


def test_a_point_is_covered_where_it_lies_in_the_ball_of_another():
    support = np.array([[0.0], [1.0], [2.0], [10.0]])  # radii to the nearest neighbour: 1, 1, 1, 8
    asked = np.array([[-1.0], [-1.01], [3.0], [3.1], [18.0], [18.01]])
    assert covered(support, asked, neighbours=1).tolist() == [True, False, True, True, True, False]


def test_the_radius_goes_to_the_neighbour_that_was_asked_for():
    support = np.array([[0.0], [1.0], [3.0]])  # second nearest: 3, 2, 3
    assert covered(support, np.array([[-3.0], [-3.1], [6.0], [6.1]]), neighbours=2).tolist() == [
        True, False, True, False,
    ]  # fmt: skip


def test_too_few_vectors_have_no_neighbours():
    with pytest.raises(ValueError, match="3 vectors have no 3 neighbours"):
        covered(np.zeros((3, 2)), np.zeros((1, 2)))


def test_many_vectors_are_compared_in_blocks_with_the_same_result():
    support, asked = cloud(1500), cloud(1100, seed=1)
    whole = covered(support, asked)
    parts = [covered(support, asked[start : start + 100]) for start in range(0, 1100, 100)]
    assert np.array_equal(whole, np.concatenate(parts))


def test_the_frechet_distance_of_gaussians_is_that_of_the_formula():
    one = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])  # covariance 2/3 on the diagonal
    assert frechet(one, one) == pytest.approx(0.0, abs=1e-12)
    assert frechet(one, one + np.array([3.0, 4.0])) == pytest.approx(25.0)
    # Twice as wide: sum over both features of (2 s - s)^2 with s^2 = 2/3.
    assert frechet(one, 2 * one) == pytest.approx(4 / 3)


def test_the_frechet_distance_knows_correlation():
    one = cloud(20_000, features=2)
    mixed = one @ np.array([[1.0, 0.9], [0.0, math.sqrt(1 - 0.81)]])
    # tr(I + S - 2 S^(1/2)) with eigenvalues 1.9 and 0.1 of S
    assert frechet(one, mixed) == pytest.approx(2 + 2 - 2 * (math.sqrt(1.9) + math.sqrt(0.1)), abs=0.02)


@pytest.mark.parametrize(("n", "m"), [(30, 30), (5, 30), (30, 5), (4, 5)])
def test_the_frechet_distance_is_that_of_the_matrix_roots_also_for_fewer_vectors_than_features(n, m):
    one, two = cloud(n, features=8), cloud(m, at=0.5, scale=2.0, features=8, seed=1)
    covariances = np.cov(one, rowvar=False), np.cov(two, rowvar=False)
    values = np.sort(np.linalg.eigvals(covariances[0] @ covariances[1]).real)
    root = np.sqrt(np.maximum(values, 0)).sum()
    gap = ((one.mean(axis=0) - two.mean(axis=0)) ** 2).sum()
    wanted = gap + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * root
    assert frechet(one, two) == pytest.approx(wanted, rel=1e-4)


def test_samples_of_the_same_kind_score_well_and_others_do_not():
    real, other = cloud(600), cloud(600, seed=1)
    same = fidelity(real, cloud(600, seed=2), other)
    assert same["precision"].value > 0.85 < same["recall"].value
    assert same["frechet"].low <= same["frechet"].value <= same["frechet"].high
    assert same["frechet"].value < 0.1 > same["frechet_real"].value
    far = fidelity(real, cloud(600, at=30.0, seed=2))
    assert (far["precision"].value, far["recall"].value) == (0.0, 0.0)
    assert far["frechet"].value == pytest.approx(3 * 900, rel=0.02)
    assert "frechet_real" not in far


def test_one_picture_over_and_over_is_precise_and_recalls_nothing():
    found = fidelity(cloud(400), np.repeat(np.full((1, 3), 0.05), 400, axis=0))
    assert found["precision"].value == 1.0
    assert found["recall"].value == 0.0
    assert found["recall"].high > 0


def test_dropped_modes_cost_recall_and_not_precision():
    real = np.concatenate([cloud(300), cloud(300, at=50.0, seed=1)])
    found = fidelity(real, cloud(300, seed=2))
    assert found["precision"].value > 0.85
    assert 0.35 < found["recall"].value < 0.5


def test_too_few_and_broken_features_are_refused():
    with pytest.raises(DataError, match="49 samples are too few"):
        fidelity(cloud(60), cloud(49))
    broken = cloud(60)
    broken[3, 0] = np.nan
    with pytest.raises(DivergedError, match="not finite"):
        fidelity(cloud(60), broken)
