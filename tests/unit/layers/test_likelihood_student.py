"""Noise that follows itself, with the tails of Student's distribution."""

import math

import pytest
import torch

from gnomon.layers.keyed_noise import DrawnNoise
from gnomon.layers.likelihood_student import LEAST_LOG_SCALE, StudentNoise


def noise(channels=1, *, share=0.0, freedom=4.0, scale=0.0, opening=0.0):
    made = StudentNoise(channels)
    with torch.no_grad():
        made.share.fill_(math.atanh(share / 0.999))
        made.freedom.fill_(math.log(math.expm1(freedom - 2.1)))
        made.scale.fill_(scale)
        made.opening.fill_(opening)
    return made


def test_it_is_the_density_of_students_distribution():
    values = torch.tensor([[[0.5], [-2.0], [3.0]]])
    found = noise(scale=math.log(0.5)).nats(torch.zeros_like(values), torch.zeros_like(values), values)
    wanted = -torch.distributions.StudentT(4.0, 0.0, 0.5).log_prob(values)
    torch.testing.assert_close(found, wanted, rtol=0.01, atol=0.02)  # limits of the scale move it a little


def test_each_value_is_compared_with_its_share_of_the_one_before():
    values = torch.tensor([[[2.0], [1.5], [0.0]]])
    found = noise(share=0.5).nats(torch.zeros_like(values), torch.zeros_like(values), values)
    wanted = -torch.distributions.StudentT(4.0).log_prob(torch.tensor([[[2.0], [0.5], [-0.75]]]))
    torch.testing.assert_close(found, wanted, rtol=0.01, atol=0.02)


def test_the_first_step_has_an_opening_of_its_own():
    values = torch.tensor([[[2.0], [2.0]]])
    found = noise(opening=math.log(3.0)).nats(torch.zeros_like(values), torch.zeros_like(values), values)
    students = torch.distributions.StudentT
    assert found[0, 0, 0].item() == pytest.approx(-students(4.0, 0.0, 3.0).log_prob(torch.tensor(2.0)).item(), rel=2e-2)
    assert found[0, 1, 0].item() == pytest.approx(-students(4.0).log_prob(torch.tensor(2.0)).item(), rel=2e-2)


def test_a_value_that_never_changes_is_not_infinitely_likely():
    values = torch.zeros(1, 9, 1)
    found = noise(scale=-50.0).nats(values, values - 50, values)
    assert found.min().item() > LEAST_LOG_SCALE - 1


def test_what_is_drawn_has_the_moments_of_what_is_said():
    shape = (4000, 12, 1)
    made = noise(share=0.8, freedom=12.0, scale=math.log(0.3))
    drawn = made.drawn(
        torch.full(shape, 5.0), torch.zeros(shape), DrawnNoise(torch.device("cpu"), torch.Generator().manual_seed(0))
    )
    apart = drawn - 5.0
    new = apart[:, 1:] - made.shares() * apart[:, :-1]
    assert float(drawn.mean().detach()) == pytest.approx(5.0, abs=0.03)
    assert float(new.std().detach()) == pytest.approx(0.3 * math.sqrt(12 / 10), rel=0.05)
    assert float((new[:, 1:] * new[:, :-1]).mean().detach()) == pytest.approx(0.0, abs=0.005)


def test_a_temperature_of_0_draws_what_is_expected():
    expected = torch.randn(3, 5, 2)
    drawn = StudentNoise(2).drawn(expected, torch.zeros(3, 5, 2), DrawnNoise(torch.device("cpu")), 0.0)
    torch.testing.assert_close(drawn.detach(), expected)


def test_it_begins_as_the_noise_of_the_data():
    walk = torch.cumsum(torch.randn(50, 40, 1, generator=torch.Generator().manual_seed(0)) * 0.1, dim=1)
    made = StudentNoise(1)
    made.begin(walk)
    assert float(made.shares().detach()) > 0.9
    assert float(made.scale.detach()) < math.log(0.15)
    made.begin(torch.ones(4, 1, 1))
    assert all(p.isfinite().all() for p in made.parameters())
