"""The hierarchy of latents: maps, groups, and what an untrained one does."""

import pytest
import torch

from gnomon.core.spec import Density, Image
from gnomon.layers.likelihood_bernoulli import Bernoulli
from gnomon.layers.likelihood_logistics import Logistics
from gnomon.layers.vae_hierarchical import HierarchicalVae, sides_of


def network(image, *, density=None, patch_px=2, widths, groups, latents):
    torch.manual_seed(0)
    density = density or Density(binarize="dynamic" if image.channels == 1 else "off")
    likelihood = Bernoulli(1) if density.levels == 2 else Logistics(image.channels, components=2)
    return HierarchicalVae(
        image, density, likelihood, patch_px=patch_px, widths=widths, groups=groups, latents=latents,
        num_blocks=1, warmup=0.1, free_nats=0.0,
    )  # fmt: skip


def pictures(image, count=3):
    shape = (count, image.height_px, image.width_px, image.channels)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("side", "patch_px", "maps"),
    [
        ((28, 28), 4, [(7, 7), (4, 4), (1, 1)]),
        ((28, 28), 2, [(14, 14), (7, 7), (4, 4), (1, 1)]),
        ((6, 11), 2, [(3, 6), (2, 3), (1, 1)]),
        ((4, 4), 4, [(1, 1)]),
    ],
)
def test_maps_are_halved_down_to_a_vector(side, patch_px, maps):
    assert sides_of(Image(height_px=side[0], width_px=side[1], channels=1), patch_px) == maps


def test_groups_are_listed_from_the_top_and_fill_the_code():
    image = Image(height_px=12, width_px=12, channels=1)
    found = network(image, widths=(8, 8, 12), groups=(2, 1, 1), latents=(2, 3, 5)).groups
    assert [(g.name, g.dims, g.start) for g in found] == [
        ("1 x 1", 5, 0), ("3 x 3", 27, 5), ("6 x 6, 1", 72, 32), ("6 x 6, 2", 72, 104),
    ]  # fmt: skip


@pytest.mark.parametrize("side", [(12, 12), (6, 11), (9, 5)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_of_any_side_go_through_and_come_back(side, channels):
    image = Image(height_px=side[0], width_px=side[1], channels=channels)
    num = len(sides_of(image, 2))
    vae = network(image, widths=(8,) * num, groups=(1,) * num, latents=(2,) * num).eval()
    inputs = pictures(image)
    vae.prepare(inputs)
    assert vae(inputs).value.shape == (3, 2 + num)
    assert vae.reconstruct(inputs).shape == inputs.shape
    assert torch.equal(vae.decode(vae.encode(inputs)), vae.reconstruct(inputs))
    assert vae.sample(2, generator=torch.Generator().manual_seed(0)).shape == (2, *inputs.shape[1:])


def test_untrained_it_gives_about_the_mean_picture():
    image = Image(height_px=8, width_px=8, channels=1)
    vae = network(image, widths=(8, 8), groups=(1, 1), latents=(2, 4)).eval()
    inputs = pictures(image, 200)
    vae.prepare(inputs)
    mean = inputs.float().mean(0)
    assert (vae.decode(torch.zeros(1, sum(g.dims for g in vae.groups)))[0].float() - mean).abs().mean() < 20


def test_a_code_of_zeros_lies_where_the_prior_has_its_mean():
    image = Image(height_px=8, width_px=8, channels=1)
    vae = network(image, widths=(8, 8), groups=(1, 1), latents=(2, 4)).eval()
    dims = sum(group.dims for group in vae.groups)
    cold = vae.sample(1, generator=torch.Generator().manual_seed(0), temperature=0.0)
    assert torch.equal(vae.decode(torch.zeros(1, dims)), cold)


def test_the_class_that_is_given_matters():
    image = Image(height_px=8, width_px=8, channels=1)
    density = Density(binarize="threshold", classes=("a", "b"), conditional=True)
    vae = network(image, density=density, widths=(8, 8), groups=(1, 1), latents=(2, 4)).eval()
    inputs = pictures(image, 1)
    values = [vae(inputs, given=torch.tensor([given])).value for given in (0, 1, -1)]
    assert not torch.equal(values[0], values[1])
    assert torch.equal(values[2], vae(inputs).value)


def test_maps_and_settings_must_fit():
    with pytest.raises(ValueError, match="2 maps with 3 widths"):
        network(Image(height_px=8, width_px=8, channels=1), widths=(8, 8, 8), groups=(1, 1), latents=(2, 4))
