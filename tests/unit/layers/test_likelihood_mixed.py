import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from gnomon.core.mixed import marginals, num_parameters
from gnomon.core.spec import MixedRow, Quantity
from gnomon.layers.keyed_noise import DrawnNoise
from gnomon.layers.likelihood_mixed import MixedLikelihood, independent, log_mass

AGE = Quantity(name="age", low=0.0, step=1.0, places=60, spikes=(0, 40), means=(20.0, 45.0), deviations=(6.0, 3.0))
YEAR = Quantity(name="year", low=0.0, step=1.0, places=5, means=(2.0,), deviations=(1.0,))
LEAF = MixedRow(numbers=(AGE, YEAR), categories=(("city", 4), ("sex", 3)))


@pytest.fixture
def likelihood():
    return MixedLikelihood(LEAF)


def some_parameters(count=1, seed=0):
    return torch.randn(count, num_parameters(LEAF), generator=torch.Generator().manual_seed(seed))


def test_the_probabilities_of_all_values_of_a_number_sum_to_one(likelihood):
    places = torch.cat([torch.arange(-400.0, 500.0), torch.tensor([torch.nan])])
    rows = torch.zeros(len(places), 4)
    rows[:, 0] = places
    found = likelihood.cells(some_parameters().expand(len(places), -1), rows)[:, 0]
    assert torch.exp(-found).double().sum().item() == pytest.approx(1.0, abs=1e-4)


def test_those_of_the_codes_of_a_category_do_too(likelihood):
    rows = torch.zeros(4, 4)
    rows[:, 2] = torch.arange(4)
    found = likelihood.cells(some_parameters().expand(4, -1), rows)[:, 2]
    assert torch.exp(-found).sum().item() == pytest.approx(1.0, abs=1e-5)


def test_a_row_costs_the_sum_of_its_cells(likelihood):
    rows = torch.tensor([[40.0, 2.0, 3.0, 0.0]])
    parameters = some_parameters()
    torch.testing.assert_close(likelihood.nats(parameters, rows), likelihood.cells(parameters, rows).sum(1))


@pytest.mark.parametrize("deviation", [0.25, 1.0, 30.0, 1e5])
@pytest.mark.parametrize("place", [0.0, 3.0, -40.0])
def test_the_mass_of_a_step_is_that_of_the_normal_distribution(deviation, place):
    found = log_mass(torch.tensor(place), torch.tensor(0.0), torch.tensor(deviation)).item()
    a, b = (abs(place) - 0.5) / deviation / math.sqrt(2), (abs(place) + 0.5) / deviation / math.sqrt(2)
    mass = 0.5 * (math.erfc(a) - math.erfc(b))
    if mass > 1e-280:
        assert found == pytest.approx(math.log(mass), rel=2e-3, abs=2e-3)
    else:
        assert math.isfinite(found) and found < -600


def test_far_values_have_finite_costs_and_gradients(likelihood):
    parameters = some_parameters().requires_grad_()
    rows = torch.tensor([[1e9, -1e9, 0.0, 1.0]])
    cost = likelihood.nats(parameters, rows)
    cost.sum().backward()
    assert cost.isfinite().all()
    assert parameters.grad.isfinite().all()


def test_drawn_cells_come_as_often_as_their_probability_says(likelihood):
    parameters = some_parameters().expand(20_000, -1)
    drawn = likelihood.draw(parameters, DrawnNoise(torch.device("cpu"), torch.Generator().manual_seed(0)))
    assert ((drawn[:, 0] >= 0) & (drawn[:, 0] < 60) | drawn[:, 0].isnan()).all()
    for place in (0.0, 40.0):
        row = torch.tensor([[place, 0.0, 0.0, 0.0]])
        wanted = torch.exp(-likelihood.cells(parameters[:1], row)[0, 0]).item()
        assert (drawn[:, 0] == place).float().mean().item() == pytest.approx(wanted, abs=0.015)
    row = torch.tensor([[torch.nan, 0.0, 2.0, 1.0]])
    costs = likelihood.cells(parameters[:1], row)[0]
    assert drawn[:, 0].isnan().float().mean().item() == pytest.approx(math.exp(-costs[0]), abs=0.015)
    assert (drawn[:, 2] == 2).float().mean().item() == pytest.approx(math.exp(-costs[2]), abs=0.015)


def test_the_likeliest_value_is_a_spike_a_mode_or_missing(likelihood):
    parameters = torch.zeros(3, num_parameters(LEAF))
    parameters[0, 2] = 9.0
    parameters[1, 3] = 9.0
    parameters[2, 0] = 9.0
    found = likelihood.likeliest(parameters)
    assert found[0, 0] == 40
    assert found[1, 0] == 20
    assert found[2, 0].isnan()


def test_columns_alone_cost_their_entropy():
    leaf = MixedRow(numbers=(), categories=(("coin", 4),))
    known = np.array([[2.0], [3.0]] * 5000, np.float32)
    found = independent(leaf, known, known[:10])
    assert found.tolist() == pytest.approx([math.log(2)] * 10, abs=1e-3)
    assert marginals(known, leaf).shape == (4,)


def test_what_never_came_is_never_drawn():
    leaf = MixedRow(numbers=(replace(AGE, has_missing=False),), categories=(("city", 4),), never=((0, 1),))
    likelihood = MixedLikelihood(leaf)
    parameters = torch.zeros(3000, likelihood.num_parameters)
    drawn = likelihood.draw(parameters, DrawnNoise(torch.device("cpu"), torch.Generator().manual_seed(0)))
    assert not drawn[:, 0].isnan().any()
    assert set(drawn[:, 1].tolist()) == {2.0, 3.0}
    assert likelihood.likeliest(parameters[:1])[0, 1] >= 2
