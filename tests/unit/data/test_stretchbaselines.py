"""Trivial models of stretches of a series, by hand."""

import math

import numpy as np
import pytest

from gnomon.core.spec import Series, Split
from gnomon.data import stretchbaselines

SERIES = Series(names=("x",), length=3, mean=(2.0,), deviation=(4.0,))


def split(values):
    values = np.asarray(values, np.float32)
    return Split(inputs=values, targets=np.zeros(len(values)), ids=np.arange(len(values)), hashes=np.zeros(0, "V16"))


def test_values_are_told_in_deviations():
    assert stretchbaselines.scaled(np.array([[2.0], [6.0]]), SERIES).tolist() == [[0.0], [1.0]]


def test_value_by_value_it_is_the_normal_density():
    train = split([[[-2.0], [6.0], [6.0]], [[-2.0], [-2.0], [6.0]]])  # in deviations: -1 and 1, as often
    nats = stretchbaselines.by_value(train, split([[[2.0], [2.0], [6.0]]]), SERIES)
    assert nats.tolist() == pytest.approx([1.5 * math.log(2 * math.pi) + 0.5])


def test_a_random_walk_is_far_likelier_from_its_last_value():
    walks = np.cumsum(np.random.default_rng(0).normal(size=(200, 30, 1)), axis=1) * 4
    series = Series(names=("x",), length=30, mean=(0.0,), deviation=(float(walks.std()),))
    train, other = split(walks[:150]), split(walks[150:])
    one, two = (f(train, other, series) for f in (stretchbaselines.by_value, stretchbaselines.from_last_value))
    assert two.mean() < one.mean() - 20


def test_distances_tell_what_is_off_the_plane_and_easily_cut_off():
    draw = np.random.default_rng(0)
    line = draw.normal(size=(100, 1, 1)) * np.ones((1, 3, 1))
    series = Series(names=("x",), length=3, mean=(0.0,), deviation=(1.0,))
    odd = np.array([[[0.0], [9.0], [-9.0]]])
    train, other = split(line[:80]), np.concatenate([line[80:], odd]).astype(np.float32)
    assert stretchbaselines.principal(train, other, series).argmax() == 20
    assert stretchbaselines.isolation(train, other, series, seed=0).argmax() == 20


def test_no_stretches_no_scores():
    train = split(np.random.default_rng(0).normal(size=(9, 3, 1)))
    assert stretchbaselines.by_value(train, split(np.zeros((0, 3, 1))), SERIES).tolist() == []
