import numpy as np
import pytest

from gnomon.core.spec import Split
from gnomon.data import baseline


def split_of(pixels, targets):
    n = len(targets)
    return Split(
        inputs=pixels,
        targets=np.asarray(targets, dtype=np.int64),
        ids=np.arange(n).astype(object),
        hashes=np.zeros(n, dtype="V16"),
    )


def test_one_pixel_worked_by_hand():
    # Pixels 0 and 2: mean 1, deviation 1, standardised -1 and 1. Targets about their mean: ±1/2.
    # weight = (x'y) / (x'x + 0.01 * 2) = 1 / 2.02; score = 1/2 ± 1/2.02; a new pixel of 1 gives 1/2.
    train = split_of(np.array([0, 2], dtype=np.uint8).reshape(2, 1, 1, 1), [0, 1])
    new = np.array([0, 1, 2], dtype=np.uint8).reshape(3, 1, 1, 1)
    scores = baseline.ridge(train, new, 2, seed=0)
    up, down = 0.5 + 1 / 2.02, 0.5 - 1 / 2.02
    assert scores == pytest.approx(np.array([[up, down], [0.5, 0.5], [down, up]]), abs=1e-6)


def test_pixels_that_never_change_do_no_harm():
    train = split_of(np.full((5, 2, 2, 1), 255, dtype=np.uint8), [0, 0, 0, 1, 1])
    scores = baseline.ridge(train, train.inputs, 2, seed=0)
    assert scores == pytest.approx(np.tile([0.6, 0.4], (5, 1)))


def test_rows_are_limited_and_drawn_with_the_seed(monkeypatch):
    monkeypatch.setattr(baseline, "MAX_ROWS", 30)
    monkeypatch.setattr(baseline, "_ROWS_AT_ONCE", 7)
    generator = np.random.default_rng(0)
    train = split_of(generator.integers(0, 256, (200, 2, 2, 1)).astype(np.uint8), generator.integers(0, 3, 200))
    first = baseline.ridge(train, train.inputs, 3, seed=0)
    assert first.shape == (200, 3)
    assert np.array_equal(first, baseline.ridge(train, train.inputs, 3, seed=0))
    assert not np.array_equal(first, baseline.ridge(train, train.inputs, 3, seed=1))


def test_no_new_samples_give_no_scores():
    train = split_of(np.zeros((2, 1, 1, 1), np.uint8), [0, 1])
    assert baseline.ridge(train, train.inputs[:0], 2, seed=0).shape == (0, 2)
