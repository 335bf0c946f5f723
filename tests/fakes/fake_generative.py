"""A generative network small enough to know its answers by heart: a code is the pixels, about their middle."""

import numpy as np
import torch
from torch import nn

from gnomon.assemble import Model
from gnomon.core.spec import Dataset, Density, Image, Output, Spec, Split
from gnomon.layers.vae_network import Generative, Latents
from gnomon.training.precision import Precision

CPU = torch.device("cpu")
IMAGE = Image(height_px=4, width_px=4, channels=1)
TOP = 6
"""Dimensions of the first group of latents."""


class Mirror(Generative):
    """Rebuilds what it sees. Drawn pictures are of one shade: that of their class, or of the first latent."""

    def __init__(self, density):
        nn.Module.__init__(self)
        self.conditional = density.conditional
        self.familiarity = None
        self.groups = (Latents("top", TOP, 0), Latents("rest", 16 - TOP, TOP))
        self.asked = []
        """Classes that were given, one array a call."""

    look = descend = None

    def forward(self, inputs, carry=None, given=None):
        nats = inputs.float().flatten(1).mean(1)
        return Output(torch.stack([nats, nats * 0 + 1, nats * 0 + 2], dim=1))

    def sample(self, count, *, generator, given=None, temperature=1.0):
        self.asked.append(given.numpy())
        shades = 128 + 40 * temperature * torch.randn(count, generator=generator)
        shades = torch.where(given >= 0, 10.0 * given, shades)
        return shades.clamp(0, 255).to(torch.uint8)[:, None, None, None].expand(-1, 4, 4, 1)

    def encode(self, inputs, given=None):
        return (inputs.flatten(1).float() - 128) / 40

    def decode(self, codes, given=None):
        return (codes * 40 + 128).round().clamp(0, 255).to(torch.uint8).view(-1, 4, 4, 1)

    def reconstruct(self, inputs, given=None):
        self.asked.append(given.numpy())
        return inputs


Mirror.__abstractmethods__ = frozenset()


def model(*, classes=(), conditional=False, target=None):
    """A finished model of 4 × 4 grey pictures."""
    density = target or Density(classes=classes, conditional=conditional)
    return Model(
        network=Mirror(density).eval(),
        task=None,
        spec=Spec(input=IMAGE, target=density),
        precision=Precision("fp32", CPU),
        size_px=4,
    )


def dataset(num_samples=40, *, target=None, seed=0):
    """Pictures of two kinds, dark and light, with their classes where ``target`` has two."""
    density = target or Density()
    return Dataset(
        name="shades",
        source="shades",
        reader="image_folder",
        spec=Spec(input=IMAGE, target=density),
        splits={"train": split(num_samples, density, seed + 1), "test": split(num_samples, density, seed)},
        fingerprint="f",
    )


def split(num_samples, density, seed):
    draw = np.random.default_rng(seed)
    kinds = np.arange(num_samples) % 2
    pixels = (60 + 120 * kinds[:, None, None, None] + draw.integers(-40, 40, (num_samples, 4, 4, 1))).astype(np.uint8)
    return Split(
        inputs=pixels,
        targets=kinds.astype(np.int64) if density.classes else np.full(num_samples, -1, np.int64),
        ids=np.array([f"{k}.png" for k in range(num_samples)], dtype=object),
        hashes=np.arange(2 * num_samples, dtype=np.uint64).view("V16"),
    )
