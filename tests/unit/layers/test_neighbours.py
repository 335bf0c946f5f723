"""What is far from what is remembered is strange; where samples lie far apart anyway, it is less so."""

import math

import torch

from gnomon.layers.neighbours import Neighbours


def normal(count, scale=1.0, seed=0):
    return scale * torch.randn(count, 6, generator=torch.Generator().manual_seed(seed))


def fitted(features, size=500):
    neighbours = Neighbours(6, size=size, components=6)
    neighbours.fit(features)
    return neighbours


def test_what_is_usual_is_about_zero_and_what_is_far_is_above():
    neighbours = fitted(normal(400))
    assert neighbours(normal(200, seed=1)).mean().abs() < 0.2
    assert (neighbours(normal(50, seed=2) + 20) > 1.0).all()


def test_two_points_by_hand():
    neighbours = fitted(torch.tensor([[0.0] * 6, [3.0, 4.0] + [0.0] * 4]))
    found = neighbours(torch.tensor([[0.0] * 6]))
    assert found.item() == torch.tensor(math.log(2.5 / 5)).item() or abs(found.item() - math.log(0.5)) < 1e-4


def test_distance_counts_against_the_spacing_around():
    dense, loose = normal(200, 0.1), normal(200, 3.0, seed=1) + 50
    neighbours = fitted(torch.cat([dense, loose]))
    beside_dense, beside_loose = (neighbours(torch.full((1, 6), centre) + 2.0).item() for centre in (0.0, 50.0))
    assert beside_dense > 2
    assert beside_loose < 0.5


def test_of_too_many_samples_some_are_remembered():
    neighbours = fitted(normal(300), size=100)
    assert int(neighbours.count) == 100
    assert neighbours(normal(5)).isfinite().all()


def test_with_nothing_remembered_all_is_alike():
    assert torch.equal(Neighbours(6, size=10, components=3)(normal(4)), torch.zeros(4))


def test_copies_of_what_is_remembered_are_not_strange():
    neighbours = fitted(torch.zeros(50, 6))
    assert neighbours(torch.zeros(2, 6)).abs().max() < 1e-4
    assert neighbours(torch.ones(1, 6)).item() > 5


def test_what_is_remembered_is_told_how_strange_it_would_be_otherwise():
    usual, far = normal(200), torch.full((1, 6), 9.0)
    neighbours = Neighbours(6, size=500, components=6)
    distance, told = neighbours.fit(torch.cat([usual, far]))
    assert distance.shape == told.shape == (201,)
    assert told[:200].mean().abs() < 0.3
    assert told[200] == told.max() > 1
    assert distance[200] == distance.max() > distance[:200].mean() + 1
    near = neighbours.distances(far + 0.01)[0]
    assert near.item() < distance[200].item()  # it is remembered itself now
    assert [part.tolist() for part in Neighbours(6, size=5, components=6).fit(far)] == [[0.0], [0.0]]
