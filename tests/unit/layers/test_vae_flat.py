"""One vector of latents, under the standard normal or under a learned mixture."""

import math

import pytest
import torch

from gnomon.core.spec import Density, Image
from gnomon.layers.gaussian_latents import log_normal
from gnomon.layers.likelihood_bernoulli import Bernoulli
from gnomon.layers.vae_flat import FlatVae

IMAGE = Image(height_px=6, width_px=5, channels=1)


def network(components=0):
    torch.manual_seed(0)
    return FlatVae(
        IMAGE, Density(binarize="threshold"), Bernoulli(1), width=16, depth=2, num_latents=3, components=components,
        warmup=0.0, free_nats=0.0,
    )  # fmt: skip


def pictures(count=4):
    return torch.randint(0, 256, (count, 6, 5, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("components", [0, 5])
def test_it_measures_rebuilds_and_draws(components):
    vae, inputs = network(components), pictures(20)
    vae.prepare(inputs)
    vae.eval()
    assert vae(inputs).value.shape == (20, 3)
    assert vae.groups[0].dims == 3
    assert torch.equal(vae.decode(vae.encode(inputs)), vae.reconstruct(inputs))
    assert vae.sample(7, generator=torch.Generator().manual_seed(0)).shape == (7, 6, 5, 1)
    assert vae.bound(inputs, k=5)[:, 0].isfinite().all()


def test_the_learned_prior_is_the_mean_of_its_parts():
    vae = network(3)
    vae.prepare(pictures(20))
    given = torch.zeros(4, dtype=torch.int64)
    latents = torch.randn(4, 3)
    mean, log_scale = vae._parts(given)
    each = torch.stack([log_normal(latents, mean[k].expand(4, 3), log_scale[k].expand(4, 3)) for k in range(3)])
    expected = torch.logsumexp(each, dim=0) - math.log(3)
    torch.testing.assert_close(vae._log_prior(latents, given), expected, rtol=1e-4, atol=1e-4)


def test_pseudo_pictures_begin_as_training_pictures():
    vae, inputs = network(2), pictures(3)
    vae.prepare(inputs)
    shown = vae.pseudo.sigmoid().view(2, 6, 5)
    torch.testing.assert_close(shown[1], (inputs[2, :, :, 0] / 255).clamp(0.02, 0.98), rtol=1e-3, atol=1e-3)


def test_the_divergence_from_a_mixture_is_that_of_the_draw():
    vae, inputs = network(4), pictures(3)
    vae.prepare(inputs)
    vae.eval()
    value = vae(inputs).value
    assert value.isfinite().all()
