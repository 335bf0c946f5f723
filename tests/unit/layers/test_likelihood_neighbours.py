"""Pixels that are told their neighbours: a probability still, in the order of the rows, and drawn in that order."""

import itertools
import math

import pytest
import torch

from gnomon.core.spec import Image
from gnomon.layers.keyed_noise import DrawnNoise
from gnomon.layers.likelihood_bernoulli import Bernoulli
from gnomon.layers.likelihood_logistics import Logistics
from gnomon.layers.likelihood_neighbours import NeighbourLikelihood, _diagonals


def trained(image, of_pixels=None, *, reach_px=2, seed=0):
    """Return one whose weights are not those of the beginning."""
    torch.manual_seed(seed)
    found = NeighbourLikelihood(of_pixels or Bernoulli(1), image, reach_px=reach_px, features=3)
    for parameter in found.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return found


@pytest.mark.parametrize("reach_px", [1, 2])
def test_the_probabilities_of_all_pictures_add_up_to_one(reach_px):
    likelihood = trained(Image(height_px=3, width_px=3, channels=1), reach_px=reach_px)
    every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=9))).view(512, 1, 3, 3)
    features = torch.randn(1, 3, 3, 3).expand(512, -1, -1, -1)
    assert (-likelihood.nats(features, every)).exp().sum().item() == pytest.approx(1.0, abs=1e-4)


def test_a_pixel_is_told_those_before_it_within_its_reach():
    likelihood = trained(Image(height_px=6, width_px=7, channels=1), Logistics(1, components=1))
    pixels = torch.rand(1, 1, 6, 7)
    asked = {}
    likelihood.of_pixels.nats = lambda parameters, _: asked.setdefault("parameters", parameters).sum((1, 2, 3))
    pixels.requires_grad_()
    likelihood.nats(torch.randn(1, 3, 6, 7), pixels)
    (found,) = torch.autograd.grad(asked["parameters"][0, :, 3, 3].sum(), pixels)
    told = {(int(row), int(column)) for row, column in torch.nonzero(found[0, 0])}
    assert told == {(row, column) for row in (1, 2) for column in range(1, 6)} | {(3, 1), (3, 2)}


@pytest.mark.parametrize(("height", "width", "reach_px"), [(4, 5, 1), (5, 3, 2), (1, 6, 2), (6, 1, 3)])
def test_expected_pixels_are_those_found_one_by_one(height, width, reach_px):
    image = Image(height_px=height, width_px=width, channels=3)
    likelihood = trained(image, Logistics(3, components=2), reach_px=reach_px)
    features = torch.randn(2, 3, height, width)
    pixels, seen = torch.full((2, 3, height, width), 0.5), []
    likelihood.offset.normal_(std=0.3)
    mean = likelihood.of_pixels.mean
    original = likelihood.of_pixels.nats
    likelihood.of_pixels.nats = lambda parameters, _: seen.append(parameters) or torch.zeros(2)
    for row, column in itertools.product(range(height), range(width)):
        likelihood.nats(features, pixels)
        pixels[:, :, row, column] = mean(seen[-1])[:, :, row, column]
    likelihood.of_pixels.nats = original
    torch.testing.assert_close(likelihood.mean(features), pixels, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("height", "width", "steep"), [(4, 5, 2), (3, 9, 4), (7, 1, 3)])
def test_each_pixel_comes_once_and_after_those_that_it_is_told(height, width, steep):
    when = {}
    for step, (rows, columns) in enumerate(_diagonals(height, width, steep)):
        when |= {(int(row), int(column)): step for row, column in zip(rows, columns, strict=True)}
    assert len(when) == height * width
    for row, column in when:
        near = [(row, column - 1), *((row - 1, column + right) for right in range(-steep + 1, steep))]
        assert all(when[place] < when[row, column] for place in near if place in when)


def test_untrained_it_starts_at_a_mean_picture():
    likelihood = NeighbourLikelihood(Bernoulli(1), Image(height_px=2, width_px=3, channels=1), reach_px=2, features=4)
    mean = torch.tensor([[[0.1, 0.5, 0.9], [0.2, 0.3, 0.4]]])
    features = likelihood.start(mean)
    assert features.shape == (4, 2, 3)
    torch.testing.assert_close(likelihood.mean(features[None])[0], mean)
    white = torch.ones(1, 1, 2, 3)
    expected = -sum(math.log(value) for value in mean.flatten().tolist())
    assert likelihood.nats(torch.randn(1, 4, 2, 3), white).item() == pytest.approx(expected, abs=1e-4)


def drawn(likelihood, features, **options):
    noise = DrawnNoise(torch.device("cpu"), torch.Generator().manual_seed(3))
    return likelihood.drawn(features, noise, **options)


def test_pictures_are_drawn_as_often_as_they_are_probable():
    likelihood = trained(Image(height_px=2, width_px=2, channels=1), seed=4)
    features = torch.randn(1, 3, 2, 2).expand(20_000, -1, -1, -1)
    told = []
    draw = likelihood.of_pixels.draw
    likelihood.of_pixels.draw = lambda parameters, noise: told.append(draw(parameters, noise)) or told[-1]
    drawn(likelihood, features)
    shares = torch.cat([part.flatten(1) for part in told], dim=1)  # the order of the diagonals: row by row
    every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4)))
    expected = (-likelihood.nats(features[:16], every.view(16, 1, 2, 2))).exp()
    found = torch.stack([(shares == one).all(1).float().mean() for one in every])
    torch.testing.assert_close(found, expected, atol=0.015, rtol=0)


def test_what_is_shown_of_two_values_is_how_probable_white_is_and_of_many_what_was_drawn():
    two = trained(Image(height_px=4, width_px=4, channels=1))
    grey = drawn(two, torch.randn(3, 3, 4, 4))
    assert ((grey > 0) & (grey < 1)).all()
    many = trained(Image(height_px=4, width_px=4, channels=3), Logistics(3, components=2))
    features = torch.randn(3, 3, 4, 4)
    assert not torch.equal(drawn(many, features), many.mean(features))


def test_at_a_temperature_of_nought_all_is_as_expected():
    likelihood = trained(Image(height_px=3, width_px=4, channels=3), Logistics(3, components=2))
    features = torch.randn(2, 3, 3, 4)
    torch.testing.assert_close(drawn(likelihood, features, temperature=0.0), likelihood.mean(features))
