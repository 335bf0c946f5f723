"""Gaussian latents: divergences by hand, bounded deviations, and the ways to pick values."""

import math

import pytest
import torch

from gnomon.layers.gaussian_latents import (
    LEAST_LOG_SCALE,
    MOST_LOG_SCALE,
    Fixed,
    Means,
    Posterior,
    Prior,
    bounded,
    divergence,
    log_normal,
    log_ratio,
)
from gnomon.layers.keyed_noise import DrawnNoise, KeyedNoise


def test_divergence_by_hand():
    mean, log_scale = torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[0.0, math.log(2.0)], [0.0, 0.0]])
    expected = 0.5 + 0.5 * (4 - 1) - math.log(2.0)
    torch.testing.assert_close(divergence(mean, log_scale), torch.tensor([expected, 0.0]))


def test_the_ratio_is_the_difference_of_two_densities_and_its_mean_the_divergence():
    draw = torch.Generator().manual_seed(0)
    mean, log_scale = torch.full((20_000, 2), 0.7), torch.full((20_000, 2), -0.5)
    values = Posterior(DrawnNoise(torch.device("cpu"), draw))(0, (20_000, 2), mean, log_scale)
    zeros = torch.zeros_like(mean)
    found = log_ratio(values, mean, log_scale)
    torch.testing.assert_close(
        found, log_normal(values, zeros, zeros) - log_normal(values, mean, log_scale), rtol=1e-4, atol=1e-4
    )
    assert -found.mean().item() == pytest.approx(divergence(mean, log_scale)[0].item(), abs=0.03)


def test_log_normal_by_hand():
    found = log_normal(torch.tensor([[1.0]]), torch.tensor([[0.0]]), torch.tensor([[math.log(2.0)]]))
    assert found.item() == pytest.approx(-0.125 - math.log(2.0) - 0.5 * math.log(2 * math.pi))


def test_deviations_stay_between_their_limits():
    found = bounded(torch.tensor([-1e4, -3.0, 0.0, 1e4]))
    assert found.isfinite().all()
    assert found.min() >= LEAST_LOG_SCALE
    assert found.max() <= MOST_LOG_SCALE + 0.01
    assert found[1].item() == pytest.approx(-3.0, abs=0.1)


def test_ways_to_pick():
    mean, log_scale = torch.ones(2, 3), torch.zeros(2, 3)
    assert torch.equal(Means()(0, (2, 3), mean, log_scale), mean)
    keys = torch.arange(2)
    noise = KeyedNoise(keys).normal((2, 3))
    assert torch.equal(Posterior(KeyedNoise(keys))(0, (2, 3), mean, log_scale), 1 + noise)
    assert torch.equal(Prior(KeyedNoise(keys), 0.5)(0, (2, 3), None, None), noise * 0.5)
    assert torch.equal(Fixed([torch.zeros(2, 3), noise])(1, (2, 3, 1), None, None), noise[..., None])


def test_without_a_sample_there_is_no_posterior():
    for pick in (Means(), Posterior(DrawnNoise(torch.device("cpu")))):
        with pytest.raises(ValueError, match="no posterior without a sample"):
            pick(0, (1, 1), None, None)
