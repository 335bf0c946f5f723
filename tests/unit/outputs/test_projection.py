import numpy as np
import pytest

from gnomon.outputs.projection import active_dimensions, principal_plane


def test_the_plane_is_that_of_the_widest_directions():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(500, 2)) * [5.0, 2.0]
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    vectors = hidden @ turn[:2] + 0.01 * rng.normal(size=(500, 6)) + 7.0
    plane = principal_plane(vectors)
    centred = hidden - hidden.mean(axis=0)
    for k in range(2):
        assert abs(np.corrcoef(plane.points[:, k], centred[:, k])[0, 1]) > 0.99
    assert plane.explained == pytest.approx((25 / 29, 4 / 29), abs=0.03)


def test_four_points_by_hand():
    plane = principal_plane(np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
    assert plane.points.tolist() == [[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]
    assert plane.explained == pytest.approx((0.9, 0.1))


def test_the_map_of_the_same_data_is_never_mirrored():
    rows = np.random.default_rng(1).normal(size=(40, 5))
    first, again = principal_plane(rows), principal_plane(rows[::-1])
    np.testing.assert_allclose(first.points, again.points[::-1], atol=1e-9)


def test_vectors_that_do_not_vary_or_have_one_dimension_are_points_too():
    assert principal_plane(np.ones((4, 3))).points.tolist() == [[0.0, 0.0]] * 4
    assert principal_plane(np.ones((4, 3))).explained == (0.0, 0.0)
    single = principal_plane(np.array([[1.0], [3.0]]))
    np.testing.assert_allclose(single.points, [[-1.0, 0.0], [1.0, 0.0]], atol=1e-12)
    with pytest.raises(ValueError, match="nothing to project"):
        principal_plane(np.zeros((0, 3)))


def test_only_dimensions_that_vary_are_active():
    codes = np.zeros((4, 5))
    codes[:, 3] = [-1, 1, -1, 1]
    codes[:, 1] = [-2, 2, -2, 2]
    codes[:, 0] = [-0.09, 0.09, -0.09, 0.09]  # variance 0.0081
    assert active_dimensions(codes, most=5) == [1, 3]
    assert active_dimensions(codes, most=1) == [1]
