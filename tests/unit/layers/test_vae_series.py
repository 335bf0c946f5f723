"""A variational autoencoder of stretches of a series."""

import math
from dataclasses import replace

import pytest
import torch
from small_stretches import CONFIG, SERIES, network, rows, split

from gnomon.core.spec import Density, Normality
from gnomon.layers.vae_series import SeriesVae

KINDS = ("dense", "convolutional", "recurrent")


def windows(count=6, seed=2):
    return torch.from_numpy(split(12 * count, seed=seed).inputs[:])


@pytest.mark.parametrize("over", KINDS)
@pytest.mark.parametrize("components", [0, 4])
def test_it_measures_rebuilds_and_draws(over, components):
    vae = network(config=replace(CONFIG, over=over, patch_steps=5, components=components))
    inputs = windows()
    assert vae(inputs).value.shape == (6, 3)
    torch.testing.assert_close(vae.decode(vae.encode(inputs)), vae.reconstruct(inputs))
    assert vae.sample(7, generator=torch.Generator().manual_seed(0)).shape == (7, 12, 2)
    assert vae.bound(inputs, k=5).isfinite().all()
    assert vae.steps(inputs).expected.shape == inputs.shape


@pytest.mark.parametrize("over", KINDS)
def test_every_parameter_learns_whatever_looks_over_time(over):
    vae = network(config=replace(CONFIG, over=over, patch_steps=4)).train()
    for _ in range(2):
        output = vae(windows())
        vae.zero_grad()
        (output.value[:, 0].mean() + output.penalties["kl"]).backward()
        with torch.no_grad():
            for parameter in vae.parameters():
                parameter.add_(parameter.grad, alpha=-1e-4)
    assert [name for name, p in vae.named_parameters() if not p.grad.abs().sum() > 0] == []


def test_the_terms_are_those_of_the_bound():
    vae, inputs = network(), windows()
    value = vae(inputs).value
    torch.testing.assert_close(value[:, 1], value[:, 0] + value[:, 2])
    one, many = vae.bound(inputs, k=1)[:, 0], vae.bound(inputs, k=200)[:, 0]
    assert many.mean() < one.mean()  # more draws, a tighter bound
    assert abs(one.mean() - value[:, 1].mean()) < 0.2 * abs(many.mean()) + 5


def test_without_latents_the_bound_is_the_density_itself():
    """Where the decoder does not look at its latents, the importance-weighted bound is exact."""
    vae, inputs = network(), windows()
    with torch.no_grad():
        vae.leave.weight.zero_()
    exact = vae.noise.nats(*vae._decode(vae.encode(inputs), vae._known(6, None)), vae.scale(inputs)).flatten(1).sum(1)
    found = vae.bound(inputs, k=2000)[:, 0]
    torch.testing.assert_close(found.float(), exact.detach(), rtol=0, atol=0.3)


def test_nats_are_of_values_in_deviations():
    """In other units the same series has the same bound."""
    larger = replace(SERIES, mean=(1000.0, -100.0), deviation=(300.0, 50.0))
    torch.manual_seed(0)
    one, two = (SeriesVae(series, Density(), CONFIG).eval() for series in (SERIES, larger))
    two.load_state_dict(one.state_dict())
    values = one.scale(windows())
    in_units = values * two.scale.deviation + two.scale.mean
    found = [vae.steps(some).nats.sum().item() for vae, some in ((one, windows()), (two, in_units))]
    assert found[0] == pytest.approx(found[1], rel=1e-4)


def test_measured_twice_it_says_the_same_in_any_batch():
    vae, inputs = network(), windows()
    assert torch.equal(vae(inputs).value, vae(inputs).value)
    torch.testing.assert_close(vae(inputs[2:3]).value, vae(inputs).value[2:3], rtol=1e-4, atol=1e-4)


def test_it_knows_strange_windows_once_usual_ones_are_remembered():
    vae = network(Normality())
    before = vae(windows()).value[:, 1]
    vae.remember(torch.from_numpy(split(name="train").inputs[:]))
    usual = vae(windows()).value[:, 1]
    odd = windows()
    odd[:, 5, 0] += 30
    assert not torch.allclose(before, usual)
    assert (vae(odd).value[:, 1] > usual + 0.2).all()
    assert (vae.steps(odd).strange[:, 5, 0] > vae.steps(windows()).strange[:, 5, 0] + 2).all()


def test_a_model_that_draws_remembers_nothing():
    vae = network()
    vae.remember(windows())
    assert vae.views_of is None
    assert torch.equal(vae.steps(windows()).strange, vae.steps(windows()).nats)


def test_the_class_is_told_where_there_is_one():
    vae = network(Density(classes=("a", "b"), conditional=True))
    with torch.no_grad():
        vae.embedding.normal_(generator=torch.Generator().manual_seed(0))
    inputs = windows(2)
    told = [vae(inputs, given=torch.tensor(given)).value for given in ([0, 0], [1, 1], [-1, -1])]
    assert not torch.allclose(told[0], told[1])
    torch.testing.assert_close(vae(inputs).value, told[2])


def test_the_warm_up_lets_the_divergence_in():
    vae = network(config=replace(CONFIG, warmup=0.5)).train()
    vae.progress = 0.0
    assert vae.weight() == pytest.approx(0.02)
    vae.progress = 0.25
    assert vae.weight() == pytest.approx(0.51)
    vae.progress = 1.0
    assert vae.weight() == 1.0


def test_it_can_answer_with_the_mean():
    vae = network()
    vae.head.answer(torch.tensor([10.0, -1.0]))
    expected = vae.reconstruct(windows())
    torch.testing.assert_close(expected, torch.tensor([10.0, -1.0]).expand_as(expected))


def test_noise_begins_as_that_of_the_rows():
    vae = network()
    spread = vae.scale(torch.from_numpy(rows())).diff(dim=0).abs().mean()
    assert float(vae.noise.scale.exp().mean().detach()) < 3 * float(spread)
    assert math.isfinite(float(vae.noise.opening.sum().detach()))
