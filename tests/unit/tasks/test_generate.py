"""Generation: the prior and the baseline."""

import numpy as np
import pytest

from gnomon.core.errors import UsageError
from gnomon.core.spec import Density, Image, Spec, Split
from gnomon.tasks import generate

SPEC = Spec(input=Image(height_px=1, width_px=2, channels=1), target=Density(binarize="threshold"))


def split(values):
    pixels = np.array(values, np.uint8).reshape(-1, 1, 2, 1)
    ids = np.array([str(k) for k in range(len(pixels))], dtype=object)
    return Split(inputs=pixels, targets=np.full(len(pixels), -1), ids=ids, hashes=np.zeros(len(pixels), "V16"))


def test_without_training_the_mean_picture_is_best():
    task = generate.Task(generate.Config(), SPEC)
    assert task.prior(split([[0, 255], [255, 255]])).tolist() == [[[0.5], [1.0]]]


def test_the_baseline_knows_each_pixel_alone():
    task = generate.Task(generate.Config(), SPEC)
    (found,) = task.baselines(split([[0, 255], [255, 255]]), split([[0, 255]]), seed=0)
    assert found["name"] == "pixel by pixel"
    assert found["scores"]["nll"].value == pytest.approx(-np.log(2 / 4) - np.log(3 / 4))


def test_draws_are_counted():
    assert generate.Task(generate.Config(importance_samples=7), SPEC).importance_samples == 7
    with pytest.raises(UsageError, match="importance_samples"):
        generate.Config(importance_samples=0)
