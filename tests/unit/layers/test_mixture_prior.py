"""A prior that is a mixture of some normal distributions."""

import math

import pytest
import torch

from gnomon.layers.gaussian_latents import Prior, divergence, log_normal
from gnomon.layers.keyed_noise import DrawnNoise
from gnomon.layers.mixture_prior import divergence_from_mixture, draw_mixture, log_mixture


def parts():
    draw = torch.Generator().manual_seed(0)
    return torch.randn(3, 2, generator=draw), torch.randn(3, 2, generator=draw) * 0.3


def pick(temperature=1.0):
    return Prior(DrawnNoise(torch.device("cpu"), torch.Generator().manual_seed(0)), temperature)


def test_the_density_is_the_mean_of_the_parts():
    mean, log_scale = parts()
    latents = torch.randn(4, 2, generator=torch.Generator().manual_seed(1))
    each = torch.stack([log_normal(latents, mean[k].expand(4, 2), log_scale[k].expand(4, 2)) for k in range(3)])
    wanted = torch.logsumexp(each, dim=0) - math.log(3)
    torch.testing.assert_close(log_mixture(latents, mean, log_scale), wanted, rtol=1e-4, atol=1e-4)


def test_the_density_counts_the_parts_by_their_shares():
    mean, log_scale = parts()
    latents, shares = torch.randn(4, 2, generator=torch.Generator().manual_seed(1)), torch.tensor([0.7, 0.2, 0.1])
    each = torch.stack([log_normal(latents, mean[k].expand(4, 2), log_scale[k].expand(4, 2)) for k in range(3)])
    wanted = (shares[:, None] * each.exp()).sum(0).log()
    found = log_mixture(latents, mean, log_scale, shares.log().expand(4, 3))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shares", [None, [0.2, 0.7, 0.1]])
def test_draws_lie_about_the_parts_by_their_shares(shares):
    mean = torch.tensor([[-10.0], [0.0], [10.0]])
    logs = None if shares is None else torch.tensor(shares).log().expand(3000, 3)
    drawn = draw_mixture(pick(), 3000, mean, torch.full((3, 1), -2.0), logs)[:, 0]
    for value, share in zip((-10, 0, 10), shares or [1 / 3] * 3, strict=True):
        assert abs(float((drawn.round(decimals=-1) == value).float().mean()) - share) < 0.04


def test_a_temperature_of_0_draws_the_middles():
    mean, log_scale = parts()
    drawn = draw_mixture(pick(0.0), 20, mean, log_scale)
    assert all(any(torch.equal(one, middle) for middle in mean) for one in drawn)


def test_of_one_part_the_divergence_is_exact():
    mean, log_scale = torch.tensor([[0.3, -1.0]]), torch.tensor([[-0.5, 0.2]])
    found = divergence_from_mixture(mean, log_scale, torch.zeros(1, 2), torch.zeros(1, 2))
    torch.testing.assert_close(found, divergence(mean, log_scale))


def test_the_divergence_is_bounded_from_above_and_never_below_0():
    mean, log_scale = parts()
    noise = torch.randn(20_000, 3, 2, generator=torch.Generator().manual_seed(2))
    latents = mean + log_scale.exp() * noise
    drawn = log_normal(latents.flatten(0, 1), mean.repeat(20_000, 1), log_scale.repeat(20_000, 1))
    exact = (drawn - log_mixture(latents.flatten(0, 1), mean, log_scale)).view(20_000, 3).mean(0)
    found = divergence_from_mixture(mean, log_scale, mean, log_scale)
    assert (found >= exact - 0.02).all()
    assert (found >= 0).all()
    assert (found <= math.log(3) + 1e-5).all()
