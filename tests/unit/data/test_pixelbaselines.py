"""What trivial models say about pictures, by hand."""

import math

import numpy as np
import pytest

from gnomon.core.spec import Split
from gnomon.data import pixelbaselines


def split(pixels):
    pixels = np.asarray(pixels, np.uint8)
    ids = np.array([str(k) for k in range(len(pixels))], dtype=object)
    return Split(inputs=pixels, targets=np.zeros(len(pixels), np.int64), ids=ids, hashes=np.zeros(len(pixels), "V16"))


def column(*values):
    return np.array(values).reshape(-1, 1, 1, 1)


def test_the_mean_picture():
    found = pixelbaselines.mean_picture(split(column(0, 255, 255, 0)))
    assert found.tolist() == [[[0.5]]]
    assert found.dtype == np.float32


def test_two_valued_pixels_have_their_share_with_one_more_of_each():
    found = pixelbaselines.independent(split(column(255, 255, 0)), split(column(255, 0)), binarize="threshold")
    assert found == pytest.approx([-math.log(3 / 5), -math.log(2 / 5)])


def test_grey_pixels_are_weighed_over_their_binarisation():
    found = pixelbaselines.independent(split(column(255, 255, 0)), split(column(51)), binarize="dynamic")
    assert found == pytest.approx([-0.2 * math.log(3 / 5) - 0.8 * math.log(2 / 5)])


def test_each_of_many_values_has_its_share():
    found = pixelbaselines.independent(split(column(7, 7, 9)), split(column(7, 8)), binarize="off")
    assert found == pytest.approx([-math.log((2 + 1 / 256) / 4), -math.log((1 / 256) / 4)])


def test_what_leaves_the_principal_plane_is_far_from_it():
    draw = np.random.default_rng(0)
    line = draw.integers(0, 200, 50)[:, None, None, None] * np.ones((1, 2, 2, 1))
    odd = np.array([[0, 255], [255, 0]]).reshape(1, 2, 2, 1)
    train = split(line)
    calm, far = pixelbaselines.principal(train, np.concatenate([line[:1], odd]).astype(np.uint8), num_components=1)
    assert calm == pytest.approx(0, abs=1e-4)
    assert far == pytest.approx(1.0, abs=1e-3)


def test_the_forest_finds_what_is_outside():
    draw = np.random.default_rng(0)
    train = split(draw.integers(100, 140, (200, 3, 3, 1)))
    calm, odd = draw.integers(100, 140, (1, 3, 3, 1)), np.full((1, 3, 3, 1), 255)
    found = pixelbaselines.isolation(train, np.concatenate([calm, odd]).astype(np.uint8), seed=0)
    assert found[1] > found[0]


def test_rows_are_spread():
    assert pixelbaselines.spread(5, 3).tolist() == [0, 2, 4]
    assert pixelbaselines.spread(2, 3).tolist() == [0, 1]
