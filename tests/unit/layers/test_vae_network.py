"""What all variational autoencoders share, with a linear one of which the truth is known."""

import math

import pytest
import torch
from torch import nn

from gnomon.core.spec import Density, Image
from gnomon.layers.gaussian_latents import divergence, log_ratio
from gnomon.layers.likelihood_bernoulli import Bernoulli
from gnomon.layers.vae_network import Descent, Generative, Latents, PixelHead

IMAGE = Image(height_px=2, width_px=3, channels=1)
CLASSES = ("a", "b")


class Tiny(Generative):
    """One latent that says how white all pixels are; the posterior looks at the mean of the pixels."""

    def __init__(self, density=None, *, warmup=0.0, free_nats=0.0):
        super().__init__(
            IMAGE, density or Density(binarize="threshold"), Bernoulli(1), warmup=warmup, free_nats=free_nats
        )
        self.groups = (Latents("all", 1, 0),)
        self.slope = nn.Parameter(torch.tensor(1.5))
        self.head = PixelHead(1, IMAGE, self.likelihood, patch_px=1)

    def look(self, pictures, given):
        self.seen = given
        mean = pictures.flatten(1).mean(1, keepdim=True) * 2 - 1
        return mean, torch.full_like(mean, -0.3)

    def descend(self, features, pick, given):
        stats = (None, None) if features is None else features
        code = pick(0, (len(given), 1), *stats)
        logits = (self.slope * code)[:, :, None, None].expand(-1, 1, 2, 3)
        if features is None:
            return Descent(logits, [], [], [code])
        return Descent(logits, [divergence(*stats)], [log_ratio(code, *stats)], [code])


def pictures(count, seed=0):
    return torch.randint(0, 256, (count, 2, 3, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def truth(network, inputs):
    """-log p(x) by adding up over a fine grid of the latent."""
    grid = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    logits = network.slope.double() * grid
    white = (inputs >= 128).flatten(1).double().sum(1, keepdim=True)
    logs = white * torch.nn.functional.logsigmoid(logits) + (6 - white) * torch.nn.functional.logsigmoid(-logits)
    logs = logs - 0.5 * grid**2 - 0.5 * math.log(2 * math.pi)
    return -(torch.logsumexp(logs, 1) + math.log(16 / 4000))


def test_the_bound_of_many_draws_is_the_truth_and_the_bound_of_one_is_above_it():
    network, inputs = Tiny().eval(), pictures(5)
    found = network.bound(inputs, k=4000)
    torch.testing.assert_close(found[:, 0], truth(network, inputs), atol=0.03, rtol=0)
    assert (found[:, 1] < 1e-3).all()
    few = torch.stack([network.bound(pictures(400, seed), k=1)[:, 0].mean() for seed in range(2)]).mean()
    many = torch.stack([truth(network, pictures(400, seed)).mean() for seed in range(2)]).mean()
    assert few > many


def test_what_is_measured_repeats_exactly_and_does_not_depend_on_the_batch():
    network, inputs = Tiny().eval(), pictures(7)
    whole = network(inputs).value
    assert torch.equal(network(inputs).value, whole)
    torch.testing.assert_close(network(inputs[3:4]).value, whole[3:4])
    bound = network.bound(inputs, k=30)
    torch.testing.assert_close(network.bound(inputs[2:3], k=30), bound[2:3])


def test_values_are_reconstruction_strangeness_and_divergences():
    value = Tiny().eval()(pictures(3)).value
    assert value.shape == (3, 3)
    torch.testing.assert_close(value[:, 1], value[:, 0] + value[:, 2])


def test_the_weight_of_the_divergence_rises_with_progress():
    network = Tiny(warmup=0.5)
    weights = []
    for progress in (0.0, 0.25, 0.5, 1.0):
        network.progress = progress
        weights.append(network.weight())
    assert weights == pytest.approx([0.02, 0.51, 1.0, 1.0])
    assert Tiny(warmup=0.0).weight() == 1.0


def test_a_group_costs_no_less_than_its_free_nats():
    output = Tiny(free_nats=50.0).eval()(pictures(3))
    assert output.penalties["kl"].item() == pytest.approx(50.0)


def test_training_draws_anew():
    network, inputs = Tiny().train(), pictures(4)
    torch.manual_seed(0)
    first = network(inputs).value
    assert not torch.equal(network(inputs).value, first)
    torch.manual_seed(0)
    assert torch.equal(network(inputs).value, first)


def test_codes_there_and_back():
    network, inputs = Tiny().eval(), pictures(4)
    codes = network.encode(inputs)
    assert codes.shape == (4, 1)
    assert torch.equal(network.decode(codes), network.reconstruct(inputs))
    assert network.decode(torch.tensor([[9.0]])).min() > 250


def test_samples_follow_their_generator_and_temperature():
    network = Tiny().eval()
    first, same, other = (network.sample(50, generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert first.shape == (50, 2, 3, 1)
    assert first.dtype == torch.uint8
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    cold = network.sample(50, generator=torch.Generator().manual_seed(1), temperature=0.0)
    assert (cold == 128).all()


def test_classes_are_given_hidden_and_unknown():
    network = Tiny(Density(binarize="threshold", classes=CLASSES, conditional=True))
    network.eval()(pictures(3), given=torch.tensor([0, 1, -1]))
    assert network.seen.tolist() == [0, 1, 2]
    network(pictures(3))
    assert network.seen.tolist() == [2, 2, 2]
    torch.manual_seed(0)
    network.train()(pictures(1000), given=torch.zeros(1000, dtype=torch.int64))
    assert 0.07 < (network.seen == 2).float().mean() < 0.13


def test_the_head_answers_with_a_mean_picture():
    head = PixelHead(4, IMAGE, Bernoulli(1), patch_px=2)
    mean = torch.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])[..., None]
    head.answer(mean)
    found = Bernoulli(1).mean(head(torch.randn(2, 4, 1, 2)))
    torch.testing.assert_close(found[1], mean.permute(2, 0, 1))
