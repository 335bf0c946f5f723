import math

import pytest
import torch

from gnomon.layers.importance_bound import importance_bound, portions, together, warmed


def test_the_bound_is_the_logarithm_of_the_mean_weight():
    weights = torch.tensor([[1.0, 3.0], [2.0, 2.0]], dtype=torch.float64)
    found = importance_bound(weights.log())
    assert found[:, 0].tolist() == pytest.approx([-math.log(2)] * 2)
    # The variance of the mean over its square: of 1 and 3, ((0.5 - 1)^2 + (1.5 - 1)^2) / 1 / 2 draws.
    assert found[:, 1].tolist() == pytest.approx([0.25, 0.0])


def test_one_draw_has_no_variance():
    assert importance_bound(torch.tensor([[-4.0]], dtype=torch.float64)).tolist() == [[4.0, 0.0]]


def test_draws_are_decoded_in_portions_that_cover_them():
    assert list(portions(300, 7, values=10)) == [(0, 3), (3, 6), (6, 7)]
    assert list(portions(5000, 2, values=10)) == [(0, 1), (1, 2)]
    assert list(portions(10, 20, values=224 * 224 * 3))[:2] == [(0, 1), (1, 2)]


def test_of_large_samples_fewer_are_decoded_together():
    assert together(28 * 28) == 1000
    assert together(28 * 28, most=250) == 250
    assert together(96 * 96 * 3) == 75
    assert together(10**9) == 1


def test_the_weight_rises_to_one():
    assert [warmed(progress, 0.5) for progress in (0.0, 0.25, 0.5, 1.0)] == pytest.approx([0.02, 0.51, 1.0, 1.0])
    assert warmed(0.0, 0.0) == 1.0
