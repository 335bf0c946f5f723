"""The likelihood of few grey values, by hand."""

import math

import pytest
import torch

from gnomon.layers.keyed_noise import DrawnNoise
from gnomon.layers.likelihood_categorical import Categorical


def test_nats_by_hand():
    likelihood = Categorical((0, 128, 255))
    logits = torch.tensor([0.0, math.log(2.0), math.log(5.0)]).view(1, 3, 1, 1).expand(3, 3, 1, 1)
    pixels = (torch.tensor([0, 128, 255]) / 255).view(3, 1, 1, 1)
    torch.testing.assert_close(likelihood.nats(logits, pixels).exp(), torch.tensor([8.0, 4.0, 1.6]))


def test_what_lies_between_counts_as_the_nearer_one():
    likelihood = Categorical((0, 16, 255))
    logits = torch.randn(1, 3, 1, 1)
    near, exact = (likelihood.nats(logits, torch.full((1, 1, 1, 1), grey / 255)) for grey in (20, 16))
    assert torch.equal(near, exact)


def test_it_begins_at_a_mean():
    likelihood = Categorical((0, 16, 32, 255))
    mean = torch.tensor([[[0.02, 0.1, 0.5, 0.9]]])
    torch.testing.assert_close(likelihood.mean(likelihood.start(mean)[None])[0], mean, atol=1e-4, rtol=0)
    assert likelihood.start(torch.zeros(1, 1, 1)).isfinite().all()


def test_several_pixels_add_up():
    likelihood = Categorical((0, 255))
    found = likelihood.nats(torch.zeros(2, 2, 3, 4), torch.ones(2, 1, 3, 4))
    torch.testing.assert_close(found, torch.full((2,), 12 * math.log(2)))


def test_values_are_drawn_as_often_as_they_are_probable():
    noise = DrawnNoise(torch.device("cpu"), torch.Generator().manual_seed(0))
    logits = torch.tensor([0.2, 0.5, 0.3]).log().view(1, 3, 1, 1).expand(20_000, -1, -1, -1)
    found = Categorical((0, 51, 255)).draw(logits, noise)
    assert found.shape == (20_000, 1, 1, 1)
    for value, share in ((0.0, 0.2), (0.2, 0.5), (1.0, 0.3)):
        assert ((found - value).abs() < 1e-6).float().mean().item() == pytest.approx(share, abs=0.02)
