"""The mixture of logistic distributions: it is a distribution, and it is that of the paper."""

import math

import pytest
import torch

from gnomon.layers.keyed_noise import DrawnNoise
from gnomon.layers.likelihood_logistics import Logistics


def parameters(likelihood, seed=0):
    return torch.randn(1, likelihood.per_pixel, 1, 1, generator=torch.Generator().manual_seed(seed)) * 0.7


def test_probabilities_of_all_grey_values_have_the_sum_one():
    likelihood = Logistics(1, components=3)
    every = (torch.arange(256) / 255).view(256, 1, 1, 1)
    found = -likelihood.nats(parameters(likelihood).expand(256, -1, 1, 1), every)
    assert found.exp().sum().item() == pytest.approx(1.0, abs=1e-4)


def test_probabilities_of_colours_are_below_one_and_do_not_change_with_what_is_not_yet_said():
    likelihood = Logistics(3, components=1)
    raw = parameters(likelihood).expand(256, -1, 1, 1)
    blue = (torch.arange(256) / 255).view(256, 1, 1)
    red, green = torch.full_like(blue, 0.4), torch.full_like(blue, 0.6)
    found = (-likelihood.nats(raw, torch.stack([red, green, blue], dim=1))).exp().sum()
    turned = (-likelihood.nats(raw, torch.stack([red, blue, green], dim=1))).exp().sum()
    assert 0 < found < 1
    assert found != turned


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def test_one_logistic_by_hand():
    x, mean = 130 / 255 * 2 - 1, 0.1
    scale = math.exp(math.log1p(math.exp(-2.0 + 7.0)) - 7.0)  # the raw -2 is kept above -7
    expected = sigmoid((x + 1 / 255 - mean) / scale) - sigmoid((x - 1 / 255 - mean) / scale)
    raw = torch.tensor([0.0, mean, -2.0]).view(1, 3, 1, 1)
    found = Logistics(1, components=1).nats(raw, torch.full((1, 1, 1, 1), 130 / 255))
    assert found.item() == pytest.approx(-math.log(expected), rel=1e-3)


def test_far_from_every_component_it_stays_finite_with_a_gradient():
    likelihood = Logistics(1, components=2)
    raw = torch.tensor([0.0, 0.0, 5.0, 5.0, -30.0, -30.0]).view(1, 6, 1, 1).requires_grad_()
    found = likelihood.nats(raw, torch.zeros(1, 1, 1, 1))
    found.backward()
    assert found.isfinite().all()
    assert raw.grad.isfinite().all()
    assert raw.grad.abs().sum() > 0


@pytest.mark.parametrize("channels", [1, 3])
def test_it_begins_at_a_mean(channels):
    likelihood = Logistics(channels, components=5)
    mean = torch.full((channels, 2, 2), 0.4)
    start = likelihood.start(mean)
    assert start.shape == (likelihood.per_pixel, 2, 2)
    torch.testing.assert_close(likelihood.mean(start[None])[0], mean, atol=1e-4, rtol=0)


def test_pixels_are_drawn_as_often_as_they_are_probable():
    likelihood = Logistics(3, components=2)
    raw = parameters(likelihood, seed=5)
    noise = DrawnNoise(torch.device("cpu"), torch.Generator().manual_seed(0))
    found = likelihood.draw(raw.expand(20_000, -1, -1, -1), noise)
    assert found.shape == (20_000, 3, 1, 1)
    nats = likelihood.nats(raw.expand(20_000, -1, -1, -1), (found * 255).round() / 255)
    # The share of drawn colours in the dark corner is what their probabilities add up to.
    corner = torch.tensor([(r, g, b) for r in range(64) for g in range(64) for b in range(64)]) / 255
    expected = sum(
        (-likelihood.nats(raw.expand(len(part), -1, -1, -1), part[:, :, None, None])).exp().sum().item()
        for part in corner.split(32_768)
    )
    share = ((found * 255).round() < 64).flatten(1).all(1).float().mean().item()
    assert share == pytest.approx(expected, abs=0.015)
    assert nats.isfinite().all()
