"""The Bernoulli likelihood against numbers worked by hand."""

import math

import torch

from gnomon.layers.keyed_noise import DrawnNoise
from gnomon.layers.likelihood_bernoulli import Bernoulli


def test_nats_of_a_fair_coin_and_of_a_sure_one():
    logits = torch.tensor([0.0, math.log(3)]).view(1, 1, 1, 2)
    pixels = torch.tensor([[1.0, 1.0], [1.0, 0.0]]).view(2, 1, 1, 2)
    found = Bernoulli(1).nats(logits.expand(2, 1, 1, 2), pixels)
    torch.testing.assert_close(found, torch.tensor([math.log(2) + math.log(4 / 3), math.log(2) + math.log(4)]))


def test_probabilities_of_all_pictures_have_the_sum_one():
    logits = torch.randn(1, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    every = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 4).view(16, 1, 2, 2)
    torch.testing.assert_close((-Bernoulli(1).nats(logits.expand(16, 1, 2, 2), every)).exp().sum(), torch.tensor(1.0))


def test_it_begins_at_a_mean():
    mean = torch.tensor([[[0.25, 0.5]]])
    likelihood = Bernoulli(1)
    torch.testing.assert_close(likelihood.mean(likelihood.start(mean)[None])[0], mean)
    assert likelihood.start(torch.zeros(1, 1, 1)).isfinite().all()


def test_pixels_are_drawn_as_often_as_they_are_probable():
    noise = DrawnNoise(torch.device("cpu"), torch.Generator().manual_seed(0))
    found = Bernoulli(1).draw(torch.logit(torch.tensor([0.1, 0.7])).view(1, 1, 1, 2).expand(20_000, -1, -1, -1), noise)
    torch.testing.assert_close(found.mean(0).flatten(), torch.tensor([0.1, 0.7]), atol=0.02, rtol=0)
