"""What needs no training, for each kind of sample: the right model is asked, and under its name."""

import numpy as np
import pytest

from gnomon.core import mixed
from gnomon.core.spec import Density, Image, MixedRow, Quantity, Series, Split
from gnomon.data import densitybaselines, mixedbaselines, pixelbaselines, stretchbaselines

IMAGE = Image(height_px=2, width_px=2, channels=1)
NUMBER = {"low": 0.0, "step": 1.0, "places": 100, "means": (50.0,), "deviations": (20.0,)}
ROW = MixedRow(numbers=(Quantity(name="x", **NUMBER), Quantity(name="y", **NUMBER)), categories=())
SERIES = Series(names=("a", "b"), length=5, mean=(3.0, -1.0), deviation=(2.0, 1.0))


def split(inputs):
    targets, ids = np.full(len(inputs), -1, np.int64), np.arange(len(inputs))
    return Split(inputs=inputs, targets=targets, ids=ids, hashes=np.zeros(len(inputs), "V16"))


def samples(leaf, count, seed):
    draw = np.random.default_rng(seed)
    if leaf is IMAGE:
        return split(draw.integers(0, 256, (count, 2, 2, 1)).astype(np.uint8))
    if leaf is ROW:
        return split(draw.integers(0, 100, (count, 2)).astype(np.float32))
    return split(draw.normal(size=(count, 5, 2)).astype(np.float32))


def test_the_first_guess_is_the_mean_picture_the_mean_of_each_channel_or_the_spread_of_each_column():
    train = samples(IMAGE, 6, 0)
    assert np.array_equal(densitybaselines.first_guess(train, IMAGE), pixelbaselines.mean_picture(train))
    assert densitybaselines.first_guess(samples(SERIES, 6, 0), SERIES).tolist() == [3.0, -1.0]
    rows = samples(ROW, 20, 0)
    assert np.array_equal(densitybaselines.first_guess(rows, ROW), mixed.marginals(rows.inputs, ROW))


def test_pictures_are_likely_pixel_by_pixel_and_series_also_from_the_value_before():
    train, other = samples(IMAGE, 30, 0), samples(IMAGE, 4, 1)
    found = densitybaselines.likelihoods(train, other, IMAGE, Density(binarize="threshold"))
    assert list(found) == ["pixel by pixel"]
    assert np.array_equal(found["pixel by pixel"], pixelbaselines.independent(train, other, binarize="threshold"))
    train, other = samples(SERIES, 30, 0), samples(SERIES, 4, 1)
    found = densitybaselines.likelihoods(train, other, SERIES, Density())
    assert list(found) == ["value by value", "from the last value"]
    assert np.array_equal(found["from the last value"], stretchbaselines.from_last_value(train, other, SERIES))


@pytest.mark.parametrize(
    ("leaf", "principal"),
    [
        (IMAGE, lambda train, inputs: pixelbaselines.principal(train, inputs)),
        (ROW, lambda train, inputs: mixedbaselines.principal(train, inputs, ROW)),
        (SERIES, lambda train, inputs: stretchbaselines.principal(train, inputs, SERIES)),
    ],
)
def test_how_strange_samples_are_and_the_forest_only_where_there_is_time(leaf, principal):
    train, inputs = samples(leaf, 40, 0), samples(leaf, 3, 1).inputs
    quick = densitybaselines.distances(train, inputs, leaf, seed=0, thorough=False)
    assert list(quick) == ["principal components"]
    assert np.array_equal(quick["principal components"], principal(train, inputs))
    whole = densitybaselines.distances(train, inputs, leaf, seed=0, thorough=True)
    assert list(whole) == ["principal components", "isolation forest"]
    assert whole["isolation forest"].shape == (3,)
