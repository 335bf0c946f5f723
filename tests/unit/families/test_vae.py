"""The family of variational autoencoders: which network for which data."""

import pytest
import torch

from gnomon.core.errors import UsageError
from gnomon.core.spec import Density, Image, Label, MixedRow, Normality, Quantity, Spec
from gnomon.core.training import Allowance, Speed
from gnomon.families import vae
from gnomon.layers.likelihood_bernoulli import Bernoulli
from gnomon.layers.likelihood_logistics import Logistics
from gnomon.layers.likelihood_neighbours import NeighbourLikelihood
from gnomon.layers.vae_flat import FlatVae
from gnomon.layers.vae_hierarchical import HierarchicalVae
from gnomon.layers.vae_rows import RowVae

SPEED = Speed(flop_per_s=1e11, device="cpu", memory_bytes=2**33)
DIGITS = Spec(input=Image(height_px=28, width_px=28, channels=1), target=Density(binarize="dynamic"))
PHOTOS = Spec(input=Image(height_px=32, width_px=32, channels=3), target=Density())


def sized(spec, seconds):
    allowance = Allowance(train_s=seconds, samples=None, flop=None, num_train=50_000)
    return vae.size_for(allowance, spec, SPEED)


@pytest.mark.parametrize(("spec", "likelihood"), [(DIGITS, Bernoulli), (PHOTOS, Logistics)])
def test_the_likelihood_follows_the_data(spec, likelihood):
    with torch.device("meta"):
        network = vae.build(vae.Config(), spec)
        alone = vae.build(vae.Config(reach_px=0), spec)
    assert isinstance(network, HierarchicalVae)
    assert isinstance(network.likelihood, NeighbourLikelihood)
    assert isinstance(network.likelihood.of_pixels, likelihood)
    assert isinstance(alone.likelihood, likelihood)


def test_one_vector_of_latents_where_it_is_wanted():
    with torch.device("meta"):
        network = vae.build(vae.Config(structure="flat", widths=(40,), latents=(7,), components=5), DIGITS)
    assert isinstance(network, FlatVae)
    assert network.groups[0].dims == 7
    assert network.pseudo.shape == (5, 784)


def test_more_time_buys_a_wider_network():
    widths = [sized(DIGITS, seconds).config.widths[0] for seconds in (10, 600, 36_000)]
    assert widths == sorted(set(widths))


def test_photos_are_mirrored_and_digits_and_normal_things_are_not():
    assert sized(PHOTOS, 60).settings["augment.flip"] == "alternate"
    assert sized(DIGITS, 60).settings["augment.flip"] == "off"
    normal = Spec(input=PHOTOS.input, target=Normality())
    assert sized(normal, 60).settings["augment.flip"] == "off"


def test_patches_grow_with_the_pictures():
    sides = {8: 2, 28: 4, 64: 4, 192: 8}
    for side, patch in sides.items():
        spec = Spec(input=Image(height_px=side, width_px=side, channels=1), target=Density())
        assert sized(spec, 60).config.patch_px == patch


def test_latents_are_given_time_and_room():
    config = sized(DIGITS, 60).config
    assert config.warmup > vae.Config().warmup
    assert config.free_nats > 0


def test_smaller_pictures_leave_out_the_finest_map():
    assert vae._repeated((0, 2, 1), 2) == (2, 1)


def test_it_offers_nothing_for_labels():
    labels = Spec(input=DIGITS.input, target=Label(classes=("a", "b")))
    assert sized(labels, 60).merit == 0
    with pytest.raises(TypeError, match="does not take Image and give Label"):
        vae.build(vae.Config(), labels)


def test_settings_out_of_range_are_refused():
    with pytest.raises(UsageError, match=r"family\.patch_px"):
        vae.Config(patch_px=0)


@pytest.mark.parametrize(
    ("values", "count", "expected"),
    [((64, 64, 128), 3, (64, 64, 128)), ((64, 64, 128), 5, (64, 64, 64, 64, 128)),
     ((2, 1), 1, (1,)), ((3,), 3, (3, 3, 3)),
     ((64, 64, 128), 2, (64, 128))],
)  # fmt: skip
def test_values_for_each_map(values, count, expected):
    assert vae._repeated(values, count) == expected


def test_rows_of_a_table_have_one_vector_of_latents_and_grow_with_time_and_rows():
    age = Quantity(name="age", low=0.0, step=1.0, places=90, means=(40.0,), deviations=(20.0,))
    spec = Spec(input=MixedRow(numbers=(age,), categories=(("city", 9),)), target=Density())
    widths = [sized(spec, seconds).config.widths[0] for seconds in (0.1, 1e5)]
    assert widths[0] < widths[1]
    assert sized(spec, 1.0).settings["train.precision"] == "fp32"
    network = vae.build(sized(spec, 0.1).config, spec)
    assert isinstance(network, RowVae)
    assert [group.dims for group in network.groups] == [8]
